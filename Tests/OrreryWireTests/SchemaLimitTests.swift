import OrrerySchema
import Testing

/// What a schema may have at most, for who makes one and for who reads one alike.
@Suite struct SchemaLimitTests {
    private static func text(_ count: Int) -> String { String(repeating: "x", count: count) }

    private static func nested(_ depth: Int) -> FieldType {
        (1..<depth).reduce(.scalar(.bool)) { type, _ in .optional(type) }
    }

    private static func structure(_ count: Int) -> FieldType {
        .structure((0..<count).map { Field("f\($0)", .scalar(.bool)) })
    }

    /// The largest that is allowed, and the same one larger.
    private static let pairs: [(String, at: (String, FieldType, String?), beyond: (String, FieldType, String?))] = [
        ("a component's name", (text(128), .string, nil), (text(129), .string, nil)),
        (
            "a component's name in normal form", (text(122) + "\u{958}", .string, nil),
            (text(123) + "\u{958}", .string, nil)
        ),
        ("a component's documentation", ("C", .string, text(4096)), ("C", .string, text(4097))),
        (
            "a field's name", ("C", .structure([Field(text(128), .string)]), nil),
            ("C", .structure([Field(text(129), .string)]), nil)
        ),
        (
            "a unit", ("C", .structure([Field("f", .string, unit: text(4096))]), nil),
            ("C", .structure([Field("f", .string, unit: text(4097))]), nil)
        ),
        (
            "a field's documentation", ("C", .structure([Field("f", .string, documentation: text(4096))]), nil),
            ("C", .structure([Field("f", .string, documentation: text(4097))]), nil)
        ),
        (
            "a raw value", ("C", .enumeration([.init("a", rawValue: text(4096))]), nil),
            ("C", .enumeration([.init("a", rawValue: text(4097))]), nil)
        ),
        ("depth", ("C", nested(16), nil), ("C", nested(17), nil)),
        ("fields", ("C", structure(256), nil), ("C", structure(257), nil)),
        (
            "cases of a union", ("C", .union((0..<256).map { UnionCase("c\($0)") }), nil),
            ("C", .union((0..<257).map { UnionCase("c\($0)") }), nil)
        ),
        ("lanes", ("C", .vector(.float, lanes: 4), nil), ("C", .vector(.float, lanes: 5), nil)),
        ("least lanes", ("C", .vector(.float, lanes: 2), nil), ("C", .vector(.float, lanes: 1), nil)),
        (
            "bytes of a fixed value",
            (
                "C",
                .structure(
                    (0..<8).map {
                        Field("f\($0)", .structure((0..<64).map { Field("g\($0)", .vector(.double, lanes: 4)) }))
                    }), nil
            ),
            (
                "C",
                .structure(
                    (0..<8).map {
                        Field("f\($0)", .structure((0..<64).map { Field("g\($0)", .vector(.double, lanes: 4)) }))
                    } + [Field("one", .scalar(.bool))]), nil
            )
        ),
    ]

    @Test func whatCanBeMadeCanBeRead() throws {
        for (name, at, beyond) in Self.pairs {
            let schema = try ComponentSchema(name: at.0, type: at.1, documentation: at.2)
            #expect(try schema.encoded.withUnsafeBytes { try ComponentSchema(decoding: $0) } == schema, "\(name)")
            #expect(throws: SchemaError.self, "\(name)") {
                try ComponentSchema(name: beyond.0, type: beyond.1, documentation: beyond.2)
            }
        }
    }

    @Test func bytesOfASchema() throws {
        // 15 fields of 4 KiB, and one that fills up to the last byte.
        let make = { (rest: Int) in
            let full = (0..<15).map { Field("f\($0)", .string, documentation: Self.text(4096)) }
            return try ComponentSchema(
                name: "C", type: .structure(full + [Field("rest", .string, documentation: Self.text(rest))]))
        }
        let rest = SchemaLimits().encodedSizeMax - (try make(3000).encoded.count - 3000)
        let largest = try make(rest)
        #expect(largest.encoded.count == SchemaLimits().encodedSizeMax)
        #expect(try largest.encoded.withUnsafeBytes { try ComponentSchema(decoding: $0) } == largest)
        #expect(throws: SchemaError.self) { try make(rest + 1) }
        #expect(throws: CodecError.self) {
            try (largest.encoded + [0]).withUnsafeBytes { try ComponentSchema(decoding: $0) }
        }
    }

    @Test func aSchemaHasOneForm() throws {
        // The field is named by an e and an accent; its one form is the letter that has both.
        let bytes: [UInt8] = [1, 0x43, 0, 6, 1, 3, 0x65, 0xcc, 0x81, 5, 0]
        let error = #expect(throws: CodecError.self) { try bytes.withUnsafeBytes { try ComponentSchema(decoding: $0) } }
        #expect(error?.code == .notCanonical)
    }

    @Test func namesAreUniqueAndNotEmpty() {
        for type: FieldType in [
            .structure([Field("a", .string), Field("a", .string)]), .structure([Field("", .string)]),
            .enumeration([.init("a"), .init("a")]), .enumeration([]), .union([]),
            .union([UnionCase("a"), UnionCase("a")]),
            .vector(.bool, lanes: 2),
        ] {
            #expect(throws: SchemaError.self, "\(type)") { try ComponentSchema(name: "C", type: type) }
        }
    }
}
