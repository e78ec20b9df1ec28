import OrrerySchema
import Synchronization

/// When the last tick began, for health checks.
final class TickPulse: Sendable {
    /// How long a world may stand still before it counts as stuck: five periods, but at least two seconds.
    let silenceMax: Duration
    private let now: @Sendable () -> Duration
    /// In nanoseconds.
    private let lastBeginning: Atomic<Int64>

    init(period: Duration, now: @escaping @Sendable () -> Duration) {
        silenceMax = max(.seconds(2), period * 5)
        self.now = now
        lastBeginning = Atomic(now().nanoseconds)
    }

    /// Simulation thread.
    func tickBegins() { lastBeginning.store(now().nanoseconds, ordering: .relaxed) }

    /// Time since a tick began, or since the server was made. Any thread.
    var silence: Duration { .nanoseconds(now().nanoseconds - lastBeginning.load(ordering: .relaxed)) }
}
