import Synchronization

/// Lets ticks run: all of them, or only the requested ones while the simulation is paused.
final class TickGate: Sendable {
    private struct State {
        var isPaused = false
        var waitingStepCount = 0
    }

    private let state = Mutex(State())

    var isPaused: Bool { state.withLock { $0.isPaused } }

    func pause() { state.withLock { $0.isPaused = true } }

    func resume() { state.withLock { $0 = State() } }

    func step(_ count: Int) {
        state.withLock { state in
            guard state.isPaused else { return }
            let (sum, overflows) = state.waitingStepCount.addingReportingOverflow(count)
            state.waitingStepCount = overflows ? .max : sum
        }
    }

    /// Whether to run the tick that is due.
    func takeTick() -> Bool {
        state.withLock { state in
            guard state.isPaused else { return true }
            guard state.waitingStepCount > 0 else { return false }
            state.waitingStepCount -= 1
            return true
        }
    }
}
