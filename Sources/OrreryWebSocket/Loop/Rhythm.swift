/// When something is done that is to be done every so often: by a timer, or somewhat sooner if the loop is awake
/// anyway, since waking for it alone costs more than doing it. A server whose world ticks faster than that needs no
/// timer.
struct Rhythm {
    private let interval: Duration
    private var last: ContinuousClock.Instant

    init(_ interval: Duration, from start: ContinuousClock.Instant) {
        self.interval = interval
        last = start
    }

    /// Whether it is done now.
    mutating func takeTurn(_ now: ContinuousClock.Instant, isAwakeAnyway: Bool) -> Bool {
        // A timer that comes a little early is meant all the same.
        let least = isAwakeAnyway ? interval / 2 : interval * 3 / 4
        guard now - last >= least else { return false }
        last = now
        return true
    }
}
