import OrrerySync
import Synchronization

/// Where the sync thread asks the simulation thread for a report, and gets it: one of each at most.
final class StatusExchange: Sendable {
    private let isWanted = Atomic(false)
    private let report = Mutex<SimulationReport?>(nil)

    /// Sync thread.
    func want() { isWanted.store(true, ordering: .relaxed) }

    /// Sync thread.
    func take() -> SimulationReport? {
        report.withLock { report in
            defer { report = nil }
            return report
        }
    }

    /// Makes a report if one is wanted. Simulation thread.
    /// - Returns: Whether one was.
    /// - Complexity: O(1) if none is: one load.
    func answer(_ make: () -> SimulationReport) -> Bool {
        guard isWanted.load(ordering: .relaxed) else { return false }
        isWanted.store(false, ordering: .relaxed)
        let new = make()
        report.withLock { $0 = new }
        return true
    }
}
