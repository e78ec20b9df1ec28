import ArgumentParser
import BenchmarkReport
import Foundation

/// `orrery-bench mutate`: what a mutation costs.
struct MutateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mutate",
        abstract: "What a mutation costs on the thread of the ticks and on the sync thread, from request to answer.",
        discussion: """
            Clients set a bitwise component of 12 bytes without a rule, each of an entity of its own, at 60 Hz; nobody \
            watches. Each sends what is due sixty times a second. ns: processor time of the thread of the ticks by \
            mutation; sync_ns: of the sync thread, with the sockets; allocations: of both. What the same server takes \
            without mutations is taken off. floor_ns: of a plain C server that reads the same and answers the same, \
            and does nothing for it.
            """)

    @Flag(help: "One JSON object.")
    var json = false

    @Flag(name: .customLong("assert"), help: "Fail if a figure is over its limit.")
    var asserts = false

    @Option(help: ArgumentHelp("Clients that write.", valueName: "count"))
    var clients = 40

    @Option(help: ArgumentHelp("Mutations a second, of all together.", valueName: "hz"))
    var rate = 10_000

    @Option(help: ArgumentHelp("For how long is measured.", valueName: "seconds"))
    var seconds = 8.0

    func validate() throws {
        guard (1...1000).contains(clients) else { throw ValidationError("--clients must be 1 to 1000.") }
        guard (clients...1000 * clients).contains(rate) else {
            throw ValidationError("--rate must be 1 to 1000 for each client.")
        }
        guard (1...3600).contains(seconds) else { throw ValidationError("--seconds must be 1 to 3600.") }
    }

    func run() throws {
        let scene = Scene(entities: 1000, changedPercent: 0, rate: 60, subscribers: 0, talkers: clients)
        let (costs, refused) = try measure(try Stage.serving(scene))
        let (floor, _) = try measure(try Stage.floor(scene, answers: true))
        var result = Result()
        result.set("name", "mutate_set")
        result.set("clients", clients)
        result.set("mutations_per_second", Double(costs.count) / seconds, digits: 0)
        result.set("refused", Int(refused))
        result.set("ns", costs.nanoseconds(ServerThread.ticks), digits: 0)
        result.set("sync_ns", costs.nanoseconds(ServerThread.sync), digits: 0)
        result.set("floor_ns", floor.nanoseconds(ServerThread.floor), digits: 0)
        let allocations = (sim: costs.allocations(ServerThread.ticks), sync: costs.allocations(ServerThread.sync))
        result.set("allocations", allocations.sim + allocations.sync, digits: 2)
        result.set("sim_allocations", allocations.sim, digits: 2)
        result.set("sync_allocations", allocations.sync, digits: 2)
        result.set("ticks_missed", Int(costs.missedTicks))
        var output = Output(asJSON: json)
        output.write(result)
        let isOver = costs.nanoseconds(ServerThread.ticks) > 500 || costs.nanoseconds(ServerThread.sync) > 2000
        if asserts, isOver || refused > 0 { throw ExitCode.failure }
    }

    private func measure(_ stage: Stage) throws -> (Costs, refused: UInt64) {
        let writers = try stage.beginTalkers(held: 0, turns: 60)
        Thread.sleep(forTimeInterval: 1)
        let idle = try stage.measure(seconds: max(1, seconds / 2))
        try writers.tell("set-rate \(rate / clients)")
        Thread.sleep(forTimeInterval: 1)
        let before = try writers.report(TalkerReport.self)
        var after = before
        let busy = try stage.measure {
            Thread.sleep(forTimeInterval: seconds)
            after = try writers.report(TalkerReport.self)
        }
        writers.stop()
        return (Costs(busy, idle, count: after.answered - before.answered), after.refused - before.refused)
    }

    /// What mutations cost beyond what ticks without them do.
    private struct Costs {
        let count: UInt64
        private let busy: Measurement
        private let idle: Measurement

        init(_ busy: Measurement, _ idle: Measurement, count: UInt64) {
            (self.busy, self.idle, self.count) = (busy, idle, count)
        }

        var missedTicks: UInt64 { busy.missedTicks }

        func nanoseconds(_ thread: String) -> Double {
            perMutation(busy.millisecondsPerTick(thread) - idle.millisecondsPerTick(thread)) * 1e6
        }

        func allocations(_ thread: String) -> Double {
            perMutation(busy.allocationsPerTick(thread) - idle.allocationsPerTick(thread))
        }

        private func perMutation(_ perTick: Double) -> Double {
            count == 0 ? 0 : perTick * Double(busy.ticks) / Double(count)
        }
    }
}
