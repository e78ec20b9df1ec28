import OrrerySchema
import Testing

func roundTrip<C: Component & Equatable>(_ value: C) throws {
    let coder = try ComponentCoder<C>()
    var writer = ByteWriter()
    try coder.encode(value, into: &writer)
    let bytes = writer.bytes
    #expect(try bytes.withUnsafeBytes { try coder.decode($0) } == value)
    // By schema alone: the dynamic value has the same bytes, and leads back to the typed one.
    let dynamic = try DynamicValue(decoding: bytes, as: coder.schema.type)
    #expect(try dynamic.encoded(as: coder.schema.type) == bytes)
    #expect(try coder.value(of: dynamic) == value)
    #expect(try coder.dynamicValue(of: value).encoded(as: coder.schema.type) == bytes)
}

@Suite struct CodingTests {
    @Test func valuesComeBack() throws {
        try roundTrip(Mixed())
        try roundTrip(Mixed(small: 255, number: .min, alive: false, mode: .run, team: .red, ratio: -.infinity))
        try roundTrip(Position(x: 1, y: -2, z: .greatestFiniteMagnitude))
        try roundTrip(Frozen())
        try roundTrip(Label(text: "Καλημέρα"))
        try roundTrip(Inventory())
        try roundTrip(
            Inventory(
                owner: "Ada", slots: ["a", "", "c"], tags: [3, -1, 2], counts: ["x": 1, "y": 65535],
                best: .init(name: "sword", weight: 2.5), order: .move(to: [1, 2], speed: nil), mode: .run, small: 7))
        try roundTrip(
            Inventory(best: .init(name: "rope", weight: nil), order: .follow(Entity(index: 1, generation: 2))))
    }

    @Test func bytesArePackedAndLittleEndian() throws {
        var writer = ByteWriter()
        try ComponentCoder<Mixed>().encode(Mixed(), into: &writer)
        #expect(
            writer.bytes == [1] + [2, 0, 0, 0, 0, 0, 0, 0] + [0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40]
                + [1, 1, 1] + [5, 0, 0, 0, 6, 0, 0, 0] + [1] + [0xf7] + Array(repeating: 0xff, count: 7)
                + [0, 0, 0, 0x3f])
    }

    @Test func equalValuesHaveEqualBytes() throws {
        let coder = try ComponentCoder<Inventory>()
        func bytes(_ value: Inventory) throws -> [UInt8] {
            var writer = ByteWriter()
            try coder.encode(value, into: &writer)
            return writer.bytes
        }
        let numbers = Array(Int32(0)..<200)
        let expected = try bytes(Inventory(tags: Set(numbers), counts: ["a": 1, "b": 2, "c": 3]))
        for _ in 0..<20 {
            var tags: Set<Int32> = []
            tags.reserveCapacity(Int.random(in: 0...2000))
            for number in numbers.shuffled() { tags.insert(number) }
            let counts = Dictionary(uniqueKeysWithValues: [("a", UInt16(1)), ("b", 2), ("c", 3)].shuffled())
            #expect(try bytes(Inventory(tags: tags, counts: counts)) == expected)
        }
        #expect("e\u{301}" == "\u{e9}")
        #expect(try bytes(Inventory(owner: "e\u{301}")) == bytes(Inventory(owner: "\u{e9}")))
    }

    @Test func schemasTravelAndKeepTheirHash() throws {
        for schema in [
            try ComponentCoder<Mixed>().schema, try ComponentCoder<Inventory>().schema,
            try ComponentCoder<Annotated>().schema, try ComponentCoder<Frozen>().schema,
        ] {
            let copy = try schema.encoded.withUnsafeBytes { try ComponentSchema(decoding: $0) }
            #expect(copy == schema)
            #expect(copy.hash == schema.hash)
            #expect(copy.type == schema.type)
        }
        // Stated here so that it is seen to be the same in every process, not only twice in one.
        #expect(try ComponentCoder<Position>().schema.hash.description == "c5676ed290f4bf02")
    }

    @Test(arguments: 0..<200)
    func foreignBytesNeverTrap(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let inventory = try ComponentCoder<Inventory>()
        let mixed = try ComponentCoder<Mixed>()
        var writer = ByteWriter()
        try inventory.encode(Inventory(owner: "A", slots: ["b"], tags: [1], order: .follow(.none)), into: &writer)
        for _ in 0..<50 {
            var bytes = writer.bytes
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            bytes.removeLast(Int.random(in: 0...min(3, bytes.count), using: &generator))
            bytes.withUnsafeBytes { buffer in
                if let value = try? inventory.decode(buffer) {
                    // What is accepted is canonical.
                    var again = ByteWriter()
                    #expect(throws: Never.self) { try inventory.encode(value, into: &again) }
                }
                _ = try? mixed.decode(buffer)
                _ = try? ComponentSchema(decoding: buffer)
            }
        }
        for schema in [inventory.schema, mixed.schema] {
            var bytes = schema.encoded
            bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(in: 0...255, using: &generator)
            bytes.withUnsafeBytes { _ = try? ComponentSchema(decoding: $0) }
        }
    }

    @Test func valuesOutsideTheDomainAreRefused() throws {
        let coder = try ComponentCoder<Mixed>()
        var writer = ByteWriter()
        try coder.encode(Mixed(), into: &writer)
        for (offset, value) in [(21, UInt8(2)), (22, 3), (23, 2)] {
            var bytes = writer.bytes
            bytes[offset] = value
            #expect(throws: CodecError.self) { try bytes.withUnsafeBytes { try coder.decode($0) } }
            #expect(throws: CodecError.self) { try DynamicValue(decoding: bytes, as: coder.schema.type) }
        }
    }

    @Test func collectionsThatAreNotThereTakeNoMemory() throws {
        var writer = ByteWriter()
        writer.append(varint: UInt64(1) << 40)
        #expect(throws: CodecError.self) { try DynamicValue(decoding: writer.bytes, as: .array(.structure([]))) }
        #expect(throws: CodecError.self) { try DynamicValue(decoding: writer.bytes, as: .string) }
        // Unsorted, and the same element twice.
        #expect(throws: CodecError.self) { try DynamicValue(decoding: [2, 2, 1], as: .set(.scalar(.uint8))) }
        #expect(throws: CodecError.self) { try DynamicValue(decoding: [2, 1, 1], as: .set(.scalar(.uint8))) }
        #expect(
            try DynamicValue(decoding: [2, 1, 2], as: .set(.scalar(.uint8))) == .set([.unsigned(1), .unsigned(2)]))
    }

    @Test func varintsHaveOneForm() throws {
        for value in [0, 1, 127, 128, 16_383, 16_384, UInt64.max] {
            var writer = ByteWriter()
            writer.append(varint: value)
            #expect(
                try writer.bytes.withUnsafeBytes { bytes in
                    var reader = ByteReader(bytes)
                    let result = try reader.readVarint()
                    try reader.expectEnd()
                    return result
                } == value)
        }
        for bytes: [UInt8] in [
            [0x80, 0], Array(repeating: 0xff, count: 10), Array(repeating: 0x80, count: 20), [0x80],
        ] {
            #expect(throws: CodecError.self) {
                try bytes.withUnsafeBytes { bytes in
                    var reader = ByteReader(bytes)
                    return try reader.readVarint()
                }
            }
        }
    }
}
