import OrrerySchema

/// The types that conditions tell apart, without optionals.
enum ValueType: Equatable {
    case integer, float, double, bool, text, entity
    /// An enumeration, with payload or without: the names of its cases.
    case cases([String])

    /// `nil` for what is no single value: structures, vectors and collections.
    init?(_ type: FieldType) {
        switch type {
        case .scalar(.bool): self = .bool
        case .scalar(.float): self = .float
        case .scalar(.double): self = .double
        case .scalar: self = .integer
        case .string: self = .text
        case .entity: self = .entity
        case .enumeration(let cases): self = .cases(cases.map(\.name))
        case .union(let cases): self = .cases(cases.map(\.name))
        case .vector, .structure, .optional, .array, .set, .dictionary: return nil
        }
    }

    var isNumber: Bool { self == .integer || self == .float || self == .double }

    /// Whether `<` and ranges work.
    var isOrdered: Bool { self != .bool && self != .entity }

    /// What to write for a value, for those who know no types.
    func valueText(_ type: FieldType) -> String {
        switch self {
        case .integer, .float, .double: "a number: this is of type \(type)"
        case .bool: "true or false"
        case .text: "a text in double quotes"
        case .entity: "an entity such as 12v3"
        case .cases: "a case of \(type)"
        }
    }

    /// Whether values of both can be compared.
    func isComparable(to other: ValueType) -> Bool { self == other || (isNumber && other.isNumber) }
}

extension FieldType {
    /// The type without its optionals.
    var unwrapped: FieldType {
        if case .optional(let wrapped) = self { wrapped.unwrapped } else { self }
    }

    var isOptional: Bool { if case .optional = self { true } else { false } }
}

extension StringProtocol {
    /// Whether both have the same scalars. Swift's `==` would also accept another normal form.
    func isExactly(_ other: some StringProtocol) -> Bool { utf8.elementsEqual(other.utf8) }
}
