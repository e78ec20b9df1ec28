import OrrerySchema
import OrreryStore
import OrreryTransport
import OrreryWire
import Testing

/// Bytes from a peer are a message or a refusal; there is no third way.
@Suite struct TotalDecodingTests {
    private static let schemas = try! Golden.schemas
    private static let valueTypes: [FieldType] =
        schemas.map(\.type) + [
            .array(.array(.scalar(.uint8))), .set(.string), .dictionary(key: .string, value: .optional(.entity)),
            .union([UnionCase("a"), UnionCase("b", [Field("x", .vector(.double, lanes: 3))])]),
        ]
    private static let goldenTypes = Dictionary(uniqueKeysWithValues: GoldenValueTests.all.map { ($0.0, $0.1) })

    /// Reads bytes as a message of either side.
    /// - Returns: whether they were one.
    @discardableResult
    private static func readMessage(_ bytes: [UInt8]) -> Bool {
        guard let first = bytes.first, first >= 0x80 else { return (try? ClientMessage(bytes)) != nil }
        switch try? ServerMessage(bytes) {
        case .syncBatch: return (try? BatchCopy(bytes, schemas: schemas)) != nil
        case .queryResponse(_, .part): return (try? AnswerCopy(bytes, schemas: schemas)) != nil
        case .some: return true
        case nil: return false
        }
    }

    private static func isSchema(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { (try? ComponentSchema(decoding: $0)) != nil }
    }

    /// Reads bytes as what a golden item is.
    /// - Returns: whether they were that.
    @discardableResult
    private static func read(_ bytes: [UInt8], as item: GoldenFile.Item) -> Bool {
        switch item.file {
        case "Schemas": isSchema(bytes)
        case "Values": goldenTypes[item.name].map { (try? DynamicValue(decoding: bytes, as: $0)) != nil } ?? false
        default: readMessage(bytes)
        }
    }

    @Test(arguments: try GoldenFile.all())
    func aGoldenItemThatIsCutIsRefused(item: GoldenFile.Item) {
        // One item is there to be refused.
        #expect(Self.read(item.bytes, as: item) == (item.name != "a section of the future"))
        let complete = item.bytes.indices.filter { Self.read(Array(item.bytes[..<$0]), as: item) }
        // Where a section ends a shorter message may end too. Nothing else may.
        let sectionCountMax =
            switch item.file {
            case "Schemas", "Values": 0
            case "Batches", "WorkedExample": 13
            default: 6
            }
        #expect(complete.count <= sectionCountMax, "complete at \(complete)")
    }

    @Test(arguments: try GoldenFile.all())
    func aGoldenItemWithAnyByteChangedIsRefusedOrSomethingElse(item: GoldenFile.Item) {
        var bytes = item.bytes
        for position in bytes.indices {
            for value in Self.others(than: item.bytes[position], at: position) {
                bytes[position] = value
                Self.read(bytes, as: item)
            }
            bytes[position] = item.bytes[position]
        }
    }

    /// Other values of a byte: all at the beginning, where kinds and flags stand; else its neighbours, one bit turned,
    /// the ends of what numbers and varints can be, and each sixteenth, at every position another one.
    private static func others(than byte: UInt8, at position: Int) -> Set<UInt8> {
        var values: Set<UInt8> = [0, 1, 0x7f, 0x80, 0x81, 0xfe, 0xff, byte &+ 1, byte &- 1]
        for bit in 0..<8 { values.insert(byte ^ 1 << UInt8(bit)) }
        values.formUnion((UInt8.min...UInt8.max).filter { position < 4 || Int($0) % 16 == position % 16 })
        values.remove(byte)
        return values
    }

    @Test(arguments: seeds(40))
    func bytesByChanceAreRefusedOrSomething(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<50 {
            var bytes = (0..<Int.random(in: 0...60, using: &generator)).map { _ in
                generator.oneIn(2)
                    ? UInt8.random(in: 0...9, using: &generator) : UInt8.random(in: 0...255, using: &generator)
            }
            Self.readMessage(bytes)
            _ = Self.isSchema(bytes)
            for type in Self.valueTypes { _ = try? DynamicValue(decoding: bytes, as: type) }
            // As what has the most to be read.
            bytes.insert(contentsOf: [0x84, 0, 1, 1, 1, 0], at: 0)
            Self.readMessage(bytes)
        }
    }

    private static let eight = [UInt8](repeating: 1, count: 8)

    private static func operation(_ kind: UInt8, _ content: [UInt8]) -> [UInt8] {
        [5, 1] + eight + Bytes.section(kind, content)
    }

    /// Numbers that announce far more than the bytes hold: nothing may be made room for on their word.
    private static let announced: [(String, [UInt8])] = [
        ("known schemas", [1, 1, 1, 0, 1, 3] + [0x80, 0x08, 0]),
        ("a section of a Hello", [1, 1, 1, 0, 1] + Bytes.varint(1 << 62)),
        ("a client's name", [1, 1, 1, 0x7f]),
        ("capabilities", [1, 1, 1, 0] + Bytes.section(3, [64, 1])),
        ("the components of a query", [0x82, 1, 0] + Bytes.section(0x81, [1, 0, 0, 0x80, 0x08])),
        ("the entities of a subscription", [2, 1] + Bytes.section(0x81, [0, 0x80, 0x20])),
        ("the generations of a subscription", [2, 1] + Bytes.section(0x81, [0, 1, 0, 1])),
        ("the entities of a query", [6, 1] + Bytes.section(0x81, [0, 0x80, 0x20])),
        ("the components of an answer", [0x87, 1, 0, 1, 1] + Bytes.section(0x81, [1, 1, 1, 0, 0x80, 0x08])),
        ("a section of an answer", [0x87, 1, 0, 1, 1, 4] + Bytes.varint(UInt64(Int.max))),
        ("the reason of a refused query", [0x87, 1, 9] + Bytes.varint(1024)),
        ("a token", [1, 1, 1, 0] + Bytes.section(2, eight + [0, 0, 64])),
        ("subscriptions that go on", [1, 1, 1, 0] + Bytes.section(2, eight + [0, 0, 0, 64])),
        ("the sections of one that goes on", [1, 1, 1, 0] + Bytes.section(2, eight + [0, 0, 0, 1, 1, 0x7f])),
        ("the value of a mutation", operation(0x83, eight + [0, 0] + Bytes.varint(256 << 10))),
        ("the expected value of a mutation", operation(0x81, eight + [0, 0, 1] + Bytes.varint(256 << 10))),
        ("the fields of a patch", operation(0x82, eight + [0, 64])),
        ("the path of a field", operation(0x82, eight + [0, 1, 16])),
        ("the components of a spawn", operation(0x85, [64])),
        ("the fields of a new component", operation(0x85, [1, 0, 1, 64])),
        ("an operation", [5, 1] + eight + [0x81] + Bytes.varint(1 << 62)),
        ("the token of a session", Bytes.welcome + Bytes.section(4, [64])),
        ("the capabilities of a server", Bytes.welcome + Bytes.section(5, [64])),
        ("limits", Bytes.welcome + Bytes.section(1, [64])),
        ("the reason of a refused mutation", [0x86, 1, 1, 1] + Bytes.varint(1024)),
        ("the value of a refused mutation", [0x86, 1, 1, 1, 0, 1] + Bytes.varint(256 << 10)),
        ("the outcomes of a message", [0x86] + Bytes.varint(1024)),
        ("the entities of an outcome", [0x86, 1, 1, 0, 1, 64]),
        ("components", Bytes.welcome + Bytes.section(2, [0x80, 0x08])),
        ("an entry", Bytes.welcome + Bytes.section(2, [1, 0x7f])),
        ("the name of a component", Bytes.welcome(entries: [[0, 0x7f]])),
        ("the default value of a component", Bytes.welcome(entries: [Bytes.entry(0, "a").dropLast() + [2, 9]])),
        ("components taken away", Bytes.batch([Bytes.section(0x8a, [0x80, 0x08])])),
        ("components that are new", Bytes.batch([Bytes.section(0x8a, [0, 0x80, 0x08])])),
        ("a section of a Welcome", Bytes.welcome + [1] + Bytes.varint(UInt64(Int.max))),
        ("a section of a batch", [0x84, 0, 1, 1, 1, 0, 2] + Bytes.varint(UInt64(Int.max))),
        ("subscriptions", Bytes.batch([Bytes.section(1, [64])])),
        ("rows as deltas", Bytes.batch([Bytes.section(2, [0] + Bytes.varint(1 << 22))])),
        (
            "rows as a bitmap",
            Bytes.batch([Bytes.section(2, [1] + Bytes.varint(1 << 22) + [0] + Bytes.varint(1 << 19))])
        ),
        ("generations", Bytes.batch([Bytes.section(4, [0, 1, 0, 1, 0, 0])])),
        ("values of fixed size", Bytes.batch([Bytes.section(7, [0, 0, 1, 0, 1, 2, 3])])),
        ("lengths of values", Bytes.batch([Bytes.section(7, [1, 0, 3, 0, 0, 0, 1])])),
        ("values of any size", Bytes.batch([Bytes.section(7, [1, 0, 1, 0] + Bytes.varint(256 << 10))])),
    ]

    @Test func countsBeyondTheBytesAreRefused() {
        for (name, bytes) in Self.announced {
            let error = #expect(throws: WireError.self, "\(name)") {
                switch bytes[0] {
                case 0x84: _ = try BatchCopy(bytes, schemas: Self.schemas)
                case 0x81, 0x82, 0x86, 0x87: _ = try ServerMessage(bytes)
                default: _ = try ClientMessage(bytes)
                }
            }
            #expect(error?.closeCode == .invalidPayload, "\(name): \(error?.message ?? "")")
        }
    }

    @Test func collectionsBeyondTheBytesAreRefused() {
        for type: FieldType in [
            .array(.scalar(.double)), .set(.entity), .dictionary(key: .scalar(.uint8), value: .string), .array(.string),
        ] {
            let error = #expect(throws: CodecError.self) {
                try DynamicValue(decoding: [0x80, 0x80, 0x40, 0], as: type)
            }
            #expect(error?.code == .truncated, "\(type)")
        }
    }

    @Test func aMessageOfAnUnknownKindDoesNotBelongHere() {
        for kind in UInt8.min...UInt8.max {
            if !(1...10).contains(kind) {
                let error = #expect(throws: WireError.self) { try ClientMessage([kind]) }
                #expect(error?.closeCode == .protocolError, "\(kind)")
            }
            if !(0x81...0x88).contains(kind) {
                let error = #expect(throws: WireError.self) { try ServerMessage([kind]) }
                #expect(error?.closeCode == .protocolError, "\(kind)")
            }
        }
    }

    @Test func anEmptyMessageIsRefused() {
        #expect(throws: WireError.self) { try ClientMessage([]) }
        #expect(throws: WireError.self) { try ServerMessage([]) }
        #expect(throws: WireError.self) { try BatchCopy([], schemas: []) }
    }
}
