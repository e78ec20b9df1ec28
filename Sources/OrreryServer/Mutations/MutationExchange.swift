import OrrerySync
import OrreryWire
import Synchronization

/// Carries mutations from the sync thread to the simulation thread, and their outcomes back. Both sides swap lists, so
/// that the memory is reused.
final class MutationExchange: Sendable {
    /// The most mutations of all clients that may wait for the world.
    let waitingMax: Int

    private let requests = Mutex<[MutationRequest]>([])
    private let results = Mutex<[MutationResult]>([])
    /// Mutations that were taken in and have no outcome yet.
    private let waitingCount = Atomic(0)

    init(waitingMax: Int) {
        self.waitingMax = waitingMax
    }

    /// Takes over as many requests as there is room for, in order, and leaves the others. Sync thread.
    func offer(_ list: inout [MutationRequest]) {
        let count = min(list.count, waitingMax - waitingCount.load(ordering: .relaxed))
        waitingCount.add(count, ordering: .relaxed)
        requests.withLock { $0 += list[..<count] }
        if count == list.count { list.removeAll(keepingCapacity: true) } else { list.removeFirst(count) }
    }

    /// Swaps the arrived requests, in order, with an empty list. Simulation thread.
    func takeRequests(into list: inout [MutationRequest]) { requests.withLock { swap(&$0, &list) } }

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

    /// Swaps the results with an empty list. Sync thread.
    func takeResults(into list: inout [MutationResult]) {
        results.withLock { swap(&$0, &list) }
    }
}
