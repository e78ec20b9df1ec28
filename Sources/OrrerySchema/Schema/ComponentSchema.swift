/// 64 bits that stand for a schema: equal schemas have equal hashes in every process and on every machine.
///
/// FNV-1a over the schema's bytes. Source: draft-eastlake-fnv, section 2 (offset basis and prime for 64 bits).
public struct SchemaHash: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt64

    public init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    init(of bytes: some Sequence<UInt8>) {
        rawValue = bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    public var description: String {
        let digits = String(rawValue, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// All that somebody without the type needs to read, show and write the values of a component.
public struct ComponentSchema: Hashable, Sendable {
    /// Unique in a world.
    public let name: String
    /// A structure for components that are structs; anything else for components that are enumerations.
    public let type: FieldType
    public let documentation: String?
    /// The canonical bytes of this schema, as they travel.
    public let encoded: [UInt8]
    public let hash: SchemaHash

    /// - Throws: ``SchemaError`` where a limit of ``SchemaLimits`` is exceeded or two fields share a name.
    public init(name: String, type: FieldType, documentation: String? = nil) throws(SchemaError) {
        try SchemaLimits.check(name: name, type: type, documentation: documentation)
        self.name = name
        self.type = type
        self.documentation = documentation
        var writer = ByteWriter()
        writer.append(schemaName: name, type: type, documentation: documentation)
        guard writer.count <= SchemaLimits.encodedSizeMax else {
            throw SchemaError(
                component: name,
                "its schema takes \(writer.count) bytes, the limit is \(SchemaLimits.encodedSizeMax); "
                    + "shorten the documentation of its fields")
        }
        encoded = writer.bytes
        hash = SchemaHash(of: writer.bytes)
    }

    /// Whether the component has no values: only having it or not says something.
    public var isTag: Bool { type == .structure([]) }

    /// The fields, or none for a component that is not a structure.
    public var fields: [Field] {
        if case .structure(let fields) = type { fields } else { [] }
    }

    public static func == (left: ComponentSchema, right: ComponentSchema) -> Bool { left.encoded == right.encoded }
    public func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

/// What a schema may have at most. A schema from a peer beyond these is refused before it is kept.
public enum SchemaLimits {
    /// UTF-8 bytes of the name of a component, field or case.
    public static let nameSizeMax = 128
    /// Types inside types.
    public static let depthMax = 16
    /// Fields of one structure, cases of one union.
    public static let fieldCountMax = 256
    /// Cases of one enumeration.
    public static let caseCountMax = 65_536
    /// Bytes of one schema.
    public static let encodedSizeMax = 64 << 10
    /// UTF-8 bytes of one unit, documentation or raw value.
    public static let textSizeMax = 4096
    /// Bytes of a value of fixed size.
    public static let fixedSizeMax = 16 << 10

    static func check(name: String, type: FieldType, documentation: String?) throws(SchemaError) {
        try check(name, in: name, what: "the component's name")
        try check([documentation], component: name, path: [])
        try check(type, component: name, path: [], depth: 1)
        if let size = type.fixedSize, size > fixedSizeMax {
            throw SchemaError(component: name, "a value takes \(size) bytes, the limit is \(fixedSizeMax)")
        }
    }

    private static func check(_ name: String, in component: String, what: String) throws(SchemaError) {
        guard !name.isEmpty, name.canonicalUTF8.count <= nameSizeMax else {
            throw SchemaError(component: component, "\(what) '\(name)' must have 1 to \(nameSizeMax) bytes of UTF-8")
        }
    }

    private static func check(
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

    private static func check(
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

    private static func check(_ texts: [String?], component: String, path: [String]) throws(SchemaError) {
        for text in texts where (text?.canonicalUTF8.count ?? 0) > textSizeMax {
            throw SchemaError(component: component, path: path, "a text of more than \(textSizeMax) bytes")
        }
    }

    private static func check(names: [String], component: String, path: [String]) throws(SchemaError) {
        var seen: Set<String> = []
        for name in names {
            try check(name, in: component, what: "the name")
            guard seen.insert(name).inserted else {
                throw SchemaError(component: component, path: path, "two fields or cases are named '\(name)'")
            }
        }
    }
}
