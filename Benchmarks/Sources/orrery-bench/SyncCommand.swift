import ArgumentParser
import BenchmarkReport
import Foundation

/// `orrery-bench sync`: what it costs to keep subscribers up to date.
struct SyncCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync",
        abstract: "Measure what keeping subscribers up to date costs, beside what sending the bytes costs at least.",
        discussion: """
            10,000 entities of three Floats at 30 Hz; 100, 10 and 1 percent of them changed per tick; 1, 10 and 50 \
            subscribers. Subscribers are plain C and discard what they read; done_* are those of a Swift client that \
            joins them at the end. floor_* is a plain C server that sends messages of the same size to the same \
            clients, in turn with the measured one.
            """)

    @Flag(help: "One JSON object a line.")
    var json = false

    @Flag(help: "Five seconds, as a trial.")
    var quick = false

    @Flag(help: "Only whether every tick at 60 Hz arrives once and in order at the Swift client.")
    var check = false

    @Flag(name: .customLong("assert"), help: "Fail if a figure is over its limit.")
    var asserts = false

    @Option(help: ArgumentHelp("For how long each is measured.", valueName: "seconds"))
    var seconds = 8.0

    @Option(help: ArgumentHelp("Entities of the world.", valueName: "count"))
    var entities = 10_000

    func validate() throws {
        guard (0.5...3600).contains(seconds) else { throw ValidationError("--seconds must be 0.5 to 3600.") }
        guard (100...1_000_000).contains(entities) else { throw ValidationError("--entities must be 100 to 1000000.") }
    }

    func run() throws {
        if check { return try checkOrder() }
        var output = Output(asJSON: json)
        var violations: [String] = []
        for percent in quick ? [100] : [100, 10, 1] {
            var single: Comparison?
            for subscribers in quick ? [1, 10] : [1, 10, 50] {
                let scene = Scene(entities: entities, changedPercent: percent, subscribers: subscribers)
                let comparison = try Comparison(scene, seconds: quick ? 0.5 : seconds, rounds: quick ? 1 : 2)
                output.write(comparison.result(beside: single))
                violations += comparison.violations(beside: single)
                single = single ?? comparison
            }
        }
        try report(violations)
    }

    private func report(_ violations: [String]) throws {
        for violation in violations {
            FileHandle.standardError.write(Data("over its limit: \(violation)\n".utf8))
        }
        if asserts, !violations.isEmpty { throw ExitCode.failure }
    }

    /// 10,000 entities, all changing, 60 Hz, one client: every tick arrives once and in order.
    private func checkOrder() throws {
        let scene = Scene(entities: entities, rate: 60, subscribers: 0)
        let stage = try Stage.serving(scene)
        let report = try stage.watch(seconds: quick ? 2 : seconds, changes: scene.changesPerTick)
        let skipped = try stage.look().skippedTickCount
        var result = Result()
        result.set("name", "sync-check")
        result.set("entities", entities)
        result.set("batches", Int(report.batches))
        result.set("ticks_missing", Int(report.missedTicks))
        result.set("batches_out_of_order", Int(report.disorderedBatches))
        result.set("batches_wrong", Int(report.wrongBatches))
        result.set("ticks_skipped_by_server", Int(skipped))
        result.set("done_p50_ms", report.doneP50)
        result.set("done_p99_ms", report.doneP99)
        var output = Output(asJSON: json)
        output.write(result)
        guard report.batches > 1, report.missedTicks == 0, report.disorderedBatches == 0, report.wrongBatches == 0
        else {
            throw ExitCode.failure
        }
    }
}

/// One scene, measured in turn with its floor.
private struct Comparison {
    let scene: Scene
    private var server = Measurement()
    private var floor = Measurement()
    private var client: ClientReport?

    /// - Parameter rounds: how often server and floor take turns; each has its share of the seconds.
    init(_ scene: Scene, seconds: Double, rounds: Int) throws {
        self.scene = scene
        for round in 1...rounds {
            do {
                let stage = try Stage.serving(scene)
                Thread.sleep(forTimeInterval: 0.3)
                server.add(try stage.measure(seconds: seconds / Double(rounds)))
                if round == rounds { client = try stage.watch(seconds: max(0.5, seconds / 4), changes: nil) }
            }
            let stage = try Stage.floor(scene, messageSize: Int(bytesPerBatch.rounded()))
            Thread.sleep(forTimeInterval: 0.3)
            floor.add(try stage.measure(seconds: seconds / Double(rounds)))
        }
    }

    /// Payload of a batch from one tick to the next.
    private var bytesPerBatch: Double {
        guard let load = server.load, load.singleTickBatches > 0 else { return 0 }
        return Double(load.singleTickBytes) / Double(load.singleTickBatches)
    }

    private var bytesPerUpdate: Double { bytesPerBatch / Double(scene.changesPerTick) }

    private func perFurther(_ measurement: KeyPath<Comparison, Measurement>, _ single: Comparison) -> Double {
        (self[keyPath: measurement].millisecondsPerTick() - single[keyPath: measurement].millisecondsPerTick())
            / Double(scene.subscribers - single.scene.subscribers)
    }

    func result(beside single: Comparison?) -> Result {
        let further = single.map { perFurther(\.server, $0) }
        let floorFurther = single.map { perFurther(\.floor, $0) }
        var result = Result()
        result.set("name", "sync")
        result.set("entities", scene.entities)
        result.set("changed_percent", scene.changedPercent)
        result.set("subscribers", scene.subscribers)
        result.set("bytes_per_update", bytesPerUpdate)
        result.set("server_cpu_ms_per_tick", server.millisecondsPerTick())
        result.set("sim_cpu_ms_per_tick", server.millisecondsPerTick(ServerThread.ticks))
        result.set("done_p50_ms", client?.doneP50)
        result.set("done_p99_ms", client?.doneP99)
        result.set("ticks_missed", Int(server.missedTicks))
        result.set("ticks_merged", Int(server.load?.mergedTicks ?? 0))
        result.set("floor_cpu_ms_per_tick", floor.millisecondsPerTick())
        result.set("cpu_ms_per_further_subscriber", further, digits: 4)
        result.set("floor_cpu_ms_per_further_subscriber", floorFurther, digits: 4)
        result.set("further_subscriber_ratio", further.flatMap { f in floorFurther.map { f / $0 } }, digits: 2)
        result.set("allocations_per_tick", server.allocationsPerTick(), digits: 1)
        return result
    }

    /// The limits: 14 bytes per update, 0.6 ms for one subscriber, twice the floor for each further one. Of a world of
    /// 10,000 that changes all.
    func violations(beside single: Comparison?) -> [String] {
        guard scene.changedPercent == 100 else { return [] }
        var violations: [String] = []
        if bytesPerUpdate > 14 { violations.append("\(bytesPerUpdate) bytes per update, not 14") }
        if let single {
            let (cost, floor) = (perFurther(\.server, single), perFurther(\.floor, single))
            if cost > 2 * floor {
                violations.append(
                    "\(cost) ms for each subscriber beyond the first of \(scene.subscribers), not 2 x \(floor)")
            }
        } else if server.millisecondsPerTick() > 0.6 * Double(scene.entities) / 10_000 {
            violations.append("\(server.millisecondsPerTick()) ms per tick with one subscriber, not 0.6")
        }
        return violations
    }
}
