/// A number or truth value of fixed width.
public enum Scalar: UInt8, CaseIterable, Sendable {
    case bool = 0
    case int8 = 1
    case int16 = 2
    case int32 = 3
    case int64 = 4
    case uint8 = 5
    case uint16 = 6
    case uint32 = 7
    case uint64 = 8
    case float = 9
    case double = 10

    /// Width in bytes, in memory and on the wire.
    public var size: Int {
        switch self {
        case .bool, .int8, .uint8: 1
        case .int16, .uint16: 2
        case .int32, .uint32, .float: 4
        case .int64, .uint64, .double: 8
        }
    }
}

/// The type of a field, which determines how its bytes are read.
///
/// | type | bytes |
/// |---|---|
/// | scalar | its width, little-endian; floats by bit pattern; `bool` 0 or 1 |
/// | vector | its 2, 3 or 4 lanes, packed |
/// | entity | index, generation: 32 bits each |
/// | enumeration | index of the case: no byte for 1 case, 1 byte up to 256 cases, else 2 |
/// | string | length as varint, UTF-8 |
/// | structure | its fields in order |
/// | optional | 0, or 1 and the value |
/// | array | count as varint, the elements |
/// | set, dictionary | count as varint, the elements (key, value) ascending by the elements' (keys') bytes, each once |
/// | union | index of the case as varint, the fields of that case |
public indirect enum FieldType: Hashable, Sendable {
    case scalar(Scalar)
    case vector(Scalar, lanes: Int)
    case entity
    case enumeration([EnumerationCase])
    case string
    case structure([Field])
    case optional(FieldType)
    case array(FieldType)
    case set(FieldType)
    case dictionary(key: FieldType, value: FieldType)
    case union([UnionCase])

    /// The size of every value of this type in bytes, or `nil` if it varies.
    public var fixedSize: Int? {
        switch self {
        case .scalar(let scalar): return scalar.size
        case .vector(let scalar, let lanes): return scalar.size * lanes
        case .entity: return 8
        case .enumeration(let cases): return FieldType.caseIndexSize(caseCount: cases.count)
        case .structure(let fields):
            var total = 0
            for field in fields {
                guard let size = field.type.fixedSize else { return nil }
                total += size
            }
            return total
        case .string, .optional, .array, .set, .dictionary, .union: return nil
        }
    }

    /// The size of the shortest value of this type in bytes.
    var minimumSize: Int {
        switch self {
        case .structure(let fields): fields.reduce(0) { $0 + $1.type.minimumSize }
        case .string, .optional, .array, .set, .dictionary, .union: 1
        case .scalar, .vector, .entity, .enumeration: fixedSize ?? 0
        }
    }

    /// The number of nested optionals.
    var optionalDepth: Int {
        if case .optional(let wrapped) = self { 1 + wrapped.optionalDepth } else { 0 }
    }

    /// The size of the index of a case in bytes.
    static func caseIndexSize(caseCount: Int) -> Int {
        caseCount <= 1 ? 0 : caseCount <= 256 ? 1 : 2
    }
}

/// One case of an enumeration without payload. It is sent as its position in the list.
public struct EnumerationCase: Hashable, Sendable {
    /// The name, unique among its siblings.
    public var name: String
    /// The raw value, as text; `nil` if the enumeration has none.
    public var rawValue: String?

    /// Creates a case of this name.
    public init(_ name: String, rawValue: String? = nil) {
        self.name = name
        self.rawValue = rawValue
    }
}

/// One case of an enumeration with payload.
public struct UnionCase: Hashable, Sendable {
    /// The name, unique among its siblings.
    public var name: String
    /// The labelled values; `_0`, `_1` … where there is no label.
    public var fields: [Field]

    /// Creates a case with this payload.
    public init(_ name: String, _ fields: [Field] = []) {
        self.name = name
        self.fields = fields
    }
}

/// A named part of a component.
public struct Field: Hashable, Sendable {
    /// The name, unique among its siblings.
    public var name: String
    /// The type of its value.
    public var type: FieldType
    /// The unit of the value, as people write it: `km/s`.
    public var unit: String?
    /// The values that make sense, inclusive. Tools show it.
    public var range: ClosedRange<Double>?
    /// A sentence for people.
    public var documentation: String?

    /// Creates a field with its description for people.
    public init(
        _ name: String, _ type: FieldType, unit: String? = nil, range: ClosedRange<Double>? = nil,
        documentation: String? = nil
    ) {
        self.name = name
        self.type = type
        self.unit = unit
        self.range = range
        self.documentation = documentation
    }
}

extension FieldType: CustomStringConvertible {
    /// As a person would write it: `Double`, `[String]`, `Int32?`.
    public var description: String {
        switch self {
        case .scalar(let scalar): scalar.swiftName
        case .vector(let scalar, let lanes): "SIMD\(lanes)<\(scalar.swiftName)>"
        case .entity: "Entity"
        case .enumeration(let cases): "enum(\(cases.map(\.name).joined(separator: "|")))"
        case .string: "String"
        case .structure(let fields): "{\(fields.map { "\($0.name): \($0.type)" }.joined(separator: ", "))}"
        case .optional(let wrapped): "\(wrapped)?"
        case .array(let element): "[\(element)]"
        case .set(let element): "Set<\(element)>"
        case .dictionary(let key, let value): "[\(key): \(value)]"
        case .union(let cases): "union(\(cases.map(\.name).joined(separator: "|")))"
        }
    }
}

extension Scalar {
    var swiftName: String {
        switch self {
        case .uint8, .uint16, .uint32, .uint64: "UInt\(size * 8)"
        default:
            String(describing: self).prefix(1).uppercased() + String(describing: self).dropFirst()
        }
    }
}
