import OrreryQuery
import OrrerySchema
import OrreryStore
import OrreryTransport
import OrreryWire

/// A one-shot query that waits: for its tick, for those before it, for room.
struct WaitingQuery {
    let id: QueryID
    let query: Query
    let textSize: Int
    let atLeast: Tick
    let explains: Bool
    /// When it is refused if it still waits.
    let deadline: Duration
}

/// An answer that was made whole and leaves in parts.
struct AnswerTransfer {
    let id: QueryID
    /// The parts that have not left, the next one last.
    var parts: [Frame]

    /// Bytes that they take, as allocated.
    var heldSize: Int { parts.reduce(0) { $0 + Self.heldSize(of: $1) } }

    static func heldSize(of part: Frame) -> Int { part.count + HeldBytes.messageOverhead }
}

/// One-shot queries: each is evaluated in one piece at one tick, and its answer leaves in parts between batches.
extension SyncServer {
    /// Takes a query in, or refuses it at once.
    mutating func ask(_ index: Int, _ id: QueryID, _ asked: OneShotQuery, now: Duration) {
        do throws(QueryRefusal) {
            guard sessions[index].waitingQueries.count < configuration.waitingQueryMax else {
                throw QueryRefusal(
                    .limitReached,
                    "\(configuration.waitingQueryMax) queries of this session wait (waitingQueryMax); ask again later")
            }
            let query = try parse(asked.request, of: index)
            // Whoever has acknowledged nothing does so when a heartbeat comes.
            if !sessions[index].delivery.hasAcknowledged, sessions[index].waitingQueries.isEmpty {
                sendHeartbeat(index, now: now)
            }
            lookOnce(query, now: now)
            sessions[index].waitingQueries.append(
                WaitingQuery(
                    id: id, query: query, textSize: asked.request.text.utf8.count, atLeast: asked.atLeast,
                    explains: asked.explains, deadline: now + configuration.queryWaitMax))
            count(listed: query.listedCount, of: index)
        } catch {
            refuse(index, id, error)
        }
    }

    /// Ends the queries of this number that have no whole answer yet.
    mutating func cancelQueries(_ index: Int, _ id: QueryID) {
        let cancelled = QueryRefusal(.cancelled, "the client cancelled it")
        if sessions[index].answer?.id == id {
            dropAnswer(index)
            refuse(index, id, cancelled)
        }
        refuseWaiting(index, cancelled) { $0.id == id }
    }

    /// Refuses the queries that have waited too long.
    mutating func endWaitingQueries(now: Duration) {
        let tick = store.tick
        let limit = "\(configuration.queryWaitMax) (queryWaitMax)"
        for index in sessions.indices where sessions[index].waitingQueries.contains(where: { $0.deadline <= now }) {
            refuseWaiting(
                index, QueryRefusal(.limitReached, "its tick did not come within \(limit); this is tick \(tick)")
            ) { $0.deadline <= now && $0.atLeast > tick }
            refuseWaiting(
                index, QueryRefusal(.limitReached, "its turn did not come within \(limit); ask again later")
            ) { $0.deadline <= now }
        }
    }

    private mutating func refuseWaiting(
        _ index: Int, _ refusal: QueryRefusal, where isRefused: (WaitingQuery) -> Bool
    ) {
        let refused = sessions[index].waitingQueries.filter(isRefused)
        guard !refused.isEmpty else { return }
        sessions[index].waitingQueries.removeAll(where: isRefused)
        for query in refused {
            count(listed: -query.query.listedCount, of: index)
            refuse(index, query.id, refusal)
        }
    }

    private mutating func refuse(_ index: Int, _ id: QueryID, _ error: QueryRefusal) {
        answer(index, .queryResponse(id, .refused(error.refusal, error.query)))
    }

    /// Forgets the parts of an answer that have not left.
    mutating func dropAnswer(_ index: Int) {
        held.queryAnswerSize -= sessions[index].answer?.heldSize ?? 0
        sessions[index].answer = nil
    }

    /// Sends the next part of an answer to a session, if its window and the budgets allow it. The one after it is sent
    /// when the transport has taken this one.
    mutating func answerQueries(_ index: Int, now: Duration) {
        guard hasTransferBudget, sessions[index].isWindowOpenForAnswers(configuration) else { return }
        while sessions[index].answer == nil { guard beginAnswer(index, now: now) else { return } }
        guard let part = sessions[index].answer?.parts.popLast() else { return }
        held.queryAnswerSize -= AnswerTransfer.heldSize(of: part)
        if sessions[index].answer?.parts.isEmpty ?? true { sessions[index].answer = nil }
        catchUpBudget -= part.count
        buildWork.charge(Self.workOfSending(messageCount: 1, byteCount: part.count))
        sessions[index].delivery.sent(part.count, at: now)
        actions.append(.send(part, to: sessions[index].id))
    }

    /// Evaluates the next query that waits, if its tick has come and there is room.
    /// - Returns: Whether it was answered or refused.
    private mutating func beginAnswer(_ index: Int, now: Duration) -> Bool {
        guard let next = sessions[index].waitingQueries.first, next.atLeast <= store.tick, hasTurn(index),
            held.hasRoomForQueryAnswer(configuration)
        else { return false }
        guard isShown(next.query) else {
            lookOnce(next.query, now: now)
            return false
        }
        sessions[index].waitingQueries.removeFirst()
        count(listed: -next.query.listedCount, of: index)
        do throws(QueryRefusal) {
            let answer = AnswerTransfer(id: next.id, parts: try makeAnswer(to: next, of: index).reversed())
            held.queryAnswerSize += answer.heldSize
            sessions[index].answer = answer
        } catch {
            refuse(index, next.id, error)
        }
        return true
    }

    private mutating func makeAnswer(to asked: WaitingQuery, of index: Int) throws(QueryRefusal) -> [Frame] {
        let query = asked.query
        let store = views[sessions[index].view].store
        let cost = QueryCost(rowCount: query.rowCount(in: store), nodeCount: query.nodeCount)
        var sections = BatchSections(
            partSizeMax: min(SyncServerConfiguration.answerPartSizeMax, configuration.limits.partSizeMax))
        var (entityCount, extent) = (0, Extent(total: 0))
        if !asked.explains {
            let found = try evaluateOnce(query, in: store)
            charge(index, found.work)
            extent = found.extent
            let members = RowSet(found.rows.sorted())
            entityCount = query.rowKind == .entities ? members.count : 0
            try append(members, of: query, in: store, to: &sections)
        }
        let head = AnswerHead(
            entityCount: entityCount, cost: cost, shown: query.selection.shown, order: query.order, extent: extent)
        return sections.messages(answering: asked.id, at: store.tick, head, configuration.limits, in: &frames)
    }

    /// Who matches a query at this tick.
    /// - Returns: The rows of the members, in their order unless they are all who match; and the units of work that it
    ///   was.
    /// - Throws: Before anything is evaluated that would exceed the limit.
    func evaluateOnce(
        _ query: Query, in store: ComponentStore
    ) throws(QueryRefusal) -> (rows: [UInt32], extent: Extent, work: Int) {
        let rowCount = query.rowCount(in: store)
        guard rowCount <= configuration.queryRowCountMax else {
            throw QueryRefusal(
                QueryError(
                    .tooDear, column: 1,
                    expected: "at most \(configuration.queryRowCountMax) rows to look at (queryRowCountMax), "
                        + "not \(rowCount)"))
        }
        if query.rowKind == .entities, let listed = query.selection.entities, !listed.isEmpty,
            !listed.contains(where: store.contains)
        {
            throw QueryRefusal(noneAlive: listed, at: store.tick)
        }
        if let region = query.region, case .entity(let entity) = region.centre, query.centre(in: store) == nil {
            throw QueryRefusal(centreIsNowhere: entity, by: store.table.name(of: region.column), at: store.tick)
        }
        let work = 1 + query.evaluationWork(in: store)
        guard let window = query.window else {
            let members = query.matching(in: store)
            return (members.indexes, Extent(total: members.count), work)
        }
        // Not all who match are put in order.
        var ranking = Ranking(query, window, from: nil, field: nil, rowCountMax: .max, reserveMin: 1)
        _ = ranking.update(among: nil, in: store)
        return (ranking.members.map(\.row), ranking.extent, work + ranking.takeLookedAt() / Query.rowsPerUnit)
    }

    /// Adds entities, and what a query shows of them.
    /// - Throws: Before anything is written that would exceed the limit by more than the encoding of rows.
    private mutating func append(
        _ members: RowSet, of query: Query, in store: ComponentStore, to sections: inout BatchSections
    ) throws(QueryRefusal) {
        try checkAnswerSize(members.count * MemoryLayout<UInt32>.size)
        if query.rowKind == .entities { sections.append(entered: members, spawned: false, of: store) }
        for column in query.sentColumns {
            let rows = members.intersection(store[column].rows)
            buildWork.charge(BatchBuilder.work(ofRows: rows.count))
            try checkAnswerSize(sections.byteCount + store[column].byteCount(of: rows))
            sections.append(rows, inserted: true, of: column, in: store)
        }
        try checkAnswerSize(sections.byteCount)
    }

    private func checkAnswerSize(_ byteCount: Int) throws(QueryRefusal) {
        guard byteCount > configuration.queryAnswerSizeMax else { return }
        throw QueryRefusal(
            QueryError(
                .tooDear, column: 1,
                expected: "an answer of at most \(configuration.queryAnswerSizeMax) bytes (queryAnswerSizeMax)"))
    }
}

extension Column {
    /// Bytes of the values of these rows.
    fileprivate func byteCount(of rows: RowSet) -> Int {
        if let valueSize { return valueSize * rows.count }
        var byteCount = 0
        rows.forEach { byteCount += self.byteCount(of: $0) }
        return byteCount
    }
}
