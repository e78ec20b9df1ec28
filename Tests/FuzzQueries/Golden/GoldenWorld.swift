import OrrerySchema
import OrreryStore

/// The world of the golden cases (Tests/OrreryQueryTests/Golden/README.md), in a store.
struct GoldenWorld {
    let table: ComponentTable
    let store: ComponentStore

    /// - Parameter text: Golden/world.json.
    init(_ text: String) throws {
        let json = try JSON(text)
        var entries: [ComponentTable.Entry] = []
        for (key, isResource) in [("components", false), ("resources", true)] {
            for component in try required(json[key]?.array) {
                let schema = try ComponentSchema(
                    name: try required(component["name"]?.string),
                    type: FieldType(golden: try required(component["schema"])))
                entries.append(.init(ColumnID(entries.count), schema, isResource: isResource))
            }
        }
        table = ComponentTable(entries)
        store = ComponentStore(table)
        store.advance(to: Tick(1))
        for each in try required(json["entities"]?.array) {
            let entity = try required(each["entity"]?.string.flatMap { Entity($0) })
            store.spawn(entity)
            for (name, value) in try required(each["components"]).members { try set(name, entity.index, value) }
        }
        for (name, value) in try required(json["resourceValues"]).members { try set(name, 0, value) }
    }

    private func set(_ name: String, _ row: UInt32, _ value: JSON) throws {
        let entry = try required(table[name])
        let type = try required(entry.schema?.type)
        store[entry.column].set(row, to: try type.bytes(golden: value), at: store.tick)
    }

    func entities(at rows: RowSet) -> [Entity] { rows.indexes.compactMap { store.entity(at: $0) } }
}

extension FieldType {
    /// A type as the golden world writes it.
    init(golden json: JSON) throws {
        let name = try required(json["type"]?.string)
        if let scalar = Scalar.allCases.first(where: { String(describing: $0) == name.lowercased() }) {
            self = .scalar(scalar)
            return
        }
        func inner(_ key: String) throws -> FieldType { try FieldType(golden: try required(json[key])) }
        switch name {
        case "String": self = .string
        case "Entity": self = .entity
        case "optional": self = .optional(try inner("of"))
        case "array": self = .array(try inner("of"))
        case "set": self = .set(try inner("of"))
        case "dictionary": self = .dictionary(key: try inner("key"), value: try inner("value"))
        case "vector":
            guard case .scalar(let scalar) = try inner("of") else { throw JSON.FormatError(offset: 0) }
            self = .vector(scalar, lanes: try required(json["lanes"]?.integer))
        case "enum": self = .enumeration(try required(json["cases"]?.array).map { .init($0.string ?? "") })
        case "struct":
            self = .structure(
                try required(json["fields"]?.array).map { field in
                    Field(try required(field["name"]?.string), try FieldType(golden: try required(field["schema"])))
                })
        default: throw JSON.FormatError(offset: 0)
        }
    }

    /// The wire form of a value of the golden world. Texts keep their scalars, in whatever normal form they are.
    func bytes(golden json: JSON) throws -> [UInt8] {
        var writer = ByteWriter()
        switch (self, json) {
        case (.scalar(.bool), .bool(let value)): writer.append(value ? 1 : 0)
        case (.scalar(.float), _): writer.append(integer: Float(try Self.number(json)).bitPattern)
        case (.scalar(.double), _): writer.append(integer: try Self.number(json).bitPattern)
        case (.scalar(let scalar), .number(let text)):
            let bits = try required(UInt64(text) ?? Int64(text).map { UInt64(bitPattern: $0) })
            for position in 0..<scalar.size { writer.append(UInt8(truncatingIfNeeded: bits >> UInt64(8 * position))) }
        case (.vector(let scalar, _), .array(let lanes)):
            for lane in lanes { writer.append(contentsOf: try FieldType.scalar(scalar).bytes(golden: lane)) }
        case (.entity, .string(let text)): writer.append(try required(Entity(text)))
        case (.enumeration(let cases), .string(let name)):
            writer.append(UInt8(try required(cases.firstIndex { $0.name == name })))
        case (.string, .string(let text)): writer.append(scalarsOf: text)
        case (.structure(let fields), _):
            for field in fields {
                writer.append(contentsOf: try field.type.bytes(golden: try required(json[field.name])))
            }
        case (.optional, .null): writer.append(0)
        case (.optional(let wrapped), _):
            writer.append(1)
            writer.append(contentsOf: try wrapped.bytes(golden: json))
        case (.array(let element), .array(let values)):
            writer.append(varint: values.count)
            for value in values { writer.append(contentsOf: try element.bytes(golden: value)) }
        case (.set(let element), .array(let values)):
            writer.append(varint: values.count)
            let elements = try values.map { try element.bytes(golden: $0) }
            for bytes in elements.sorted(by: { $0.lexicographicallyPrecedes($1) }) { writer.append(contentsOf: bytes) }
        case (.dictionary(let key, let value), .array(let entries)):
            writer.append(varint: entries.count)
            let pairs = try entries.map { entry in
                let pair = try required(entry.array)
                return (try key.bytes(golden: pair[0]), try value.bytes(golden: pair[1]))
            }
            for (key, value) in pairs.sorted(by: { $0.0.lexicographicallyPrecedes($1.0) }) {
                writer.append(contentsOf: key + value)
            }
        default: throw JSON.FormatError(offset: 0)
        }
        return writer.bytes
    }

    private static func number(_ json: JSON) throws -> Double {
        switch json {
        case .number(let text): try required(Double(text))
        case .string("NaN"): .nan
        case .string("Infinity"): .infinity
        case .string("-Infinity"): -.infinity
        default: throw JSON.FormatError(offset: 0)
        }
    }
}

extension ByteWriter {
    /// Writes a text without bringing it to a normal form, as other implementations may.
    mutating func append(scalarsOf text: String) {
        append(varint: text.utf8.count)
        append(contentsOf: Array(text.utf8))
    }
}

private func required<T>(_ value: T?) throws -> T {
    guard let value else { throw JSON.FormatError(offset: 0) }
    return value
}
