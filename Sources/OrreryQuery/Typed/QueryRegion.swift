public import OrrerySchema

/// A circle or ball in which the members of a query are: `.radius(500, of: ship)`.
///
/// An entity enters at the radius, and leaves when it is a tenth farther away (the server may say otherwise), so that
/// nobody comes and goes who moves along the border. Distances are in the unit of the coordinates. The server must have
/// registered the component that says where entities are as spatial.
public struct QueryRegion: Sendable {
    let text: QueryText

    /// Around an entity, wherever it goes. While it is gone, hidden, or has no place, the region stays where the entity
    /// was last.
    /// - Parameter component: What says where entities are; needed if the server has several such components.
    public static func radius(
        _ radius: Double, of entity: Entity, by component: (any Component.Type)? = nil
    ) -> QueryRegion {
        QueryRegion("\(radius) of \(entity)", component)
    }

    /// Around a point.
    /// - Parameters:
    ///   - z: The third coordinate; `nil` in two dimensions.
    ///   - component: As of ``radius(_:of:by:)``.
    public static func radius(
        _ radius: Double, x: Double, y: Double, z: Double? = nil, by component: (any Component.Type)? = nil
    ) -> QueryRegion {
        QueryRegion(z.map { "\(radius) of (\(x), \(y), \($0))" } ?? "\(radius) of (\(x), \(y))", component)
    }

    private init(_ text: QueryText, _ component: (any Component.Type)?) {
        self.text = component.map { "\(text) by \(QueryText(QuerySpelling.name($0.componentName)))" } ?? text
    }
}
