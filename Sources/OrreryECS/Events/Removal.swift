public import OrrerySchema

/// An entity has lost a component.
public struct Removal<C: Component>: Sendable {
    /// Why.
    public enum Cause: Hashable, Sendable {
        /// The component was taken from it. It may have gained it again since.
        case removed
        /// The entity has ended.
        case despawned
    }

    /// Who had it.
    public let entity: Entity
    /// The value that it had.
    public let old: C
    /// Why it has it no more.
    public let cause: Cause
}
