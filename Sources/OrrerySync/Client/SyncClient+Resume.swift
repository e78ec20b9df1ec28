import OrrerySchema
import OrreryStore
import OrreryWire

extension SyncClient {
    /// The connection is gone; a new one is about to be made. What is shown stays until the server has said whether it goes on from there.
    /// - Returns: the ends of subscriptions that need no answer any more.
    public mutating func disconnected() -> [ClientEvent] {
        guard phase != .failed else { return [] }
        phase = .awaitingWelcome
        let ended = unsubscribing.sorted()
        unsubscribing.removeAll()
        for id in ended { forget(id) }
        dropStaged()
        receivedByteCount = 0
        outgoing.removeAll()
        sayHello()
        return ended.map { .unsubscribed($0, nil) }
    }

    mutating func sayHello() {
        let resume = welcome.map { welcome in
            Hello.Resume(
                revision: Revision(epoch: welcome.revision.epoch, tick: standing), token: welcome.session.token,
                subscriptions: selections.filter { started.contains($0.key) }.sorted { $0.key < $1.key }
                    .map { .init($0.key, $0.value) })
        }
        var hello = Hello(
            clientName: clientName,
            knownSchemas: knownSchemas.keys.sorted { $0.rawValue < $1.rawValue }.prefix(
                configuration.limits.knownSchemaCountMax
            )
            .map { $0 },
            resume: resume)
        var message = ClientMessage.hello(hello).encoded()
        if message.count > configuration.sentMessageSizeMax {
            // Subscriptions that name very many components: better begun anew than not at all.
            hello.resume = nil
            hello.knownSchemas = []
            message = ClientMessage.hello(hello).encoded()
        }
        outgoing.append(message)
    }

    mutating func begin(_ welcome: Welcome) throws(WireError) -> [ClientEvent] {
        guard welcome.version == WireProtocol.version else {
            throw WireError(.unsupportedVersion, "the server chose version \(welcome.version)")
        }
        let schemas = try schemas(of: welcome)
        let previous = self.welcome
        self.welcome = welcome
        serverTick = welcome.revision.tick
        phase = .ready
        var events: [ClientEvent] = [.welcomed(welcome)]
        switch (previous, welcome.session.resumption) {
        case (nil, _):
            store = ComponentStore(schemas: schemas)
            shownEpoch = epoch
        case (_?, .resumed):
            guard schemas == store.schemas || replacement?.store.schemas == schemas else {
                throw WireError(.protocolError, "the components have changed within one life of the world")
            }
        case (_?, .fresh), (_?, .otherEpoch):
            events += reset(.otherEpoch, schemas)
        case (_?, .unknownTick): events += reset(.unknownTick, schemas)
        }
        for id in unsubscribing.sorted() {
            if started.contains(id) {
                outgoing.append(ClientMessage.unsubscribe(id).encoded())
            } else {
                unsubscribing.remove(id)
                forget(id)
                events.append(.unsubscribed(id, nil))
            }
        }
        // Those that go on were named in the Hello.
        for (id, selection) in selections.sorted(by: { $0.key < $1.key }) where !started.contains(id) {
            outgoing.append(ClientMessage.subscribe(id, selection).encoded())
        }
        return events + resendMutations(isKnownClient: welcome.session.isKnownClient)
    }

    private mutating func schemas(of welcome: Welcome) throws(WireError) -> [ComponentSchema] {
        for schema in welcome.schemas { knownSchemas[schema.hash] = schema }
        var schemas: [ComponentSchema] = []
        for component in welcome.components {
            guard let schema = knownSchemas[component.schemaHash], schema.name == component.name else {
                throw WireError(.protocolError, "the schema of component '\(component.name)' was not sent")
            }
            schemas.append(schema)
        }
        guard Set(schemas.map(\.name)).count == schemas.count else {
            throw WireError(.protocolError, "two components have one name")
        }
        // Only those of this server, or a client of many servers would remember without end.
        knownSchemas = Dictionary(schemas.map { ($0.hash, $0) }) { first, _ in first }
        return schemas
    }

    /// What is shown is void. It stays until the first whole batch of the new life takes its place.
    private mutating func reset(_ reason: AppliedBatch.Reset, _ schemas: [ComponentSchema]) -> [ClientEvent] {
        started.removeAll()
        let numbers = Dictionary(uniqueKeysWithValues: schemas.enumerated().map { ($1.name, ColumnID($0)) })
        var events: [ClientEvent] = []
        let shown = (replacement?.store ?? store).schemas
        for (id, selection) in selections.sorted(by: { $0.key < $1.key }) {
            guard case .some(let columns) = selection.components else { continue }
            let names = columns.map { shown[$0.rawValue].name }
            if let missing = names.first(where: { numbers[$0] == nil }) {
                selections[id] = nil
                events.append(
                    .refused(id, Refusal(.unknownComponent, "the server has no component '\(missing)' any more")))
            } else {
                selections[id] = Selection(
                    entities: selection.entities, components: .some(names.compactMap { numbers[$0] }))
            }
        }
        replacement = (ComponentStore(schemas: schemas), reason, .zero)
        return events
    }

    /// Puts the store of a new life in the place of the one that is shown, as part of the batch that fills it.
    mutating func replaceStore(_ batch: inout AppliedBatch) {
        guard let (next, reason, _) = replacement else { return }
        batch.reset = reason
        if recordsChanges {
            store.entities.rows.forEach { row in
                if let entity = store.entity(at: row) { batch.append(.despawn, entity) }
            }
        }
        store = next
        shownEpoch = epoch
        replacement = nil
    }
}
