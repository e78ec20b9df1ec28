import OrrerySchema
import OrreryStore

/// A world by chance, with every type of field and values that are hard to compare.
struct RandomWorld {
    /// Every type of field.
    static let fixedSchemas: [ComponentSchema] = try! [
        ComponentSchema(
            name: "Numbers",
            type: .structure(Scalar.allCases.map { Field(String(describing: $0), .scalar($0)) })),
        ComponentSchema(
            name: "Place",
            type: .structure([
                Field("axis", .vector(.float, lanes: 3)), Field("spin", .vector(.int32, lanes: 4)),
                Field("at", point), Field("flag", .scalar(.bool)),
            ])),
        ComponentSchema(
            name: "Link",
            type: .structure([
                Field("kind", .enumeration(kinds)), Field("only", .enumeration([.init("one")])), Field("to", .entity),
                Field("wide", .enumeration((0..<300).map { .init("c\($0)") })),
            ])),
        ComponentSchema(
            name: "Mixed",
            type: .structure([
                Field("name", .string), Field("maybe", .optional(.scalar(.int32))),
                Field("speed", .optional(.scalar(.float))), Field("flag", .optional(.scalar(.bool))),
                Field(
                    "far",
                    .optional(
                        .structure([
                            Field("text", .optional(.string)), Field("deep", .optional(.scalar(.double))),
                            Field("who", .entity), Field("kind", .enumeration(kinds)),
                        ]))),
                Field("twice", .optional(.optional(.scalar(.int8)))), Field("last", .scalar(.uint64)),
            ])),
        ComponentSchema(
            name: "Bag",
            type: .structure([
                Field("items", .array(.string)), Field("counts", .dictionary(key: .string, value: .scalar(.int32))),
                Field("marks", .set(.scalar(.int16))), Field("weights", .array(.scalar(.double))),
                Field("slots", .optional(.array(.scalar(.int64)))), Field("friends", .array(.entity)),
                Field("boxes", .array(.structure([Field("n", .scalar(.int32)), Field("t", .string)]))),
                Field("debts", .dictionary(key: .entity, value: .optional(.scalar(.float)))),
                Field("kinds", .array(.optional(.enumeration(kinds)))),
                Field("ratios", .dictionary(key: .scalar(.double), value: .string)),
            ])),
        ComponentSchema(
            name: "Job",
            type: .structure([
                Field(
                    "order",
                    .union([
                        UnionCase("idle"),
                        UnionCase(
                            "move",
                            [Field("to", .vector(.float, lanes: 2)), Field("speed", .optional(.scalar(.float)))]),
                        UnionCase("follow", [Field("_0", .entity), Field("note", .string)]),
                    ])),
                Field("priority", .scalar(.int8)),
            ])),
        ComponentSchema(name: "Frozen", type: .structure([])),
        ComponentSchema(name: "Mode", type: .enumeration(kinds)),
        ComponentSchema(name: "Pair<Int, Double>", type: .structure([Field("first value", .scalar(.int64))])),
    ]

    private static let kinds: [EnumerationCase] = [.init("red"), .init("true"), .init("light blue"), .init("entity")]
    private static let point = FieldType.structure(["x", "y", "z"].map { Field($0, .scalar(.double)) })

    let schemas: [ComponentSchema]
    let store: ComponentStore
    /// The values of every entity, by the number of the component.
    private(set) var values: [Entity: [Int: DynamicValue]] = [:]
    /// Living entities, dead ones, and none.
    let entities: [Entity]

    init(_ generator: inout SeededGenerator, schemas: [ComponentSchema] = fixedSchemas) {
        self.schemas = schemas
        store = ComponentStore(schemas: schemas)
        store.advance(to: Tick(1))
        var alive: [Entity] = []
        var index: UInt32 = 0
        let gap = [1, 3, 400].randomElement(using: &generator)!
        for _ in 0..<40 {
            index += UInt32.random(in: 1...UInt32(gap), using: &generator)
            alive.append(Entity(index: index, generation: [0, 1, .max].randomElement(using: &generator)!))
        }
        entities = alive + [.none, Entity(index: alive[0].index, generation: 7), Entity(index: 1 << 31, generation: 1)]
        for entity in alive {
            store.spawn(entity)
            values[entity] = [:]
            for (number, schema) in schemas.enumerated() where Bool.random(using: &generator) {
                let value = value(of: schema.type, &generator)
                let bytes = try! value.encoded(as: schema.type)
                store[ColumnID(number)].set(entity.index, to: bytes, at: store.tick)
                // What the bytes say: they hold each key once, and texts in their normal form.
                values[entity]![number] = try! DynamicValue(decoding: bytes, as: schema.type)
            }
        }
        // Rows that left keep their bytes, and a scan must not see them.
        for entity in alive where generator.oneIn(8) {
            store.despawn(entity)
            values[entity] = nil
        }
    }

    /// Breaks some of the values that vary in size: what is read of them is missing, and nobody traps.
    func breakValues(_ generator: inout SeededGenerator) {
        for (number, schema) in schemas.enumerated() where schema.type.fixedSize == nil {
            let column = store[ColumnID(number)]
            for entity in values.keys.sorted() where generator.oneIn(2) {
                guard var bytes = column.value(of: entity.index) else { continue }
                let place = Int.random(in: 0...bytes.count, using: &generator)
                switch Int.random(in: 0...2, using: &generator) {
                case 0: bytes.removeSubrange(place...)
                case 1 where place < bytes.count: bytes[place] = .random(in: 0...255, using: &generator)
                default: bytes.insert(.random(in: 0...255, using: &generator), at: place)
                }
                column.set(entity.index, to: bytes, at: store.tick)
            }
        }
    }

    // MARK: Values

    static let texts = [
        "", "a", "mar", "Mars", "MARE", "Σίσυφος", "ΣΊΣΥΦΟΣ", "Café", "Straße", "STRASSE", "STRAẞE", "İ", "ı",
        "x\u{302}", "\u{212a}", "\u{10400}", "\u{10428}", "say \"hi\" \\", "z\u{0}\n", "ǆ", "ﬁ",
    ]
    static let doubles: [Double] = [
        0, -0.0, 1, -1, 0.1, 2.5, -2.5, 3, .infinity, -.infinity, .nan, 0x1p53, 0x1p53 + 2, -0x1p63, 0x1p63, 0x1p64,
        1e300, .leastNonzeroMagnitude, 100,
    ]
    static let integers: [Int128] = [
        0, 1, -1, 2, 3, 5, 100, -100, 127, -128, 128, 255, 256, 32767, -32768, 65535, 65536, 1 << 31, -(1 << 31),
        (1 << 31) - 1, (1 << 32) - 1, 1 << 53, (1 << 53) + 1, -(1 << 53) - 1, (1 << 63) - 1, -(1 << 63), 1 << 63,
        (1 << 64) - 1,
    ]

    private func value(of type: FieldType, _ generator: inout SeededGenerator) -> DynamicValue {
        func list(_ element: FieldType) -> [DynamicValue] {
            (0..<Int.random(in: 0...3, using: &generator)).map { _ in value(of: element, &generator) }
        }
        /// Elements and keys are not repeated. Their order must not depend on hashes, or a seed would not replay.
        func unique(_ values: [DynamicValue], _ type: FieldType) -> [DynamicValue] {
            var seen: Set<[UInt8]> = []
            return values.filter { seen.insert(try! $0.encoded(as: type)).inserted }
        }
        switch type {
        case .scalar(let scalar): return Self.number(scalar, &generator)
        case .vector(let scalar, let lanes):
            return .vector((0..<lanes).map { _ in Self.number(scalar, &generator) })
        case .entity: return .entity(entities.randomElement(using: &generator)!)
        case .enumeration(let cases): return .enumeration(cases.randomElement(using: &generator)!.name)
        case .string: return .string(Self.texts.randomElement(using: &generator)!)
        case .structure(let fields):
            return .structure(fields.map { .init($0.name, value(of: $0.type, &generator)) })
        case .optional(let wrapped):
            return .optional(Bool.random(using: &generator) ? value(of: wrapped, &generator) : nil)
        case .array(let element): return .array(list(element))
        case .set(let element): return .set(unique(list(element), element))
        case .dictionary(let key, let value):
            return .dictionary(unique(list(key), key).map { .init(key: $0, value: self.value(of: value, &generator)) })
        case .union(let cases):
            let each = cases.randomElement(using: &generator)!
            return .union(each.name, each.fields.map { .init($0.name, value(of: $0.type, &generator)) })
        }
    }

    private static func number(_ scalar: Scalar, _ generator: inout SeededGenerator) -> DynamicValue {
        let integer = integers.randomElement(using: &generator)!
        switch scalar {
        case .bool: return .bool(Bool.random(using: &generator))
        case .float: return .float(Float(doubles.randomElement(using: &generator)!))
        case .double: return .double(doubles.randomElement(using: &generator)!)
        case .int8: return .signed(Int64(Int8(truncatingIfNeeded: integer)))
        case .int16: return .signed(Int64(Int16(truncatingIfNeeded: integer)))
        case .int32: return .signed(Int64(Int32(truncatingIfNeeded: integer)))
        case .int64: return .signed(Int64(truncatingIfNeeded: integer))
        case .uint8: return .unsigned(UInt64(UInt8(truncatingIfNeeded: integer)))
        case .uint16: return .unsigned(UInt64(UInt16(truncatingIfNeeded: integer)))
        case .uint32: return .unsigned(UInt64(UInt32(truncatingIfNeeded: integer)))
        case .uint64: return .unsigned(UInt64(truncatingIfNeeded: integer))
        }
    }
}
