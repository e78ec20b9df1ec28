import OrrerySchema
import OrreryStore
import OrreryTransport
import OrreryWire

/// Sends the world: each tick to live sessions, and missed changes to sessions that are behind.
extension SyncServer {
    /// Units of work to send a message to a session, besides its bytes.
    private static let sendWork = 32
    /// Bytes to a session that take one unit of work to send.
    private static let bytesPerUnit = 512

    /// The work to send messages to one session.
    static func workOfSending(messageCount: Int, byteCount: Int) -> Int {
        sendWork * messageCount + byteCount / bytesPerUnit
    }

    /// Sends the tick to all sessions at the previous tick, beginning with those whose batch costs least per session.
    /// Sessions beyond the budget fall behind, and are served in turn.
    mutating func sendTick(now: Duration) {
        let previous = advancedTick
        advancedTick = store.tick
        for view in views.indices where !views[view].isVacant {
            if view > 0 { views[view].follow(store, personalRows, after: previous) }
            views[view].advance(after: previous)
        }
        var expectedWork = 0
        for index in sessions.indices where sessions[index].isLive {
            // A session for which nothing changed has everything.
            guard let place = sessions[index].place, views[place.view].sets[place.set].changedTick == store.tick else {
                continue
            }
            guard sessions[index].isWindowOpen(configuration) else {
                sessions[index].progress = .behind(cursor: previous)
                continue
            }
            if views[place.view].recipients[place.set].isEmpty {
                touchedSets.append(place)
                expectedWork += views[place.view].sets[place.set].work
            }
            expectedWork += Self.sendWork
            views[place.view].recipients[place.set].append(index)
        }
        // A part of the budget is for sessions that are behind.
        // By position: an element that is handed to a closure would be copied.
        let isSomeoneBehind = sessions.indices.contains { sessions[$0].isBehind }
        let reserve = isSomeoneBehind ? buildWork.perPeriod / 2 : 0
        // The order matters only if there is too much work.
        if expectedWork > buildWork.left - reserve { sortTouchedSets() }
        for place in touchedSets {
            if buildWork.left <= reserve {
                for index in views[place.view].recipients[place.set] {
                    sessions[index].progress = .behind(cursor: previous)
                }
            } else {
                sendTick(to: place, after: previous, now: now)
            }
            views[place.view].recipients[place.set].removeAll(keepingCapacity: true)
        }
        touchedSets.removeAll(keepingCapacity: true)
    }

    private mutating func sortTouchedSets() {
        let costs = touchedSets.map { place in
            (place, work: views[place.view].sets[place.set].work, views[place.view].recipients[place.set].count)
        }
        touchedSets = costs.sorted { left, right in
            (left.1 * right.2, left.0) < (right.1 * left.2, right.0)
        }.map(\.0)
    }

    private mutating func sendTick(to place: SetPlace, after previous: Tick, now: Duration) {
        let (view, set) = (place.view, place.set)
        let pending = PendingChanges(
            cells: views[view].sets[set].cells, queries: views[view].sets[set].memberQueries, cursor: previous)
        defer { batch.removeAll() }
        views[view].appendSections(of: [pending], to: &batch)
        let work = views[view].builder.takeWork()
        buildWork.charge(work)
        views[view].sets[set].work = work
        guard !batch.isEmpty else { return }
        let byteCount = batch.byteCount
        var asks = false
        for index in views[view].recipients[set] where !asks {
            asks = sessions[index].delivery.needsAcknowledgement(
                of: byteCount, reaching: store.tick, configuration, now: now)
        }
        let messages = batch.messages(
            tick: store.tick, base: views[view].sets[set].lastBatchTick, asksToAcknowledge: asks, in: &frames)
        send(messages, to: views[view].recipients[set], reaching: store.tick, asksToAcknowledge: asks, now: now)
        views[view].sets[set].lastBatchTick = store.tick
    }

    /// Computes and sends the changes for sessions that are behind, in turn, each once per period.
    mutating func serveThoseBehind(now: Duration) {
        guard !sessions.isEmpty else { return }
        nextServed %= sessions.count
        for step in 0..<sessions.count {
            guard hasServingBudget else { break }
            let index = (nextServed + step) % sessions.count
            if sessions[index].isBehind { serve(index, now: now) }
            answerQueries(index, now: now)
            answerHash(index, now: now)
            if !hasServingBudget { nextServed = index + 1 }
        }
    }

    private var hasServingBudget: Bool { hasTransferBudget && held.hasRoomForBatches(configuration) }

    /// Whether there is budget to send what was made before.
    var hasTransferBudget: Bool { catchUpBudget > 0 && !buildWork.isUsedUp }

    /// Serves a session for which something has changed, unless it was served in this period; then it waits for the
    /// next.
    mutating func serveOnce(_ index: Int, now: Duration) {
        guard hasServingBudget else { return }
        // Continuing a transfer is little work; a new batch must be computed first.
        let goesOn = if case .behind(_, .some) = sessions[index].progress { true } else { false }
        guard goesOn || sessions[index].servedPeriod != period else { return }
        serve(index, now: now)
    }

    /// Sends the missing changes to a session that is behind, if its window is open and the budgets allow it.
    private mutating func serve(_ index: Int, now: Duration) {
        guard sessions[index].isWindowOpen(configuration) else { return }
        guard case .behind(let cursor, let transfer) = sessions[index].progress else { return }
        sessions[index].servedPeriod = period
        // A transfer continues with its original subscriptions; later ones wait for the next.
        if let transfer {
            continueTransfer(transfer, of: index, cursor: cursor, now: now)
            return
        }
        guard let waiting = readyToStart(index) else { return }
        let pending = workOut(index, waiting, cursor: cursor)
        let started = waiting.map(\.id)
        // A client that has not shown that it reads is sent nothing large, whatever it claims to have.
        let isUnproven = !sessions[index].delivery.hasAcknowledged
        let size = pending.reduce(0) {
            $1.cursor == .zero || isUnproven ? max($0, views[sessions[index].view].estimatedSize(of: $1)) : $0
        }
        let isLarge =
            size > configuration.wholeSizeMax || isUnproven && size > SyncServerConfiguration.unprovenSizeMax
        if isLarge {
            // What a client may have unacknowledged comes in one piece once it has shown that it reads.
            let isOnePiece = size <= min(configuration.wholeSizeMax, Int(sessions[index].delivery.window.size))
            let transfer = StateTransfer(
                pending: pending, start: store.tick, started: started, isOnePiece: isOnePiece)
            continueTransfer(transfer, of: index, cursor: cursor, now: now)
        } else {
            finish(index, pending: pending, started: started, firstPart: 0, now: now)
        }
    }

    /// The subscriptions whose first state can be sent: the members are known, and what the server shows of itself is
    /// there. As many at once as a batch may say have started: first those that go on, which are first in their order.
    /// - Returns: `nil` if the session has to wait: one of them goes on after a lost connection, so that its client
    ///   must be told of it with the next whole tick.
    private func readyToStart(_ index: Int) -> [(id: SubscriptionID, cursor: Tick)]? {
        let session = sessions[index]
        var ready: [(id: SubscriptionID, cursor: Tick)] = []
        for waiting in session.waiting where ready.count < configuration.limits.subscriptionCountMax {
            let slot = session.subscriptions.first { $0.id == waiting.id }?.query
            let entry = slot.map { views[session.view].queries[$0] }
            if entry.map({ $0.isFinished && isShown($0.query) }) ?? true {
                ready.append(waiting)
            } else if waiting.cursor > .zero {
                return nil
            }
        }
        return ready
    }

    /// The changes that a session was not sent yet.
    /// - Parameter waiting: The subscriptions whose first state is sent.
    private mutating func workOut(
        _ index: Int, _ waiting: [(id: SubscriptionID, cursor: Tick)], cursor: Tick
    ) -> [PendingChanges] {
        let session = sessions[index]
        var pending: [PendingChanges] = []
        let view = session.view
        if let set = session.set {
            let set = views[view].sets[set]
            pending.append(PendingChanges(cells: set.cells, queries: set.memberQueries, cursor: cursor))
        }
        let started = session.startedQueries
        // First what the client has up to a tick, then what it knows nothing of.
        for start in Set(waiting.map(\.cursor)).sorted(by: >) {
            let asked = session.queries { id in waiting.contains { $0.id == id && $0.cursor == start } }
                .filter { !started.contains($0) }
            buildWork.charge(asked.count)
            let cells = CellCounts(asked.map { views[view].queries[$0].cells }).cells
            // What the client has of members who are none any more is told by what begins.
            let heldSince = pending.lazy.filter { !$0.queries.isEmpty }.map(\.heldSince).min() ?? .zero
            let first = PendingChanges(
                cells: pending.reduce(cells) { $0.subtracting($1.cells) },
                queries: asked.filter { views[view].queries[$0].membership != nil }, cursor: start,
                heldSince: start > .zero ? start : heldSince)
            pending.append(first.without(pending))
        }
        let restarting = session.queries(session.restarting.contains)
        let restart = beginAnew(restarting, in: &pending, of: view)
        return (restart.isEmpty ? [] : [restart]) + pending.filter { !$0.isEmpty }
    }

    /// The first states of queries that begin anew: those that the client asks for, and those of which nobody knows who
    /// left them after its cursor, which are taken out of its other changes. Complete, whatever else the batch brings:
    /// the client drops what is not in them. The values come first, since the client may lack cells that others change.
    private func beginAnew(
        _ restarting: [QueryTable.Slot], in pending: inout [PendingChanges], of view: Int
    ) -> PendingChanges {
        let queries = views[view].queries
        var slots = restarting
        for position in pending.indices where pending[position].cursor > .zero {
            let cursor = pending[position].cursor
            let unknown = pending[position].queries.filter { !queries[$0].isKnown(since: cursor) }
            pending[position].queries.removeAll(where: unknown.contains)
            slots += unknown.filter { !slots.contains($0) }
        }
        return PendingChanges(
            cells: CellCounts(slots.map { queries[$0].cells }).cells,
            queries: slots.filter { queries[$0].membership != nil }, cursor: .zero, restarted: slots)
    }

    /// The first state of these subscriptions was sent: their queries are sent with the session's others from now on.
    /// Those whose places they take have ended with the same batch.
    /// - Parameter restarted: Queries that have begun anew.
    private mutating func begin(_ index: Int, _ started: [SubscriptionID], restarted: [QueryTable.Slot]) {
        let subscriptions = sessions[index].subscriptions
        sessions[index].restarting.removeAll { id in
            subscriptions.contains { $0.id == id && restarted.contains($0.query) }
        }
        let known = sessions[index].startedQueries
        sessions[index].waiting.removeAll { started.contains($0.id) }
        sessions[index].set = views[sessions[index].view].move(
            from: sessions[index].set, adding: sessions[index].startedQueries.filter { !known.contains($0) },
            at: sessions[index].delivery.lastSentTick)
        for old in subscriptions.lazy.filter({ started.contains($0.id) }).compactMap(\.replaces) {
            _ = unsubscribe(index, old)
        }
    }

    /// Sends all pending changes as the end of a batch; after that, the session is live.
    private mutating func finish(
        _ index: Int, pending: [PendingChanges], started: [SubscriptionID], firstPart: Int, now: Duration
    ) {
        defer { batch.removeAll() }
        let view = sessions[index].view
        if firstPart == 0 { views[view].appendRestarts(of: pending, to: &batch) }
        batch.append(started: started)
        views[view].appendSections(of: pending, to: &batch)
        buildWork.charge(views[view].builder.takeWork())
        let base = sessions[index].delivery.lastSentTick
        sessions[index].progress = .live
        if !batch.isEmpty || firstPart > 0 {
            catchUpBudget -= batch.byteCount
            send(
                batch.messages(tick: store.tick, base: base, firstPart: firstPart, in: &frames), to: [index],
                reaching: store.tick, now: now)
        }
        begin(index, started, restarted: pending.flatMap(\.restarted))
        if !sessions[index].waiting.isEmpty || !sessions[index].restarting.isEmpty {
            sessions[index].progress = .behind(cursor: store.tick)
        }
        sendAnswers(index)
    }

    /// Sends the next pages of a first state that is too large for one tick. Changes made meanwhile follow in one piece
    /// at the end, so that the client never sees a state that did not exist.
    private mutating func continueTransfer(_ transfer: StateTransfer, of index: Int, cursor: Tick, now: Duration) {
        var transfer = transfer
        let view = sessions[index].view
        let pageCount = views[view].store.pageCount
        if transfer.partCount == 0 {
            defer { batch.removeAll() }
            views[view].appendRestarts(of: transfer.pending, to: &batch)
            // To a newcomer even an empty part: a client that acknowledges it is reading.
            if !batch.isEmpty || !sessions[index].delivery.hasAcknowledged {
                let messages = batch.messages(
                    tick: store.tick, base: sessions[index].delivery.lastSentTick, isWhole: false, in: &frames)
                transfer.partCount = messages.count
                send(messages, to: [index], reaching: sessions[index].delivery.lastSentTick, now: now)
            }
        }
        if transfer.isOnePiece {
            finishInOnePiece(transfer, of: index, cursor: cursor, now: now)
            return
        }
        while transfer.nextPage < pageCount {
            guard hasServingBudget, sessions[index].isWindowOpen(configuration) else {
                sessions[index].progress = .behind(cursor: cursor, transfer)
                return
            }
            defer { batch.removeAll() }
            views[view].appendSections(
                of: transfer.pending, pages: transfer.nextPage..<transfer.nextPage + 1, to: &batch)
            buildWork.charge(views[view].builder.takeWork())
            transfer.nextPage += 1
            guard !batch.isEmpty else { continue }
            catchUpBudget -= batch.byteCount
            let messages = batch.messages(
                tick: store.tick, base: sessions[index].delivery.lastSentTick, firstPart: transfer.partCount,
                isWhole: false,
                in: &frames)
            transfer.partCount += messages.count
            send(messages, to: [index], reaching: sessions[index].delivery.lastSentTick, now: now)
        }
        // Who left since the beginning may have been forgotten: then there is no end of this state, but a new one.
        guard views[view].knows(transfer.pending, since: transfer.start) else {
            sessions[index].progress = .behind(cursor: cursor)
            return
        }
        let rest = transfer.pending.map {
            var part = $0
            part.cursor = transfer.start
            if part.heldSince == .zero { part.heldSince = transfer.start }
            return part
        }
        finish(
            index, pending: rest, started: transfer.started, firstPart: transfer.partCount, now: now)
    }

    /// Sends all of a state of which nothing but an empty part was sent, with what changed meanwhile: each cell once.
    private mutating func finishInOnePiece(_ transfer: StateTransfer, of index: Int, cursor: Tick, now: Duration) {
        guard hasServingBudget, sessions[index].isWindowOpen(configuration) else {
            sessions[index].progress = .behind(cursor: cursor, transfer)
            return
        }
        let view = sessions[index].view
        guard transfer.pending.allSatisfy({ $0.cursor == .zero || views[view].knows([$0], since: $0.cursor) }) else {
            // Who left since the beginning was forgotten meanwhile.
            sessions[index].progress = .behind(cursor: cursor)
            return
        }
        finish(
            index, pending: transfer.pending, started: transfer.started, firstPart: transfer.partCount, now: now)
    }

    private mutating func send(
        _ messages: [Frame], to indexes: [Int], reaching tick: Tick, asksToAcknowledge: Bool = true, now: Duration
    ) {
        let byteCount = messages.reduce(0) { $0 + $1.count }
        buildWork.charge(
            indexes.count * Self.workOfSending(messageCount: messages.count, byteCount: byteCount))
        for index in indexes {
            sessions[index].delivery.sent(byteCount, reaching: tick, asksToAcknowledge: asksToAcknowledge, at: now)
        }
        if indexes.count == 1 {
            for message in messages { actions.append(.send(message, to: sessions[indexes[0]].id)) }
            return
        }
        let names = indexes.map { sessions[$0].id }
        for message in messages { actions.append(.broadcast(message, to: names)) }
    }
}
