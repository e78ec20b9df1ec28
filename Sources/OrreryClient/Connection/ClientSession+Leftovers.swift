import OrrerySync
import OrreryTransport
import Synchronization

/// What is left for the loop: by whoever may not wait for the session's lock, since it may be held.
extension ClientSession {
    /// Emptied whenever the loop wakes.
    struct Leftovers {
        var interests: [SubscriptionPool.InterestID] = []
        var observers: [Int] = []
        var errors: [ClientError] = []
        /// Whether it is over: nobody comes for them any more.
        var isOver = false
    }

    /// Nobody asks any longer. May be called with the lock held: it is done by the loop.
    func leave(_ interest: SubscriptionPool.InterestID) { leave { $0.interests.append(interest) } }

    /// An observer is not to be called any longer, but may be until the loop comes to it. May be called with the lock
    /// held.
    package func leave(observer: Int) { leave { $0.observers.append(observer) } }

    /// An error that nobody has heard of. May be called with the lock held: it is told by the loop.
    func reportLater(_ error: ClientError) { leave { $0.errors.append(error) } }

    private func leave(_ change: (inout Leftovers) -> Void) {
        let isOver = leftovers.withLock { leftovers in
            if !leftovers.isOver { change(&leftovers) }
            return leftovers.isOver
        }
        if !isOver { loop.wake() }
    }

    /// The loop has come to it.
    func takeLeftovers(_ state: inout State) {
        guard state.end == nil else { return }
        let leftovers = leftovers.withLock { leftovers in
            defer { leftovers = Leftovers() }
            return leftovers
        }
        if !leftovers.observers.isEmpty {
            let left = Set(leftovers.observers)
            state.observers.removeAll { left.contains($0.id) }
            state.core.recordsChanges = !state.observers.isEmpty
        }
        for interest in leftovers.interests { settle(state.pool.remove(interest, through: &state.core), &state) }
        for error in leftovers.errors { report(error, &state) }
    }
}
