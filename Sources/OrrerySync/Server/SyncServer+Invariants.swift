import OrrerySchema
import OrreryStore
import OrreryWire

/// The invariants between two steps, checked by assertions in debug builds only.
extension SyncServer {
    /// Traps if an invariant does not hold, and names it.
    /// - Complexity: O(sessions + queries + what they list).
    func checkInvariants() -> Bool {
        assert(advancedTick <= store.tick, "no tick is sent before the store stands at it")
        assert(
            views.allSatisfy { $0.recipients.allSatisfy(\.isEmpty) } && touchedSets.isEmpty,
            "who is sent a tick is known while it is sent")
        assert(answeredSessions.isEmpty && readyAnswers.isEmpty, "answers leave in the step in which they come")
        assert(zip(sessionIDs, sessionIDs.dropFirst()).allSatisfy(<), "sessions are sorted by their names")
        assert(sessions.map(\.id) == sessionIDs, "sessions are found by their names")
        assert(listedCount == sessions.reduce(0) { $0 + $1.listedCount }, "entities that sessions list are counted")
        assert(held.byteCount == sessions.reduce(0) { $0 + $1.held.byteCount }, "bytes that wait are counted")
        assert(
            held.queryAnswerSize == sessions.reduce(0) { $0 + ($1.answer?.heldSize ?? 0) },
            "answers that wait are counted")
        for session in sessions {
            session.checkInvariants(storeTick: store.tick)
            let (sets, queries) = (views[session.view].sets, views[session.view].queries)
            assert(
                session.listedCount == session.subscriptions.reduce(0) { $0 + queries[$1.query].query.listedCount }
                    + session.waitingQueries.reduce(0) { $0 + $1.query.listedCount },
                "\(session.id) counts the entities that it lists")
            assert(
                session.set.map { sets[$0].queries } ?? [] == session.startedQueries.sorted(),
                "\(session.id) is in the set of its queries")
            assert(
                !session.isLive || session.set.map { sets[$0].lastBatchTick <= session.delivery.lastSentTick } ?? true,
                "\(session.id), sent tick \(session.delivery.lastSentTick), can take the next batch of its set: "
                    + "\(session.set.map { "\(sets[$0].lastBatchTick) of \(sets[$0].queries)" } ?? "none")")
        }
        for (position, view) in views.enumerated() {
            view.checkInvariants(sessions.filter { $0.view == position }, evaluatedAt: advancedTick)
        }
        clients.checkInvariants()
        return true
    }
}

extension WorldView {
    fileprivate func checkInvariants(_ sessions: [Session], evaluatedAt tick: Tick) {
        var sessionCounts = Array(repeating: 0, count: sets.endPosition)
        for session in sessions { session.set.map { sessionCounts[$0] += 1 } }
        sets.checkInvariants(sessionCounts: sessionCounts, tick: store.tick, queries)
        queries.checkInvariants(
            held: sessions.flatMap { $0.subscriptions.map(\.query) }, sets: sets.used, evaluatedAt: tick, in: store)
    }
}

extension Session {
    fileprivate func checkInvariants(storeTick: Tick) {
        assert(delivery.lastSentTick <= storeTick, "\(id) was sent a tick that has not come")
        assert(delivery.acknowledgedTick <= delivery.lastSentTick, "\(id) has acknowledged what it was not sent")
        assert(
            delivery.acknowledgedByteCount <= delivery.sentByteCount,
            "\(id) has acknowledged more bytes than it was sent")
        assert(
            phase == .ready || subscriptions.isEmpty && waitingQueries.isEmpty,
            "\(id) asks for something before its Hello")
        assert(
            waiting.allSatisfy { waiting in subscriptions.contains { $0.id == waiting.id } },
            "\(id) waits for a subscription that it does not have")
        assert(
            restarting.allSatisfy { id in
                subscriptions.contains { $0.id == id } && !waiting.contains { $0.id == id && $0.cursor == .zero }
            } && (restarting.isEmpty || !isLive), "\(id) restarts what it has, and is not live before")
        assert(
            Set(hashRequests).count == hashRequests.count
                && hashRequests.allSatisfy { id in subscriptions.contains { $0.id == id } },
            "\(id) waits once for each hash of what it has")
        let replaced = subscriptions.compactMap(\.replaces)
        assert(
            Set(replaced).count == replaced.count
                && replaced.allSatisfy { id in subscriptions.contains { $0.id == id } },
            "\(id) replaces each of what it has once")
        if case .behind(let cursor, let transfer) = progress {
            assert(cursor <= storeTick, "\(id) has a cursor that has not come")
            assert((transfer?.start ?? .zero) <= storeTick, "\(id) has a transfer that begins later")
        }
    }
}
