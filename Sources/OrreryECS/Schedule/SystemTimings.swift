import OrrerySchema

/// How long the runs of one system took.
public struct SystemTimings: Sendable {
    /// The number of newest runs that ``mean`` and ``percentile99`` cover.
    public static let sampleCountMax = 600

    /// The name of the system.
    public let name: String
    /// The number of runs so far.
    public private(set) var runCount: UInt64 = 0
    /// The number of runs in a row, up to the newest, in which no entity had what the terms of the system's queries
    /// require; 0 for a system without a query. Further conditions (``QueryOf/without(_:)`` and similar methods) are
    /// ignored.
    public private(set) var unmatchedRunCount: UInt64 = 0
    /// The duration of the newest run.
    public private(set) var last = Duration.zero
    /// The newest ``sampleCountMax`` runs, in nanoseconds; a ring buffer.
    private var samples: [UInt32] = []
    private var sum: UInt64 = 0

    package init(name: String) {
        self.name = name
        samples.reserveCapacity(Self.sampleCountMax)
    }

    /// The mean of the last ``sampleCountMax`` runs; zero before the first.
    public var mean: Duration {
        samples.isEmpty ? .zero : .nanoseconds(sum / UInt64(samples.count))
    }

    /// The 99th percentile of the last ``sampleCountMax`` runs; zero before the first.
    /// - Complexity: O(n log n) for n samples.
    public var percentile99: Duration {
        guard !samples.isEmpty else { return .zero }
        let sorted = samples.sorted()
        return .nanoseconds(sorted[(sorted.count * 99 + 99) / 100 - 1])
    }

    /// - Parameter hasEntities: Whether any query of the run had entities.
    mutating func asked(hasEntities: Bool) {
        unmatchedRunCount = hasEntities ? 0 : unmatchedRunCount + 1
    }

    /// A run longer than 4.29 s counts as 4.29 s in the mean.
    package mutating func ran(for duration: Duration) {
        last = duration
        let sample = UInt32(clamping: duration.nanoseconds)
        sum += UInt64(sample)
        if samples.count < Self.sampleCountMax {
            samples.append(sample)
        } else {
            let place = Int(runCount % UInt64(Self.sampleCountMax))
            sum -= UInt64(samples[place])
            samples[place] = sample
        }
        runCount += 1
    }
}
