import OrrerySchema
import Testing

@Suite struct ReflectionTests {
    @Test func bitwiseFieldsAreReadFromTheType() throws {
        let schema = try ComponentCoder<Mixed>().schema
        #expect(schema.name == "Mixed")
        #expect(
            schema.fields.map(\.name) == [
                "small", "number", "direction", "alive", "mode", "team", "target", "nested", "ratio",
            ])
        #expect(schema.fields[2].type == .vector(.float, lanes: 3))
        #expect(
            schema.fields[4].type
                == .enumeration([
                    .init("idle", rawValue: "waiting"), .init("walk", rawValue: "walk"), .init("run", rawValue: "run"),
                ]))
        #expect(schema.fields[5].type == .enumeration([.init("red"), .init("blue")]))
        #expect(schema.fields[7].type == .structure([.init("flag", .scalar(.bool)), .init("wide", .scalar(.int64))]))
        // 1 + 8 + 12 + 1 + 1 + 1 + 8 + (1 + 8) + 4: no padding anywhere.
        #expect(schema.type.fixedSize == 45)
    }

    @Test func codableFieldsAreFoundByProbing() throws {
        let fields = try ComponentCoder<Inventory>().schema.fields
        let types = Dictionary(uniqueKeysWithValues: fields.map { ($0.name, $0.type) })
        #expect(types["owner"] == .string)
        #expect(types["slots"] == .array(.string))
        #expect(types["tags"] == .set(.scalar(.int32)))
        #expect(types["counts"] == .dictionary(key: .string, value: .scalar(.uint16)))
        #expect(
            types["best"]
                == .optional(
                    .structure([
                        .init("name", .string), .init("weight", .optional(.scalar(.double))),
                    ])))
        #expect(
            types["order"]
                == .union([
                    .init("idle"),
                    .init(
                        "move", [.init("to", .vector(.float, lanes: 2)), .init("speed", .optional(.scalar(.float)))]),
                    .init("follow", [.init("_0", .entity)]),
                ]))
        #expect(types["small"] == .scalar(.int8))
    }

    @Test func tagsHaveNoFields() throws {
        let schema = try ComponentCoder<Frozen>().schema
        #expect(schema.isTag)
        #expect(schema.type.fixedSize == 0)
    }

    @Test func annotationsReachTheirFields() throws {
        let schema = try ComponentCoder<Annotated>().schema
        #expect(schema.documentation == "Something that moves.")
        #expect(schema.fields[0].unit == "km/s")
        #expect(schema.fields[0].range == 0...10)
        #expect(schema.fields[0].documentation == "How fast.")
        guard case .structure(let inner) = schema.fields[1].type else {
            throw CodecError(.typeMismatch, "no structure")
        }
        #expect(inner.map(\.unit) == [nil, "m"])
    }

    struct Pointer: Component, @unchecked Sendable { var base: UnsafeRawPointer? }
    struct Text: Component { var text = "" }
    struct Payload: Component, Codable {
        enum Kind: Codable {
            case a(Int)
            case b
        }
        var kind = Kind.b
    }
    struct Unlisted: Component {
        enum Kind: Int { case a, b }
        var kind = Kind.a
    }
    struct UnlistedCodable: Component, Codable {
        enum Kind: Int, Codable { case a, b }
        var name = ""
        var kind = Kind.a
    }
    struct Tuple: Component { var pair = (1, 2) }
    struct Tree: Component, Codable { var children: [Tree] = [] }
    struct Strict: Component, Codable {
        struct Even: Codable {
            var value = 2
            init() {}
            init(from decoder: any Decoder) throws {
                value = try decoder.singleValueContainer().decode(Int.self)
                guard value > 0 else { throw CodecError(.outOfDomain, "not positive") }
            }
            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                try container.encode(value)
            }
        }
        var name = ""
        var even = Even()
    }

    func refusal<C: Component>(_ type: C.Type) -> String {
        do throws(SchemaError) {
            _ = try ComponentCoder<C>()
            return "accepted"
        } catch { return error.description }
    }

    @Test func whatCannotBeReflectedIsRefusedByFieldAndType() {
        #expect(refusal(Pointer.self).contains("field 'base': Optional<UnsafeRawPointer>"))
        #expect(refusal(Text.self).contains("conform Text to Codable"))
        #expect(refusal(Payload.self).contains("field 'kind': the enumeration Kind does not list its cases"))
        #expect(refusal(Payload.self).contains("static var samples"))
        #expect(refusal(Unlisted.self).contains("field 'kind': the enumeration Kind"))
        #expect(refusal(UnlistedCodable.self).contains("field 'kind': the enumeration Kind does not list its cases"))
        #expect(refusal(Tuple.self).contains("field 'pair': (Int, Int)"))
        #expect(refusal(Tree.self).contains("holds itself"))
        #expect(refusal(Strict.self).contains("field 'even': Even does not accept"))
    }

    struct Limit: Component { var speed: Float? }
    struct Pursuit: Component { var target: Entity? }

    struct CodableLimit: Component, Codable { var speed: Float? }

    @Test(.bug(id: "o11", "optional numbers and entities are not of fixed size"))
    func optionalsAreOfVaryingSizeAndNeedCodable() throws {
        #expect(refusal(Limit.self).contains("field 'speed': Optional<Float>"))
        #expect(refusal(Limit.self).contains("conform Limit to Codable"))
        #expect(refusal(Pursuit.self).contains("field 'target': Optional<Entity>"))
        #expect(refusal(Pursuit.self).contains("conform Pursuit to Codable"))
        let coder = try ComponentCoder<CodableLimit>()
        #expect(coder.schema.type.fixedSize == nil)
        for (speed, size) in [(nil, 1), (2, 5)] as [(Float?, Int)] {
            var writer = ByteWriter()
            try coder.encode(CodableLimit(speed: speed), into: &writer)
            #expect(writer.count == size)
        }
    }

    struct Gait: Component {
        enum Kind: Codable { case walk, run }
        var kind = Kind.walk
    }
    struct CodableGait: Component, Codable {
        enum Kind: Codable { case walk, run }
        var kind = Kind.walk
    }

    @Test(.bug(id: "o12", "the first advice does not help"))
    func theFirstAdviceForAPlainEnumerationIsCaseIterable() throws {
        for text in [refusal(Gait.self), refusal(CodableGait.self)] {
            let helps = try #require(text.firstRange(of: "CaseIterable"), "\(text)")
            for other in ["Sampled", "to Codable"] {
                guard let range = text.firstRange(of: other) else { continue }
                #expect(helps.lowerBound < range.lowerBound, "\(text)")
            }
        }
    }

    struct Sign: Component, Codable {
        var text = "", size = 1.0
        enum CodingKeys: String, CodingKey { case text, size = "fontSize" }
        static var annotations: [FieldAnnotation<Sign>] { [.init(\.size, unit: "pt")] }
    }

    @Test(.bug(id: "o02", "a field that CodingKeys rename is not found"))
    func annotationsReachFieldsThatCodingKeysRename() throws {
        let fields = try ComponentCoder<Sign>().schema.fields
        #expect(fields.map(\.name) == ["text", "fontSize"])
        #expect(fields.map(\.unit) == [nil, "pt"])
    }

    @Test func bytesThatSaySomething() {
        enum Choice { case none, number(Int32), text(UInt8) }
        struct Gap { var small: UInt8 = 0, inner = Inner(), large: Int = 0, choice = Choice.none }
        struct Inner { var flag = true, wide: Int16 = 0 }
        #expect(ValueBytes.ranges(of: Position.self) == [0..<24])
        #expect(ValueBytes.ranges(of: Frozen.self) == [])
        #expect(ValueBytes.ranges(of: SIMD3<Float>.self) == [0..<12])
        #expect(ValueBytes.ranges(of: Gap.self) == [0..<1, 2..<3, 4..<6, 8..<21])
    }
}
