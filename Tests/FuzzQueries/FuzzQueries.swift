import ArgumentParser
import Dispatch
import Foundation
import Synchronization

/// Runs the texts of many seeds through the language of queries, or those of one seed.
@main
struct FuzzQueries: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fuzz-queries",
        abstract: "Give the language of queries texts by chance: right ones, broken ones, and bytes that are no text.",
        discussion: """
            A right text must have the answer of a naive evaluation, and the text that it prints must be the same \
            query; any other must have an error that lies inside it. A seed gives its texts again, on every machine; \
            it is told too if the program traps or hangs. Exit status 1 if something was found.
            """)

    @Option(help: ArgumentHelp("How many seeds.", valueName: "count"))
    var seeds: UInt64 = 2000

    @Option(help: ArgumentHelp("The first of them.", valueName: "seed"))
    var from: UInt64 = 0

    @Option(help: ArgumentHelp("Run this one alone, and print its texts.", valueName: "seed"))
    var seed: UInt64?

    @Option(
        help: ArgumentHelp(
            "Seeds that run at the same time; as many as there are processors unless stated.", valueName: "count"))
    var jobs = ProcessInfo.processInfo.activeProcessorCount

    @Option(help: ArgumentHelp("The golden cases, whose texts are broken.", valueName: "folder"))
    var golden = "Tests/OrreryQueryTests/Golden"

    func validate() throws {
        guard (1...10_000_000).contains(seeds) else { throw ValidationError("--seeds must be 1 to 10000000.") }
        guard from <= .max - seeds else { throw ValidationError("--from is too high.") }
        guard (1...1024).contains(jobs) else { throw ValidationError("--jobs must be 1 to 1024.") }
    }

    func run() throws {
        let corpus = try Corpus(folder: URL(filePath: golden))
        let watch = RunningSeeds.watch()
        defer { watch.cancel() }
        let (first, count) = seed.map { ($0, 1) } ?? (from, seeds)
        let start = ContinuousClock.now
        let finds = runAll(first..<first + count, corpus)
        for find in finds {
            print(find)
            print("replay: Scripts/fuzz queries --seed \(find.seed)")
        }
        let elapsed = String(format: "%.1f", (ContinuousClock.now - start) / .seconds(1))
        let found = finds.isEmpty ? "nothing" : "\(finds.count)"
        print("seeds \(first) to \(first + count - 1): \(found) found, \(elapsed) s")
        if !finds.isEmpty { throw ExitCode.failure }
    }

    /// - Returns: what was found, ascending by seed.
    private func runAll(_ seeds: Range<UInt64>, _ corpus: Corpus) -> [Find] {
        let finds = Mutex<[Find]>([])
        let next = Atomic<UInt64>(seeds.lowerBound)
        let isTraced = seed != nil
        DispatchQueue.concurrentPerform(iterations: jobs) { _ in
            while case let seed = next.wrappingAdd(1, ordering: .relaxed).oldValue, seed < seeds.upperBound {
                RunningSeeds.began(seed)
                var fuzzing = QueryFuzzing(seed: seed, corpus, isTraced: isTraced)
                if let find = fuzzing.run() { finds.withLock { $0.append(find) } }
                RunningSeeds.ended(seed)
            }
        }
        return finds.withLock { $0.sorted { $0.seed < $1.seed } }
    }
}
