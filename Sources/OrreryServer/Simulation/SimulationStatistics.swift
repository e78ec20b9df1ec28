/// How the ticks of a server went so far.
public struct SimulationStatistics: Hashable, Sendable {
    /// Ticks that were run.
    public internal(set) var tickCount: UInt64 = 0
    /// Ticks that began more than one period after their time.
    public internal(set) var lateTickCount: UInt64 = 0
    /// Ticks that were given up because those before took too long.
    public internal(set) var skippedTickCount: UInt64 = 0
    /// What the last tick took, from its beginning to the hand-over of what it changed.
    public internal(set) var lastTickDuration = Duration.zero
    /// What all ticks took together.
    public internal(set) var totalTickDuration = Duration.zero

    init() {}

    /// What a tick took on average; zero before the first.
    public var meanTickDuration: Duration {
        tickCount == 0 ? .zero : totalTickDuration / Double(tickCount)
    }

    mutating func tickEnded(after duration: Duration) {
        tickCount += 1
        lastTickDuration = duration
        totalTickDuration += duration
    }
}
