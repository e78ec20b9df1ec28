/// Decides when periodic work is done: by a timer, or somewhat earlier if the loop is awake anyway, because waking it
/// for this work alone costs more than the work. A server whose world ticks faster than the interval needs no timer.
struct Rhythm {
    private let interval: Duration
    private var last: ContinuousClock.Instant

    init(_ interval: Duration, from start: ContinuousClock.Instant) {
        self.interval = interval
        last = start
    }

    /// Whether to do the work now.
    mutating func takeTurn(_ now: ContinuousClock.Instant, isAwakeAnyway: Bool) -> Bool {
        // A timer that fires a little early still counts.
        let least = isAwakeAnyway ? interval / 2 : interval * 3 / 4
        guard now - last >= least else { return false }
        last = now
        return true
    }
}
