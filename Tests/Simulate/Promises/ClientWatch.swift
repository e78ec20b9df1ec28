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
    /// Who follows every change.
    private var mirror = ChangeMirror()
    /// Who reads slowly, so that batches are merged and lives of the world dropped.
    private var slowMirror = ChangeMirror()
    private var waiting = WaitingBatches(countMax: 3)
    /// Who follow the changes of one query each.
    private var queryMirrors: [SubscriptionID: QueryMirror] = [:]
    private var lookCount = 0
    /// Of the last look, by which it is known that nothing happened since.
    private var last: (revision: Revision, byteCount: UInt64, started: [SubscriptionID])?
    private var isOver = false
    /// Whether its memory was damaged and has not healed: what it shows means nothing. Who follows its changes is lost
    /// for good, since they lead on from what was damaged.
    var isDamaged = false {
        didSet {
            guard isDamaged != oldValue else { return }
            if isDamaged {
                hasMirrors = false
                queryMirrors = [:]
            }
            last = nil
        }
    }
    private var hasMirrors = true
    /// Whether some batch of it was lost on purpose.
    var mayMissBatches = false

    /// - Parameter history: what the server showed.
    /// - Returns: what is wrong.
    mutating func look(at client: JoinedClient, history: History) -> [String] {
        var violations: [String] = []
        if let end = client.end { violations.append("it is over: \(end)") }
        violations += badErrors(client.takeErrors())
        let batches = client.takeBatches()
        let (previous, now) = (
            last, (client.revision, client.receivedByteCount, client.session.withCore(\.startedSubscriptions))
        )
        last = now
        for batch in batches {
            violations += followRevision(of: batch, history)
            guard hasMirrors else { continue }
            violations += mirror.follow(batch)
            waiting.append(batch)
        }
        if isDamaged { return violations }
        if hasMirrors { violations += readSlowly() }
        for mirror in queryMirrors.values { violations += mirror.takeViolations() }
        // Whoever reads a query that the server ends is told so, and no change.
        queryMirrors = queryMirrors.filter { id, _ in client.session.withCore { $0.isSubscribed(id) } }
        if let previous, batches.isEmpty, previous == now { return violations }
        if let seen, seen != client.revision {
            violations.append("it shows \(client.revision), but the last batch ended at \(seen)")
        }
        let contents = client.contents
        if hasMirrors {
            violations += mirror.difference(from: contents).map { "its changes do not lead there: \($0)" }
        }
        if hasMirrors, waiting.isEmpty {
            violations += slowMirror.difference(from: contents).map { "its merged changes do not lead there: \($0)" }
        }
        // While a new life of the world is on its way, the old one is shown, though nobody asks for it any more.
        guard client.tick > .zero, !client.session.withCore(\.isShowingVoidState) else { return violations }
        guard let server = history[client.revision] else {
            return violations + ["it shows \(client.revision), which the server never showed"]
        }
        return violations
            + client.session.withCore { core in
                let shown = ShownByQueries(core, of: history.store(at: client.revision, core.table))
                return shown.differences(from: core, contents: contents, of: server).map {
                    "at \(client.revision) \($0)"
                }
                    + queryMirrors.flatMap { $0.value.differences(from: core, of: $0.key, shown) }
            }
    }

    /// Follows the changes of one query from now on.
    mutating func follow(_ id: SubscriptionID, of client: JoinedClient) {
        if hasMirrors { queryMirrors[id] = QueryMirror(id, of: client) }
    }

    /// The follower of one query goes on with another one.
    mutating func follow(_ new: SubscriptionID, insteadOf old: SubscriptionID) {
        queryMirrors[new] = queryMirrors.removeValue(forKey: old)
    }

    mutating func endFollowing(_ id: SubscriptionID) { queryMirrors[id] = nil }

    /// Reads one batch now and then, and all that wait once in a while.
    private mutating func readSlowly() -> [String] {
        lookCount += 1
        var violations: [String] = []
        let count = lookCount.isMultiple(of: 16) ? Int.max : lookCount.isMultiple(of: 5) ? 1 : 0
        for _ in 0..<min(count, waiting.batches.count) {
            if let batch = waiting.popFirst() { violations += slowMirror.follow(batch).map { "merged: \($0)" } }
        }
        return violations
    }

    /// What is applied after a client was closed from its side: nothing.
    mutating func lookAfterEnd(of client: JoinedClient) -> [String] {
        let batches = client.takeBatches()
        defer { isOver = true }
        return isOver && !batches.isEmpty ? ["a batch to \(batches[0].tick) after its end"] : []
    }

    /// Every error is that of a lost connection, or of an entity or component of an earlier life. A gap needs a loss.
    private func badErrors(_ errors: [ClientError]) -> [String] {
        errors.filter { error in
            switch error.code {
            case .connectionLost where error.message.contains("left something out"): !mayMissBatches
            case .stateDiffers: hasMirrors
            case .connectionLost, .cannotConnect, .serverStopped, .unknownEntity, .query: false
            default: true
            }
        }.map { "it was told: \($0)" }
    }

    /// Batches follow one another; where one does not, it says so.
    private mutating func followRevision(of batch: AppliedBatch, _ history: History) -> [String] {
        var violations: [String] = []
        if let seen {
            if batch.reset == nil {
                if batch.epoch != seen.epoch { violations.append("another life without a word: \(batch.epoch)") }
                if batch.base != seen.tick {
                    violations.append("a batch begins at \(batch.base), the one before ended at \(seen)")
                }
                if batch.tick < seen.tick { violations.append("from \(seen) back to \(batch.tick)") }
            } else if batch.base != .zero || batch.epoch == seen.epoch && batch.reset != .otherClass
                || history.life(of: batch.epoch).rawValue < history.life(of: seen.epoch).rawValue
            {
                // Epochs of a joined world ascend.
                violations.append("a reset from \(seen) to \(batch.epoch), base \(batch.base)")
            }
        }
        seen = Revision(epoch: batch.epoch, tick: batch.tick)
        return violations
    }
}
