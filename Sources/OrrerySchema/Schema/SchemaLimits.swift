/// The limits of a schema. Clients check schemas that they are sent before they keep them; servers check schemas that
/// they register.
///
/// If you raise a limit at a server, raise it at its clients too.
public struct SchemaLimits: Hashable, Sendable {
    /// UTF-8 bytes of the name of a component, field or case. Prevents names that no screen, log or table can show.
    public var nameSizeMax = 128
    /// Nesting depth of types. Prevents a schema from exhausting the stack of its readers, or of readers of its values.
    public var depthMax = 16
    /// Fields of one structure, cases of one union. Prevents structures that take far more memory than bytes.
    public var fieldCountMax = 256
    /// Cases of one enumeration; at most 65,536, since a case is sent in 16 bits. Prevents unbounded tables of names.
    public var caseCountMax = 65_536
    /// Bytes of one schema. Prevents one component from filling the memory for schemas.
    public var encodedSizeMax = 64 << 10
    /// UTF-8 bytes of one unit, documentation or raw value.
    public var textSizeMax = 4096
    /// Bytes of a value of fixed size. A store allocates 1024 of them at a time: this prevents huge pages.
    public var fixedSizeMax = 16 << 10

    /// Creates the default limits.
    public init() {}

    func check(name: String, type: FieldType, documentation: String?) throws(SchemaError) {
        try check(name, in: name, what: "the component's name")
        try check([documentation], component: name, path: [])
        try check(type, component: name, path: [], depth: 1)
        if let size = type.fixedSize, size > fixedSizeMax {
            throw SchemaError(component: name, "a value takes \(size) bytes, the limit is \(fixedSizeMax)")
        }
    }

    private func check(_ name: String, in component: String, what: String) throws(SchemaError) {
        guard !name.isEmpty, name.canonicalUTF8.count <= nameSizeMax else {
            throw SchemaError(component: component, "\(what) '\(name)' must have 1 to \(nameSizeMax) bytes of UTF-8")
        }
    }

    private func check(
        _ type: FieldType, component: String, path: [String], depth: Int
    ) throws(SchemaError) {
        guard depth <= depthMax else {
            throw SchemaError(component: component, path: path, "its types are nested more than \(depthMax) deep")
        }
        switch type {
        case .scalar, .entity, .string: break
        case .vector(let scalar, let lanes):
            guard (2...4).contains(lanes), scalar != .bool else {
                throw SchemaError(component: component, path: path, "a vector has 2, 3 or 4 lanes of numbers")
            }
        case .enumeration(let cases):
            guard (1...caseCountMax).contains(cases.count) else {
                throw SchemaError(component: component, path: path, "an enumeration has 1 to \(caseCountMax) cases")
            }
            try check(names: cases.map(\.name), component: component, path: path)
            try check(cases.map(\.rawValue), component: component, path: path)
        case .structure(let fields):
            try check(fields, component: component, path: path, depth: depth)
        case .optional(let inner), .array(let inner), .set(let inner):
            try check(inner, component: component, path: path, depth: depth + 1)
        case .dictionary(let key, let value):
            try check(key, component: component, path: path + ["key"], depth: depth + 1)
            try check(value, component: component, path: path + ["value"], depth: depth + 1)
        case .union(let cases):
            guard (1...fieldCountMax).contains(cases.count) else {
                throw SchemaError(component: component, path: path, "a union has 1 to \(fieldCountMax) cases")
            }
            try check(names: cases.map(\.name), component: component, path: path)
            for unionCase in cases {
                try check(unionCase.fields, component: component, path: path + [unionCase.name], depth: depth)
            }
        }
    }

    private func check(
        _ fields: [Field], component: String, path: [String], depth: Int
    ) throws(SchemaError) {
        guard fields.count <= fieldCountMax else {
            throw SchemaError(component: component, path: path, "more than \(fieldCountMax) fields")
        }
        try check(names: fields.map(\.name), component: component, path: path)
        for field in fields {
            try check([field.unit, field.documentation], component: component, path: path + [field.name])
            try check(field.type, component: component, path: path + [field.name], depth: depth + 1)
        }
    }

    private func check(_ texts: [String?], component: String, path: [String]) throws(SchemaError) {
        for text in texts where (text?.canonicalUTF8.count ?? 0) > textSizeMax {
            throw SchemaError(component: component, path: path, "a text of more than \(textSizeMax) bytes")
        }
    }

    private func check(names: [String], component: String, path: [String]) throws(SchemaError) {
        var seen: Set<String> = []
        for name in names {
            try check(name, in: component, what: "the name")
            guard seen.insert(name).inserted else {
                throw SchemaError(component: component, path: path, "two fields or cases are named '\(name)'")
            }
        }
    }
}
