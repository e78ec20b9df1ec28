public import OrrerySchema

/// What happened to one component of one entity.
public struct Observation<C: Component> {
    /// The kind of change.
    public enum Kind: Hashable, CaseIterable, Sendable {
        /// The entity got the component, when it was spawned or later. There is no old value.
        case added
        /// The value was replaced or changed in place.
        case changed
        /// The entity loses the component and stays alive. There is no new value; the old one can still be read
        /// everywhere.
        case removed
        /// The entity is despawned, with all its components, which can still be read everywhere.
        case despawned
    }

    /// The kind of change.
    public let kind: Kind
    /// The entity that has the component.
    public let entity: Entity
    /// The value before; `nil` for `added`.
    public let old: C?
    /// The value after; `nil` for `removed` and `despawned`.
    public let new: C?
    /// The world. Structural changes are not allowed now: they go through ``World/commands``.
    public let world: World
}

@available(*, unavailable)
extension Observation: Sendable {}

/// Identifies an observer, to end it.
public struct ObserverID: Hashable, Sendable {
    let component: ComponentID
    let number: UInt64
}
