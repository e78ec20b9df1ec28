import OrrerySchema
import OrreryStore
import OrreryWire

extension SyncServer {
    /// A connection was made.
    /// - Precondition: `id` is greater than every name used before.
    public mutating func open(_ id: SessionID, now: Duration) {
        precondition((sessions.last?.id).map { $0 < id } ?? true, "sessions are named in ascending order")
        sessions.append(Session(id: id, openedAt: now, configuration))
    }

    /// A connection is gone. Does nothing for a session that was closed from here.
    public mutating func closed(_ id: SessionID, now: Duration) {
        guard let index = position(of: id) else { return }
        leaveGroup(index)
        clients.left(sessions[index].client, id, at: now)
        sessions.remove(at: index)
    }

    /// A message came. Whatever is wrong with it closes that session alone.
    public mutating func receive(_ bytes: UnsafeRawBufferPointer, from id: SessionID, now: Duration) {
        guard let index = position(of: id) else { return }
        sessions[index].lastHeardAt = now
        do throws(WireError) {
            try handle(ClientMessage(decoding: bytes, limits: configuration.limits), from: index, now: now)
        } catch {
            fail(id, error, now: now)
        }
    }

    private mutating func handle(_ message: ClientMessage, from index: Int, now: Duration) throws(WireError) {
        switch (sessions[index].phase, message) {
        case (.awaitingHello, .hello(let hello)): try welcome(sessions[index].id, hello, now: now)
        case (.ready, .subscribe(let id, let selection)):
            try takeRequest(index, now: now)
            answer(index, .subscribeResponse(id, subscribe(index, id, selection)), now: now)
            serve(index, now: now)
        case (.ready, .unsubscribe(let id)):
            try takeRequest(index, now: now)
            answer(index, .unsubscribeResponse(id, unsubscribe(index, id)), now: now)
        case (.ready, .acknowledge(let tick, let byteCount)):
            try acknowledge(index, tick, byteCount)
            serve(index, now: now)
        case (.ready, .mutate(let mutation)): mutate(index, mutation, now: now)
        case (.awaitingHello, _): throw WireError(.protocolError, "the first message must be Hello")
        case (.ready, .hello): throw WireError(.protocolError, "a second Hello")
        }
    }

    private mutating func takeRequest(_ index: Int, now: Duration) throws(WireError) {
        guard sessions[index].requestAllowance.take(now: now) else {
            throw WireError(.policyViolation, "more than \(configuration.requestRateMax) requests a second")
        }
    }

    private mutating func welcome(_ id: SessionID, _ hello: Hello, now: Duration) throws(WireError) {
        guard hello.versions.contains(WireProtocol.version) else {
            throw WireError(
                .unsupportedVersion,
                "this server speaks version \(WireProtocol.version), the client \(hello.versions.lowerBound) to "
                    + "\(hello.versions.upperBound)")
        }
        let known = hello.resume.flatMap { clients.client(of: $0.token) }
        let old = known.flatMap { clients[$0]?.session }
        // A Hello that was under way for so long that the client has given its connection up must not end the one that it has.
        if let old, old > id { throw WireError(.replaced, "the client has a newer connection") }
        let token = [makeRandom(), makeRandom()].flatMap { number in withUnsafeBytes(of: number) { Array($0) } }
        let client = clients.admit(known, token: token, session: id, presented: hello.resume?.token)
        if let old { fail(old, WireError(.replaced, "the client has connected anew"), now: now) }
        guard let index = position(of: id) else { return }
        sessions[index].client = client
        sessions[index].phase = .ready
        sessions[index].clientName = hello.clientName
        join(index, Interest())
        let resumption = try resume(index, hello.resume)
        let grant = SessionGrant(token: token, resumption: resumption, isKnownClient: known != nil)
        answer(index, .welcome(makeWelcome(known: Set(hello.knownSchemas), grant)), now: now)
        serve(index, now: now)
    }

    /// Lets a session go on where its client was, if this world knows what happened since.
    private mutating func resume(
        _ index: Int, _ resume: Hello.Resume?
    ) throws(WireError) -> SessionGrant.Resumption {
        guard let resume else { return .fresh }
        guard resume.revision.epoch == epoch else { return .otherEpoch }
        let tick = resume.revision.tick
        guard tick <= store.tick else { return .unknownTick }
        sessions[index].lastSentTick = tick
        sessions[index].acknowledgedTick = tick
        for subscription in resume.subscriptions {
            let refusal = check(index, subscription.id, subscription.selection)
            // One entity that died while the client was away is followed on, so that the client hears of it.
            guard refusal == nil || refusal?.code == .unknownEntity else {
                throw WireError(
                    .protocolError, "subscription \(subscription.id) cannot resume: \(refusal?.reason ?? "")")
            }
            accept(index, subscription.id, subscription.selection, since: tick)
        }
        return .resumed
    }

    private func makeWelcome(known: Set<SchemaHash>, _ grant: SessionGrant) -> Welcome {
        Welcome(
            revision: Revision(epoch: epoch, tick: store.tick),
            ticksPer1000Seconds: configuration.ticksPer1000Seconds,
            messageSizeMax: configuration.messageSizeMax, windowSize: configuration.windowSize,
            components: store.schemas.enumerated().map { number, schema in
                .init(
                    name: schema.name, schemaHash: schema.hash,
                    isWritable: permissions.columns.contains(ColumnID(number)))
            },
            schemas: store.schemas.filter { !known.contains($0.hash) }, session: grant,
            maySpawn: permissions.maySpawn, mayDespawn: permissions.mayDespawn)
    }

    /// Bytes of the longest `Welcome`, for a check at start-up that it can be sent.
    package var welcomeSize: Int {
        let grant = SessionGrant(
            token: Array(repeating: 0, count: configuration.limits.tokenSizeMax), resumption: .fresh,
            isKnownClient: false)
        return ServerMessage.welcome(makeWelcome(known: [], grant)).encoded().count
    }

    private mutating func subscribe(_ index: Int, _ id: SubscriptionID, _ selection: Selection) -> Refusal? {
        if let refusal = check(index, id, selection) { return refusal }
        accept(index, id, selection, since: .zero)
        return nil
    }

    private func check(_ index: Int, _ id: SubscriptionID, _ selection: Selection) -> Refusal? {
        let session = sessions[index]
        guard !session.subscriptions.contains(where: { $0.id == id }) else {
            return Refusal(.badSubscription, "subscription \(id) is in use; choose another number")
        }
        guard session.subscriptions.count < configuration.limits.subscriptionCountMax else {
            return Refusal(
                .limitReached,
                "a session has at most \(configuration.limits.subscriptionCountMax) subscriptions; unsubscribe one")
        }
        if case .some(let columns) = selection.components,
            let unknown = columns.first(where: { $0.rawValue >= store.schemas.count })
        {
            return Refusal(.unknownComponent, "there is no component \(unknown), only \(store.schemas.count)")
        }
        if case .one(let entity) = selection.entities, !store.contains(entity) {
            return Refusal(.unknownEntity, "entity \(entity) is not alive at tick \(store.tick)")
        }
        return nil
    }

    /// - Parameter tick: up to which the client has what it asks for.
    private mutating func accept(_ index: Int, _ id: SubscriptionID, _ selection: Selection, since tick: Tick) {
        sessions[index].subscriptions.append((id, selection))
        sessions[index].waiting.append((id, tick))
        if sessions[index].isLive { sessions[index].progress = .behind(cursor: store.tick) }
    }

    private mutating func unsubscribe(_ index: Int, _ id: SubscriptionID) -> Refusal? {
        guard let position = sessions[index].subscriptions.firstIndex(where: { $0.id == id }) else {
            return Refusal(.badSubscription, "there is no subscription \(id)")
        }
        sessions[index].subscriptions.remove(at: position)
        sessions[index].waiting.removeAll { $0.id == id }
        // What is left of what it was kept up to date on. Subscriptions that still wait are not part of it yet.
        let rest = sessions[index]
        join(index, rest.interest(columnCount: store.columns.count) { !rest.isWaiting($0) })
        // A pass that asked for more begins anew; its next message, part 0, drops what the client staged of it.
        if case .behind(let cursor, _?) = sessions[index].progress {
            sessions[index].progress = .behind(cursor: cursor)
        }
        return nil
    }

    private mutating func acknowledge(_ index: Int, _ tick: Tick, _ byteCount: UInt64) throws(WireError) {
        let session = sessions[index]
        guard byteCount >= session.acknowledgedByteCount, byteCount <= session.sentByteCount,
            tick >= session.acknowledgedTick, tick <= session.lastSentTick
        else {
            throw WireError(
                .protocolError,
                "acknowledged tick \(tick) and \(byteCount) bytes, after \(session.acknowledgedTick) and "
                    + "\(session.acknowledgedByteCount) of \(session.lastSentTick) and \(session.sentByteCount) sent")
        }
        sessions[index].acknowledgedTick = tick
        sessions[index].acknowledgedByteCount = byteCount
    }

    mutating func answer(_ index: Int, _ message: ServerMessage, now: Duration) {
        sessions[index].lastSentAt = now
        actions.append(.send(message.encoded(), to: [sessions[index].id]))
    }

    mutating func fail(_ id: SessionID, _ error: WireError, now: Duration) {
        actions.append(.close(id, error))
        closed(id, now: now)
    }

    func position(of id: SessionID) -> Int? {
        var (low, high) = (0, sessions.count)
        while low < high {
            let middle = (low + high) / 2
            if sessions[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low < sessions.count && sessions[low].id == id ? low : nil
    }
}

extension SyncServer {
    /// Puts a session among those that are kept up to date on these cells.
    mutating func join(_ index: Int, _ interest: Interest) {
        leaveGroup(index)
        let tick = sessions[index].lastSentTick
        let group: Int
        if let existing = groups.firstIndex(where: { $0.memberCount > 0 && $0.interest == interest }) {
            group = existing
        } else if let unused = groups.firstIndex(where: { $0.memberCount == 0 }) {
            groups[unused] = Group(interest: interest, lastBatchTick: tick)
            group = unused
        } else {
            groups.append(Group(interest: interest, lastBatchTick: tick))
            group = groups.count - 1
        }
        groups[group].memberCount += 1
        sessions[index].group = group
        sessions[index].isMember = true
    }

    private mutating func leaveGroup(_ index: Int) {
        guard sessions[index].isMember else { return }
        groups[sessions[index].group].memberCount -= 1
        sessions[index].isMember = false
    }
}
