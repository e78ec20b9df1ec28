import ArgumentParser
import BenchmarkReport
import Foundation

/// `orrery-bench starve`: whether busy clients cost an honest one its ticks.
struct StarveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "starve",
        abstract: "Whether clients that ask for much take the ticks of one that only watches.",
        discussion: """
            2,000 entities, all changing, at 60 Hz. Each session holds 63 subscriptions of one entity each, then sends \
            936 requests at once: in turn, the oldest ends and another begins. With 5 and 40 sessions; then 10 \
            sessions with 900 requests a second each. ticks_missed, longest_silence_ms: of a witness that watches one \
            component, until all are answered and a second more; quiet_*: of the same witness in the two seconds \
            before, while the sessions hold and do not ask.
            """)

    @Flag(help: "One JSON object a line.")
    var json = false

    @Flag(name: .customLong("assert"), help: "Fail if the witness missed a tick or a session was closed.")
    var asserts = false

    @Option(help: ArgumentHelp("Only so many sessions, instead of the three rows.", valueName: "count"))
    var sessions: Int?

    @Option(help: ArgumentHelp("With --sessions: requests a second of each, instead of 936 at once.", valueName: "hz"))
    var rate = 0

    @Option(help: ArgumentHelp("For how long requests at a rate are sent.", valueName: "seconds"))
    var seconds = 10.0

    private static let held = 63
    private static let requestsAtOnce = 936
    /// How long answers are waited for, in seconds.
    private static let patience = 25.0

    func validate() throws {
        if let sessions, !(1...1000).contains(sessions) { throw ValidationError("--sessions must be 1 to 1000.") }
        guard (0...100_000).contains(rate) else { throw ValidationError("--rate must be 0 to 100000.") }
        guard rate == 0 || sessions != nil else { throw ValidationError("--rate needs --sessions.") }
        guard (1...3600).contains(seconds) else { throw ValidationError("--seconds must be 1 to 3600.") }
    }

    func run() throws {
        var output = Output(asJSON: json)
        var isStarved = false
        for (sessions, rate) in sessions.map({ [($0, rate)] }) ?? [(5, 0), (40, 0), (10, 900)] {
            let row = try Row(sessions: sessions, rate: rate, seconds: seconds)
            output.write(row.result)
            isStarved = isStarved || row.missedTicks > 0 || row.talkers.closed > 0
        }
        if asserts, isStarved { throw ExitCode.failure }
    }

    private struct Row {
        let sessions: Int
        let rate: Int
        var talkers: TalkerReport
        private let quiet: Measurement
        private let busy: Measurement
        private let answeredAfter: TimeInterval
        /// Without those of the subscriptions that are held.
        private let requestCount: UInt64

        /// Those that came as a part of a later one's batch, and those that have not come at all: but for two, which
        /// may be under way.
        var missedTicks: UInt64 {
            guard let load = busy.load else { return busy.ticks }
            let come = load.batches + load.mergedTicks
            return load.mergedTicks + (busy.ticks > come + 2 ? busy.ticks - come : 0)
        }

        init(sessions: Int, rate: Int, seconds: Double) throws {
            self.sessions = sessions
            self.rate = rate
            let stage = try Stage.serving(Scene(entities: 2000, rate: 60, subscribers: 1, talkers: sessions))
            let crowd = try stage.beginTalkers(held: held, turns: 10)
            Thread.sleep(forTimeInterval: 0.5)
            quiet = try stage.measure(seconds: 2)
            let before = try crowd.report(TalkerReport.self)
            let start = Date()
            var end = start
            busy = try stage.measure {
                if rate == 0 {
                    try crowd.tell("request \(requestsAtOnce)")
                } else {
                    try crowd.tell("request-rate \(rate)")
                    Thread.sleep(forTimeInterval: seconds)
                    try crowd.tell("rest")
                }
                let limit = Date(timeIntervalSinceNow: patience)
                while try crowd.report(TalkerReport.self).waiting > 0, Date() < limit {
                    Thread.sleep(forTimeInterval: 0.02)
                }
                end = Date()
                Thread.sleep(forTimeInterval: 1)
            }
            answeredAfter = end.timeIntervalSince(start)
            talkers = try crowd.report(TalkerReport.self)
            requestCount = talkers.asked - before.asked
            crowd.stop()
        }

        var result: Result {
            var result = Result()
            result.set("name", "starve")
            result.set("sessions", sessions)
            result.set("requests_per_second", rate)
            result.set("requests", Int(requestCount))
            result.set("ticks", Int(busy.ticks))
            result.set("ticks_missed", Int(missedTicks))
            result.set("longest_silence_ms", busy.load?.longestSilence, digits: 1)
            result.set("answered_after_s", answeredAfter, digits: 2)
            result.set("unanswered", Int(talkers.asked - talkers.answered))
            result.set("refused", Int(talkers.refused))
            result.set("closed", Int(talkers.closed))
            result.set("last_close_code", talkers.lastCloseCode)
            result.set("quiet_ticks_missed", Int(quiet.load?.mergedTicks ?? 0))
            result.set("quiet_longest_silence_ms", quiet.load?.longestSilence, digits: 1)
            result.set("server_cpu_ms_per_tick", busy.millisecondsPerTick())
            return result
        }
    }
}
