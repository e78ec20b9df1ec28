import OrrerySync
import OrreryWire
import Synchronization

/// Where mutations go from the sync thread to the simulation thread, and their outcomes back.
final class MutationExchange: Sendable {
    /// Mutations of all clients that wait for the next tick, at most.
    let waitingMax: Int

    private let requests = Mutex<[MutationRequest]>([])
    private let outcomes = Mutex<[(MutationRequest, MutationOutcome)]>([])

    init(waitingMax: Int) {
        self.waitingMax = waitingMax
    }

    /// Sync thread.
    /// - Returns: whether there was room.
    func offer(_ request: MutationRequest) -> Bool {
        requests.withLock { requests in
            guard requests.count < waitingMax else { return false }
            requests.append(request)
            return true
        }
    }

    /// What has arrived, in order. Simulation thread.
    func takeRequests() -> [MutationRequest] {
        requests.withLock { requests in
            guard !requests.isEmpty else { return [] }
            defer { requests.removeAll(keepingCapacity: true) }
            return requests
        }
    }

    var occupancies: [Occupancy] {
        [Occupancy("mutations that wait for the next tick", requests.withLock { $0.count }, limit: waitingMax)]
    }

    /// Simulation thread.
    func finished(_ results: [(MutationRequest, MutationOutcome)]) {
        outcomes.withLock { $0 += results }
    }

    /// Sync thread.
    func takeOutcomes() -> [(MutationRequest, MutationOutcome)] {
        outcomes.withLock { outcomes in
            guard !outcomes.isEmpty else { return [] }
            defer { outcomes.removeAll(keepingCapacity: true) }
            return outcomes
        }
    }
}
