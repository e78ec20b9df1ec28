import OrreryQuery
import OrrerySchema

/// A query as a test thinks of it: names and values, no text. It can be written in many ways (``ModelWriter``) and
/// evaluated naively (``ModelEvaluator``).
struct ModelQuery {
    var terms: [ModelTerm]
    var condition: ModelCondition?
    var order: [ModelOrderKey] = []
    var window: ModelWindow?
}

struct ModelOrderKey {
    var operand: ModelOperand
    var isFolded: Bool
    var isDescending: Bool
}

enum ModelWindow {
    case count
    case limit(Int, offset: Int)
    case from(Entity, limit: Int)
}

enum ModelTerm {
    case everything
    case shown([Int])
    case hidden([Int])
    case optional(Int)
    case excluded(Int)
    case entities([Entity])
}

/// A way to a field of a component, by names.
struct ModelPath {
    enum Step {
        case name(String)
        case index(Int)
        case key(ModelConstant)
    }

    var component: Int
    var steps: [Step]
    /// The type of the field, without optionals.
    var type: FieldType
    var canBeNil: Bool
}

enum ModelConstant {
    /// A number in hundredths, so that fractions can be compared exactly without the code under test.
    case hundredths(Int128)
    /// 1e400 or -1e400: beyond every type.
    case huge(isNegative: Bool)
    case infinity(isNegative: Bool)
    case text(String)
    case name(String)
    case entity(Entity)
    case bool(Bool)
}

enum ModelOperand {
    case field(ModelPath)
    case count(ModelPath)
    case length(ModelPath)
    case entity
}

indirect enum ModelCondition {
    case all([ModelCondition])
    case any([ModelCondition])
    case not(ModelCondition)
    case hasComponent(Int)
    case refersTo(Entity)
    case anyText(String)
    case anyNaN
    case truth(ModelPath)
    case constant(ModelOperand, Comparison, ModelConstant)
    case operands(ModelOperand, Comparison, ModelOperand)
    case range(ModelOperand, ModelConstant, ModelConstant)
    case list(ModelOperand, [ModelConstant])
    case contains(ModelPath, String)
    case hasElement(ModelPath, ModelConstant)
    case isNil(ModelPath)
    case isNaN(ModelOperand)
}

extension FieldType {
    var isNumber: Bool { if case .scalar(let scalar) = self { scalar != .bool } else { false } }
    var isFloating: Bool { self == .scalar(.float) || self == .scalar(.double) }

    var isOrdered: Bool {
        switch self {
        case .string, .enumeration, .union: true
        default: isNumber
        }
    }

    /// Whether a single constant can be compared with it.
    var isComparable: Bool { isOrdered || self == .entity || self == .scalar(.bool) }

    var element: FieldType? {
        switch self {
        case .array(let element), .set(let element), .dictionary(let element, _): element.withoutOptionals
        default: nil
        }
    }

    var hasLength: Bool {
        switch self {
        case .vector: true
        case .structure(let fields):
            [["x", "y"], ["x", "y", "z"]].contains(fields.map(\.name).sorted()) && fields.allSatisfy(\.type.isNumber)
        default: false
        }
    }

    var withoutOptionals: FieldType {
        if case .optional(let wrapped) = self { wrapped.withoutOptionals } else { self }
    }

    var isOptional: Bool { if case .optional = self { true } else { false } }
}

extension ModelOperand {
    var type: FieldType {
        switch self {
        case .field(let path): path.type
        case .count: .scalar(.int64)
        case .length: .scalar(.double)
        case .entity: .entity
        }
    }
}
