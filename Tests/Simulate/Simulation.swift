import OrreryClient
import OrreryTesting

/// Runs the script of one seed, and holds every step of it against the promises.
package struct Simulation {
    /// A promise that was not kept.
    package struct Violation: Error, Hashable, Sendable, CustomStringConvertible {
        package let seed: UInt64
        /// `nil` for what is still missing at the end.
        package let step: Int?
        package let message: String

        package var description: String {
            "seed \(seed), \(step.map { "step \($0)" } ?? "at the end"): \(message)"
        }
    }

    /// What became of a seed.
    package struct Outcome: Hashable, Sendable {
        /// The first, with which the run ends.
        package var violation: Violation?
        /// What was done and shown, line by line; empty unless asked for.
        package var trace: [String]
    }

    /// Steps in which things happen; then everything is mended.
    package static let stepCount = 50

    /// Two worlds that differ only in what no client may see: all bytes that clients are sent are the same.
    package static func runTwins(seed: UInt64) throws -> Violation? {
        let twins = try [1, 2].map { try RandomScript(seed: seed, secret: seed << 8 | $0) }
        for step in 1...stepCount {
            for twin in twins { try twin.step() }
            let hashes = twins.map { $0.participants.map(\.client.messageHash) }
            for (number, (left, right)) in zip(hashes[0], hashes[1]).enumerated() where left != right {
                return Violation(
                    seed: seed, step: step, message: "client \(number) is sent what tells two secrets apart")
            }
            if hashes[0].count != hashes[1].count {
                return Violation(
                    seed: seed, step: step, message: "clients differ: \(hashes[0].count), \(hashes[1].count)")
            }
        }
        return nil
    }

    package static func run(seed: UInt64, isTraced: Bool = false) throws -> Outcome {
        let script = try RandomScript(seed: seed, isTraced: isTraced)
        var violation: Violation?
        for step in 1...stepCount {
            script.note("step \(step)")
            try script.step()
            violation = script.look().first.map { Violation(seed: seed, step: step, message: $0) }
            if violation != nil { break }
        }
        if violation == nil {
            // First what is wrong: it is why something is missing.
            let missing = script.settle()
            violation = (script.look() + missing).first.map { Violation(seed: seed, step: nil, message: $0) }
        }
        return Outcome(violation: violation, trace: script.trace)
    }
}

extension JoinedClient {
    /// Whether its first connection was lost before it was welcomed. Then it does not try again, as its application
    /// might have named the wrong server.
    fileprivate var hasNeverArrived: Bool {
        switch end?.code {
        case .cannotConnect, .connectionLost, .serverStopped: session.withCore(\.welcome) == nil
        default: false
        }
    }
}

extension RandomScript {
    /// What is wrong now.
    func look() -> [String] {
        var violations: [String] = []
        history.rememberClasses(of: joined)
        for participant in participants {
            let client = participant.client
            if client.hasNeverArrived { participant.isClosed = true }
            if participant.isClosed {
                violations += participant.watch.lookAfterEnd(of: client).map { "client \(participant.number): \($0)" }
                continue
            }
            participant.watch.isDamaged = participant.hashes.isDamaged
            followReplacements(participant)
            violations += participant.watch.look(at: client, history: history).map {
                "client \(participant.number): \($0)"
            }
            violations += participant.hashes.takeViolations().map { "client \(participant.number): \($0)" }
            violations += participant.answers.takeViolations(history).map { "client \(participant.number): \($0)" }
            note(
                "client \(participant.number) at \(client.revision), \(client.receivedByteCount) bytes, "
                    + "\(client.contents.digest)"
            )
        }
        for state in joined.sessionStates { note("\(state)") }
        return violations + ledger.violations() + bounds.look(at: self)
    }
}
