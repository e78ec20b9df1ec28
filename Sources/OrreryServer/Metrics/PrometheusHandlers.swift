import CoreMetrics
import Synchronization

/// A number that only grows.
final class PrometheusCounter: CounterHandler {
    private let count = Atomic<Int64>(0)

    var value: Int64 { count.load(ordering: .relaxed) }

    func increment(by amount: Int64) { count.wrappingAdd(amount, ordering: .relaxed) }
    func reset() { count.store(0, ordering: .relaxed) }
}

/// The last value.
final class PrometheusGauge: MeterHandler, RecorderHandler {
    private let bits = Atomic<UInt64>(0)

    var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }
    func increment(by amount: Double) { add(amount) }
    func decrement(by amount: Double) { add(-amount) }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }

    private func add(_ amount: Double) {
        var expected = bits.load(ordering: .relaxed)
        while true {
            let sum = (Double(bitPattern: expected) + amount).bitPattern
            let (exchanged, original) = bits.weakCompareExchange(
                expected: expected, desired: sum, ordering: .relaxed)
            if exchanged { return }
            expected = original
        }
    }
}

/// How many durations fell into each of a fixed number of buckets.
///
/// Guard of the unchecked `Sendable`: the memory behind `counts` holds atomics, and lives as long as this object.
final class PrometheusHistogram: TimerHandler, @unchecked Sendable {
    /// Upper bounds in nanoseconds, ascending; a last bucket takes what is above.
    let bounds: [UInt64]
    private let counts: UnsafeMutablePointer<Atomic<UInt64>>
    private let sum = Atomic<UInt64>(0)

    init(bounds: [UInt64]) {
        assert(bounds == bounds.sorted())
        self.bounds = bounds
        counts = .allocate(capacity: bounds.count + 1)
        for index in 0...bounds.count { (counts + index).initialize(to: Atomic(0)) }
    }

    deinit {
        counts.deinitialize(count: bounds.count + 1)
        counts.deallocate()
    }

    /// The counts of the buckets and the sum. They may include a part of what is recorded meanwhile.
    var state: (counts: [UInt64], nanoseconds: UInt64) {
        ((0...bounds.count).map { counts[$0].load(ordering: .relaxed) }, sum.load(ordering: .relaxed))
    }

    /// - Complexity: O(number of buckets), no lock, no memory.
    func recordNanoseconds(_ duration: Int64) {
        let nanoseconds = UInt64(max(0, duration))
        var bucket = 0
        while bucket < bounds.count, nanoseconds > bounds[bucket] { bucket += 1 }
        counts[bucket].wrappingAdd(1, ordering: .relaxed)
        sum.wrappingAdd(nanoseconds, ordering: .relaxed)
    }
}
