public import OrrerySchema
import OrreryStore
package import OrrerySync
import OrreryWire

/// One step of the client's state, with its changes: usually from one tick to a later one.
///
/// A batch without changes says that nothing the client asked for changed up to the batch's tick. A batch whose tick
/// equals its base removes what left with a subscription.
public struct Batch: Sendable {
    /// One typed change of a component.
    public struct TypedChange<C: Component>: Sendable {
        /// Why the component appeared, changed or disappeared.
        public let cause: Change.Cause
        /// The entity that has the component; `Entity.none` for a resource.
        public let entity: Entity
        /// The value before the change; `nil` if there was none.
        public let old: C?
        /// The value after the change; `nil` if there is none.
        public let new: C?
    }

    /// Why the client started again from nothing instead of continuing.
    public enum Reset: Hashable, Sendable {
        /// The server started again: this is another epoch.
        case otherEpoch
        /// The server has not reached the tick at which the client was.
        case unknownTick
        /// The server lets this client see other things now, or fewer. Entities are the same.
        case otherClass
    }

    package let applied: AppliedBatch
    private let filter: BatchFilter?
    /// The reader of the query that this is a batch of.
    private let reader: Int?
    private let bindings: Bindings

    init(_ applied: AppliedBatch, _ filter: BatchFilter?, reader: Int?, _ bindings: Bindings) {
        self.applied = applied
        self.filter = filter
        self.reader = reader
        self.bindings = bindings
    }

    private var queryChanges: QueryChanges? { reader.flatMap { applied.queries[$0] } }

    /// The entities that no longer match the query, or are gone, ascending. Empty for a view or subscription, and for a
    /// query of a resource.
    ///
    /// An entity that is in ``joined`` too left first.
    public var left: [Entity] { queryChanges?.left.filter { $0 != .none } ?? [] }

    /// The entities that have come to match the query, ascending; in the first batch, all that match. Empty for a view
    /// or subscription, and for a query of a resource.
    public var joined: [Entity] { queryChanges?.joined.filter { $0 != .none } ?? [] }

    /// The epoch (life of the world) of this batch. Ticks of different epochs cannot be compared.
    public var epoch: Epoch { applied.epoch }

    /// Set if everything shown before is void; this batch removes it. Normally `nil`.
    public var reset: Reset? {
        switch applied.reset {
        case nil: nil
        case .otherEpoch: .otherEpoch
        case .unknownTick: .unknownTick
        case .otherClass: .otherClass
        }
    }

    /// The client's tick before this batch; tick 0 after a reset.
    public var base: Tick { applied.base }

    /// The client's tick after this batch.
    public var tick: Tick { applied.tick }

    /// Everything that appeared, changed and disappeared, in the order in which it was applied.
    /// - Complexity: O(n).
    public var changes: [Change] {
        if reader != nil { return queryChanges?.changes ?? [] }
        guard let filter else { return applied.changes }
        return applied.changes.filter(filter.includes)
    }

    /// The changes of one component, in order. Assigning `new` to a mirror for each change makes the mirror equal to
    /// what the client shows. Values that cannot be decoded as `C` are `nil`.
    /// - Complexity: O(n) in all changes of the batch; decodes those of `C`.
    public func changes<C: Component>(of type: C.Type) -> [TypedChange<C>] {
        var result: [TypedChange<C>] = []
        func append(_ change: Change) {
            guard filter?.includes(change) ?? true, let schema = change.schema else { return }
            // A reset batch covers two epochs, and the component may differ between them.
            let binding = try? bindings.binding(of: type, to: schema)
            func decode(_ bytes: ArraySlice<UInt8>) -> C? {
                bytes.withUnsafeBytes { bytes in try? binding?.decode(bytes) }
            }
            result.append(
                TypedChange(
                    cause: change.cause, entity: change.entity, old: change.old.flatMap(decode),
                    new: change.new.flatMap(decode)))
        }
        if reader == nil {
            applied.forEachChange(of: C.componentName, append)
        } else {
            queryChanges?.forEachChange(of: C.componentName, append)
        }
        return result
    }
}
