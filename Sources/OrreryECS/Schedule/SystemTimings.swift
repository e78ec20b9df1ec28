import OrrerySchema

/// How long the runs of one system took.
public struct SystemTimings: Sendable {
    /// As many runs as ``mean`` and ``percentile99`` look back at.
    public static let sampleCountMax = 600

    /// The name of the system.
    public let name: String
    /// Runs so far.
    public private(set) var runCount: UInt64 = 0
    /// Runs in a row, the newest included, in which no entity had what the terms of the system's queries ask for; 0 for
    /// a system without a query. What the system asks for besides (``QueryOf/without(_:)`` and its kin) is not looked
    /// at.
    public private(set) var unmatchedRunCount: UInt64 = 0
    /// The newest run.
    public private(set) var last = Duration.zero
    /// The newest ``sampleCountMax`` runs, in nanoseconds; written round and round.
    private var samples: [UInt32] = []
    private var sum: UInt64 = 0

    init(name: String) {
        self.name = name
        samples.reserveCapacity(Self.sampleCountMax)
    }

    /// The mean of the last ``sampleCountMax`` runs; zero before the first.
    public var mean: Duration {
        samples.isEmpty ? .zero : .nanoseconds(sum / UInt64(samples.count))
    }

    /// The time that 99 of 100 of the last ``sampleCountMax`` runs did not exceed; zero before the first.
    /// - Complexity: O(n log n) for n samples.
    public var percentile99: Duration {
        guard !samples.isEmpty else { return .zero }
        let sorted = samples.sorted()
        return .nanoseconds(sorted[(sorted.count * 99 + 99) / 100 - 1])
    }

    /// - Parameter hasEntities: Whether a run had any, for one of its queries.
    mutating func asked(hasEntities: Bool) {
        unmatchedRunCount = hasEntities ? 0 : unmatchedRunCount + 1
    }

    /// A run that took over 4.29 s counts as that in the mean.
    mutating func ran(for duration: Duration) {
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
