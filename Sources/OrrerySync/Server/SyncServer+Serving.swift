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

    /// Sends the tick to all sessions at the previous tick, beginning with those whose batch costs least per session.
    /// Sessions beyond the budget fall behind, and are served in turn.
    mutating func sendTick(now: Duration) {
        let previous = advancedTick
        advancedTick = store.tick
        while recipients.count < groups.count { recipients.append([]) }
        var expectedWork = 0
        for index in sessions.indices where sessions[index].isLive {
            guard let group = sessions[index].group, sessions[index].isWindowOpen(configuration) else {
                // A session that has asked for nothing has everything.
                if sessions[index].group != nil { sessions[index].progress = .behind(cursor: previous) }
                continue
            }
            if recipients[group].isEmpty {
                touchedGroups.append(group)
                expectedWork += groups[group].work
            }
            expectedWork += Self.sendWork
            recipients[group].append(index)
        }
        // A part of the budget is for sessions that are behind.
        let isSomeoneBehind = sessions.contains { $0.isBehind }
        let reserve = isSomeoneBehind ? buildWork.perPeriod / 2 : 0
        // The order matters only if there is too much work.
        if expectedWork > buildWork.left - reserve {
            touchedGroups.sort {
                (groups[$0].work * recipients[$1].count, $0) < (groups[$1].work * recipients[$0].count, $1)
            }
        }
        for group in touchedGroups {
            if buildWork.left <= reserve {
                for index in recipients[group] { sessions[index].progress = .behind(cursor: previous) }
            } else {
                sendTick(to: group, after: previous, now: now)
            }
            recipients[group].removeAll(keepingCapacity: true)
        }
        touchedGroups.removeAll(keepingCapacity: true)
    }

    private mutating func sendTick(to group: Int, after previous: Tick, now: Duration) {
        let sections = builder.sections(of: [PendingChanges(coverage: groups[group].coverage, cursor: previous)])
        let work = builder.takeWork()
        buildWork.charge(work)
        groups[group].work = work
        guard !sections.isEmpty else { return }
        let messages = sections.messages(tick: store.tick, base: groups[group].lastBatchTick, in: &frames)
        send(messages, to: recipients[group], reaching: store.tick, now: now)
        groups[group].lastBatchTick = store.tick
    }

    /// Computes and sends the changes for sessions that are behind, in turn, each once per period.
    mutating func serveThoseBehind(now: Duration) {
        guard !sessions.isEmpty else { return }
        nextServed %= sessions.count
        for step in 0..<sessions.count {
            guard hasServingBudget else { break }
            let index = (nextServed + step) % sessions.count
            guard case .behind = sessions[index].progress else { continue }
            serve(index, now: now)
            if !hasServingBudget { nextServed = index + 1 }
        }
    }

    private var hasServingBudget: Bool {
        catchUpBudget > 0 && !buildWork.isUsedUp && held.hasRoomForBatches(configuration)
    }

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
        let (pending, wanted) = workOut(index, cursor: cursor)
        let started = sessions[index].waiting.map(\.id)
        // A client that has not shown that it reads is sent nothing large, whatever it claims to have.
        let isUnproven = !sessions[index].hasAcknowledged
        let size = pending.reduce(0) {
            $1.cursor == .zero || isUnproven ? max($0, estimatedSize(of: $1.coverage)) : $0
        }
        let isLarge =
            size > configuration.wholeSizeMax || isUnproven && size > SyncServerConfiguration.unprovenSizeMax
        if isLarge {
            let transfer = StateTransfer(pending: pending, start: store.tick, coverage: wanted, started: started)
            continueTransfer(transfer, of: index, cursor: cursor, now: now)
        } else {
            finish(index, pending: pending, coverage: wanted, started: started, firstPart: 0, now: now)
        }
    }

    /// The changes that a session was not sent yet, and the cells that it will be kept up to date on.
    private mutating func workOut(_ index: Int, cursor: Tick) -> (pending: [PendingChanges], coverage: Coverage) {
        let session = sessions[index]
        let known = session.coverage ?? session.coverage(in: store.table) { !session.isWaiting($0) }
        var pending = [PendingChanges(coverage: known, cursor: cursor)]
        var wanted = known
        // First the cells that the client has up to a tick, then those that it knows nothing of.
        for start in Set(session.waiting.map(\.cursor)).sorted(by: >) {
            let asked = session.coverage(in: store.table) { id in
                !session.waiting.contains { $0.id == id && $0.cursor < start }
            }
            pending.append(PendingChanges(coverage: asked.subtracting(wanted), cursor: start))
            wanted = asked
        }
        // Each step looks up all listed entities twice: in a table, and in the order of the result.
        let count = pending.count - 1 + (session.coverage == nil ? 1 : 0)
        buildWork.charge(session.subscriptions.count + wanted.singles.count + 2 * count * session.listedCount)
        pending.removeAll { $0.coverage.isEmpty }
        return (pending, wanted)
    }

    /// Sends all pending changes as the end of a batch; after that, the session is live.
    private mutating func finish(
        _ index: Int, pending: [PendingChanges], coverage: Coverage, started: [SubscriptionID], firstPart: Int,
        now: Duration
    ) {
        var sections = BatchSections(partSizeMax: configuration.limits.partSizeMax)
        sections.append(started: started)
        sections.append(contentsOf: builder.sections(of: pending))
        buildWork.charge(builder.takeWork())
        let base = sessions[index].lastSentTick
        sessions[index].progress = .live
        sessions[index].waiting.removeAll { started.contains($0.id) }
        if !sections.isEmpty || firstPart > 0 {
            catchUpBudget -= sections.byteCount
            send(
                sections.messages(tick: store.tick, base: base, firstPart: firstPart, in: &frames), to: [index],
                reaching: store.tick, now: now)
        }
        join(index, coverage)
        if !sessions[index].waiting.isEmpty { sessions[index].progress = .behind(cursor: store.tick) }
        sendAnswers(index)
    }

    /// Sends the next pages of a first state that is too large for one tick. Changes made meanwhile follow in one piece
    /// at the end, so that the client never sees a state that did not exist.
    private mutating func continueTransfer(_ transfer: StateTransfer, of index: Int, cursor: Tick, now: Duration) {
        var transfer = transfer
        let pageCount = store.pageCount
        if transfer.partCount == 0, !sessions[index].hasAcknowledged {
            // An empty part: a client that acknowledges it is reading.
            let messages = BatchSections(partSizeMax: configuration.limits.partSizeMax).messages(
                tick: store.tick, base: sessions[index].lastSentTick, isWhole: false, in: &frames)
            transfer.partCount = messages.count
            send(messages, to: [index], reaching: sessions[index].lastSentTick, now: now)
        }
        while transfer.nextPage < pageCount {
            guard hasServingBudget, sessions[index].isWindowOpen(configuration) else {
                sessions[index].progress = .behind(cursor: cursor, transfer)
                return
            }
            let sections = builder.sections(of: transfer.pending, pages: transfer.nextPage..<transfer.nextPage + 1)
            buildWork.charge(builder.takeWork())
            transfer.nextPage += 1
            guard !sections.isEmpty else { continue }
            catchUpBudget -= sections.byteCount
            let messages = sections.messages(
                tick: store.tick, base: sessions[index].lastSentTick, firstPart: transfer.partCount, isWhole: false,
                in: &frames)
            transfer.partCount += messages.count
            send(messages, to: [index], reaching: sessions[index].lastSentTick, now: now)
        }
        let rest = transfer.pending.map { PendingChanges(coverage: $0.coverage, cursor: transfer.start) }
        finish(
            index, pending: rest, coverage: transfer.coverage, started: transfer.started, firstPart: transfer.partCount,
            now: now)
    }

    private func estimatedSize(of coverage: Coverage) -> Int {
        let whole = coverage.columns.reduce(0) { $0 + store[$1].valuesByteCount + store[$1].count }
        return coverage.singles.reduce(whole) { size, single in
            single.columns.reduce(size + 5) { $0 + store[$1].byteCount(of: single.entity.index) + 1 }
        }
    }

    private mutating func send(_ messages: [Frame], to indexes: [Int], reaching tick: Tick, now: Duration) {
        let byteCount = messages.reduce(0) { $0 + $1.count }
        buildWork.charge(indexes.count * (Self.sendWork * messages.count + byteCount / Self.bytesPerUnit))
        for index in indexes { sessions[index].sent(byteCount, reaching: tick, at: now) }
        let names = indexes.map { sessions[$0].id }
        for message in messages { actions.append(.send(message, to: names)) }
    }

    /// Adds a session to those that are kept up to date on these cells.
    mutating func join(_ index: Int, _ coverage: Coverage) {
        sessions[index].coverage = coverage
        // The session was behind, and has asked for nothing new.
        if let group = sessions[index].group, groups[group].coverage == coverage { return }
        leaveGroup(index)
        guard !coverage.isEmpty else { return }
        sessions[index].group = groups.join(coverage, at: sessions[index].lastSentTick)
    }

    mutating func leaveGroup(_ index: Int) {
        guard let group = sessions[index].group else { return }
        groups.leave(group)
        sessions[index].group = nil
    }
}
