/// An entity, one component of an entity, or a resource that appeared in, changed in or disappeared from a client's
/// view.
///
/// The changes of all batches, in order, are complete: a caller that assigns ``new`` to a mirror for each of them has,
/// after every batch, what the client shows.
public struct Change: Hashable, Sendable {
    /// Why something appeared, changed or disappeared.
    public enum Cause: String, Hashable, Sendable, CaseIterable {
        /// It came into view: a subscription began to show it, or the reader began to read.
        case entered
        /// The entity was spawned.
        case spawned
        /// The component was added, or has a new value.
        case set
        /// The component was removed; the entity is still alive.
        case removed
        /// The entity is gone from the world.
        case despawned
        /// It went out of view: no subscription shows it any more.
        case left
        /// The life of the world that it was part of is over, or its fate is unknown.
        case reset

        /// Whether it is shown after the change.
        public var isShown: Bool {
            switch self {
            case .entered, .spawned, .set: true
            case .removed, .despawned, .left, .reset: false
            }
        }
    }

    /// Why it appeared, changed or disappeared.
    public let cause: Cause
    /// The entity that changed, or whose component changed; `Entity.none` for a resource.
    public let entity: Entity
    /// The component's name; `nil` for a change of the entity itself.
    public let component: String?
    /// How to read the bytes; `nil` for a change of the entity itself, and for a component whose schema this client
    /// cannot read.
    public let schema: ComponentSchema?
    /// The bytes before; `nil` where there was no value.
    public let old: ArraySlice<UInt8>?
    /// The bytes now; `nil` where there is no value.
    public let new: ArraySlice<UInt8>?

    package init(
        _ cause: Cause, _ entity: Entity, component: String? = nil, schema: ComponentSchema? = nil,
        old: ArraySlice<UInt8>? = nil, new: ArraySlice<UInt8>? = nil
    ) {
        self.cause = cause
        self.entity = entity
        self.component = component
        self.schema = schema
        self.old = old
        self.new = new
    }
}
