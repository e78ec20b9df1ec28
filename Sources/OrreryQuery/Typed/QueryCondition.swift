public import OrrerySchema

/// What must hold of the entities that a query asks for, with key paths instead of names:
///
/// ```swift
/// \Health.current < 50 && \Body.name ~ "mar" && !.has(Frozen.self)
/// (30...80).contains(\Health.current) || [.red, .blue].contains(\Team.side)
/// .has("Deimos", in: \Body.moons) || .isNil(\Target.entity) || count(of: \Body.moons) > 3
/// ```
///
/// It means what the same condition means as text (docs/QUERIES.md), also where something is missing: a comparison with
/// an absent value is false, `!=` too. A `nil` or NaN to compare with is an error when the query is made.
public struct QueryCondition: Sendable {
    /// What joins the parts of a condition, if anything does.
    private enum Form {
        case test, all, any
    }

    /// The condition, as it stands after `where`.
    package let text: QueryText
    private let form: Form

    init(_ text: QueryText) {
        self.init(text, .test)
    }

    private init(_ text: QueryText, _ form: Form) {
        self.text = text
        self.form = form
    }

    /// The condition, as it may stand beside any word.
    var textOfOperand: QueryText { bracketed(form != .test) }

    private func bracketed(_ isNeeded: Bool) -> QueryText { isNeeded ? "(\(text))" : text }

    /// Holds if both hold.
    public static func && (left: QueryCondition, right: QueryCondition) -> QueryCondition {
        QueryCondition("\(left.bracketed(left.form == .any)) and \(right.bracketed(right.form == .any))", .all)
    }

    /// Holds if one of both holds, or both.
    public static func || (left: QueryCondition, right: QueryCondition) -> QueryCondition {
        QueryCondition("\(left.text) or \(right.text)", .any)
    }

    /// Holds if the condition does not. Where a value is missing, `!(\A.x == 5)` holds, and `\A.x != 5` does not.
    public static prefix func ! (condition: QueryCondition) -> QueryCondition {
        QueryCondition("not \(condition.textOfOperand)")
    }
}

extension QueryCondition: CustomStringConvertible {
    /// The condition as text, with `…` for fields and values that cannot be written.
    public var description: String { text.description }
}

extension QueryCondition {
    /// The entity has the component.
    public static func has<C: Component>(_ type: C.Type) -> QueryCondition { QueryCondition("has \(type)") }

    /// The array or set has the element.
    public static func has<Elements: Collection>(
        _ element: Elements.Element, in field: some QueryOperand<Elements>
    ) -> QueryCondition {
        has(any: element, in: field)
    }

    /// The array or set is there and has the element.
    public static func has<Elements: Collection>(
        _ element: Elements.Element, in field: some QueryOperand<Elements?>
    ) -> QueryCondition {
        has(any: element, in: field)
    }

    /// The dictionary has the key.
    public static func has<Key, Value>(
        key: Key, in field: some QueryOperand<[Key: Value]>
    ) -> QueryCondition {
        has(any: key, in: field)
    }

    /// The dictionary is there and has the key.
    public static func has<Key, Value>(
        key: Key, in field: some QueryOperand<[Key: Value]?>
    ) -> QueryCondition {
        has(any: key, in: field)
    }

    private static func has(any element: some Any, in field: some QueryOperand) -> QueryCondition {
        let field = field.queryField
        return QueryCondition("\(field.text) has \(field.element(element))")
    }

    /// The field is nil, or something on the way to it; or it is an entity field that names none. False where the
    /// component is absent.
    public static func isNil(_ field: some QueryOperand) -> QueryCondition {
        QueryCondition("\(field.queryField.text) is nil")
    }

    /// The field is NaN.
    public static func isNaN(_ field: some QueryOperand) -> QueryCondition {
        QueryCondition("\(field.queryField.text) is nan")
    }

    /// Some number that the query shows is NaN.
    public static var anyNaN: QueryCondition { QueryCondition("is nan") }

    /// Some text that the query shows contains this one, without regard to case.
    public static func anyText(contains text: String) -> QueryCondition { QueryCondition("~ \(text)") }

    /// Some entity field, element or key that the query shows names the entity.
    public static func refers(to entity: Entity) -> QueryCondition { QueryCondition("refers to \(entity)") }

    /// It is one of these entities.
    public static func entity(in entities: some Collection<Entity>) -> QueryCondition {
        QueryCondition("entity in \(entities)")
    }
}
