package import OrrerySchema

/// One key of the order of a query: `.descending(\Score.points)`.
///
/// Numbers are compared by value, texts by their UTF-8 bytes, cases of enumerations by position, false before true.
/// What is missing comes last, whatever the direction. Members that are equal in all keys ascend by entity.
public struct QueryOrder: Sendable {
    package let text: QueryText

    /// The smallest first.
    /// - Parameter ignoringCase: Whether texts are compared without regard to case; an error for other fields.
    public static func ascending(_ field: some QueryOperand, ignoringCase: Bool = false) -> QueryOrder {
        QueryOrder(text: ignoringCase ? "~\(field.queryField.text)" : field.queryField.text)
    }

    /// The largest first.
    /// - Parameter ignoringCase: As of ``ascending(_:ignoringCase:)``.
    public static func descending(_ field: some QueryOperand, ignoringCase: Bool = false) -> QueryOrder {
        QueryOrder(text: "\(ascending(field, ignoringCase: ignoringCase).text) desc")
    }
}

extension QueryText {
    /// This text with the clauses that follow the terms.
    /// - Parameters:
    ///   - entity: Where the window begins instead of after `offset` members.
    package func clauses(
        within region: QueryRegion?, where condition: QueryCondition?, orderedBy order: [QueryOrder], limit: Int?,
        offset: Int, from entity: Entity?
    ) -> QueryText {
        var text = self
        if let region { text = "\(text) within \(region.text)" }
        if let condition { text = "\(text) where \(condition.text)" }
        if !order.isEmpty { text = "\(text) order by \(QueryText(joining: order.map(\.text)))" }
        guard let limit else { return text }
        text = "\(text) limit \(limit)"
        if let entity { return "\(text) from \(entity)" }
        return offset == 0 ? text : "\(text) offset \(offset)"
    }
}
