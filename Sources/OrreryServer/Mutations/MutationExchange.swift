import OrrerySync
import OrreryWire
import Synchronization

/// Carries mutations, and who comes and goes, from the sync thread to the simulation thread, and the outcomes back.
/// Both sides swap lists, so that the memory is reused.
final class MutationExchange: Sendable {
    /// What waits for the world.
    private struct Waiting {
        var clients: [ClientChange] = []
        var requests: [MutationRequest] = []
    }

    /// The most mutations of all clients that may wait for the world.
    let waitingMax: Int

    private let waiting = Mutex(Waiting())
    private let results = Mutex<[MutationResult]>([])
    /// What clients see from now on.
    private let visibilities = Mutex<[Clients.NewVisibility]>([])
    /// Mutations that were taken in and have no outcome yet.
    private let waitingCount = Atomic(0)

    init(waitingMax: Int) {
        self.waitingMax = waitingMax
    }

    /// Takes over who has come and gone, in order. Sync thread.
    func offer(_ changes: inout [ClientChange]) {
        guard !changes.isEmpty else { return }
        waiting.withLock { waiting in
            for change in changes { waiting.clients.add(change) }
        }
        changes.removeAll(keepingCapacity: true)
    }

    /// Takes over as many requests as there is room for, in order, and leaves the others. Sync thread.
    func offer(_ list: inout [MutationRequest]) {
        let count = min(list.count, waitingMax - waitingCount.load(ordering: .relaxed))
        waitingCount.add(count, ordering: .relaxed)
        waiting.withLock { $0.requests += list[..<count] }
        if count == list.count { list.removeAll(keepingCapacity: true) } else { list.removeFirst(count) }
    }

    /// Swaps who has come and gone, and the arrived requests, with empty lists. Nobody is among the requests who has
    /// not come. Simulation thread.
    func take(into clients: inout [ClientChange], _ requests: inout [MutationRequest]) {
        waiting.withLock { waiting in
            swap(&waiting.clients, &clients)
            swap(&waiting.requests, &requests)
        }
    }

    var occupancies: [Occupancy] {
        [Occupancy("mutations that wait for the world", waitingCount.load(ordering: .relaxed), limit: waitingMax)]
    }

    /// Takes over the results, and leaves an empty list. Simulation thread.
    func finished(_ list: inout [MutationResult]) {
        waitingCount.subtract(list.count, ordering: .relaxed)
        results.withLock { results in
            if results.isEmpty { swap(&results, &list) } else { results += list }
        }
        list.removeAll(keepingCapacity: true)
    }

    /// Takes over what clients see from now on; of each client only the newest counts. Simulation thread.
    func offer(_ new: [Clients.NewVisibility]) {
        guard !new.isEmpty else { return }
        visibilities.withLock { waiting in
            waiting.removeAll { old in new.contains { $0.client == old.client } }
            waiting += new
        }
    }

    /// Sync thread.
    func takeVisibilities() -> [Clients.NewVisibility] {
        visibilities.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
    }

    /// Swaps the results with an empty list. Sync thread.
    func takeResults(into list: inout [MutationResult]) {
        results.withLock { swap(&$0, &list) }
    }
}
