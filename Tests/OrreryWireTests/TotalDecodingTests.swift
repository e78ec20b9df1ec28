import OrrerySchema
import OrreryStore
import OrreryWire
import Testing

/// Bytes from a peer are a message or a refusal; there is no third way.
@Suite struct TotalDecodingTests {
    private static let schemas = try! Golden.schemas
    private static let valueTypes: [FieldType] =
        schemas.map(\.type) + [
            .array(.array(.structure([]))), .set(.string), .dictionary(key: .string, value: .optional(.entity)),
            .union([UnionCase("a"), UnionCase("b", [Field("x", .vector(.double, lanes: 3))])]),
            .enumeration((0..<300).map { .init("c\($0)") }),
        ]

    /// Reads bytes as everything that they could be, from its beginning to its end.
    /// - Returns: the names of what they were.
    @discardableResult
    private static func readAll(_ bytes: [UInt8]) -> [String] {
        var read: [String] = []
        if (try? ClientMessage(bytes)) != nil { read.append("client message") }
        if let message = try? ServerMessage(bytes) {
            if case .syncBatch = message {
                if (try? BatchCopy(bytes, schemas: schemas)) != nil { read.append("batch") }
            } else {
                read.append("server message")
            }
        }
        bytes.withUnsafeBytes { buffer in
            if (try? ComponentSchema(decoding: buffer)) != nil { read.append("schema") }
            for type in valueTypes where (try? DynamicValue(decoding: buffer, as: type)) != nil { read.append("value") }
        }
        return read
    }

    @Test(arguments: try GoldenFile.all())
    func aGoldenItemThatIsCutAnywhereIsRefusedOrSomethingElse(item: GoldenFile.Item) {
        for count in item.bytes.indices { Self.readAll(Array(item.bytes[..<count])) }
    }

    @Test(arguments: try GoldenFile.all().filter { !$0.file.hasPrefix("Values") && !$0.file.hasPrefix("Schemas") })
    func aMessageThatIsCutWithinASectionIsRefused(item: GoldenFile.Item) throws {
        // Where one section ends and the next begins, a shorter message ends too: those cuts are known.
        let isHello = item.bytes[0] == 1
        #expect(!Self.readAll(item.bytes).isEmpty)
        var complete = 0
        for count in item.bytes.indices where !Self.readAll(Array(item.bytes[..<count])).isEmpty { complete += 1 }
        let sectionCountMax = item.file == "Batches" ? 10 : isHello ? 3 : 4
        #expect(complete <= sectionCountMax)
    }

    @Test(arguments: try GoldenFile.all())
    func aGoldenItemWithAnyByteChangedIsRefusedOrSomethingElse(item: GoldenFile.Item) {
        for position in item.bytes.indices {
            var bytes = item.bytes
            for value in UInt8.min...UInt8.max where value != item.bytes[position] {
                bytes[position] = value
                Self.readAll(bytes)
            }
        }
    }

    @Test(arguments: seeds(200))
    func bytesByChanceAreRefusedOrSomething(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<50 {
            var bytes = (0..<Int.random(in: 0...60, using: &generator)).map { _ in
                generator.oneIn(2)
                    ? UInt8.random(in: 0...9, using: &generator) : UInt8.random(in: 0...255, using: &generator)
            }
            Self.readAll(bytes)
            // As what has the most to be read.
            bytes.insert(contentsOf: [0x84, 1, 1, 1, 0], at: 0)
            Self.readAll(bytes)
        }
    }

    /// Numbers that announce far more than the bytes hold: nothing may be made room for on their word.
    private static let announced: [(String, [UInt8])] = [
        ("known schemas", [1, 1, 1, 0, 1, 3] + [0x80, 0x08, 0]),
        ("a section of a Hello", [1, 1, 1, 0, 1] + Bytes.varint(1 << 62)),
        ("a client's name", [1, 1, 1, 0x7f]),
        ("the components of a subscription", [2, 1, 0, 1, 0x80, 0x08]),
        ("components", Bytes.welcome + Bytes.section(1, [0x80, 0x08])),
        ("the name of a component", Bytes.welcome + Bytes.section(1, [1, 0x7f])),
        ("a section of a Welcome", Bytes.welcome + [1] + Bytes.varint(UInt64(Int.max))),
        ("a section of a batch", [0x84, 1, 1, 1, 0, 2] + Bytes.varint(UInt64(Int.max))),
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
                case 0x81: _ = try ServerMessage(bytes)
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
            if !(1...4).contains(kind) {
                let error = #expect(throws: WireError.self) { try ClientMessage([kind]) }
                #expect(error?.closeCode == .protocolError, "\(kind)")
            }
            if !(0x81...0x85).contains(kind) {
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
