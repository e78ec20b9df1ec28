import ArgumentParser
import BenchmarkReport
import Foundation

/// `orrery-bench soak`: whether a server stays as it is.
struct SoakCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak",
        abstract: "Run a server for a while: missed ticks, growth of memory, allocations per tick.",
        discussion: """
            10,000 entities of three Floats, all changing, at 30 Hz. Memory and allocations count from second 10 on \
            (from a third of shorter runs on).
            """)

    @Flag(help: "One JSON object.")
    var json = false

    @Flag(name: .customLong("assert"), help: "Fail if a figure is over its limit.")
    var asserts = false

    @Option(help: ArgumentHelp("For how long.", valueName: "seconds"))
    var seconds = 60.0

    @Option(help: ArgumentHelp("Clients that watch.", valueName: "count"))
    var subscribers = 10

    func validate() throws {
        guard (1...86_400).contains(seconds) else { throw ValidationError("--seconds must be 1 to 86400.") }
        guard (1...1000).contains(subscribers) else { throw ValidationError("--subscribers must be 1 to 1000.") }
    }

    func run() throws {
        let scene = Scene(subscribers: subscribers)
        let stage = try Stage.serving(scene)
        let settling = min(10, seconds / 3)
        let start = try stage.look()
        Thread.sleep(forTimeInterval: settling)
        let steady = try stage.look()
        let steadyStart = Date()
        var (last, largest) = (steady, steady.residentSize)
        while -steadyStart.timeIntervalSinceNow < seconds - settling {
            Thread.sleep(forTimeInterval: min(1, max(0.01, seconds - settling + steadyStart.timeIntervalSinceNow)))
            last = try stage.look()
            largest = max(largest, last.residentSize)
        }
        let whole = Measurement(before: start, after: last, load: nil)
        let tail = Measurement(before: steady, after: last, load: nil)
        let growth = Double(largest - steady.residentSize) / 1_048_576
        var result = Result()
        result.set("name", "soak")
        result.set("entities", scene.entities)
        result.set("subscribers", subscribers)
        result.set("seconds", seconds, digits: 0)
        result.set("ticks", Int(whole.ticks))
        result.set("ticks_missed", Int(whole.missedTicks))
        result.set("resident_mib", Double(last.residentSize) / 1_048_576, digits: 2)
        result.set("resident_growth_mib", growth, digits: 2)
        result.set("allocations_per_tick", tail.allocationsPerTick(), digits: 2)
        result.set("sim_allocations_per_tick", tail.allocationsPerTick(ServerThread.ticks), digits: 2)
        result.set("sync_allocations_per_tick", tail.allocationsPerTick(ServerThread.sync), digits: 2)
        result.set("server_cpu_ms_per_tick", tail.millisecondsPerTick())
        var output = Output(asJSON: json)
        output.write(result)
        let isMissing = Double(whole.missedTicks) > Double(whole.ticks) * 0.001
        if asserts, isMissing || growth > 2 { throw ExitCode.failure }
    }
}
