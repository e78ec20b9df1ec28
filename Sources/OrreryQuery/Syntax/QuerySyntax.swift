import OrrerySchema

/// What a text says, before any name is looked up. Every part knows its column.
struct QuerySyntax {
    var terms: [TermSyntax] = []
    /// Set instead of ``terms`` for a query of a resource.
    var resource: PathSyntax?
    var region: RegionSyntax?
    var condition: ConditionSyntax?
    /// The keys after `order by`.
    var order: [OrderKeySyntax] = []
    /// Which of those who match are asked for; `nil` for all.
    var window: Window?
}

/// What follows `within`.
struct RegionSyntax {
    enum Centre {
        case point([DecimalNumber], column: Int)
        case entity(Entity)
    }

    /// Where the clause begins.
    var column: Int
    var radius: DecimalNumber
    var radiusColumn: Int
    var centre: Centre
    /// The component after `by`.
    var component: PathSyntax?
}

/// One key of `order by`.
struct OrderKeySyntax {
    var operand: OperandSyntax
    /// Whether case does not count: `~F`.
    var isFolded: Bool
    var isDescending: Bool
}

/// One term: what must be there, or who.
enum TermSyntax {
    /// What a term says about its component.
    enum Requirement {
        case shown, hidden, optional, excluded
    }

    case everything
    /// One component, or several joined by bars.
    case components([PathSyntax], Requirement)
    case entities([Entity])

    /// The components that it says must be there.
    var namedPaths: [PathSyntax]? {
        guard case .components(let paths, let requirement) = self, requirement == .shown || requirement == .hidden
        else { return nil }
        return paths
    }

    /// Whether the term says who may be a member. A query needs one such term.
    var selects: Bool {
        switch self {
        case .everything, .entities: true
        case .components(_, let requirement): requirement == .shown || requirement == .hidden
        }
    }
}

/// A component, or a way to a field: names and subscripts.
struct PathSyntax {
    enum Step {
        /// A name; in back-ticks it is one whole name.
        case name(String, isQuoted: Bool)
        case element(ConstantSyntax)
    }

    var steps: [(step: Step, column: Int)]
    /// Where it begins.
    var column: Int { steps[0].column }

    /// The name, if the path is nothing else: it may be a case of an enumeration.
    var singleName: String? {
        if steps.count == 1, case .name(let name, _) = steps[0].step { name } else { nil }
    }
}

/// A value that stands in the text.
struct ConstantSyntax {
    enum Kind {
        case number(DecimalNumber)
        case infinity(isNegative: Bool)
        case text(String)
        case entity(Entity)
        case bool(Bool)
        /// A case of an enumeration.
        case name(String)
    }

    var kind: Kind
    var column: Int
}

/// One side of a comparison.
struct OperandSyntax {
    enum Kind {
        case path(PathSyntax)
        case constant(ConstantSyntax.Kind)
        case count(PathSyntax)
        case length(PathSyntax)
        /// The entity of the row itself.
        case entity
    }

    var kind: Kind
    var column: Int
}

/// A condition. Its depth is bounded by the limit of brackets, since chains of `and`, `or` and `not` are flat.
indirect enum ConditionSyntax {
    case all([ConditionSyntax])
    case any([ConditionSyntax])
    /// As many `not`s as stand before the condition.
    case not(ConditionSyntax, times: Int)
    case hasComponent(PathSyntax)
    case refersTo(Entity)
    /// A bare `~`.
    case anyText(String)
    /// A bare `is nan`.
    case anyNaN
    /// A field by itself.
    case truth(OperandSyntax)
    case comparison(OperandSyntax, Comparison, column: Int, OperandSyntax)
    case range(OperandSyntax, column: Int, ConstantSyntax, ConstantSyntax)
    case list(OperandSyntax, column: Int, [ConstantSyntax])
    case contains(OperandSyntax, column: Int, String)
    case hasElement(OperandSyntax, column: Int, ConstantSyntax)
    case isNil(OperandSyntax, column: Int)
    case isNaN(OperandSyntax, column: Int)
}
