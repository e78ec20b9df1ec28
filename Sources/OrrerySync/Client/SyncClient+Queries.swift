package import OrreryQuery
package import OrrerySchema
package import OrreryStore
import OrreryTransport
package import OrreryWire

/// The answer to a one-shot query: the entities that match it at one tick, and what it shows of them.
package struct QueryAnswer: Sendable {
    package let revision: Revision
    package let head: AnswerHead
    package var shown: Selection.Shown { head.shown }
    package var cost: QueryCost { head.cost }
    /// The entities that match, with what the query shows of them, and nothing else. Guard: nothing writes to it once
    /// the answer is whole.
    nonisolated(unsafe) package let store: ComponentStore
    /// In the order of the query; `Entity.none` for a resource that matches.
    package let members: [Entity]

    /// Puts the entities in order.
    /// - Parameter store: Has nothing but the answer.
    /// - Complexity: O(n), and O(n log n) with an order.
    init(_ revision: Revision, _ head: AnswerHead, _ store: ComponentStore) {
        (self.revision, self.head, self.store) = (revision, head, store)
        members =
            switch head.shown {
            case .all, .listed: store.sorted(store.entities.rows, by: head.order).compactMap { store.entity(at: $0) }
            case .resource(let resource): store[resource].count > 0 ? [.none] : []
            case .status(let columns):
                store.sorted(columns.reduce(RowSet()) { $0.union(store[$1].rows) }, by: head.order)
                    .map { Entity(statusRow: $0) }
            }
        // What only the order reads is not shown.
        for case let column? in head.order.map(\.column) {
            guard let entry = store.table[column], !head.shown.contains(entry) else { continue }
            store[column].rows.forEach { store[column].remove($0, at: revision.tick) }
        }
    }
}

/// A one-shot query that has no answer yet.
struct AskedQuery {
    let query: OneShotQuery
    /// The life of the world that was shown when it was asked; `nil` if none was.
    let epoch: Epoch?
    /// Whether the answer is not wanted any more: it is received, and thrown away.
    var isCancelled = false
}

/// An answer of which some parts have arrived.
struct ArrivingAnswer {
    let id: QueryID
    let tick: Tick
    let head: AnswerHead
    var applier: BatchApplier
}

extension SyncClient {
    /// Asks a query once. The answer arrives as `answered` or `unanswered`. Without a connection, or if it is lost
    /// before the answer is whole, the query is sent with the next one.
    /// - Throws: ``Refusal`` as ``subscribe(_:)``.
    package mutating func ask(_ query: OneShotQuery) throws(Refusal) -> QueryID {
        let id = QueryID(nextQuery)
        let asked = AskedQuery(query: query, epoch: welcome == nil ? nil : shownEpoch)
        if phase == .ready { try send(id, asked) }
        nextQuery += 1
        askedQueries[id] = asked
        return id
    }

    /// The answer is not wanted any more: none will be reported.
    package mutating func cancelQuery(_ id: QueryID) {
        guard askedQueries[id]?.isCancelled == false else { return }
        if phase == .ready {
            // Its parts may come until the server has ended it.
            askedQueries[id]?.isCancelled = true
            outgoing.append(ClientMessage.cancelQuery(id).encoded())
        } else {
            askedQueries[id] = nil
        }
    }

    /// The one-shot queries without an answer.
    package var waitingQueryCount: Int { askedQueries.values.count { !$0.isCancelled } }

    private mutating func send(_ id: QueryID, _ asked: AskedQuery) throws(Refusal) {
        var query = asked.query
        query.request = try possible(query.request)
        let message = ClientMessage.query(id, query).encoded()
        try check(query.request, of: asked.epoch, messageSize: message.count)
        outgoing.append(message)
    }

    /// The connection is gone.
    mutating func forgetAnswers() {
        arrivingAnswer = nil
        askedQueries = askedQueries.filter { !$0.value.isCancelled }
    }

    /// Sends the queries that have no answer over a new connection.
    mutating func askAgain() -> [ClientEvent] {
        var events: [ClientEvent] = []
        for (id, asked) in askedQueries.sorted(by: { $0.key < $1.key }) {
            do throws(Refusal) {
                try send(id, asked)
            } catch {
                askedQueries[id] = nil
                events.append(.unanswered(id, error))
            }
        }
        return events
    }

    mutating func receive(
        _ response: QueryResponse, to id: QueryID, _ bytes: UnsafeRawBufferPointer
    ) throws(WireError) -> [ClientEvent] {
        guard let asked = askedQueries[id] else {
            throw WireError(.protocolError, "an answer to query \(id), which was not asked")
        }
        switch response {
        case .refused(let refusal, let error):
            askedQueries[id] = nil
            if arrivingAnswer?.id == id { arrivingAnswer = nil }
            return asked.isCancelled ? [] : [.unanswered(id, refusal, error)]
        case .part(let tick, let isLast, let head):
            receivedByteCount += UInt64(bytes.count)
            defer { acknowledge() }
            if let head { try begin(id, tick, head) }
            guard var answer = arrivingAnswer, answer.id == id, answer.tick == tick else {
                throw WireError(.protocolError, "a part of the answer to query \(id), of which the first is missing")
            }
            arrivingAnswer = nil
            // A store that is full is no error of an answer that nobody wants.
            if !asked.isCancelled { try answer.apply(bytes, configuration.limits) }
            guard isLast else {
                arrivingAnswer = answer
                return []
            }
            askedQueries[id] = nil
            return asked.isCancelled ? [] : [.answered(id, try answer.end(epoch: epoch))]
        }
    }

    private mutating func begin(_ id: QueryID, _ tick: Tick, _ head: AnswerHead) throws(WireError) {
        if let other = arrivingAnswer {
            throw WireError(.protocolError, "an answer to query \(id) before the end of that to query \(other.id)")
        }
        let applier = BatchApplier(configuration, knownSchemas: [])
        applier.store.install(table)
        applier.store.advance(to: tick)
        arrivingAnswer = ArrivingAnswer(id: id, tick: tick, head: head, applier: applier)
        serverTick = max(serverTick, tick)
    }
}

extension ArrivingAnswer {
    /// - Throws: ``WireError`` for sections that do not fit, or if the answer takes more than a store may.
    mutating func apply(_ bytes: UnsafeRawBufferPointer, _ limits: WireLimits) throws(WireError) {
        var reader = try AnswerReader(bytes, limits: limits)
        // Its changes are not recorded.
        var batch = AppliedBatch(epoch: Epoch(0), base: .zero, tick: tick)
        while let section = try reader.next(applier.store.table) { try applier.apply(section, to: &batch) }
    }

    func end(epoch: Epoch) throws(WireError) -> QueryAnswer {
        guard applier.store.entities.count == head.entityCount else {
            throw WireError(
                .invalidPayload,
                "an answer of \(head.entityCount) entities has \(applier.store.entities.count)")
        }
        return QueryAnswer(Revision(epoch: epoch, tick: tick), head, applier.store)
    }
}
