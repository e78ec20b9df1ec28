import ArgumentParser
import CPlainTwin
import Foundation

/// The speed table of the world: each row beside plain C over plain arrays, in turn with it, in one process.
@main
struct BenchECS: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-ecs",
        abstract: "Measure the world beside plain C over plain arrays.",
        discussion: """
            Nanoseconds of processor time of the measuring thread per entity that is touched, the median of the \
            samples. Ours and the floor take turns, so that what disturbs one disturbs the other. Values out of cache \
            vary by 10 to 40 percent on a machine that does other things too; trust the ratios.
            """)

    @Flag(help: "One JSON object a line.")
    var json = false

    @Option(help: ArgumentHelp("Only rows whose name contains this.", valueName: "name"))
    var filter: String?

    @Option(help: ArgumentHelp("Samples per row.", valueName: "count"))
    var samples = 9

    @Option(help: ArgumentHelp("Only this number of entities.", valueName: "entities"))
    var size: Int?

    @Flag(name: .customLong("assert"), help: "Fail if a row is over its goal.")
    var asserts = false

    func validate() throws {
        guard (1...1000).contains(samples) else { throw ValidationError("--samples must be 1 to 1000.") }
        guard benchmarks.contains(where: isWanted) else { throw ValidationError("no row is named '\(filter ?? "")'.") }
    }

    func run() throws {
        var missed = 0
        if !json { write(Result.header) }
        for benchmark in benchmarks where isWanted(benchmark) {
            for count in benchmark.counts where size == nil || size == count {
                let result = benchmark.measure(count: count, samples: samples)
                write(json ? result.json : result.row)
                if result.isOver { missed += 1 }
            }
        }
        if asserts, missed > 0 { throw ExitCode.failure }
    }

    /// At once: whoever reads along sees each result when it is there.
    private func write(_ line: String) { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }

    private var benchmarks: [Benchmark] {
        Iteration.benchmarks + Structure.benchmarks + Access.benchmarks + Changes.benchmarks + Parallel.benchmarks
            + Memory.benchmarks + Beside.benchmarks
    }

    private func isWanted(_ benchmark: Benchmark) -> Bool { filter.map { benchmark.name.contains($0) } ?? true }
}
