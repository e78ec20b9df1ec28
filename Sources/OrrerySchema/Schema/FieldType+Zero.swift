extension FieldType {
    /// The simplest value of the type: zeros, no text, nothing present, the first case.
    public var zero: DynamicValue {
        switch self {
        case .scalar(.bool): .bool(false)
        case .scalar(.float): .float(0)
        case .scalar(.double): .double(0)
        case .scalar(.int8), .scalar(.int16), .scalar(.int32), .scalar(.int64): .signed(0)
        case .scalar: .unsigned(0)
        case .vector(let scalar, let lanes): .vector(Array(repeating: FieldType.scalar(scalar).zero, count: lanes))
        case .entity: .entity(.none)
        case .enumeration(let cases): .enumeration(cases[0].name)
        case .string: .string("")
        case .structure(let fields): .structure(fields.map { .init($0.name, $0.type.zero) })
        case .optional: .optional(nil)
        case .array: .array([])
        case .set: .set([])
        case .dictionary: .dictionary([])
        case .union(let cases): .union(cases[0].name, cases[0].fields.map { .init($0.name, $0.type.zero) })
        }
    }
}
