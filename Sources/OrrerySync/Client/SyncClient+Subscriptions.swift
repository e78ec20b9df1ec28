import OrreryQuery
package import OrrerySchema
import OrreryStore
package import OrreryWire

extension SyncClient {
    /// Subscribes to a query. The answer arrives as `subscribed` or `refused`, the first state of what it shows with a
    /// batch that lists the subscription as `started`. Without a connection, the request is sent with the next one.
    /// - Parameter old: A subscription that ends when this one starts: its readers go on with this one, and are told
    ///   what changes by that. If this one is refused, the old one stays.
    /// - Throws: ``Refusal`` if an entity is of an earlier life of the world, or if the request lists more entities, or
    ///   takes more bytes, than the server accepts.
    package mutating func subscribe(
        _ query: QueryRequest, replacing old: SubscriptionID? = nil
    ) throws(Refusal) -> SubscriptionID {
        let id = SubscriptionID(nextSubscription)
        let request = Request(query: query, epoch: welcome == nil ? nil : shownEpoch, replaces: old)
        if phase == .ready { try ask(id, request) }
        nextSubscription += 1
        requests[id] = request
        return id
    }

    /// Sends a subscription.
    mutating func ask(_ id: SubscriptionID, _ request: Request) throws(Refusal) {
        // One that is ending is over when the server reads this.
        let old = request.replaces.flatMap { requests[$0] == nil || unsubscribing.contains($0) ? nil : $0 }
        let message = old.map { ClientMessage.replace($0, by: id, request.query) } ?? .subscribe(id, request.query)
        let bytes = message.encoded()
        try check(request.query, of: request.epoch, messageSize: bytes.count)
        outgoing.append(bytes)
    }

    /// A subscription has started: the one whose place it takes is over.
    mutating func endReplaced(by id: SubscriptionID) -> [ClientEvent] {
        guard let old = requests[id]?.replaces else { return [] }
        requests[id]?.replaces = nil
        let goingOn = observe(id, insteadOf: old).map { [ClientEvent.applied($0)] } ?? []
        return goingOn + (requests[old] == nil ? [] : forget(old))
    }

    /// The query without entities that cannot be alive on the server, by their indexes: to name one is a breach of the
    /// protocol.
    /// - Throws: If it lists no others.
    func possible(_ request: QueryRequest) throws(Refusal) -> QueryRequest {
        guard let listed = request.entities, let indexMax = welcome?.limits.entityIndexMax else { return request }
        var request = request
        request.entities = listed.filter { Int($0.index) < indexMax }
        guard request.entities != [] || listed.isEmpty else {
            throw Refusal(.unknownEntity, "the server has no entity of index \(indexMax) or more")
        }
        return request
    }

    /// - Parameter messageSize: Bytes of the message that carries the query.
    /// - Throws: If the server would close the connection for it, or its entities are others now.
    func check(_ request: QueryRequest, of shown: Epoch?, messageSize: Int) throws(Refusal) {
        // In another life, the same entity names denote others.
        if request.entities != nil, let shown, shown != epoch {
            throw Refusal(.unknownEntity, "the entities that it names are of an earlier life of the world")
        }
        if let entities = request.entities, let countMax = welcome?.limits.queryEntityCountMax,
            entities.count > countMax
        {
            throw Refusal(
                .limitReached,
                "\(entities.count) entities are listed, but the server takes \(countMax) in a query")
        }
        guard messageSize <= messageSizeMax else {
            throw Refusal(
                .limitReached,
                "the query takes \(messageSize) bytes, but a message may have \(messageSizeMax); list less")
        }
    }

    /// Bytes of the longest message that the server accepts and this client sends.
    var messageSizeMax: Int { min(configuration.sentMessageSizeMax, welcome?.limits.clientMessageSizeMax ?? .max) }

    /// The queries that this client is kept up to date on: those of subscriptions whose first state is in the store.
    package var startedQueries: [QueryRequest] { startedSubscriptions.compactMap { requests[$0]?.query } }

    /// The entities that match the query of a started subscription, in its order; `Entity.none` for a resource.
    /// - Complexity: O(n), and O(n log n) with an order.
    package func members(of id: SubscriptionID) -> [Entity] {
        guard applier.started.contains(id), let query = applier.granted[id], let shown = applier.shown[query.number]
        else { return [] }
        return applier.store.sorted(applier.members(of: query, shown), by: query.order)
            .compactMap { applier.member(of: query, at: $0) }
    }

    /// How many match the query of a started subscription, of whom its window shows a part; `nil` without a window.
    package func extent(of id: SubscriptionID) -> Extent? {
        guard applier.started.contains(id), let query = applier.granted[id] else { return nil }
        return applier.shown[query.number]?.extent
    }

    /// Whether the entity in the centre of the region of a started subscription is nowhere.
    package func isCentreLost(_ id: SubscriptionID) -> Bool {
        guard applier.started.contains(id), let query = applier.granted[id] else { return false }
        return applier.shown[query.number]?.isCentreLost ?? false
    }

    /// What the query of a subscription shows; `nil` until it is granted.
    package func granted(_ id: SubscriptionID) -> GrantedQuery? { applier.granted[id] }

    /// From now on batches list the changes of this subscription by itself, while ``recordsChanges`` is set.
    /// - Parameter reader: The number under which they are listed.
    /// - Returns: What the subscription shows, as one batch of changes with the cause `entered`.
    package mutating func observe(_ id: SubscriptionID, as reader: Int) -> AppliedBatch {
        applier.observed[reader] = id
        var batch = AppliedBatch(epoch: shownEpoch, base: .zero, tick: tick)
        // What is shown of a life that is over ends with the first batch of the next one.
        batch.queries[reader] = applier.shownChanges(of: id)
        return batch
    }

    package mutating func endObserving(_ reader: Int) {
        applier.observed[reader] = nil
        endedQueries[reader] = nil
    }

    /// The readers of a subscription read another one from now on.
    /// - Parameter some: Only those of them do; all by default.
    /// - Returns: What changes for them by that; `nil` without readers.
    package mutating func observe(
        _ new: SubscriptionID, insteadOf old: SubscriptionID, by some: Set<Int>? = nil
    ) -> AppliedBatch? {
        let readers = applier.observed.filter { $0.value == old && some?.contains($0.key) ?? true }.keys
        guard !readers.isEmpty else { return nil }
        var batch = AppliedBatch(epoch: shownEpoch, base: tick, tick: tick)
        for reader in readers {
            applier.observed[reader] = new
            batch.queries[reader] = applier.changes(from: old, to: new)
        }
        return batch
    }

    /// Whether a subscription was asked for, and has neither ended nor been refused.
    package func isSubscribed(_ id: SubscriptionID) -> Bool { requests[id] != nil }

    /// The subscriptions of ``startedQueries``.
    package var startedSubscriptions: [SubscriptionID] { applier.started.sorted() }

    /// The number of subscriptions whose first state has not arrived yet.
    package var waitingSubscriptionCount: Int { requests.count - applier.started.count }

    /// Ends a subscription. Its cells leave the store with the answer, `unsubscribed`, or at once if no answer will
    /// come.
    package mutating func unsubscribe(_ id: SubscriptionID) -> [ClientEvent] {
        guard requests[id] != nil else { return [.unsubscribed(id)] }
        // Without a connection, a Hello that names the started subscription may be on its way; the subscription then
        // ends after the welcome.
        guard phase == .ready || applier.started.contains(id) else { return forget(id) }
        if unsubscribing.insert(id).inserted, phase == .ready {
            outgoing.append(ClientMessage.unsubscribe(id).encoded())
        }
        return []
    }

    mutating func forget(_ id: SubscriptionID) -> [ClientEvent] {
        requests[id] = nil
        dropStaged()
        // The last state of an earlier life stays until the new life replaces it: none of its subscriptions counts as
        // started.
        return leaving(applier.forget(id)) + [.unsubscribed(id)] + endVerifying(id)
    }

    /// The events for cells that left between two batches.
    func leaving(_ changes: ChangeList) -> [ClientEvent] {
        guard !changes.isEmpty else { return [] }
        var batch = AppliedBatch(epoch: shownEpoch, base: tick, tick: tick)
        batch.list = changes
        applier.listChangesOfQueries(in: &batch)
        return [.applied(batch)]
    }
}
