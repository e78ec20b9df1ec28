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
        #expect(
            refusal(UnlistedCodable.self).contains("field 'kind': the enumeration Kind does not list its cases"))
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

    /// Enumerations that say little or much of themselves.
    enum Single: CaseIterable { case only }
    enum AllButLast: CaseIterable {
        case first, second, last
        static var allCases: [Self] { [.first, .second] }
    }
    enum AllButFirst: CaseIterable {
        case first, second, last
        static var allCases: [Self] { [.second, .last] }
    }
    enum Twice: CaseIterable {
        case first, second
        static var allCases: [Self] { [.first, .second, .first] }
    }
    enum Cases255: CaseIterable {
        case c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15
        case c16, c17, c18, c19, c20, c21, c22, c23, c24, c25, c26, c27, c28, c29, c30, c31
        case c32, c33, c34, c35, c36, c37, c38, c39, c40, c41, c42, c43, c44, c45, c46, c47
        case c48, c49, c50, c51, c52, c53, c54, c55, c56, c57, c58, c59, c60, c61, c62, c63
        case c64, c65, c66, c67, c68, c69, c70, c71, c72, c73, c74, c75, c76, c77, c78, c79
        case c80, c81, c82, c83, c84, c85, c86, c87, c88, c89, c90, c91, c92, c93, c94, c95
        case c96, c97, c98, c99, c100, c101, c102, c103, c104, c105, c106, c107, c108, c109, c110, c111
        case c112, c113, c114, c115, c116, c117, c118, c119, c120, c121, c122, c123, c124, c125, c126, c127
        case c128, c129, c130, c131, c132, c133, c134, c135, c136, c137, c138, c139, c140, c141, c142, c143
        case c144, c145, c146, c147, c148, c149, c150, c151, c152, c153, c154, c155, c156, c157, c158, c159
        case c160, c161, c162, c163, c164, c165, c166, c167, c168, c169, c170, c171, c172, c173, c174, c175
        case c176, c177, c178, c179, c180, c181, c182, c183, c184, c185, c186, c187, c188, c189, c190, c191
        case c192, c193, c194, c195, c196, c197, c198, c199, c200, c201, c202, c203, c204, c205, c206, c207
        case c208, c209, c210, c211, c212, c213, c214, c215, c216, c217, c218, c219, c220, c221, c222, c223
        case c224, c225, c226, c227, c228, c229, c230, c231, c232, c233, c234, c235, c236, c237, c238, c239
        case c240, c241, c242, c243, c244, c245, c246, c247, c248, c249, c250, c251, c252, c253, c254
    }
    enum Cases256: CaseIterable {
        case c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15
        case c16, c17, c18, c19, c20, c21, c22, c23, c24, c25, c26, c27, c28, c29, c30, c31
        case c32, c33, c34, c35, c36, c37, c38, c39, c40, c41, c42, c43, c44, c45, c46, c47
        case c48, c49, c50, c51, c52, c53, c54, c55, c56, c57, c58, c59, c60, c61, c62, c63
        case c64, c65, c66, c67, c68, c69, c70, c71, c72, c73, c74, c75, c76, c77, c78, c79
        case c80, c81, c82, c83, c84, c85, c86, c87, c88, c89, c90, c91, c92, c93, c94, c95
        case c96, c97, c98, c99, c100, c101, c102, c103, c104, c105, c106, c107, c108, c109, c110, c111
        case c112, c113, c114, c115, c116, c117, c118, c119, c120, c121, c122, c123, c124, c125, c126, c127
        case c128, c129, c130, c131, c132, c133, c134, c135, c136, c137, c138, c139, c140, c141, c142, c143
        case c144, c145, c146, c147, c148, c149, c150, c151, c152, c153, c154, c155, c156, c157, c158, c159
        case c160, c161, c162, c163, c164, c165, c166, c167, c168, c169, c170, c171, c172, c173, c174, c175
        case c176, c177, c178, c179, c180, c181, c182, c183, c184, c185, c186, c187, c188, c189, c190, c191
        case c192, c193, c194, c195, c196, c197, c198, c199, c200, c201, c202, c203, c204, c205, c206, c207
        case c208, c209, c210, c211, c212, c213, c214, c215, c216, c217, c218, c219, c220, c221, c222, c223
        case c224, c225, c226, c227, c228, c229, c230, c231, c232, c233, c234, c235, c236, c237, c238, c239
        case c240, c241, c242, c243, c244, c245, c246, c247, c248, c249, c250, c251, c252, c253, c254, c255
    }
    enum Cases257: CaseIterable {
        case c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15
        case c16, c17, c18, c19, c20, c21, c22, c23, c24, c25, c26, c27, c28, c29, c30, c31
        case c32, c33, c34, c35, c36, c37, c38, c39, c40, c41, c42, c43, c44, c45, c46, c47
        case c48, c49, c50, c51, c52, c53, c54, c55, c56, c57, c58, c59, c60, c61, c62, c63
        case c64, c65, c66, c67, c68, c69, c70, c71, c72, c73, c74, c75, c76, c77, c78, c79
        case c80, c81, c82, c83, c84, c85, c86, c87, c88, c89, c90, c91, c92, c93, c94, c95
        case c96, c97, c98, c99, c100, c101, c102, c103, c104, c105, c106, c107, c108, c109, c110, c111
        case c112, c113, c114, c115, c116, c117, c118, c119, c120, c121, c122, c123, c124, c125, c126, c127
        case c128, c129, c130, c131, c132, c133, c134, c135, c136, c137, c138, c139, c140, c141, c142, c143
        case c144, c145, c146, c147, c148, c149, c150, c151, c152, c153, c154, c155, c156, c157, c158, c159
        case c160, c161, c162, c163, c164, c165, c166, c167, c168, c169, c170, c171, c172, c173, c174, c175
        case c176, c177, c178, c179, c180, c181, c182, c183, c184, c185, c186, c187, c188, c189, c190, c191
        case c192, c193, c194, c195, c196, c197, c198, c199, c200, c201, c202, c203, c204, c205, c206, c207
        case c208, c209, c210, c211, c212, c213, c214, c215, c216, c217, c218, c219, c220, c221, c222, c223
        case c224, c225, c226, c227, c228, c229, c230, c231, c232, c233, c234, c235, c236, c237, c238, c239
        case c240, c241, c242, c243, c244, c245, c246, c247, c248, c249, c250, c251, c252, c253, c254, c255
        case c256
    }
    struct Holder<E: CaseIterable & Sendable>: Component {
        var value = E.allCases.first!
    }

    @Test func anEnumerationListsAllItsCases() throws {
        func text<E: CaseIterable & Sendable>(_: E.Type) -> String { refusal(Holder<E>.self) }
        for text in [text(AllButLast.self), text(AllButFirst.self), text(Twice.self)] {
            #expect(text.contains("leaves out a case, or lists one twice"))
        }
        func count<E: CaseIterable & Sendable>(_: E.Type) throws -> Int? {
            guard case .enumeration(let cases) = try ComponentCoder<Holder<E>>().schema.fields[0].type else {
                return nil
            }
            return cases.count
        }
        #expect(try count(Single.self) == 1)
        #expect(try count(Cases255.self) == 255)
        #expect(try count(Cases256.self) == 256)
        #expect(try count(Cases257.self) == 257)
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
