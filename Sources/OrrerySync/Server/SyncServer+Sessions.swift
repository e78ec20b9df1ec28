import OrreryQuery
import OrrerySchema
import OrreryStore
import OrreryTransport
import OrreryWire

extension SyncServer {
    /// A connection was made.
    /// - Parameter admission: Whose it is, and what it may do: all unless stated.
    /// - Precondition: `id` is greater than every ID used before.
    package mutating func open(_ id: SessionID, _ admission: Admission = .init(rights: .all), now: Duration) {
        precondition((sessions.last?.id).map { $0 < id } ?? true, "sessions are named in ascending order")
        sessions.append(Session(id: id, admission, openedAt: now, configuration))
        sessionIDs.append(id)
        settleReading(sessions.count - 1, now: now)
    }

    /// A connection is gone. Does nothing for a session that the server closed.
    /// - Parameter isFinal: Whether the client closed it, and does not come back.
    package mutating func closed(_ id: SessionID, isFinal: Bool = false, now: Duration) {
        guard let index = position(of: id) else { return }
        let view = sessions[index].view
        leaveView(index, now: now)
        if let set = sessions[index].set { views[view].leave(set) }
        for subscription in sessions[index].subscriptions {
            views[view].queries.release(subscription.query, lostAt: isFinal ? nil : now)
        }
        listedCount -= sessions[index].listedCount
        dropAnswer(index)
        held.byteCount -= sessions[index].held.byteCount
        held.answerSize -= sessions[index].held.answerTotal
        clients.left(sessions[index].client, id, isFinal: isFinal, at: now)
        sessions.remove(at: index)
        sessionIDs.remove(at: index)
    }

    /// Handles a message. An error in it closes only that session.
    package mutating func receive(_ bytes: UnsafeRawBufferPointer, from id: SessionID, now: Duration) {
        guard let index = position(of: id) else { return }
        sessions[index].delivery.lastHeardAt = now
        let (isNewcomer, left) = (sessions[index].phase == .awaitingHello, newcomerWork.left)
        charge(index, Self.work(messageSize: bytes.count))
        do throws(WireError) {
            try handle(ClientMessage(decoding: bytes, limits: configuration.limits), from: index, now: now)
        } catch {
            fail(id, error, now: now)
        }
        if isNewcomer { expectedHelloWork = max(1, (3 * expectedHelloWork + left - newcomerWork.left) / 4) }
        // The session may be gone, or others before it.
        if let index = position(of: id) { settleReading(index, now: now) }
    }

    private mutating func handle(_ message: ClientMessage, from index: Int, now: Duration) throws(WireError) {
        switch (sessions[index].phase, message) {
        case (.awaitingHello, .hello(let hello)): try welcome(sessions[index].id, hello, now: now)
        case (.ready, .subscribe(let id, let request)):
            sessions[index].reading.requests.charge(now: now)
            answer(index, .subscribeResponse(id, subscribe(index, id, request)))
            serveOnce(index, now: now)
        case (.ready, .replace(let old, let id, let request)):
            sessions[index].reading.requests.charge(now: now)
            answer(index, .subscribeResponse(id, subscribe(index, id, request, replacing: old)))
            serveOnce(index, now: now)
        case (.ready, .unsubscribe(let id)):
            sessions[index].reading.requests.charge(now: now)
            answer(index, .unsubscribeResponse(id, unsubscribe(index, id)))
        case (.ready, .acknowledge(let tick, let byteCount)):
            try acknowledge(index, tick, byteCount, now: now)
            serveOnce(index, now: now)
            answerQueries(index, now: now)
        case (.ready, .mutate(let mutation)):
            mutate(index, mutation.sequence, mutation.epoch, .success(mutation.operation), now: now)
        case (.ready, .query(let id, let query)):
            sessions[index].reading.requests.charge(now: now)
            ask(index, id, query, now: now)
            answerQueries(index, now: now)
        case (.ready, .cancelQuery(let id)):
            sessions[index].reading.requests.charge(now: now)
            cancelQueries(index, id)
            answerQueries(index, now: now)
        case (.ready, .verify(let id)):
            sessions[index].reading.requests.charge(now: now)
            verify(index, id)
        case (.ready, .restart(let id)):
            sessions[index].reading.requests.charge(now: now)
            restart(index, id)
            serveOnce(index, now: now)
        case (.ready, .refused(.verify(let id), let refusal)):
            sessions[index].reading.requests.charge(now: now)
            answer(index, .verifyResponse(id, .refused(refusal)))
        case (.ready, .refused(.query(let id), let refusal)):
            sessions[index].reading.requests.charge(now: now)
            answer(index, .queryResponse(id, .refused(refusal)))
        case (.ready, .refused(.subscribe(let id), let refusal)):
            sessions[index].reading.requests.charge(now: now)
            answer(index, .subscribeResponse(id, .refused(refusal)))
        case (.ready, .refused(.unsubscribe(let id), let refusal)):
            sessions[index].reading.requests.charge(now: now)
            answer(index, .unsubscribeResponse(id, refusal))
        case (.ready, .refused(.mutate(let sequence, let epoch), let refusal)):
            mutate(index, sequence, epoch, .failure(refusal), now: now)
        case (.awaitingHello, _): throw WireError(.protocolError, "the first message must be Hello")
        case (.ready, .hello): throw WireError(.protocolError, "a second Hello")
        case (.awaitingRows, _): throw WireError(.protocolError, "more than a Hello before Welcome")
        }
    }

    private mutating func subscribe(
        _ index: Int, _ id: SubscriptionID, _ request: QueryRequest, replacing old: SubscriptionID? = nil
    ) -> SubscribeOutcome {
        do throws(QueryRefusal) {
            let query = try check(index, id, request, replacing: old)
            return .granted(accept(index, .init(id, request), query, since: .zero, replacing: old))
        } catch {
            return .refused(error.refusal, error.query)
        }
    }

    /// - Parameter old: The subscription whose place it takes, and whose room it gets.
    mutating func check(
        _ index: Int, _ id: SubscriptionID, _ request: QueryRequest, isResumed: Bool = false,
        replacing old: SubscriptionID? = nil
    ) throws(QueryRefusal) -> Query {
        let session = sessions[index]
        let (store, queries) = (views[session.view].store, views[session.view].queries)
        guard !session.subscriptions.contains(where: { $0.id == id }) else {
            throw QueryRefusal(.badSubscription, "subscription \(id) is in use; choose another number")
        }
        let replaced = try old.map { old throws(QueryRefusal) in try replaceable(old, of: session) }
        guard
            session.subscriptions.count(where: { $0.replaces == nil }) - (replaced == nil ? 0 : 1)
                < configuration.limits.subscriptionCountMax
        else {
            throw QueryRefusal(
                .limitReached,
                "a session has at most \(configuration.limits.subscriptionCountMax) subscriptions; unsubscribe one")
        }
        let query = try parse(request, of: index, replacing: replaced)
        let kept = session.subscriptions.filter { $0.id != replaced?.id }
        guard
            query.isPlain || queries.contains(query) || memberQueryCount < configuration.memberQueryCountMax
                || kept.count(where: { queries[$0.query].membership != nil }) < configuration.memberQueryGrant
        else {
            throw QueryRefusal(
                .limitReached,
                "the sessions of this server have \(memberQueryCount) different queries, of at most "
                    + "\(configuration.memberQueryCountMax); unsubscribe some, or ask for what others ask for")
        }
        if !isResumed, query.rowKind == .entities, let entities = request.entities, !entities.isEmpty,
            !entities.contains(where: store.contains)
        {
            throw QueryRefusal(noneAlive: entities, at: store.tick)
        }
        return query
    }

    /// A subscription whose place another one may take.
    private func replaceable(
        _ id: SubscriptionID, of session: Session
    ) throws(QueryRefusal) -> Session.Subscription {
        guard let old = session.subscriptions.first(where: { $0.id == id }) else {
            throw QueryRefusal(.badSubscription, "there is no subscription \(id) to replace")
        }
        if let next = session.subscriptions.first(where: { $0.replaces == id || $0.id == id && $0.replaces != nil }) {
            throw QueryRefusal(
                .badSubscription, "subscription \(next.id) takes the place of another; wait until it has started")
        }
        return old
    }

    /// Parses a query, and checks that a session may have it beside its others.
    mutating func parse(
        _ request: QueryRequest, of index: Int, replacing old: Session.Subscription? = nil
    ) throws(QueryRefusal) -> Query {
        guard sessions[index].admission.rights.contains(.observe) else {
            throw QueryRefusal(.forbidden, "this client may not observe: the server did not give it that right")
        }
        let textSize = sessions[index].textSize - (old?.textSize ?? 0) + request.text.utf8.count
        guard textSize <= configuration.queryTextSizeMax else {
            throw QueryRefusal(
                .limitReached,
                "the queries of a session have at most \(configuration.queryTextSizeMax) bytes of text; unsubscribe "
                    + "some")
        }
        let view = sessions[index].view
        let query: Query
        do throws(QueryError) {
            query = try texts.query(request, in: views[view].store.table, of: views[view].epoch)
        } catch {
            throw QueryRefusal(error)
        }
        let listed = query.listedCount
        let kept = sessions[index].listedCount - (old.map { views[view].queries[$0.query].query.listedCount } ?? 0)
        guard kept + listed <= configuration.listedEntityCountMax else {
            throw QueryRefusal(
                .limitReached,
                "a session lists at most \(configuration.listedEntityCountMax) entities; unsubscribe some")
        }
        guard listed == 0 || listedCount + listed <= configuration.listedEntityCountTotalMax else {
            throw QueryRefusal(.limitReached, "there is no room for what so many sessions list; try again later")
        }
        return query
    }

    /// - Parameter tick: The tick up to which the client has what the query shows.
    mutating func accept(
        _ index: Int, _ subscription: Hello.Resume.Subscription, _ query: Query, since tick: Tick,
        replacing old: SubscriptionID? = nil
    ) -> GrantedQuery {
        let view = sessions[index].view
        let isNew = !views[view].queries.contains(query)
        // Those that come back after a lost connection are many, and their queries are evaluated together.
        let replaced = sessions[index].subscriptions.first { $0.id == old }?.query
        let slot = views[view].queries.hold(
            query, of: views[view].store, waits: tick > .zero, replacing: replaced)
        // An evaluation is work that its client has caused; one in parts has a budget of its own.
        let entry = views[view].queries[slot]
        if isNew, entry.isFinished { charge(index, entry.evaluationWork(in: views[view].store)) }
        sessions[index].subscriptions.append(
            Session.Subscription(
                id: subscription.id, query: slot, textSize: subscription.query.text.utf8.count, replaces: old))
        count(listed: query.listedCount, of: index)
        sessions[index].waiting.append((subscription.id, tick))
        if sessions[index].isLive { sessions[index].progress = .behind(cursor: store.tick) }
        return views[view].queries[slot].granted
    }

    mutating func count(listed count: Int, of index: Int) {
        sessions[index].listedCount += count
        listedCount += count
    }

    /// - Returns: Why it cannot be ended; `nil` if it was.
    mutating func unsubscribe(_ index: Int, _ id: SubscriptionID) -> Refusal? {
        guard let position = sessions[index].subscriptions.firstIndex(where: { $0.id == id }) else {
            return Refusal(.badSubscription, "there is no subscription \(id)")
        }
        let ended = sessions[index].subscriptions.remove(at: position)
        for other in sessions[index].subscriptions.indices where sessions[index].subscriptions[other].replaces == id {
            sessions[index].subscriptions[other].replaces = nil
        }
        endHashRequest(index, id)
        sessions[index].restarting.removeAll { $0 == id }
        let view = sessions[index].view
        count(listed: -views[view].queries[ended.query].query.listedCount, of: index)
        if sessions[index].waiting.contains(where: { $0.id == id }) {
            sessions[index].waiting.removeAll { $0.id == id }
        } else if !sessions[index].startedQueries.contains(ended.query) {
            buildWork.charge(1)
            sessions[index].set = views[view].move(
                from: sessions[index].set, removing: [ended.query], at: sessions[index].delivery.lastSentTick)
        }
        views[view].queries.release(ended.query)
        // A transfer that asked for more begins anew; its next message, part 0, drops what the client staged of it.
        if case .behind(let cursor, _?) = sessions[index].progress {
            sessions[index].progress = .behind(cursor: cursor)
        }
        return nil
    }

    private mutating func acknowledge(
        _ index: Int, _ tick: Tick, _ byteCount: UInt64, now: Duration
    ) throws(WireError) {
        guard sessions[index].delivery.acknowledged(tick, byteCount, at: now) else {
            let known = sessions[index].delivery
            throw WireError(
                .protocolError,
                "acknowledged tick \(tick) and \(byteCount) bytes, after \(known.acknowledgedTick) and "
                    + "\(known.acknowledgedByteCount) of \(known.lastSentTick) and \(known.sentByteCount) sent")
        }
        // A window that has become smaller must not wait for what nobody was asked.
        if sessions[index].isClosedUnasked(configuration) { sendHeartbeat(index, now: now) }
    }

    /// Sends an answer. It is not a batch: the time to the next heartbeat runs on.
    mutating func answer(_ index: Int, _ message: ServerMessage) {
        let frame = message.frame(configuration.limits, in: &frames)
        let size = frame.count + HeldBytes.messageOverhead
        held.answerSize += size
        sessions[index].held.answerSize += size
        actions.append(.send(frame, to: sessions[index].id))
    }

    mutating func fail(_ id: SessionID, _ error: WireError, now: Duration) {
        actions.append(.close(id, error))
        closed(id, now: now)
    }

    func position(of id: SessionID) -> Int? {
        let position = sessionIDs.partitionIndex { $0 >= id }
        return position < sessionIDs.count && sessionIDs[position] == id ? position : nil
    }
}

/// Why a query is not granted or answered.
struct QueryRefusal: Error {
    var refusal: Refusal
    var query: QueryError?

    init(_ code: RefusalCode, _ reason: String) {
        refusal = Refusal(code, reason)
    }

    init(_ error: QueryError) {
        refusal = Refusal(.badQuery, error.description)
        query = error
    }

    /// - Parameter entities: Listed ones, at least one.
    init(noneAlive entities: [Entity], at tick: Tick) {
        self.init(
            .unknownEntity,
            entities.count == 1
                ? "entity \(entities[0]) is not alive at tick \(tick)"
                : "none of \(entities.count) entities is alive at tick \(tick)")
    }

    init(centreIsNowhere entity: Entity, by component: String, at tick: Tick) {
        self.init(
            .unknownEntity, "entity \(entity) is nowhere at tick \(tick): it is not alive, or has no \(component)")
    }
}
