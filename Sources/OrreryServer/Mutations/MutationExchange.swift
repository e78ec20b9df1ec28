import OrrerySync
import OrreryWire
import Synchronization

/// Where mutations go from the sync thread to the simulation thread, and their outcomes back. Lists go round, so that
/// their memory stays.
final class MutationExchange: Sendable {
    /// Mutations of all clients that wait for the world, at most.
    let waitingMax: Int

    private let requests = Mutex<[MutationRequest]>([])
    private let results = Mutex<[MutationResult]>([])
    /// Those that were taken in and have no outcome yet.
    private let waitingCount = Atomic(0)

    init(waitingMax: Int) {
        self.waitingMax = waitingMax
    }

    /// Takes over as many, in order, as there is room for, and leaves the others. Sync thread.
    func offer(_ list: inout [MutationRequest]) {
        let count = min(list.count, waitingMax - waitingCount.load(ordering: .relaxed))
        waitingCount.add(count, ordering: .relaxed)
        requests.withLock { $0 += list[..<count] }
        if count == list.count { list.removeAll(keepingCapacity: true) } else { list.removeFirst(count) }
    }

    /// Puts what has arrived, in order, in the place of an empty list. Simulation thread.
    func takeRequests(into list: inout [MutationRequest]) { requests.withLock { swap(&$0, &list) } }

    var occupancies: [Occupancy] {
        [Occupancy("mutations that wait for the world", waitingCount.load(ordering: .relaxed), limit: waitingMax)]
    }

    /// Takes over what was decided, and leaves an empty list. Simulation thread.
    func finished(_ list: inout [MutationResult]) {
        waitingCount.subtract(list.count, ordering: .relaxed)
        results.withLock { results in
            if results.isEmpty { swap(&results, &list) } else { results += list }
        }
        list.removeAll(keepingCapacity: true)
    }

    /// Puts what was decided in the place of an empty list. Sync thread.
    func takeResults(into list: inout [MutationResult]) {
        results.withLock { swap(&$0, &list) }
    }
}
