public import OrrerySchema

/// What happened to one component of one entity.
public struct Observation<C: Component> {
    /// The kind of what happened.
    public enum Kind: Hashable, CaseIterable, Sendable {
        /// The entity got the component, with its spawning or later. There is no old value.
        case added
        /// The value was replaced or changed in place.
        case changed
        /// The entity loses the component and lives on. There is no new value; the old one can still be read
        /// everywhere.
        case removed
        /// The entity ends, with all its components, which can still be read everywhere.
        case despawned
    }

    /// What happens.
    public let kind: Kind
    /// To whom.
    public let entity: Entity
    /// The value before; `nil` for `added`.
    public let old: C?
    /// The value after; `nil` for `removed` and `despawned`.
    public let new: C?
    /// The world, whose structure stands still: structural changes go through ``World/commands``.
    public let world: World
}

@available(*, unavailable)
extension Observation: Sendable {}

/// The name of an observer, to end it by.
public struct ObserverID: Hashable, Sendable {
    let component: ComponentID
    let number: UInt64
}
