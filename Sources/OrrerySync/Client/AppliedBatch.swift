package import OrrerySchema
package import OrreryWire

/// What one step did to a client's store: from what it showed to what it shows now.
package struct AppliedBatch: Sendable {
    /// Why the client did not go on from where it was, but from nothing; `nil` in the normal course of things.
    package enum Reset: Hashable, Sendable {
        /// The server began anew: this is another life of the world.
        case otherEpoch
        /// The server cannot say what happened since: it has not come as far as the client was.
        case unknownTick
    }

    /// Which life of the world this is.
    package let epoch: Epoch
    /// Where the client stood before; tick 0 after a reset.
    package let base: Tick
    /// Set where what was shown before is void: ``ended`` removes it. Nothing merges across.
    package internal(set) var reset: Reset?
    /// Where it stands now. The same as ``base`` where something only left, with a subscription.
    package internal(set) var tick: Tick
    /// Subscriptions whose first state is there with this batch.
    package internal(set) var started: [SubscriptionID] = []
    /// Entities that are gone from the world, of those that were shown.
    package internal(set) var despawned: [Entity] = []
    /// Whether the server's components are others than before.
    package internal(set) var changedTable = false
    /// How what was shown of the life before went away; empty but with a reset.
    var ended = ChangeList()
    /// What happened in this life.
    var list = ChangeList()

    init(epoch: Epoch, base: Tick, tick: Tick) {
        self.epoch = epoch
        self.base = base
        self.tick = tick
    }

    /// What happened, in order; empty unless the client records changes.
    /// - Complexity: O(n).
    package var changes: [Change] { Array(ended) + Array(list) }

    /// Calls `body` with the changes of one component, in order.
    /// - Complexity: O(n); makes those of that component only.
    package func forEachChange(of component: String, _ body: (Change) -> Void) {
        ended.forEach(of: component, body)
        list.forEach(of: component, body)
    }

    /// How many ``changes`` there are.
    /// - Complexity: O(1).
    package var changeCount: Int { ended.count + list.count }

    /// Bytes that the changes take.
    /// - Complexity: O(1).
    package var byteCount: Int {
        ended.byteCount + list.byteCount + started.count * MemoryLayout<SubscriptionID>.stride
            + despawned.count * MemoryLayout<Entity>.stride
    }

    /// This batch and the one that follows it as one: nothing is lost, and no state between is seen.
    /// - Precondition: the next one is no reset.
    package func merged(with next: AppliedBatch) -> AppliedBatch {
        precondition(next.reset == nil, "nothing merges across a reset")
        var result = AppliedBatch(epoch: epoch, base: base, tick: next.tick)
        result.reset = reset
        result.started = started + next.started
        result.despawned = despawned + next.despawned
        result.changedTable = changedTable || next.changedTable
        result.ended = ended
        result.list = list.merged(with: next.list)
        return result
    }

    /// This batch, a reset, where the life before it, which began with `earlier`, was seen by nobody.
    package func after(unread earlier: AppliedBatch) -> AppliedBatch {
        precondition(reset != nil && earlier.reset != nil, "lives begin with resets")
        var result = self
        result.ended = earlier.ended
        return result
    }
}

/// Batches that wait for a slow reader: bounded in number, complete, and of two lives of the world at most.
package struct WaitingBatches: Sendable {
    /// Batches of one life that wait, at most; beyond, the newest are merged.
    package let countMax: Int
    package private(set) var batches: [AppliedBatch] = []

    package init(countMax: Int) {
        self.countMax = countMax
    }

    package var isEmpty: Bool { batches.isEmpty }

    /// Bytes that the changes take.
    /// - Complexity: O(batches).
    package var byteCount: Int { batches.reduce(0) { $0 + $1.byteCount } }

    /// - Complexity: O(1), or O(changes) of the two newest where they are merged.
    package mutating func append(_ next: AppliedBatch) {
        if next.reset != nil {
            // A life that began and ended unread is dropped whole: what it took away, this one takes away.
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
