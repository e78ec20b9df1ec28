import Synchronization

/// Lets ticks through: all, or while the simulation is paused those that were asked for.
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

    /// Whether the tick that is due is run.
    func takeTick() -> Bool {
        state.withLock { state in
            guard state.isPaused else { return true }
            guard state.waitingStepCount > 0 else { return false }
            state.waitingStepCount -= 1
            return true
        }
    }
}
