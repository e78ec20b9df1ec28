import OrreryQuery
public import OrrerySchema
import OrrerySync
import OrreryWire

extension ClientConnection {
    /// A typed view of a component of all entities that have it. The server sends all rows; to get only some entities,
    /// use ``view(of:for:)-(_,Entity)``.
    /// - Throws: ``ClientError`` of code `component` if the server does not show the component or has another type for
    ///   a field; `limitReached`, `cancelled`, and the errors of a lost connection.
    public func view<C: Component>(of type: C.Type) async throws(ClientError) -> ComponentView<C> {
        ComponentView(session, try await subscribe([C.componentName], nil, fitting: Fit(type)), entities: nil)
    }

    /// A typed view of a component of one entity. The server sends only its row. The view ends when the entity is
    /// despawned.
    /// - Throws: as ``view(of:)``, and of code `unknownEntity`.
    public func view<C: Component>(of type: C.Type, for entity: Entity) async throws(ClientError) -> EntityView<C> {
        EntityView(session, try await subscribe([C.componentName], [entity], fitting: Fit(type)), entity)
    }

    /// A typed view of a component of some entities. The server sends only their rows. Despawned entities leave the
    /// view; it ends with the last one.
    /// - Throws: as ``view(of:)``, and of code `unknownEntity` if none of the entities is alive.
    public func view<C: Component>(
        of type: C.Type, for entities: some Collection<Entity> & Sendable
    ) async throws(ClientError) -> ComponentView<C> {
        let entities = Set(entities)
        return ComponentView(
            session, try await subscribe([C.componentName], entities, fitting: Fit(type)), entities: entities)
    }

    /// A typed view of a resource.
    ///
    /// ```swift
    /// let score = try await connection.view(ofResource: Score.self)
    /// print(score.value?.points ?? 0)
    /// ```
    /// - Throws: As ``view(of:)``; of code `query` if the server shows this component of entities.
    public func view<C: Component>(ofResource type: C.Type) async throws(ClientError) -> ResourceView<C> {
        let fit = Fit(type)
        try fit.check(serverComponents(phase: .subscribe))
        let subscription = try await follow(
            QueryText.resource(C.componentName), nil, fit, BatchFilter(components: [C.componentName]))
        return ResourceView(session, subscription)
    }

    /// Subscribes to all entities that have any of these components, and waits until their state has arrived.
    /// - Throws: as ``view(of:)``.
    public func subscribe<each C: Component>(
        anyOf type: repeat (each C).Type
    ) async throws(ClientError) -> Subscription {
        var names: [String] = []
        var fit = Fit()
        for type in repeat each type {
            names.append(type.componentName)
            fit.add(type)
        }
        return try await subscribe(names, nil, fitting: fit)
    }

    /// Subscribes to components by name.
    /// - Parameters:
    ///   - components: Their names.
    ///   - entities: The entities to subscribe to; all by default.
    /// - Throws: as ``view(of:)``, and of code `unknownEntity` if none of the entities is alive.
    public func subscribe(
        anyOf components: [String], for entities: [Entity]? = nil
    ) async throws(ClientError) -> Subscription {
        try await subscribe(components, entities.map(Set.init), fitting: Fit())
    }

    /// Subscribes to every component, and to spawns and despawns of entities without components.
    /// - Parameter entities: The entities to subscribe to; all by default.
    /// - Throws: as ``subscribe(anyOf:for:)``.
    public func subscribeToAll(for entities: [Entity]? = nil) async throws(ClientError) -> Subscription {
        try await subscribe(nil, entities.map(Set.init), fitting: Fit())
    }

    private func subscribe(
        _ names: [String]?, _ entities: Set<Entity>?, fitting fit: Fit
    ) async throws(ClientError) -> Subscription {
        var fit = fit
        if let names {
            guard !names.isEmpty else { throw ClientError(.component, "no component is named", phase: .subscribe) }
            fit.add(names: names)
        }
        try fit.check(serverComponents(phase: .subscribe))
        var entities = entities
        if let listed = entities, !listed.isEmpty {
            // Others cannot be alive there, and a request that names one is a breach of the protocol.
            let possible = listed.filter(session.mayLive)
            guard !possible.isEmpty else {
                throw ClientError(
                    .unknownEntity, "none of the entities is alive: no server has an entity of that index",
                    phase: .subscribe)
            }
            entities = possible
        }
        // In one order, so that the same components are the same query.
        let sorted = names.map { Set($0).sorted() }
        let text = entities == nil ? sorted.map(QueryText.any) ?? "*" : QueryText.ofListed(sorted)
        return try await follow(text, entities, fit, BatchFilter(components: names.map(Set.init), entities: entities))
    }

    private func follow(
        _ text: String, _ entities: Set<Entity>?, _ fit: Fit, _ filter: BatchFilter
    ) async throws(ClientError) -> Subscription {
        let fate = Subscription.Fate()
        let interest = session.join(QueryRequest(text), of: entities, fate, fit)
        let subscription = Subscription(session, interest, fate, filter)
        // On a refusal or cancellation, `subscription` is released here, which removes it from the server.
        try await fate.started.value()
        return subscription
    }
}

/// Checks whether a server's components fit this client's types.
struct Fit: Sendable {
    private typealias Check = @Sendable (ServerComponents) throws(ClientError) -> Void

    private var checks: [Check] = []

    init() {}

    init<C: Component>(_ type: C.Type) {
        add(type)
    }

    mutating func add<C: Component>(_ type: C.Type) { checks.append(Self.check(type)) }

    mutating func add(names: [String]) {
        for name in names { checks.append(Self.check(name)) }
    }

    private static func check(_ name: String) -> Check {
        { server throws(ClientError) in _ = try server.entry(of: name) }
    }

    private static func check<C: Component>(_ type: C.Type) -> Check {
        { server throws(ClientError) in _ = try server.component(type) }
    }

    func check(_ server: ServerComponents) throws(ClientError) {
        for check in checks { try check(server) }
    }
}
