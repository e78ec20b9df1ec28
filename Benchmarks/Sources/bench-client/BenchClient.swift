import ArgumentParser
import BenchmarkReport
import CBenchmarkSupport
import Foundation
import OrreryClient
import OrrerySchema
import OrreryWebSocket

/// A client as users have it, that checks and times what it applies.
@main
struct BenchClient: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-client",
        abstract: "Watch a benchmark server with the Swift client; then print one line of JSON.")

    @Argument(help: "The server's address.")
    var url: String

    @Option(help: ArgumentHelp("For how long.", valueName: "seconds"))
    var seconds = 2.0

    @Option(help: ArgumentHelp("Where the server writes when each tick began.", valueName: "file"))
    var clock: String

    @Option(help: ArgumentHelp("How many changes each batch must hold; any unless stated.", valueName: "count"))
    var changes: Int?

    func run() async throws {
        guard let tickClock = bench_tick_clock_open(clock) else {
            throw ValidationError("Cannot open \(clock): \(String(cString: strerror(errno))).")
        }
        let client = SimulationClient(url: url, transport: .webSocket, name: "bench-client")
        let report = try await client.withConnection { connection in
            try await watch(try await connection.subscribe(anyOf: ["Position"]), tickClock)
        }
        print(String(decoding: try JSONEncoder().encode(report), as: UTF8.self))
    }

    private func watch(_ subscription: Subscription, _ tickClock: OpaquePointer) async throws -> ClientReport {
        var samples = bench_samples()
        guard bench_samples_create(&samples, 1 << 20) == 0 else { throw ExitCode.failure }
        var report = ClientReport(
            batches: 0, missedTicks: 0, disorderedBatches: 0, wrongBatches: 0, doneP50: 0, doneP99: 0)
        let end = bench_now() + UInt64(seconds * 1e9)
        var last: UInt64?
        for try await batch in subscription.batches {
            let now = bench_now()
            let (base, tick) = (batch.base.rawValue, batch.tick.rawValue)
            // The first brings what is shown already.
            guard let before = last else {
                last = tick
                continue
            }
            let start = bench_tick_clock_start(tickClock, tick)
            if start > 0 { bench_samples_add(&samples, now - start) }
            report.batches += 1
            if base != before || tick <= base { report.disorderedBatches += 1 }
            if tick > base + 1 { report.missedTicks += tick - base - 1 }
            if let changes, !holds(changes, batch) { report.wrongBatches += 1 }
            last = tick
            if now >= end { break }
        }
        report.doneP50 = bench_samples_percentile(&samples, 0.5)
        report.doneP99 = bench_samples_percentile(&samples, 0.99)
        return report
    }

    /// Whether a batch changes so many entities, each once.
    private func holds(_ count: Int, _ batch: Batch) -> Bool {
        let changes = batch.changes
        return changes.count == count && Set(changes.map(\.entity)).count == count
            && changes.allSatisfy { $0.cause == .set }
    }
}
