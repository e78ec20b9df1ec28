import OrrerySync
import OrreryTransport
import Synchronization

/// Work left for the loop by callers that must not wait for the session's lock, because it may be held.
extension ClientSession {
    /// Emptied whenever the loop wakes.
    struct Leftovers {
        var interests: [SubscriptionPool.InterestID] = []
        var observers: [Int] = []
        var errors: [ClientError] = []
        /// Whether the session has ended: nothing more is taken from here.
        var isOver = false
    }

    /// Removes an interest. The loop does the work, so this may be called with the lock held.
    func leave(_ interest: SubscriptionPool.InterestID) { leave { $0.interests.append(interest) } }

    /// Removes an observer, which may still be called until the loop does the work. May be called with the lock held.
    package func leave(observer: Int) { leave { $0.observers.append(observer) } }

    /// Reports an error that nobody has received. The loop does the work, so this may be called with the lock held.
    func reportLater(_ error: ClientError) { leave { $0.errors.append(error) } }

    private func leave(_ change: (inout Leftovers) -> Void) {
        let isOver = leftovers.withLock { leftovers in
            if !leftovers.isOver { change(&leftovers) }
            return leftovers.isOver
        }
        if !isOver { loop.wake() }
    }

    /// Does the work that was left for the loop.
    func takeLeftovers(_ state: inout State) {
        guard state.end == nil else { return }
        let leftovers = leftovers.withLock { leftovers in
            defer { leftovers = Leftovers() }
            return leftovers
        }
        if !leftovers.observers.isEmpty {
            let left = Set(leftovers.observers)
            for observer in left {
                state.core.endObserving(observer)
                state.ownersOfReaders[observer] = nil
            }
            state.observers.removeAll { left.contains($0.id) }
            state.core.recordsChanges = !state.observers.isEmpty
        }
        for interest in leftovers.interests { settle(state.pool.remove(interest, through: &state.core), &state) }
        for error in leftovers.errors { report(error, &state) }
    }
}
