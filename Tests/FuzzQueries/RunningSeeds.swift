import Dispatch
import Foundation
import Synchronization

/// The seeds that run now. If the program traps or hangs, they are told.
enum RunningSeeds {
    /// A seed takes some milliseconds.
    private static let longest = Duration.seconds(60)

    private static let started = Mutex<[UInt64: ContinuousClock.Instant]>([:])

    static func began(_ seed: UInt64) { started.withLock { $0[seed] = .now } }

    static func ended(_ seed: UInt64) { started.withLock { $0[seed] = nil } }

    /// Begins to look after them.
    static func watch() -> any DispatchSourceTimer {
        for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT] {
            signal(number) { number in
                // The default is to end, here when the instruction that trapped runs again.
                signal(number, SIG_DFL)
                RunningSeeds.tell("trapped", longerThan: .zero)
            }
        }
        let timer = DispatchSource.makeTimerSource()
        timer.setEventHandler { if tell("hang", longerThan: longest) { exit(1) } }
        timer.schedule(deadline: .now() + .seconds(1), repeating: .seconds(1))
        timer.resume()
        return timer
    }

    /// - Returns: whether any has run that long.
    @discardableResult
    private static func tell(_ what: String, longerThan least: Duration) -> Bool {
        // Who trapped may hold the lock.
        let seeds = started.withLockIfAvailable { started in
            started.filter { ContinuousClock.now - $0.value >= least }.keys.sorted()
        }
        guard let seeds, !seeds.isEmpty else { return false }
        let list = seeds.map { "Scripts/fuzz queries --seed \($0)" }.joined(separator: ", or ")
        FileHandle.standardError.write(Data("\(what); replay: \(list)\n".utf8))
        return true
    }
}
