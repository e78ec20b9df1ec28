extension JSONWriter {
    /// A component as an object: `name`, `hash` (16 hexadecimal digits), `resource` (true) if it is one, `status`
    /// (true) if the server shows itself with it, `documentation` if there is one, and `type`.
    package mutating func schema(_ schema: ComponentSchema, isResource: Bool, isStatus: Bool) {
        object { writer in
            writer.name("name")
            writer.string(schema.name)
            writer.name("hash")
            writer.string(schema.hash.description)
            if isResource {
                writer.name("resource")
                writer.bool(true)
            }
            if isStatus {
                writer.name("status")
                writer.bool(true)
            }
            if let documentation = schema.documentation {
                writer.name("documentation")
                writer.string(documentation)
            }
            writer.name("type")
            writer.type(schema.type)
        }
    }

    /// A type as an object: its `kind`, and what belongs to that kind.
    private mutating func type(_ type: FieldType) {
        object { writer in
            writer.name("kind")
            switch type {
            case .scalar(let scalar):
                writer.string("scalar")
                writer.name("scalar")
                writer.string("\(scalar)")
            case .vector(let scalar, let lanes):
                writer.string("vector")
                writer.name("scalar")
                writer.string("\(scalar)")
                writer.name("lanes")
                writer.number(lanes)
            case .entity: writer.string("entity")
            case .string: writer.string("string")
            case .enumeration(let cases):
                writer.string("enumeration")
                writer.name("cases")
                writer.array(cases) { $0.enumerationCase($1) }
            case .structure(let fields):
                writer.string("structure")
                writer.name("fields")
                writer.array(fields) { $0.field($1) }
            case .optional(let wrapped): writer.container("optional", "wrapped", wrapped)
            case .array(let element): writer.container("array", "element", element)
            case .set(let element): writer.container("set", "element", element)
            case .dictionary(let key, let value):
                writer.container("dictionary", "key", key)
                writer.name("value")
                writer.type(value)
            case .union(let cases):
                writer.string("union")
                writer.name("cases")
                writer.array(cases) { $0.unionCase($1) }
            }
        }
    }

    private mutating func container(_ kind: String, _ role: String, _ inner: FieldType) {
        string(kind)
        name(role)
        type(inner)
    }

    private mutating func field(_ field: Field) {
        object { writer in
            writer.name("name")
            writer.string(field.name)
            writer.name("type")
            writer.type(field.type)
            if let unit = field.unit {
                writer.name("unit")
                writer.string(unit)
            }
            if let range = field.range {
                writer.name("range")
                writer.array([range.lowerBound, range.upperBound]) { $0.number($1) }
            }
            if let documentation = field.documentation {
                writer.name("documentation")
                writer.string(documentation)
            }
        }
    }

    private mutating func enumerationCase(_ enumerationCase: EnumerationCase) {
        object { writer in
            writer.name("name")
            writer.string(enumerationCase.name)
            if let rawValue = enumerationCase.rawValue {
                writer.name("rawValue")
                writer.string(rawValue)
            }
        }
    }

    private mutating func unionCase(_ unionCase: UnionCase) {
        object { writer in
            writer.name("name")
            writer.string(unionCase.name)
            writer.name("fields")
            writer.array(unionCase.fields) { $0.field($1) }
        }
    }
}
