import OrrerySchema
import OrreryStore
import OrreryTransport
import OrreryWire

extension SyncClient {
    /// The connection is gone; a new one is about to be made. The shown state stays until the server has said whether
    /// the client goes on from it.
    /// - Returns: The ends of subscriptions that no longer need an answer.
    package mutating func disconnected() -> [ClientEvent] {
        guard phase != .failed else { return [] }
        phase = .awaitingWelcome
        let ended = unsubscribing.sorted()
        unsubscribing.removeAll()
        let events = ended.flatMap { forget($0) }
        dropStaged()
        applier.forgetUnstarted()
        forgetAnswers()
        receivedByteCount = 0
        outgoing.removeAll()
        sayHello()
        return events
    }

    mutating func sayHello() {
        let resume = welcome.map { welcome in
            Hello.Resume(
                revision: Revision(epoch: welcome.revision.epoch, tick: reachedTick), token: welcome.session.token,
                subscriptions: startedSubscriptions.compactMap { id in
                    requests[id].map { Hello.Resume.Subscription(id, $0.query) }
                })
        }
        var hello = Hello(
            clientName: clientName,
            knownSchemas: applier.schemas.tell(atMost: configuration.limits.knownSchemaCountMax),
            resume: resume)
        var message = ClientMessage.hello(hello).encoded()
        if message.count > messageSizeMax {
            // The subscriptions name very many entities or components: it is better to start anew than not to connect.
            hello.resume = nil
            hello.knownSchemas = applier.schemas.tell(atMost: 0)
            message = ClientMessage.hello(hello).encoded()
        }
        outgoing.append(message)
    }

    mutating func begin(_ welcome: Welcome) throws(WireError) -> [ClientEvent] {
        guard welcome.version == WireProtocol.version else {
            throw WireError(.unsupportedVersion, "the server chose version \(welcome.version)")
        }
        try welcome.limits.check(against: configuration.limits)
        let table = self.table(of: welcome)
        let previous = self.welcome
        self.welcome = welcome
        serverTick = welcome.revision.tick
        var events: [ClientEvent] = [.welcomed(welcome)]
        switch (previous, welcome.session.resumption) {
        case (nil, _):
            store.reset(table)
            shownEpoch = epoch
        case (_?, .resumed) where nextLife != nil: nextLife?.table = table
        case (_?, .resumed): events += leaving(try applier.install(table))
        case (_?, .otherEpoch): reset(.otherEpoch, table)
        case (_?, .unknownTick): reset(.unknownTick, table)
        case (_?, .otherClass): reset(.otherClass, table)
        // The client did not ask to resume: its subscriptions would not fit into a message.
        case (let previous?, .fresh):
            reset(previous.revision.epoch == epoch ? .unknownTick : .otherEpoch, table)
        }
        phase = .ready
        resuming = applier.started
        events += endThoseUnsubscribed() + askForTheRest() + askAgain()
        events += verifyAgain()
        return events + resendMutations(isKnownClient: welcome.session.isKnownClient)
    }

    /// The component table, with the schemas that the welcome brought or that are known.
    private mutating func table(of welcome: Welcome) -> ComponentTable {
        for schema in welcome.schemas { applier.schemas.add(schema) }
        let table = ComponentTable(welcome.components.map { applier.schemas.resolve($0) })
        applier.schemas.keep(table)
        return table
    }

    /// The shown state is void. It stays until the first whole batch of the new life replaces it.
    private mutating func reset(_ reason: AppliedBatch.Reset, _ table: ComponentTable) {
        if nextLife == nil, applier.recordsChanges { endedQueries = applier.endOfQueries() }
        applier.forgetSubscriptions()
        nextLife = NextLife(table: table, reset: reason, tick: .zero)
    }

    private mutating func endThoseUnsubscribed() -> [ClientEvent] {
        var events: [ClientEvent] = []
        for id in unsubscribing.sorted() {
            if applier.started.contains(id) {
                outgoing.append(ClientMessage.unsubscribe(id).encoded())
            } else {
                unsubscribing.remove(id)
                events += forget(id)
            }
        }
        return events
    }

    /// The Hello named the subscriptions that go on.
    private mutating func askForTheRest() -> [ClientEvent] {
        var events: [ClientEvent] = []
        for (id, asked) in requests.sorted(by: { $0.key < $1.key }) where !applier.started.contains(id) {
            do throws(Refusal) {
                var request = asked
                request.query = try possible(asked.query)
                requests[id] = request
                try ask(id, request)
            } catch {
                requests[id] = nil
                events.append(.refused(id, error))
            }
        }
        return events
    }
}
