import ArgumentParser
import BenchmarkReport

/// `orrery-bench interest`: many sessions, each of which asks for its own part of the world.
struct InterestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "interest",
        abstract: "What it costs to send each session its own part of the world, beside plain C.",
        discussion: """
            singles: sessions that list entities of their own, one query each; all entities move. Server and floor, a \
            plain C server that sends messages of the same size, take turns. ratio: processor time of all threads of \
            the server by the batches that it sent, as a multiple of the floor's. merged: how often a session was not \
            sent a tick that others were sent. ticks_missed: ticks of the world that began late or were skipped.
            """)

    @Flag(help: "One JSON object a line.")
    var json = false

    @Flag(name: .customLong("assert"), help: "Fail if somebody missed something, or a ratio is over its limit.")
    var asserts = false

    @Option(help: ArgumentHelp("Sessions.", valueName: "count"))
    var sessions = 300

    @Option(help: ArgumentHelp("Entities that each session lists.", valueName: "count"))
    var own = 64

    @Option(help: ArgumentHelp("Ticks per second.", valueName: "hz"))
    var rate = 60

    @Option(help: ArgumentHelp("How long server and floor are measured in all.", valueName: "seconds"))
    var seconds = 30.0

    func validate() throws {
        guard (1...9000).contains(sessions) else { throw ValidationError("--sessions must be 1 to 9000.") }
        guard (1...100).contains(own) else { throw ValidationError("--own must be 1 to 100.") }
        guard (1...1000).contains(rate) else { throw ValidationError("--rate must be 1 to 1000.") }
        guard (1...3600).contains(seconds) else { throw ValidationError("--seconds must be 1 to 3600.") }
    }

    /// The most processor time of the server, as a multiple of the floor's.
    private static let ratioMax = 2.0

    func run() throws {
        let scene = Scene(entities: sessions * own, rate: rate, subscribers: sessions, ownEntities: own)
        var (server, floor) = (Measurement(), Measurement())
        let rounds = seconds < 10 ? 1 : 3
        for _ in 0..<rounds {
            server.add(try measure(try Stage.serving(scene), rounds))
            floor.add(try measure(try Stage.floor(scene, messageSize: Int(server.bytesPerDelivery)), rounds))
        }
        guard let load = server.load, let ours = server.microsecondsPerDelivery,
            let least = floor.microsecondsPerDelivery
        else { throw ChildProcess.Failure(description: "bench-load does not report") }
        var result = Result()
        result.set("name", "singles")
        result.set("sessions", sessions)
        result.set("own", own)
        result.set("ratio", ours / least, digits: 2)
        result.set("server_us_per_delivery", ours, digits: 2)
        result.set("floor_us_per_delivery", least, digits: 2)
        result.set("server_cpu_ms_per_tick", server.millisecondsPerTick())
        result.set("sync_cpu_ms_per_tick", server.millisecondsPerTick(ServerThread.sync))
        result.set("ticks", Int(server.ticks))
        result.set("ticks_missed", Int(server.missedTicks))
        result.set("merged", Int(load.unequalTicks))
        result.set("longest_silence", load.longestSilence, digits: 3)
        result.set("bytes_per_delivery", Int(server.bytesPerDelivery))
        var output = Output(asJSON: json)
        output.write(result)
        let isOver = ours / least > Self.ratioMax
        if asserts, isOver || server.missedTicks > 0 || load.unequalTicks > 0 { throw ExitCode.failure }
    }

    private func measure(_ stage: Stage, _ rounds: Int) throws -> Measurement {
        try stage.settle()
        return try stage.measure(seconds: max(1, seconds / Double(2 * rounds)))
    }
}
