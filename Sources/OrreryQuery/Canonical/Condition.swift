package import OrrerySchema
package import OrreryStore

/// The way from a component to a field: numbers and positions instead of names. Optionals on the way have no step.
package struct FieldPath: Hashable, Sendable {
    package enum Step: Hashable, Sendable {
        /// A field of a structure, by position.
        case field(Int)
        /// A lane of a vector: 0 is `x`.
        case lane(Int)
        /// A field of a case of an enumeration with payload; missing in other cases.
        case payload(case: Int, field: Int)
        /// An element of an array; missing beyond its end.
        case index(Int)
        /// A value of a dictionary; missing without this key.
        case key(Constant)
    }

    package let column: ColumnID
    package let steps: [Step]

    package init(column: ColumnID, steps: [Step]) {
        self.column = column
        self.steps = steps
    }
}

/// A value of a text, brought to the type that it is compared with.
package enum Constant: Hashable, Sendable {
    /// For integers and counts: exact, also beyond the type.
    case exact(DecimalNumber)
    /// An infinity that is compared with an integer.
    case infinity(isNegative: Bool)
    /// For Float fields: rounded, and never minus zero.
    case float(bits: UInt32)
    /// For Double fields and lengths: rounded, and never minus zero.
    case double(bits: UInt64)
    case text([UInt8])
    /// A case of an enumeration, by position.
    case position(Int)
    case entity(Entity)
    case bool(Bool)
}

/// What a condition reads from a row.
package enum Operand: Hashable, Sendable {
    case field(FieldPath)
    /// The number of elements of an array, set or dictionary.
    case count(FieldPath)
    /// The Euclidean length of a vector, or of a structure of x, y and z.
    case length(FieldPath)
    /// The entity of the row itself.
    case entity
}

/// A condition in canonical form: equal conditions (queries.md, rule 7) are equal values.
package indirect enum Condition: Hashable, Sendable {
    /// At least two, sorted by their bytes, each once, and none of them `all`.
    case all([Condition])
    /// At least two, sorted by their bytes, each once, and none of them `any`.
    case any([Condition])
    case not(Condition, times: Int)
    case hasComponent(ColumnID)
    /// Some entity in a shown component is this one.
    case refersTo(Entity)
    /// Some text in a shown component contains these folded bytes.
    case anyText([UInt8])
    /// Some number in a shown component is NaN.
    case anyNaN
    case comparison(Operand, Comparison, Constant)
    /// The operands are in the order of their bytes.
    case operands(Operand, Comparison, Operand)
    /// Both ends are included, and they differ.
    case range(Operand, Constant, Constant)
    /// Sorted by their bytes, each once.
    case list(Operand, [Constant])
    /// The text, some element or some key contains these folded bytes.
    case contains(FieldPath, [UInt8])
    case hasElement(FieldPath, Constant)
    case isNil(FieldPath)
    case isNaN(Operand)
}

extension Condition {
    /// Calls `body` with this condition and all conditions inside.
    func forEach(_ body: (Condition) -> Void) {
        body(self)
        switch self {
        case .all(let operands), .any(let operands): for operand in operands { operand.forEach(body) }
        case .not(let operand, _): operand.forEach(body)
        default: break
        }
    }

    /// The components that it names itself, without those of conditions inside.
    var namedColumns: [ColumnID] {
        switch self {
        case .all, .any, .not, .refersTo, .anyText, .anyNaN: []
        case .hasComponent(let column): [column]
        case .comparison(let operand, _, _), .range(let operand, _, _), .list(let operand, _), .isNaN(let operand):
            [operand.column].compactMap(\.self)
        case .operands(let left, _, let right): [left.column, right.column].compactMap(\.self)
        case .contains(let path, _), .hasElement(let path, _), .isNil(let path): [path.column]
        }
    }

    /// What it looks for everywhere in the components that are shown; `nil` if it reads what it names.
    var searchedLeaf: Layout.Leaf? {
        switch self {
        case .refersTo: .entity
        case .anyText: .text
        case .anyNaN: .nan
        default: nil
        }
    }

    /// How many nodes it has: conditions and `not`s.
    var nodeCount: Int {
        switch self {
        case .all(let operands), .any(let operands): operands.reduce(0) { $0 + $1.nodeCount }
        case .not(let operand, let times): operand.nodeCount + times
        default: 1
        }
    }
}

extension Operand {
    /// The way to what it reads; `nil` for the entity.
    package var path: FieldPath? {
        switch self {
        case .field(let path), .count(let path), .length(let path): path
        case .entity: nil
        }
    }

    /// The component that it reads; `nil` for the entity.
    var column: ColumnID? { path?.column }
}
