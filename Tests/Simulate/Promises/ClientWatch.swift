import OrreryClient
import OrrerySchema
import OrreryStore
import OrrerySync
import OrreryTesting
import OrreryWire

/// Promises 1 to 5, of one client: what it shows and is told, held against what the server showed.
struct ClientWatch {
    /// The end of the last batch.
    private var seen: Revision?
    /// What somebody has who follows the list of changes.
    private var followed: [Entity: [String: [UInt8]]] = [:]
    /// Of the last look, by which it is known that nothing happened since.
    private var last: (revision: Revision, byteCount: UInt64, started: [SubscriptionID])?
    private var isOver = false

    /// - Parameter history: what the server showed.
    /// - Returns: what is wrong.
    mutating func look(at client: JoinedClient, history: [Revision: Contents]) -> [String] {
        var violations: [String] = []
        if let end = client.end { violations.append("it is over: \(end)") }
        violations += Self.badErrors(client.takeErrors())
        let batches = client.takeBatches()
        let started = client.session.withCore(\.startedSubscriptions)
        let (previous, now) = (last, (client.revision, client.receivedByteCount, started))
        last = now
        // What leaves with a subscription is in no list.
        let isListed = Set((previous?.started ?? []) + batches.flatMap(\.started)).isSubset(of: started)
        for batch in batches {
            violations += followRevision(of: batch)
            let changeViolations = batch.changes.flatMap { follow($0, of: batch) }
            if isListed { violations += changeViolations }
        }
        if let previous, batches.isEmpty, previous == now { return violations }
        if let seen, seen != client.revision {
            violations.append("it shows \(client.revision), but the last batch ended at \(seen)")
        }
        let contents = client.contents
        if isListed {
            violations += difference(contents, from: followed).map { "its changes do not lead there: \($0)" }
        }
        followed = contents.entities
        // While a new life of the world is on its way, the old one is shown, though nobody asks for it any more.
        guard client.tick > .zero, !client.session.withCore(\.isShowingVoidState) else { return violations }
        guard let server = history[client.revision] else {
            return violations + ["it shows \(client.revision), which the server never showed"]
        }
        let expected = client.session.withCore { core in
            Self.visible(server, to: core.startedSelections, names: core.store.schemas.map(\.name))
        }
        if let difference = contents.difference(from: expected) {
            violations.append("at \(client.revision) it shows (left) what the server did not (right): \(difference)")
        }
        return violations
    }

    /// What is applied after a client was closed from its side: nothing.
    mutating func lookAfterEnd(of client: JoinedClient) -> [String] {
        let batches = client.takeBatches()
        defer { isOver = true }
        return isOver && !batches.isEmpty ? ["a batch to \(batches[0].tick) after its end"] : []
    }

    /// Every error is that of a lost connection, or of an entity of an earlier life.
    private static func badErrors(_ errors: [ClientError]) -> [String] {
        errors.filter { error in
            switch error.code {
            case .connectionLost, .cannotConnect, .serverStopped, .unknownEntity: false
            default: true
            }
        }.map { "it was told: \($0)" }
    }

    /// Batches follow one another; where one does not, it says so.
    private mutating func followRevision(of batch: AppliedBatch) -> [String] {
        var violations: [String] = []
        if let seen {
            if batch.reset == nil {
                if batch.epoch != seen.epoch { violations.append("another life without a word: \(batch.epoch)") }
                if batch.base != seen.tick {
                    violations.append("a batch begins at \(batch.base), the one before ended at \(seen)")
                }
                if batch.tick < seen.tick { violations.append("from \(seen) back to \(batch.tick)") }
            } else if batch.epoch.rawValue <= seen.epoch.rawValue || batch.base != .zero {
                // Epochs of a joined world ascend.
                violations.append("a reset from \(seen) to \(batch.epoch), base \(batch.base)")
            }
        }
        seen = Revision(epoch: batch.epoch, tick: batch.tick)
        return violations
    }

    /// Each change goes on from what there was.
    private mutating func follow(_ change: AppliedBatch.Change, of batch: AppliedBatch) -> [String] {
        let entity = change.entity
        let name = change.column.map { batch.schemas[$0.rawValue].name } ?? ""
        let before = followed[entity]?[name]
        var isRight = true
        switch change.kind {
        case .spawn, .enter:
            isRight = followed[entity]?.isEmpty ?? true
            followed[entity] = [:]
        case .set:
            isRight = batch.oldValue(of: change).map(Array.init) == before
            followed[entity, default: [:]][name] = batch.newValue(of: change).map(Array.init)
        case .remove:
            isRight = before != nil
            followed[entity]?[name] = nil
        case .despawn: followed[entity] = nil
        }
        return isRight
            ? [] : ["\(change.kind) of \(entity) \(name) in the batch to \(batch.tick) does not go on from before"]
    }

    /// Of values alone: entities without any may leave without a word.
    private func difference(_ contents: Contents, from followed: [Entity: [String: [UInt8]]]) -> [String] {
        let shown = contents.entities.filter { !$0.value.isEmpty }
        guard shown != followed.filter({ !$0.value.isEmpty }) else { return [] }
        let different = Set(shown.keys).union(followed.keys).filter { shown[$0] ?? [:] != followed[$0] ?? [:] }
        return different.min().map { ["\($0) is \(followed[$0] ?? [:]), not \(shown[$0] ?? [:])"] } ?? []
    }

    /// What somebody with these subscriptions sees of a world.
    static func visible(_ contents: Contents, to selections: [Selection], names: [String]) -> Contents {
        contents.filtered { entity, name in
            selections.contains { selection in
                let isAsked =
                    switch selection.entities {
                    case .all: true
                    case .one(let one): one == entity
                    }
                guard isAsked else { return false }
                guard let name else { return selection.components == .all || selection.entities != .all }
                return switch selection.components {
                case .all: true
                case .some(let columns): columns.contains { names[$0.rawValue] == name }
                }
            }
        }
    }
}
