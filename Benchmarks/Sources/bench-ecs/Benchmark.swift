import CPlainTwin
import Dispatch
import Foundation

/// A row of the table: something to do to a number of entities, and the same in plain C.
struct Benchmark: Sendable {
    /// One sample: does its work, some of it under the watch, and tells how many entities it touched there.
    typealias Sample = (inout Stopwatch) -> Int

    enum Goal: Sendable {
        /// At most so many times the floor.
        case ratio(Double)
        /// At most so many nanoseconds per touched entity.
        case nanoseconds(Double)
        /// At most so many bytes per entity.
        case bytes(Double)
    }

    enum Work: Sendable {
        /// Makes the samples of ours and of the floor for a number of entities.
        case timed(@Sendable (_ count: Int) -> (ours: Sample, floor: Sample))
        /// Counts bytes per entity.
        case counted(@Sendable (_ count: Int) -> Double)
    }

    let name: String
    /// Numbers of entities to measure at.
    let counts: [Int]
    let goal: Goal
    /// The numbers of entities for which the goal is meant; all if empty.
    let goalCounts: [Int]
    let work: Work

    init(
        _ name: String, counts: [Int] = [1000, 10_000, 100_000, 1_000_000], goal: Goal, at goalCounts: [Int] = [],
        _ make: @escaping @Sendable (_ count: Int) -> (ours: Sample, floor: Sample)
    ) {
        self.name = name
        self.counts = counts
        self.goal = goal
        self.goalCounts = goalCounts
        work = .timed(make)
    }

    init(_ name: String, counts: [Int], goal: Goal, counting count: @escaping @Sendable (_ count: Int) -> Double) {
        self.name = name
        self.counts = counts
        self.goal = goal
        goalCounts = []
        work = .counted(count)
    }

    func measure(count: Int, samples: Int) -> Result {
        let goal = goalCounts.isEmpty || goalCounts.contains(count) ? goal : nil
        switch work {
        case .counted(let bytes):
            return Result(name: name, count: count, value: bytes(count), floor: nil, goal: goal)
        case .timed(let make):
            let (ours, floor) = make(count)
            var oursTimes: [Double] = []
            var floorTimes: [Double] = []
            // The first round warms caches and pages up and does not count.
            for round in 0...samples {
                let (floorTime, oursTime) = (Stopwatch.time(floor), Stopwatch.time(ours))
                guard round > 0 else { continue }
                floorTimes.append(floorTime)
                oursTimes.append(oursTime)
            }
            return Result(
                name: name, count: count, value: oursTimes.median, floor: floorTimes.median, goal: goal)
        }
    }
}

/// Adds up the processor time of the thread while it runs.
struct Stopwatch {
    /// What looking at the clock takes: it is taken off.
    private static let overhead: UInt64 =
        (0..<1000).map { _ in
            let start = twin_thread_time()
            return twin_thread_time() - start
        }.min() ?? 0

    private var total: UInt64 = 0

    mutating func run<Value>(_ body: () -> Value) -> Value {
        let start = twin_thread_time()
        let value = body()
        let elapsed = twin_thread_time() - start
        total += elapsed - min(elapsed, Self.overhead)
        return value
    }

    /// Adds up time that passes instead, for work on several threads.
    mutating func runOnThreads(_ body: () -> Void) {
        let start = DispatchTime.now().uptimeNanoseconds
        body()
        total += DispatchTime.now().uptimeNanoseconds - start
    }

    /// Nanoseconds per touched entity of one sample.
    static func time(_ sample: Benchmark.Sample) -> Double {
        var watch = Stopwatch()
        let touched = sample(&watch)
        return Double(watch.total) / Double(max(1, touched))
    }
}

/// A measured row.
struct Result {
    let name: String
    let count: Int
    /// Nanoseconds per touched entity, or bytes per entity if the goal is one in bytes.
    let value: Double
    let floor: Double?
    let goal: Benchmark.Goal?

    private var ratio: Double? { floor.map { value / $0 } }

    var isOver: Bool {
        switch goal {
        case nil: false
        case .ratio(let most): (ratio ?? 0) > most
        case .nanoseconds(let most), .bytes(let most): value > most
        }
    }

    var json: String {
        let head = "{\"name\":\"\(name)\",\"n\":\(count),"
        if case .bytes = goal { return head + "\"ns\":null,\"floor_ns\":null,\"ratio\":null,\"bytes\":\(text(value))}" }
        return head + "\"ns\":\(text(value)),\"floor_ns\":\(floor.map(text) ?? "null"),"
            + "\"ratio\":\(ratio.map(text) ?? "null")}"
    }

    static let header = line("name", "entities", "ns", "floor_ns", "ratio", "to reach", "")

    var row: String {
        let verdict = goal == nil ? "" : isOver ? "over" : "ok"
        return Self.line(
            name, "\(count)", text(value), floor.map(text) ?? "-", ratio.map(text) ?? "-", goalText, verdict)
    }

    private var goalText: String {
        switch goal {
        case nil: "-"
        case .ratio(let most): "<= \(most) x"
        case .nanoseconds(let most): "<= \(most) ns"
        case .bytes(let most): "<= \(most) bytes"
        }
    }

    private func text(_ number: Double) -> String { String(format: "%.3f", number) }

    private static func line(
        _ name: String, _ count: String, _ value: String, _ floor: String, _ ratio: String, _ goal: String,
        _ verdict: String
    ) -> String {
        func pad(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(0, width - text.count)) + text
        }
        return name.padding(toLength: 20, withPad: " ", startingAt: 0) + pad(count, 9) + pad(value, 12)
            + pad(floor, 12) + pad(ratio, 9) + pad(goal, 15) + pad(verdict, 6)
    }
}

extension [Double] {
    var median: Double {
        let sorted = sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}
