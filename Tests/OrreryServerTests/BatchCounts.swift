import OrrerySchema
import OrrerySync
import Synchronization

/// What an observer saw of the batches.
final class BatchCounts: Sendable {
    private let state = Mutex((count: 0, last: Tick?.none, longest: UInt64(0), areConsecutive: true))

    /// - Returns: how many there were, with this one.
    func add(_ batch: AppliedBatch) -> Int {
        state.withLock { state in
            state.count += 1
            if let last = state.last, batch.base != last { state.areConsecutive = false }
            state.longest = max(state.longest, batch.tick.ticks(since: batch.base))
            state.last = batch.tick
            return state.count
        }
    }

    var count: Int { state.withLock { $0.count } }
    var lastTick: Tick { state.withLock { $0.last ?? .zero } }
    var longestStep: UInt64 { state.withLock { $0.longest } }
    var areConsecutive: Bool { state.withLock { $0.areConsecutive } }
}
