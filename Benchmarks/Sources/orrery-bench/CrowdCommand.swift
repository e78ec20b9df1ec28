import ArgumentParser
import BenchmarkReport
import Foundation

/// `orrery-bench crowd`: many connections, some of them bad.
struct CrowdCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "crowd",
        abstract: "What a delivery to many connections costs, and whether bad ones cost the others anything.",
        discussion: """
            First all are good (quiet_*), then a slow, a silent and a hostile one join; then as many are at the floor, \
            a plain C server that sends messages of the same size. *_us_per_delivery: processor time of all threads of \
            the server by the batches that it sent, their acknowledgements included, while all are good. missed: \
            clients that stand more than 30 ticks behind. merged: of the ticks that some clients were sent, how often \
            a client was not. wrong: batches that differ from those of others to the same tick, or do not hold each \
            entity once.
            """)

    @Flag(help: "One JSON object.")
    var json = false

    @Flag(name: .customLong("assert"), help: "Fail if somebody missed something.")
    var asserts = false

    @Option(help: ArgumentHelp("Good clients.", valueName: "count"))
    var connections = 1000

    @Option(help: ArgumentHelp("For how long the bad ones are there.", valueName: "seconds"))
    var seconds = 20.0

    @Option(help: ArgumentHelp("Entities of the world; all change in every tick.", valueName: "count"))
    var entities = 200

    @Option(help: ArgumentHelp("Ticks per second.", valueName: "hz"))
    var rate = 30

    func validate() throws {
        guard (1...9000).contains(connections) else { throw ValidationError("--connections must be 1 to 9000.") }
        guard (1...3600).contains(seconds) else { throw ValidationError("--seconds must be 1 to 3600.") }
        guard (1...100_000).contains(entities) else { throw ValidationError("--entities must be 1 to 100000.") }
        guard (1...1000).contains(rate) else { throw ValidationError("--rate must be 1 to 1000.") }
    }

    func run() throws {
        let scene = Scene(entities: entities, rate: rate, subscribers: connections, comparesStates: true)
        var quiet = Measurement()
        var floor = Measurement()
        for _ in 1..<rounds {
            quiet.add(try measureQuiet(try Stage.serving(scene)))
            floor.add(try measureFloor(scene, beside: quiet))
        }
        let (last, crowd, client, bad) = try measureCrowd(scene)
        quiet.add(last)
        floor.add(try measureFloor(scene, beside: quiet))
        guard let load = crowd.load, let quietLoad = quiet.load else {
            throw ChildProcess.Failure(description: "bench-load does not report")
        }
        let wrong = load.wrongStates + client.wrongBatches + client.disorderedBatches
        var result = Result()
        result.set("name", "crowd")
        result.set("connections", connections)
        result.set("entities", entities)
        result.set("ticks", Int(crowd.ticks))
        result.set("missed", Int(load.lateClients))
        result.set("merged", Int(load.unequalTicks))
        result.set("wrong", Int(wrong))
        result.set("server_cpu_ms_per_tick", crowd.millisecondsPerTick())
        result.set("done_p99_ms", load.doneP99)
        result.set("quiet_merged", Int(quietLoad.unequalTicks))
        result.set("quiet_server_cpu_ms_per_tick", quiet.millisecondsPerTick())
        result.set("quiet_done_p99_ms", quietLoad.doneP99)
        result.set("client_ticks_missed", Int(client.missedTicks))
        result.set("slow_batches", Int(bad.slowBatches))
        result.set("silent_connections", Int(bad.silentConnections))
        result.set("hostile_connections", Int(bad.hostileConnections))
        result.set("bytes_per_delivery", Int(quiet.bytesPerDelivery))
        result.set("server_us_per_delivery", quiet.microsecondsPerDelivery, digits: 2)
        result.set("floor_us_per_delivery", floor.microsecondsPerDelivery, digits: 2)
        var output = Output(asJSON: json)
        output.write(result)
        if asserts, load.lateClients > 0 || load.unequalTicks > 0 || wrong > 0 { throw ExitCode.failure }
    }

    /// How often server and floor take turns, since what a machine has to spare changes from second to second.
    private var rounds: Int { seconds < 10 ? 1 : 3 }

    private func measureQuiet(_ stage: Stage) throws -> Measurement {
        try stage.settle()
        return try stage.measure(seconds: max(1, seconds / 8))
    }

    private func measureFloor(_ scene: Scene, beside server: Measurement) throws -> Measurement {
        try measureQuiet(try Stage.floor(scene, messageSize: Int(server.bytesPerDelivery)))
    }

    private func measureCrowd(
        _ scene: Scene
    ) throws -> (quiet: Measurement, crowd: Measurement, client: ClientReport, bad: RogueReport) {
        let stage = try Stage.serving(scene)
        let quiet = try measureQuiet(stage)
        let rogues = try stage.beginRogues()
        let crowd = try stage.measure(seconds: seconds)
        let client = try stage.watch(seconds: max(1, seconds / 10), changes: entities)
        return (quiet, crowd, client, try rogues.report(RogueReport.self))
    }
}
