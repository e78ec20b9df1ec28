import OrrerySchema
import Testing

/// A value is these bytes and no others.
@Suite struct GoldenValueTests {
    private static func cases(_ count: Int) -> FieldType { .enumeration((0..<count).map { .init("c\($0)") }) }

    private static let numbers: [(String, FieldType, DynamicValue)] = [
        ("bool false", .scalar(.bool), .bool(false)), ("bool true", .scalar(.bool), .bool(true)),
        ("int8 -2", .scalar(.int8), .signed(-2)), ("int16 -2", .scalar(.int16), .signed(-2)),
        ("int32 -2", .scalar(.int32), .signed(-2)), ("int64 -2", .scalar(.int64), .signed(-2)),
        ("uint8 200", .scalar(.uint8), .unsigned(200)), ("uint16 513", .scalar(.uint16), .unsigned(513)),
        ("uint32 67305985", .scalar(.uint32), .unsigned(67_305_985)),
        ("uint64 max", .scalar(.uint64), .unsigned(.max)), ("float 1.5", .scalar(.float), .float(1.5)),
        ("float -0", .scalar(.float), .float(-0.0)), ("double 0.1", .scalar(.double), .double(0.1)),
        ("double infinity", .scalar(.double), .double(.infinity)), ("double NaN", .scalar(.double), .double(.nan)),
        ("vector of 3 floats", .vector(.float, lanes: 3), .vector([.float(1), .float(-2), .float(0.5)])),
        ("vector of 2 int16", .vector(.int16, lanes: 2), .vector([.signed(1), .signed(-1)])),
        ("entity 12v3", .entity, .entity(Entity(index: 12, generation: 3))),
        ("entity none", .entity, .entity(.none)),
    ]

    private static let choices: [(String, FieldType, DynamicValue)] = [
        ("enumeration of 1 case", cases(1), .enumeration("c0")),
        ("enumeration of 3 cases", cases(3), .enumeration("c2")),
        ("enumeration of 256 cases", cases(256), .enumeration("c255")),
        ("enumeration of 257 cases", cases(257), .enumeration("c256")),
        ("optional absent", .optional(.scalar(.uint16)), .optional(nil)),
        ("optional present", .optional(.scalar(.uint16)), .optional(.unsigned(7))),
        ("optional of an absent optional", .optional(.optional(.scalar(.uint16))), .optional(.optional(nil))),
        ("union without payload", union, .union("idle", [])),
        (
            "union with payload", union,
            .union("move", [.init("to", .vector([.float(1), .float(2)])), .init("speed", .optional(nil))])
        ),
        ("union of 200 cases", .union((0..<200).map { UnionCase("c\($0)") }), .union("c199", [])),
    ]

    private static let union = FieldType.union([
        UnionCase("idle"),
        UnionCase("move", [Field("to", .vector(.float, lanes: 2)), Field("speed", .optional(.scalar(.float)))]),
    ])

    private static let collections: [(String, FieldType, DynamicValue)] = [
        ("string empty", .string, .string("")), ("string Grüße", .string, .string("Gru\u{308}ße")),
        ("string of 200 bytes", .string, .string(String(repeating: "x", count: 200))),
        (
            "structure",
            .structure([
                Field("flag", .scalar(.bool)), Field("number", .scalar(.int32)), Field("text", .string),
            ]),
            .structure([.init("flag", .bool(true)), .init("number", .signed(-9)), .init("text", .string("a"))])
        ),
        ("structure without fields", .structure([]), .structure([])),
        ("array empty", .array(.string), .array([])),
        ("array of strings", .array(.string), .array([.string("b"), .string("a"), .string("b")])),
        ("array of 130 uint8", .array(.scalar(.uint8)), .array((0..<130).map { .unsigned($0) })),
        ("set of int16", .set(.scalar(.int16)), .set([.signed(-1), .signed(2), .signed(256), .signed(1)])),
        ("set of strings", .set(.string), .set([.string("ab"), .string("z"), .string("aa")])),
        (
            "dictionary from string to uint16", .dictionary(key: .string, value: .scalar(.uint16)),
            .dictionary([
                .init(key: .string("b"), value: .unsigned(1)), .init(key: .string("a"), value: .unsigned(2)),
            ])
        ),
    ]

    /// By name of the golden item.
    static let all = numbers + choices + collections

    @Test func valuesAreTheseBytes() throws {
        let golden = try GoldenFile("Values")
        for (name, type, value) in Self.all {
            let bytes = try golden[name]
            #expect(try value.encoded(as: type).hex == bytes.hex, "\(name)")
            // A NaN equals nothing, and a set was given here in another order: the way back is seen by its bytes.
            let decoded = try DynamicValue(decoding: bytes, as: type)
            #expect(try decoded.encoded(as: type).hex == bytes.hex, "\(name)")
            if let size = type.fixedSize { #expect(bytes.count == size, "\(name)") }
        }
        #expect(Set(Self.all.map(\.0)) == Set(golden.items.map(\.name)))
    }

    /// Bytes that mean a value but are not its one form, or mean none.
    private static let refused: [([UInt8], FieldType, CodecError.Code)] = [
        ([2], .scalar(.bool), .outOfDomain), ([3], cases(3), .outOfDomain), ([1, 1], cases(257), .outOfDomain),
        ([2, 0], .optional(.scalar(.bool)), .outOfDomain), ([2], union, .limitExceeded),
        ([0x80, 0], .string, .notCanonical), ([1, 0xff], .string, .outOfDomain), ([2, 0x61], .string, .truncated),
        ([2, 2, 1], .set(.scalar(.uint8)), .notCanonical), ([2, 1, 1], .set(.scalar(.uint8)), .notCanonical),
        ([2, 1, 5, 1, 6], .dictionary(key: .scalar(.uint8), value: .scalar(.uint8)), .notCanonical),
        ([0xff, 0xff, 0x3f], .array(.scalar(.uint8)), .truncated),
        ([0x81, 0x80, 0x40], .array(.structure([])), .limitExceeded), ([0, 0], .scalar(.bool), .trailingBytes),
    ]

    @Test func otherBytesAreRefused() {
        for (bytes, type, code) in Self.refused {
            let error = #expect(throws: CodecError.self) { try DynamicValue(decoding: bytes, as: type) }
            #expect(error?.code == code, "\(bytes.hex) as \(type): \(error?.description ?? "")")
        }
    }

    @Test func fewBytesCannotStandForManyValues() throws {
        // A million empty structures in three bytes, and that a hundred times over.
        let million: [UInt8] = [0x80, 0x80, 0x40]
        let empties = FieldType.array(.array(.structure([])))
        let error = #expect(throws: CodecError.self) {
            try DynamicValue(decoding: [100] + Array(repeating: million, count: 100).flatMap { $0 }, as: empties)
        }
        #expect(error?.code == .limitExceeded)
        // At the limit: the array itself is a value too.
        let limit = ValueLimits.partCountMax - 1
        let array = DynamicValue.array(Array(repeating: .structure([]), count: limit))
        let bytes = try array.encoded(as: .array(.structure([])))
        #expect(try DynamicValue(decoding: bytes, as: .array(.structure([]))) == array)
        #expect(throws: CodecError.self) { try DynamicValue(decoding: million, as: .array(.structure([]))) }
    }
}
