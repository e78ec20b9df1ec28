import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryStore
import OrrerySync
import OrreryTesting
import OrreryWire
import Synchronization

/// Promise 6: holds what clients were told of their mutations against what the world did, and against what they showed by then.
final class MutationLedger {
    private enum Wish {
        /// An entity of its own, with a tally that names the mutation: each effect is one more.
        case spawn(Int64)
        /// The tally of an entity made for it goes away. A second effect is refused, so that an answer "refused" for one that had its
        /// effect shows it.
        case removal(Entity)
        /// The tally of an entity made for it becomes the number, which nothing else gives it.
        case writing(Entity, Int64)
        /// An entity made for it ends.
        case ending(Entity)
    }

    private struct Entry {
        let wish: Wish
        let epoch: Epoch
        let answers: Answers
    }

    /// What one mutation was answered.
    private final class Answers: Sendable {
        struct State {
            var outcomes: [Result<MutationOutcome, ClientError>] = []
            var wasEarly = false
        }
        let state = Mutex(State())
    }

    private var worlds: [Epoch: World] = [:]
    private var present = Epoch(0)
    /// Entities with a tally, the oldest first.
    private var targets: [Epoch: [Entity]] = [:]
    private var entries: [Entry] = []

    func begin(_ world: World, _ epoch: Epoch) {
        worlds[epoch] = world
        present = epoch
    }

    /// Makes an entity for a later removal, so that clients may know it by then.
    func makeTarget() {
        guard let world = worlds[present] else { return }
        targets[present, default: []].append(world.spawn(Tally()))
    }

    /// Ways to spawn, then those that need an entity made for them.
    static let kindCount = 8

    /// One mutation.
    /// - Returns: what is wanted, in words; `nil` if there is nothing to want.
    func mutate(_ client: JoinedClient, kind: Int) -> String? {
        let epoch = client.revision.epoch
        guard let column = client.session.withCore({ $0.table["Tally"]?.column }), worlds[epoch] != nil else {
            return nil
        }
        let number = Int64(entries.count + 1)
        let bytes = withUnsafeBytes(of: number.littleEndian) { Array($0) }
        let field = Mutation.FieldValue(path: [0], bytes: bytes)
        let (wish, operation): (Wish, Mutation.Operation)
        switch kind {
        case 0...1: (wish, operation) = (.spawn(number), .spawn([.init(column, bytes)]))
        case 2: (wish, operation) = (.spawn(number), .spawn([.init(column, .fields([field]))]))
        default:
            guard let all = targets[epoch], all.count > 4 else { return nil }
            let target = targets[epoch]!.removeFirst()
            let zero = [UInt8](repeating: 0, count: 8)
            switch kind {
            case 3: (wish, operation) = (.removal(target), .remove(target, column))
            case 4: (wish, operation) = (.writing(target, number), .set(target, .init(column, bytes), expected: zero))
            case 5:
                let patch = Mutation.FieldPatch(path: [0], bytes: bytes, expected: zero)
                (wish, operation) = (.writing(target, number), .patch(target, column, [patch]))
            case 6: (wish, operation) = (.writing(target, number), .insert(target, .init(column, .fields([field]))))
            default: (wish, operation) = (.ending(target), .despawn(target))
            }
        }
        let answers = Answers()
        entries.append(Entry(wish: wish, epoch: epoch, answers: answers))
        let session = client.session
        client.mutate(operation) { result in
            let isEarly = session.withCore { Self.isEarly(result, operation, column, in: $0) }
            answers.state.withLock { state in
                state.outcomes.append(result)
                if isEarly { state.wasEarly = true }
            }
        }
        return "\(wish) (\(entries.count))"
    }

    /// Whether an answer came before what it says could be seen.
    private static func isEarly(
        _ result: Result<MutationOutcome, ClientError>, _ operation: Mutation.Operation, _ column: ColumnID,
        in core: SyncClient
    ) -> Bool {
        guard case .success(.applied(_, let spawned)) = result, !core.isShowingVoidState,
            core.startedSelections.contains(where: { selection in
                guard selection.entities == .all else { return false }
                return switch selection.components {
                case .all: true
                case .some(let columns): columns.contains(column)
                }
            })
        else { return false }
        switch operation {
        case .remove(let target, _): return core.store.contains(target) && core.store[column].contains(target.index)
        case .spawn: return !spawned.contains(where: core.store.contains)
        case .despawn(let target): return core.store.contains(target)
        default: return false
        }
    }

    var unansweredCount: Int { entries.count { $0.answers.state.withLock { $0.outcomes.isEmpty } } }

    /// Mutations whose outcome is not what the world shows, that had more than one effect or more than one answer.
    func violations() -> [String] {
        var spawned: [Epoch: [Int64: Int]] = [:]
        for (epoch, world) in worlds {
            world.query(Read<Tally>.self).forEach { tally in
                if tally.mutation != 0 { spawned[epoch, default: [:]][tally.mutation, default: 0] += 1 }
            }
        }
        return entries.enumerated().compactMap { number, entry in
            guard let world = worlds[entry.epoch] else { return nil }
            let effectCount =
                switch entry.wish {
                case .spawn(let number): spawned[entry.epoch]?[number] ?? 0
                case .removal(let target): world.has(Tally.self, on: target) ? 0 : 1
                case .writing(let target, let number): world[target, Tally.self]?.mutation == number ? 1 : 0
                case .ending(let target): world.contains(target) ? 0 : 1
                }
            return entry.answers.state.withLock { Self.violation(effectCount, $0) }
                .map { "mutation \(number + 1), \(entry.wish) in epoch \(entry.epoch): \($0)" }
        }
    }

    private static func violation(_ effectCount: Int, _ answers: Answers.State) -> String? {
        if effectCount > 1 { return "\(effectCount) effects" }
        if answers.outcomes.count > 1 { return "\(answers.outcomes.count) answers" }
        if answers.wasEarly { return "answered before its tick was there" }
        switch answers.outcomes.first {
        case nil: return nil
        case .success(.applied): return effectCount == 1 ? nil : "applied, without effect"
        case .success(.refused(let refusal)) where refusal.code == .outcomeUnknown: return nil
        case .success(.refused(let refusal)):
            return effectCount == 0 ? nil : "refused (\(refusal.code)), with effect"
        case .failure(let error): return error.code == .outcomeUnknown ? nil : "\(error)"
        }
    }
}
