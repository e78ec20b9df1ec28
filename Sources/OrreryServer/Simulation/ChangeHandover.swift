import OrreryECS
import OrrerySync
import Synchronization

/// Hands a tick's change log from the simulation thread to the sync thread, and what rules of visibility say of its
/// state: one slot, and two logs that are reused in turn.
///
/// While the slot is full the world does not drain: its dirty bits stay set, and they are the merge of the ticks.
final class ChangeHandover: Sendable {
    private struct State {
        var filled: ChangeLog?
        var rows: PersonalRows?
        var free: [ChangeLog]
    }

    private let state = Mutex(State(free: [ChangeLog(), ChangeLog()]))

    /// A log to fill, if the previous one was taken. Simulation thread.
    func takeFree() -> ChangeLog? {
        state.withLock { $0.filled == nil ? $0.free.popLast() : nil }
    }

    /// Hands a filled log over, and what rules say of its state unless they say the same as before. Simulation thread.
    func put(_ log: ChangeLog, _ rows: PersonalRows?) {
        state.withLock { state in
            state.filled = log
            if let rows { state.rows = rows }
        }
    }

    /// Hands over what rules say of the state of the last log. Simulation thread.
    func put(_ rows: PersonalRows) { state.withLock { $0.rows = rows } }

    /// What waits. Sync thread.
    func takeFilled() -> (log: ChangeLog?, rows: PersonalRows?) {
        state.withLock { state in
            defer { (state.filled, state.rows) = (nil, nil) }
            return (state.filled, state.rows)
        }
    }

    /// Gives a log back after reading. Sync thread.
    func recycle(_ log: ChangeLog) {
        state.withLock { $0.free.append(log) }
    }
}
