import OrrerySchema
import Testing

/// A schema is these bytes, and its hash is theirs.
@Suite struct GoldenSchemaTests {
    private static func schemas() throws -> [(String, ComponentSchema, hash: UInt64)] {
        let scalars = Scalar.allCases.map { Field(String(describing: $0), .scalar($0)) }
        let others: [Field] = [
            Field("v2", .vector(.float, lanes: 2)), Field("v3", .vector(.double, lanes: 3)),
            Field("v4", .vector(.uint8, lanes: 4)), Field("target", .entity),
            Field("mode", .enumeration([.init("idle", rawValue: "waiting"), .init("run", rawValue: "")])),
            Field("team", .enumeration([.init("red")])), Field("text", .string),
            Field("inner", .structure([Field("flag", .scalar(.bool))])), Field("maybe", .optional(.scalar(.int32))),
            Field("list", .array(.string)), Field("tags", .set(.scalar(.int16))),
            Field("counts", .dictionary(key: .string, value: .scalar(.uint16))),
            Field(
                "order",
                .union([
                    UnionCase("idle"),
                    UnionCase(
                        "move",
                        [Field("to", .vector(.float, lanes: 2)), Field("speed", .optional(.scalar(.float)))]),
                ])),
        ]
        let annotated: [Field] = [
            Field("distance", .scalar(.double), unit: "km", range: 0...1e9, documentation: "Centre to centre."),
            Field("speed", .scalar(.double), unit: "km/s"), Field("share", .scalar(.float), range: -1...1),
            Field("plain", .scalar(.bool), documentation: "e\u{301}"),
        ]
        return [
            (
                "every type",
                try ComponentSchema(
                    name: "Every", type: .structure(scalars + others), documentation: "All kinds of types."),
                0x56d0_9e06_7fa6_99d4
            ),
            (
                "annotated fields", try ComponentSchema(name: "Orbit", type: .structure(annotated)),
                0xd28c_59a0_8d54_6f61
            ),
            ("a tag", try ComponentSchema(name: "Frozen", type: .structure([])), 0x3584_f623_d7fa_810b),
            (
                "a component that is an enumeration",
                try ComponentSchema(name: "Mode", type: .enumeration([.init("off"), .init("on")])),
                0xcd66_6f1a_f34b_36a1
            ),
        ]
    }

    @Test func schemasAreTheseBytesWithTheseHashes() throws {
        let golden = try GoldenFile("Schemas")
        for (name, schema, hash) in try Self.schemas() {
            let bytes = try golden[name]
            #expect(schema.encoded.hex == bytes.hex, "\(name)")
            #expect(schema.hash == SchemaHash(hash), "\(name): \(schema.hash)")
            let decoded = try bytes.withUnsafeBytes { try ComponentSchema(decoding: $0) }
            #expect(decoded == schema && decoded.name == schema.name, "\(name)")
            #expect(decoded.documentation == schema.documentation, "\(name)")
        }
        #expect(try Set(Self.schemas().map(\.0)) == Set(golden.items.map(\.name)))
    }
}
