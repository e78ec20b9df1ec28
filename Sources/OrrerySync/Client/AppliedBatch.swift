package import OrrerySchema
package import OrreryWire

/// The changes of one step to a client's store: from the state shown before to the one shown now.
package struct AppliedBatch: Sendable {
    /// Why the client began from nothing instead of going on from its last state; `nil` in the normal case.
    package enum Reset: Hashable, Sendable {
        /// The server began anew: this is another life of the world.
        case otherEpoch
        /// The client sees the world with other eyes: entities are the same.
        case otherClass
        /// The server cannot tell what happened since: it has not reached the client's tick.
        case unknownTick
    }

    /// The life of the world.
    package let epoch: Epoch
    /// The client's tick before; 0 after a reset.
    package let base: Tick
    /// Set if the state shown before is void: ``ended`` removes it. Batches do not merge across a reset.
    package internal(set) var reset: Reset?
    /// The client's tick now. It equals ``base`` if cells only left with a subscription.
    package internal(set) var tick: Tick
    /// Subscriptions whose first state is complete with this batch.
    package internal(set) var started: [SubscriptionID] = []
    /// Entities that were shown and are gone from the world.
    package internal(set) var despawned: [Entity] = []
    /// Whether the server's components have changed.
    package internal(set) var changedTable = false
    /// The removal of everything shown of the previous life; empty without a reset.
    var ended = ChangeList()
    /// The changes in this life.
    var list = ChangeList()
    /// By reader: the changes of the subscription that it observes.
    package internal(set) var queries: [Int: QueryChanges] = [:]

    init(epoch: Epoch, base: Tick, tick: Tick) {
        self.epoch = epoch
        self.base = base
        self.tick = tick
    }

    /// The changes, in order; empty unless the client records changes.
    /// - Complexity: O(n).
    package var changes: [Change] { Array(ended) + Array(list) }

    /// Calls `body` with the changes of one component, in order.
    /// - Complexity: O(n); creates only the changes of that component.
    package func forEachChange(of component: String, _ body: (Change) -> Void) {
        ended.forEach(of: component, body)
        list.forEach(of: component, body)
    }

    /// The number of ``changes``.
    /// - Complexity: O(1).
    package var changeCount: Int { ended.count + list.count }

    /// Bytes that the changes take.
    /// - Complexity: O(1).
    package var byteCount: Int {
        ended.byteCount + list.byteCount + started.count * MemoryLayout<SubscriptionID>.stride
            + despawned.count * MemoryLayout<Entity>.stride + queries.values.reduce(0) { $0 + $1.byteCount }
    }

    /// Merges this batch with the next one: no change is lost, and no state in between is seen.
    /// - Precondition: The next batch is not a reset.
    package func merged(with next: AppliedBatch) -> AppliedBatch {
        precondition(next.reset == nil, "nothing merges across a reset")
        var result = AppliedBatch(epoch: epoch, base: base, tick: next.tick)
        result.reset = reset
        result.started = started + next.started
        result.despawned = despawned + next.despawned
        result.changedTable = changedTable || next.changedTable
        result.ended = ended
        result.list = list.merged(with: next.list)
        result.queries = queries.merging(next.queries) { $0.merged(with: $1) }
        return result
    }

    /// This reset, for a reader that has seen nothing of the previous life, which began with `earlier`.
    package func after(unread earlier: AppliedBatch) -> AppliedBatch {
        precondition(reset != nil && earlier.reset != nil, "lives begin with resets")
        var result = self
        result.ended = earlier.ended
        for (id, unread) in earlier.queries { result.queries[id, default: QueryChanges()].begin(after: unread) }
        return result
    }
}

/// Batches that wait for a slow reader: bounded in number, complete, and of two lives of the world at most.
package struct WaitingBatches: Sendable {
    /// The most batches of one life that wait; beyond it, the newest are merged.
    package let countMax: Int
    package private(set) var batches: [AppliedBatch] = []

    package init(countMax: Int) {
        self.countMax = countMax
    }

    package var isEmpty: Bool { batches.isEmpty }

    /// Bytes that the changes take.
    /// - Complexity: O(batches).
    package var byteCount: Int { batches.reduce(0) { $0 + $1.byteCount } }

    /// - Complexity: O(1), or O(changes) of the two newest if they are merged.
    package mutating func append(_ next: AppliedBatch) {
        if next.reset != nil {
            // A life that began and ended unread is dropped whole: the new reset removes what the dropped one removed.
            if let beginning = batches.firstIndex(where: { $0.reset != nil }) {
                let unread = batches[beginning]
                batches.removeSubrange(beginning...)
                batches.append(next.after(unread: unread))
            } else {
                batches.append(next)
            }
        } else if batches.count < countMax {
            batches.append(next)
        } else {
            batches[batches.count - 1] = batches[batches.count - 1].merged(with: next)
        }
    }

    package mutating func removeAll() { batches.removeAll() }

    package mutating func popFirst() -> AppliedBatch? { batches.isEmpty ? nil : batches.removeFirst() }
}
