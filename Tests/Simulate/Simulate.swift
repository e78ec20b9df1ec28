import ArgumentParser
import Dispatch
import Foundation
import Synchronization

/// Runs the random scripts of many seeds, or one of them step by step.
@main
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract:
            "Run server and clients over a network with faults, by chance, and check every promise after every step.",
        discussion: "A seed gives its run again, on every machine. Exit status 1 if a promise was broken.")

    @Option(help: ArgumentHelp("How many seeds.", valueName: "count"))
    var seeds: UInt64 = 2000

    @Option(help: ArgumentHelp("The first of them.", valueName: "seed"))
    var from: UInt64 = 0

    @Option(help: ArgumentHelp("Run this one alone, and print all that happens in it.", valueName: "seed"))
    var seed: UInt64?

    @Option(
        help: ArgumentHelp(
            "Seeds that run at the same time; as many as there are processors unless stated.", valueName: "count"))
    var jobs = ProcessInfo.processInfo.activeProcessorCount

    func validate() throws {
        guard (1...10_000_000).contains(seeds) else { throw ValidationError("--seeds must be 1 to 10000000.") }
        guard from <= .max - seeds else { throw ValidationError("--from is too high.") }
        guard (1...1024).contains(jobs) else { throw ValidationError("--jobs must be 1 to 1024.") }
    }

    func run() throws {
        if let seed { return try replay(seed) }
        let start = ContinuousClock.now
        let violations = runAll()
        for violation in violations {
            print(violation)
            print("replay: Scripts/simulate --seed \(violation.seed)")
        }
        let elapsed = (ContinuousClock.now - start) / .seconds(1)
        let range = "seeds \(from) to \(from + seeds - 1)"
        print(
            violations.isEmpty
                ? "\(range): every promise was kept, \(String(format: "%.1f", elapsed)) s"
                : "\(range): promises were broken by \(violations.count)")
        if !violations.isEmpty { throw ExitCode.failure }
    }

    private func replay(_ seed: UInt64) throws {
        let outcome = try Simulation.run(seed: seed, isTraced: true)
        for line in outcome.trace { print(line) }
        guard let violation = try outcome.violation ?? Simulation.runTwins(seed: seed) else {
            return print("seed \(seed): every promise was kept")
        }
        print(violation)
        throw ExitCode.failure
    }

    /// - Returns: what went wrong, ascending by seed.
    private func runAll() -> [Simulation.Violation] {
        let violations = Mutex<[Simulation.Violation]>([])
        let next = Atomic<UInt64>(from)
        let end = from + seeds
        DispatchQueue.concurrentPerform(iterations: jobs) { _ in
            while case let seed = next.wrappingAdd(1, ordering: .relaxed).oldValue, seed < end {
                do {
                    let violation = try Simulation.run(seed: seed).violation ?? Simulation.runTwins(seed: seed)
                    guard let violation else { continue }
                    violations.withLock { $0.append(violation) }
                } catch {
                    violations.withLock { $0.append(.init(seed: seed, step: nil, message: "\(error)")) }
                }
            }
        }
        return violations.withLock { $0.sorted { $0.seed < $1.seed } }
    }
}
