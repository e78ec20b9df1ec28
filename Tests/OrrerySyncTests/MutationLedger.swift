import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryStore
import OrrerySync
import OrreryTesting
import OrreryWire
import Synchronization

/// Holds what clients were told of their mutations against what the world did.
final class MutationLedger {
    private struct Entry: Sendable {
        let target: Entity
        let world: ObjectIdentifier
        let answer: Answer
    }

    private final class Answer: Sendable {
        let outcome = Mutex<Result<MutationOutcome, ClientError>?>(nil)
        let count = Mutex(0)
    }

    private var world: World?
    private var worlds: [ObjectIdentifier: World] = [:]
    private var entries: [Entry] = []

    func begin(_ world: World) {
        self.world = world
        worlds[ObjectIdentifier(world)] = world
    }

    /// One mutation: removes the tally of an entity made for it. A second effect would be refused as `unknownComponent`, so that an answer
    /// "refused" for one that had its effect shows it.
    func count(by client: JoinedClient) {
        guard let world else { return }
        let target = world.spawn(Tally(effects: 1))
        let column = client.session.withCore { core in
            core.tableSchemas.firstIndex { $0.name == "Tally" }.map(ColumnID.init)
        }
        guard let column else { return }
        let answer = Answer()
        entries.append(Entry(target: target, world: ObjectIdentifier(world), answer: answer))
        client.mutate(.remove(target, column)) { result in
            answer.outcome.withLock { $0 = result }
            answer.count.withLock { $0 += 1 }
        }
    }

    var unansweredCount: Int { entries.count { entry in entry.answer.count.withLock { $0 != 1 } } }

    /// Mutations whose outcome is not what the world shows.
    var wrongEffects: [String] {
        entries.compactMap { entry in
            guard let world = worlds[entry.world] else { return "a world is gone" }
            let hadEffect = !world.has(Tally.self, on: entry.target)
            switch entry.answer.outcome.withLock({ $0 }) {
            case .success(.applied): return hadEffect ? nil : "\(entry.target): applied, without effect"
            case .success(.refused(let refusal)) where refusal.code == .outcomeUnknown: return nil
            case .success(.refused(let refusal)) where refusal.code == .unknownEntity && !world.contains(entry.target):
                // Sent to the life of the world before.
                return nil
            case .success(.refused(let refusal)):
                return hadEffect ? "\(entry.target): refused (\(refusal.code)), with effect" : nil
            case .failure(let error): return "\(entry.target): \(error)"
            case nil: return "\(entry.target): no answer"
            }
        }
    }
}
