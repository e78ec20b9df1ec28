import Testing

@testable import OrreryWebSocket

/// What is done every so often is done by the way where the loop is awake anyway, and otherwise by the timer, never
/// more rarely.
@Suite struct RhythmTests {
    private let start = ContinuousClock.now

    /// - Returns: how often it was done in ten intervals, and how often by the timer.
    private func run(wakingEvery step: Duration?) -> (all: Int, timed: Int) {
        let interval = Duration.milliseconds(50)
        var rhythm = Rhythm(interval, from: start)
        var (all, timed, timer) = (0, 0, interval)
        for millisecond in 1...500 {
            let now = Duration.milliseconds(millisecond)
            let isWoken = step.map { now % $0 == .zero } ?? false
            guard isWoken || now >= timer else { continue }
            let isTimed = now >= timer
            guard rhythm.takeTurn(start + now, isAwakeAnyway: !isTimed) else { continue }
            all += 1
            timed += isTimed ? 1 : 0
            timer = now + interval
        }
        return (all, timed)
    }

    @Test func aLoopThatSleepsIsWokenByTheTimer() { #expect(run(wakingEvery: nil) == (10, 10)) }

    @Test(arguments: [5, 16, 33, 40]) func aLoopThatIsAwakeNeedsNoTimer(milliseconds: Int) {
        let (all, timed) = run(wakingEvery: .milliseconds(milliseconds))
        #expect(timed == 0)
        #expect(all >= 10 && all <= 20)
    }

    @Test func aLoopThatWakesSeldomHasBoth() {
        let (all, timed) = run(wakingEvery: .milliseconds(200))
        #expect(timed >= 8 && all <= 12)
    }
}

extension Duration {
    fileprivate static func % (left: Duration, right: Duration) -> Duration {
        left - right * Int(left / right)
    }
}
