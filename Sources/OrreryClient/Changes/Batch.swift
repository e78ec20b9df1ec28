public import OrrerySchema
import OrreryStore
package import OrrerySync

/// What one move of the client from a tick to a later one did to what it shows.
///
/// A batch without changes says that nothing happened to what was asked for up to its tick.
public struct Batch: Sendable {
    /// One thing that happened, untyped.
    public struct Change: Sendable {
        public enum Kind: String, Sendable {
            /// The entity came to life.
            case spawn
            /// The entity, alive before, came into sight.
            case enter
            /// A component was added, or has another value now.
            case set
            /// A component was removed; the entity lives.
            case remove
            /// The entity is gone, and all its components with it.
            case despawn
        }

        public let kind: Kind
        public let entity: Entity
        /// For `set` and `remove`.
        public let component: ComponentSchema?
        /// The bytes before; `nil` where there was no value.
        public let old: ArraySlice<UInt8>?
        /// The bytes now; `nil` where there is no value.
        public let new: ArraySlice<UInt8>?
    }

    /// One change of a component, typed.
    public struct TypedChange<C: Component>: Sendable {
        public let entity: Entity
        /// The value before; `nil` where there was none.
        public let old: C?
        /// The value now; `nil` where the component was removed.
        public let new: C?
    }

    /// Why the client did not go on from where it was, but from nothing.
    public enum Reset: Hashable, Sendable {
        /// The server began anew: this is another life of the world.
        case otherEpoch
        /// The server has not come as far as the client was.
        case unknownTick
    }

    package let applied: AppliedBatch

    init(_ applied: AppliedBatch) {
        self.applied = applied
    }

    /// Which life of the world this is. Ticks of two lives do not compare.
    public var epoch: Epoch { applied.epoch }

    /// Set where all that was shown before is void; the batch removes it. `nil` in the normal course of things.
    public var reset: Reset? {
        switch applied.reset {
        case nil: nil
        case .otherEpoch: .otherEpoch
        case .unknownTick: .unknownTick
        }
    }

    /// Where the client stood before; tick 0 after a reset.
    public var base: Tick { applied.base }

    /// Where it stands now.
    public var tick: Tick { applied.tick }

    /// What happened, in the order in which it was applied.
    /// - Complexity: O(n).
    public var changes: [Change] {
        applied.changes.map { change in
            Change(
                kind: Change.Kind(change.kind), entity: change.entity,
                component: change.column.map { applied.schemas[$0.rawValue] },
                old: applied.oldValue(of: change), new: applied.newValue(of: change))
        }
    }

    /// What happened to one component. Values that are no `C` are left out, as `nil`.
    ///
    /// Entities that were despawned are not in it: they lost more than this component.
    /// - Complexity: O(n) in all changes of the batch; decodes those of `C`.
    public func changes<C: Component>(of view: ComponentView<C>) -> [TypedChange<C>] {
        guard let bound = view.bound(in: applied.schemas, of: applied.epoch) else { return [] }
        return applied.changes.compactMap { change in
            guard change.column == bound.column else { return nil }
            return TypedChange(
                entity: change.entity, old: applied.oldValue(of: change).flatMap(bound.decode),
                new: applied.newValue(of: change).flatMap(bound.decode))
        }
    }
}

extension Batch.Change.Kind {
    fileprivate init(_ kind: AppliedBatch.Change.Kind) {
        self =
            switch kind {
            case .spawn: .spawn
            case .enter: .enter
            case .set: .set
            case .remove: .remove
            case .despawn: .despawn
            }
    }
}
