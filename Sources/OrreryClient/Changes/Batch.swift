public import OrrerySchema
import OrreryStore
package import OrrerySync

/// What one step did to what the client shows: mostly a move from a tick to a later one.
///
/// A batch without changes says that nothing happened to what was asked for up to its tick. One that stays at its tick
/// says what left with a subscription.
public struct Batch: Sendable {
    /// One change of a component, typed.
    public struct TypedChange<C: Component>: Sendable {
        /// Why it appeared, changed or disappeared.
        public let cause: Change.Cause
        /// Whose component it is.
        public let entity: Entity
        /// The value before; `nil` where there was none.
        public let old: C?
        /// The value now; `nil` where there is none.
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
    private let filter: BatchFilter?
    private let bindings: Bindings

    init(_ applied: AppliedBatch, _ filter: BatchFilter?, _ bindings: Bindings) {
        self.applied = applied
        self.filter = filter
        self.bindings = bindings
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

    /// What happened, in the order in which it was applied: all that appeared, changed and disappeared.
    /// - Complexity: O(n).
    public var changes: [Change] {
        guard let filter else { return applied.changes }
        return applied.changes.filter(filter.includes)
    }

    /// What happened to one component, in order. Whoever assigns `new` to a mirror for each change has what the client
    /// shows. Values that are no `C` are left out, as `nil`.
    /// - Complexity: O(n) in all changes of the batch; decodes those of `C`.
    public func changes<C: Component>(of type: C.Type) -> [TypedChange<C>] {
        var result: [TypedChange<C>] = []
        applied.forEachChange(of: C.componentName) { change in
            guard filter?.includes(change) ?? true, let schema = change.schema else { return }
            // Of two lives, where this is a reset: the component may be another one in each.
            let binding = try? bindings.binding(of: type, to: schema)
            func decode(_ bytes: ArraySlice<UInt8>) -> C? {
                bytes.withUnsafeBytes { bytes in try? binding?.decode(bytes) }
            }
            result.append(
                TypedChange(
                    cause: change.cause, entity: change.entity, old: change.old.flatMap(decode),
                    new: change.new.flatMap(decode)))
        }
        return result
    }
}
