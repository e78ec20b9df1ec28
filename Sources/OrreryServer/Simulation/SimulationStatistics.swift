/// Statistics of the ticks that a server has run so far.
public struct SimulationStatistics: Hashable, Sendable {
    /// Ticks that ran.
    public internal(set) var tickCount: UInt64 = 0
    /// Ticks that began more than one period after their time.
    public internal(set) var lateTickCount: UInt64 = 0
    /// Ticks that were skipped because earlier ones took too long.
    public internal(set) var skippedTickCount: UInt64 = 0
    /// The duration of the last tick, from its beginning to the hand-over of its changes.
    public internal(set) var lastTickDuration = Duration.zero
    /// The duration of all ticks together.
    public internal(set) var totalTickDuration = Duration.zero

    init() {}

    /// The average duration of a tick; zero before the first.
    public var meanTickDuration: Duration {
        tickCount == 0 ? .zero : totalTickDuration / Double(tickCount)
    }

    mutating func tickEnded(after duration: Duration) {
        tickCount += 1
        lastTickDuration = duration
        totalTickDuration += duration
    }
}
