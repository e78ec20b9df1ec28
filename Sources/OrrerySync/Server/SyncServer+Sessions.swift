import OrrerySchema
import OrreryStore
import OrreryWire

extension SyncServer {
    /// A connection was made.
    /// - Precondition: `id` is greater than every name used before.
    public mutating func open(_ id: SessionID, now: Duration) {
        precondition((sessions.last?.id).map { $0 < id } ?? true, "sessions are named in ascending order")
        sessions.append(Session(id: id, openedAt: now))
    }

    /// A connection is gone. Does nothing for a session that was closed from here.
    public mutating func closed(_ id: SessionID) {
        guard let index = position(of: id) else { return }
        leaveGroup(index)
        sessions.remove(at: index)
    }

    /// A message came. Whatever is wrong with it closes that session alone.
    public mutating func receive(_ bytes: UnsafeRawBufferPointer, from id: SessionID, now: Duration) {
        guard let index = position(of: id) else { return }
        do throws(WireError) {
            try handle(ClientMessage(decoding: bytes, limits: configuration.limits), from: index, now: now)
        } catch {
            fail(id, error)
        }
    }

    private mutating func handle(_ message: ClientMessage, from index: Int, now: Duration) throws(WireError) {
        switch (sessions[index].phase, message) {
        case (.awaitingHello, .hello(let versions, let name, let known)):
            try welcome(index, versions: versions, name: name, known: Set(known), now: now)
        case (.ready, .subscribe(let id, let selection)):
            let refusal = subscribe(index, id, selection)
            answer(index, .subscribeResponse(id, refusal), now: now)
            serve(index, now: now)
        case (.ready, .unsubscribe(let id)):
            answer(index, .unsubscribeResponse(id, unsubscribe(index, id)), now: now)
        case (.ready, .acknowledge(let tick, let byteCount)):
            try acknowledge(index, tick, byteCount)
            serve(index, now: now)
        case (.awaitingHello, _): throw WireError(.protocolError, "the first message must be Hello")
        case (.ready, .hello): throw WireError(.protocolError, "a second Hello")
        }
    }

    private mutating func welcome(
        _ index: Int, versions: ClosedRange<Int>, name: String, known: Set<SchemaHash>, now: Duration
    ) throws(WireError) {
        guard versions.contains(WireProtocol.version) else {
            throw WireError(
                .unsupportedVersion,
                "this server speaks version \(WireProtocol.version), the client \(versions.lowerBound) to "
                    + "\(versions.upperBound)")
        }
        sessions[index].phase = .ready
        sessions[index].clientName = name
        join(index, Interest())
        answer(index, .welcome(makeWelcome(known: known)), now: now)
    }

    private func makeWelcome(known: Set<SchemaHash>) -> Welcome {
        Welcome(
            revision: Revision(epoch: epoch, tick: store.tick),
            ticksPer1000Seconds: configuration.ticksPer1000Seconds,
            messageSizeMax: configuration.messageSizeMax, windowSize: configuration.windowSize,
            components: store.schemas.map { .init(name: $0.name, schemaHash: $0.hash) },
            schemas: store.schemas.filter { !known.contains($0.hash) })
    }

    /// Bytes of the longest `Welcome`, for a check at start-up that it can be sent.
    package var welcomeSize: Int { ServerMessage.welcome(makeWelcome(known: [])).encoded().count }

    private mutating func subscribe(_ index: Int, _ id: SubscriptionID, _ selection: Selection) -> Refusal? {
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
        sessions[index].subscriptions.append((id, selection))
        sessions[index].waiting.append(id)
        if sessions[index].isLive { sessions[index].progress = .behind(cursor: store.tick) }
        return nil
    }

    private mutating func unsubscribe(_ index: Int, _ id: SubscriptionID) -> Refusal? {
        guard let position = sessions[index].subscriptions.firstIndex(where: { $0.id == id }) else {
            return Refusal(.badSubscription, "there is no subscription \(id)")
        }
        sessions[index].subscriptions.remove(at: position)
        sessions[index].waiting.removeAll { $0 == id }
        // What is left of what it was kept up to date on. Subscriptions that still wait are not part of it yet.
        let waiting = sessions[index].waiting
        let begun = sessions[index].subscriptions.filter { !waiting.contains($0.id) }
        join(index, Interest(of: begun.map(\.selection), columnCount: store.columns.count))
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

    private mutating func answer(_ index: Int, _ message: ServerMessage, now: Duration) {
        sessions[index].lastSentAt = now
        actions.append(.send(message.encoded(), to: [sessions[index].id]))
    }

    mutating func fail(_ id: SessionID, _ error: WireError) {
        actions.append(.close(id, error))
        closed(id)
    }

    private func position(of id: SessionID) -> Int? {
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
