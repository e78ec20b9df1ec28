/// A value of any component or field, read through its schema alone, without the Swift type.
public indirect enum DynamicValue: Hashable, Sendable {
    /// A named part of a structure or of a case.
    public struct Member: Hashable, Sendable {
        /// The name of the field.
        public var name: String
        /// The value.
        public var value: DynamicValue

        /// Creates a member of this name.
        public init(_ name: String, _ value: DynamicValue) {
            self.name = name
            self.value = value
        }
    }

    /// A key with its value.
    public struct Entry: Hashable, Sendable {
        /// The key, of the type that all keys have.
        public var key: DynamicValue
        /// The value.
        public var value: DynamicValue

        /// Creates an entry of this key and value.
        public init(key: DynamicValue, value: DynamicValue) {
            self.key = key
            self.value = value
        }
    }

    case bool(Bool)
    /// A signed integer of 8 to 64 bits; the schema knows the width.
    case signed(Int64)
    /// An unsigned integer of 8 to 64 bits.
    case unsigned(UInt64)
    case float(Float)
    case double(Double)
    case vector([DynamicValue])
    case entity(Entity)
    /// The name of a case without payload.
    case enumeration(String)
    case string(String)
    case structure([Member])
    case optional(DynamicValue?)
    case array([DynamicValue])
    /// In canonical order once it was encoded.
    case set([DynamicValue])
    case dictionary([Entry])
    /// A case with its payload.
    case union(String, [Member])

    /// The member of that name of a structure or case; `nil` for anything else.
    public subscript(member: String) -> DynamicValue? {
        switch self {
        case .structure(let members), .union(_, let members): members.first { $0.name == member }?.value
        default: nil
        }
    }

    /// Whether the value contains a NaN.
    var holdsNaN: Bool {
        switch self {
        case .float(let number): number.isNaN
        case .double(let number): number.isNaN
        case .vector(let values), .array(let values), .set(let values): values.contains(where: \.holdsNaN)
        case .structure(let members), .union(_, let members): members.contains { $0.value.holdsNaN }
        case .optional(let content): content?.holdsNaN ?? false
        case .dictionary(let entries): entries.contains { $0.key.holdsNaN || $0.value.holdsNaN }
        case .bool, .signed, .unsigned, .entity, .enumeration, .string: false
        }
    }
}
