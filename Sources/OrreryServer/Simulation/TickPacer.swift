import Dispatch
import OrrerySchema

/// Schedules ticks at a fixed rate, by absolute times, so that a late tick does not delay the following ones.
///
/// Catch-up rule: a late tick begins at once, and up to ``catchUpTicksMax`` late ticks run one after the other. Ticks
/// that are later than that are counted as skipped and never run: the simulation is slower for that moment.
struct TickPacer {
    static let catchUpTicksMax: UInt64 = 5

    private let periodNanoseconds: UInt64
    private var next: UInt64
    /// Ticks that were skipped.
    private(set) var skippedTickCount: UInt64 = 0
    /// Ticks that began more than one period after their time.
    private(set) var lateTickCount: UInt64 = 0

    /// - Parameter now: Nanoseconds of a monotonic clock.
    init(period: Duration, now: UInt64) {
        periodNanoseconds = UInt64(max(1, period.nanoseconds))
        next = now
    }

    /// When the next tick is due. Call it once per tick, after the previous tick has ended.
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

    /// The tick that was due at `due` begins.
    mutating func tickBegins(at now: UInt64, due: UInt64) {
        if now > due + periodNanoseconds { lateTickCount += 1 }
    }
}
