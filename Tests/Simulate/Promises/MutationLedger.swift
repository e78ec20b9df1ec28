import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryStore
import OrrerySync
import OrreryTesting
import OrreryWire
import Synchronization

/// Promise 6: holds what clients were told of their mutations against what the world did, and against what they showed
/// by then.
final class MutationLedger {
    /// What one mutation is to bring about, in a way that nothing else does, so that its effects can be counted.
    enum Wish {
        /// An entity of its own, with a tally that names the mutation: each effect is one more.
        case spawn(Tally)
        /// An entity of its own, without anything: the answer names it.
        case bareSpawn
        /// The tally of an entity made for it goes away. A second effect is refused, so that an answer "refused" for
        /// one that had its effect shows it.
        case removal(Entity)
        /// The tally of an entity made for it becomes this, which nothing else gives it.
        case writing(Entity, Tally)
        /// An entity made for it ends.
        case ending(Entity)
        /// The tally of an entity made for it must not become this: the world is to say so with this code.
        case refusal(Entity, Tally, RefusalCode)
        /// The tally of an entity names the mutation, if it named the one before it: one client's mutations keep their
        /// order.
        case link(Entity, number: Int64, after: Int?)
        /// The log names the mutation, until something else is written: its rule counts how often it was.
        case logging(Int64)
    }

    /// Counts what the rule of a resource has let clients write: the values pass, the counts stay.
    final class Writes: Sendable {
        private let counts = Mutex<[Int64: Int]>([:])

        func note(_ mutation: Int64) { counts.withLock { $0[mutation, default: 0] += 1 } }

        subscript(mutation: Int64) -> Int { counts.withLock { $0[mutation] ?? 0 } }
    }

    struct Entry {
        let wish: Wish
        let epoch: Epoch
        let answers: Answers
    }

    /// What one mutation was answered.
    final class Answers: Sendable {
        struct State {
            var outcomes: [Result<MutationOutcome, ClientError>] = []
            var wasEarly = false
        }
        let state = Mutex(State())

        /// The only answer.
        var outcome: Result<MutationOutcome, ClientError>? { state.withLock { $0.outcomes.first } }
    }

    private(set) var worlds: [Epoch: World] = [:]
    private var present = Epoch(0)
    /// Entities with a tally, the oldest first.
    var targets: [Epoch: [Entity]] = [:]
    /// Entities without one.
    var bareTargets: [Epoch: [Entity]] = [:]
    private(set) var entries: [Entry] = []
    private let writes: Writes
    /// Whether the server never refuses one for want of room, which may be sent again after those that followed it.
    private let hasRoomForAll: Bool

    /// Knows the lives of the world by the epochs that clients are told.
    let history: History

    init(hasRoomForAll: Bool, _ writes: Writes, _ history: History) {
        self.history = history
        self.hasRoomForAll = hasRoomForAll
        self.writes = writes
    }

    func begin(_ world: World, _ epoch: Epoch) {
        worlds[epoch] = world
        present = epoch
    }

    /// What is written by whoever makes the target.
    static let targetTally = Tally(mutation: 0, weight: 5)

    /// Makes an entity for a later mutation, so that clients may know it by then.
    func makeTarget() {
        guard let world = worlds[present] else { return }
        targets[present, default: []].append(world.spawn(Self.targetTally))
        if targets[present]!.count.isMultiple(of: 4) { bareTargets[present, default: []].append(world.spawn()) }
    }

    /// Takes a mutation down, and hands it to the client.
    /// - Returns: what is wanted, in words.
    func enter(_ wish: Wish, _ operation: Mutation.Operation, _ client: JoinedClient, _ column: ColumnID) -> String {
        let answers = Answers()
        entries.append(Entry(wish: wish, epoch: history.life(of: client.revision.epoch), answers: answers))
        let session = client.session
        client.mutate(operation) { result in
            let isEarly = session.withCore { Self.isEarly(result, wish, column, in: $0) }
            answers.state.withLock { state in
                state.outcomes.append(result)
                if isEarly { state.wasEarly = true }
            }
        }
        return "\(wish) (\(entries.count))"
    }

    /// Whether an answer came before what it says could be seen.
    private static func isEarly(
        _ result: Result<MutationOutcome, ClientError>, _ wish: Wish, _ column: ColumnID, in core: SyncClient
    ) -> Bool {
        guard case .success(.applied(_, let spawned)) = result, !core.isShowingVoidState,
            let entry = core.store.table[column],
            core.startedSubscriptions.contains(where: { id in
                core.granted(id).map { !$0.tellsMembers && $0.shows(entry) } ?? false
            })
        else { return false }
        func mutation(of entity: Entity) -> Int64? {
            guard core.store.contains(entity) else { return nil }
            return core.store[column].withValue(of: entity.index) { $0.loadUnaligned(as: Int64.self) }
        }
        switch wish {
        case .removal(let target): return mutation(of: target) != nil
        case .spawn(let tally): return spawned.map { mutation(of: $0) } != [tally.mutation]
        case .ending(let target): return core.store.contains(target)
        case .writing(let target, let tally): return mutation(of: target) != tally.mutation
        // Others of the chain may have come after it; their numbers are higher.
        case .link(let target, let number, _): return mutation(of: target).map { $0 < number } ?? true
        // An entity of which there is nothing to show may be shown all the same.
        case .bareSpawn, .refusal, .logging: return false
        }
    }

    var unansweredCount: Int { entries.count { $0.answers.outcome == nil } }

    /// Mutations whose outcome is not what the world shows, that had more than one effect or more than one answer.
    func violations() -> [String] {
        var spawned: [Epoch: [Int64: [Tally]]] = [:]
        for (epoch, world) in worlds {
            world.query(Read<Tally>.self).forEach { tally in
                if tally.mutation != 0 { spawned[epoch, default: [:]][tally.mutation, default: []].append(tally) }
            }
        }
        return entries.enumerated().compactMap { number, entry in
            guard let world = worlds[entry.epoch] else { return nil }
            let written =
                switch entry.wish {
                case .spawn(let tally): spawned[entry.epoch]?[tally.mutation] ?? []
                case .writing(let target, _), .refusal(let target, _, _):
                    world[target, Tally.self].map { [$0] } ?? []
                default: [Tally]()
                }
            return (Self.violation(entry, written) ?? violation(entry, world, written))
                .map { "mutation \(number + 1), \(entry.wish) in epoch \(entry.epoch): \($0)" }
        }
    }

    /// What was written is what was asked for, or nothing.
    private static func violation(_ entry: Entry, _ written: [Tally]) -> String? {
        switch entry.wish {
        case .spawn(let tally), .writing(_, let tally), .refusal(_, let tally, _):
            written.first { $0.mutation == tally.mutation && $0 != tally }.map { "wrote \($0)" }
        default: nil
        }
    }

    private func violation(_ entry: Entry, _ world: World, _ written: [Tally]) -> String? {
        let answers = entry.answers.state.withLock { $0 }
        if answers.outcomes.count > 1 { return "\(answers.outcomes.count) answers" }
        if answers.wasEarly { return "answered before its tick was there" }
        let effectCount =
            switch entry.wish {
            case .spawn: written.count
            case .removal(let target): world.has(Tally.self, on: target) ? 0 : 1
            case .writing(_, let tally), .refusal(_, let tally, _): written.contains(tally) ? 1 : 0
            case .ending(let target): world.contains(target) ? 0 : 1
            case .bareSpawn: Self.spawned(answers).count { world.contains($0) }
            case .link: Self.isApplied(answers.outcomes.first) ? 1 : 0
            case .logging(let mutation): writes[mutation]
            }
        if case .refusal(_, _, let code) = entry.wish {
            return effectCount > 0 ? "had its effect" : Self.violation(answers, expecting: code)
        }
        if case .link(_, _, let previous) = entry.wish, Self.isCompareFailed(answers.outcomes.first) {
            guard let previous else { return "refused, though nothing came before it" }
            if hasRoomForAll, Self.isApplied(entries[previous].answers.outcome) { return "overtook the one before it" }
        }
        return Self.violation(effectCount, answers)
    }

    private static func violation(_ effectCount: Int, _ answers: Answers.State) -> String? {
        if effectCount > 1 { return "\(effectCount) effects" }
        switch answers.outcomes.first {
        case nil: return nil
        case .success(.applied): return effectCount == 1 ? nil : "applied, without effect"
        case .success(.refused(let refusal)) where refusal.code == .outcomeUnknown: return nil
        case .success(.refused(let refusal)):
            return effectCount == 0 ? nil : "refused (\(refusal.code)), with effect"
        case .failure(let error):
            // More at once than the server takes are refused at the client.
            let isKnown = error.code == .outcomeUnknown || error.code == .limitReached && effectCount == 0
            return isKnown ? nil : "\(error)"
        }
    }

    private static func violation(_ answers: Answers.State, expecting code: RefusalCode) -> String? {
        guard case .success(let outcome)? = answers.outcomes.first else { return nil }
        if case .refused(let refusal) = outcome, [code, .outcomeUnknown, .limitReached].contains(refusal.code) {
            return nil
        }
        return "\(outcome), not \(code)"
    }

    private static func spawned(_ answers: Answers.State) -> [Entity] {
        guard case .success(.applied(_, let entities))? = answers.outcomes.first else { return [] }
        return entities
    }

    private static func isApplied(_ outcome: Result<MutationOutcome, ClientError>?) -> Bool {
        if case .success(.applied)? = outcome { true } else { false }
    }

    private static func isCompareFailed(_ outcome: Result<MutationOutcome, ClientError>?) -> Bool {
        if case .success(.refused(let refusal))? = outcome { refusal.code == .compareFailed } else { false }
    }
}
