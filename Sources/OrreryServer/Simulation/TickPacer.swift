import Dispatch
import OrrerySchema

/// When ticks begin: at a fixed rate, by absolute times, so that a late tick does not move those after it.
///
/// Catch-up rule: a tick that is late begins at once, and up to ``catchUpTicksMax`` late ticks are run one after the
/// other. What is later than that is given up: the rate of the simulation sinks for that moment, and the ticks are
/// counted as skipped.
struct TickPacer {
    static let catchUpTicksMax: UInt64 = 5

    private let periodNanoseconds: UInt64
    private var next: UInt64
    /// Ticks that were given up.
    private(set) var skippedTickCount: UInt64 = 0
    /// Ticks that began more than one period after their time.
    private(set) var lateTickCount: UInt64 = 0

    /// - Parameter now: in nanoseconds of a monotonic clock.
    init(period: Duration, now: UInt64) {
        periodNanoseconds = UInt64(max(1, period.nanoseconds))
        next = now
    }

    /// When the next tick is to begin. To be asked once per tick, after the one before has ended.
    mutating func nextTick(now: UInt64) -> UInt64 {
        let due = next
        if now > due + periodNanoseconds {
            let behind = (now - due) / periodNanoseconds
            if behind > Self.catchUpTicksMax {
                let skipped = behind - Self.catchUpTicksMax
                skippedTickCount += skipped
                next += skipped * periodNanoseconds
            }
        }
        next += periodNanoseconds
        return due
    }

    /// The tick that was to begin at `due` begins.
    mutating func tickBegins(at now: UInt64, due: UInt64) {
        if now > due + periodNanoseconds { lateTickCount += 1 }
    }
}
