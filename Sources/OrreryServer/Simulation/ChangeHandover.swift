import OrreryECS
import Synchronization

/// Hands a tick's change log from the simulation thread to the sync thread: one slot, and two logs that are reused in
/// turn.
///
/// While the slot is full the world does not drain: its dirty bits stay set, and they are the merge of the ticks.
final class ChangeHandover: Sendable {
    private struct State {
        var filled: ChangeLog?
        var free: [ChangeLog]
    }

    private let state = Mutex(State(filled: nil, free: [ChangeLog(), ChangeLog()]))

    /// A log to fill, if the previous one was taken. Simulation thread.
    func takeFree() -> ChangeLog? {
        state.withLock { $0.filled == nil ? $0.free.popLast() : nil }
    }

    /// Hands a filled log over. Simulation thread.
    func put(_ log: ChangeLog) {
        state.withLock { $0.filled = log }
    }

    /// The waiting log. Sync thread.
    func takeFilled() -> ChangeLog? {
        state.withLock { state in
            defer { state.filled = nil }
            return state.filled
        }
    }

    /// Gives a log back after reading. Sync thread.
    func recycle(_ log: ChangeLog) {
        state.withLock { $0.free.append(log) }
    }
}
