public import OrrerySchema

/// Tells that an entity has lost a component.
public struct Removal<C: Component>: Sendable {
    /// Why the entity lost the component.
    public enum Cause: Hashable, Sendable {
        /// The component was removed from the entity, which may have regained it since.
        case removed
        /// The entity was despawned.
        case despawned
    }

    /// The entity that lost the component.
    public let entity: Entity
    /// The value that the entity lost.
    public let old: C
    /// Why the entity lost the component.
    public let cause: Cause
}
