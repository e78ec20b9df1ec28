import CAllocationCounter
import OrreryECS
import OrrerySchema

/// What entities take beyond their components.
enum Memory {
    static let benchmarks = [memory]

    /// A million entities, spawned one by one, of which one component is tracked and was logged once.
    private static let memory = Benchmark("memory", counts: [1_000_000], goal: .bytes(32), counting: measure)

    private static func measure(_ count: Int) -> Double {
        let before = liveSize()
        let (world, entities) = makeMovers(count)
        world.track(Position.self)
        let after = liveSize() - Int64(entities.capacity * MemoryLayout<Entity>.stride)
        let components = count * (MemoryLayout<Position>.stride + MemoryLayout<Velocity>.stride)
        return withExtendedLifetime(world) { Double(after - before - Int64(components)) / Double(count) }
    }

    private static func liveSize() -> Int64 {
        var counts = [allocation_count](repeating: allocation_count(), count: Int(ALLOCATION_THREAD_COUNT_MAX))
        let known = allocation_counts(&counts, counts.count)
        return counts[..<known].reduce(0) { $0 + $1.live_size }
    }
}
