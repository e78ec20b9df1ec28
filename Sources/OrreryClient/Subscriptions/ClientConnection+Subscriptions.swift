public import OrrerySchema
import OrrerySync

extension ClientConnection {
    /// A typed view of a component of all entities that have it. All rows travel; for some entities there is
    /// ``view(of:for:)-(_,Entity)``.
    /// - Throws: ``ClientError`` of code `component` where the server does not show it, or with another type for some
    ///   field; `limitReached`, `cancelled`, and those of a lost connection.
    public func view<C: Component>(of type: C.Type) async throws(ClientError) -> ComponentView<C> {
        ComponentView(session, try await subscribe([C.componentName], nil, fitting: Fit(type)), entities: nil)
    }

    /// A typed view of a component of one entity: only its row travels. It ends when the entity is despawned.
    /// - Throws: as ``view(of:)``, and of code `unknownEntity`.
    public func view<C: Component>(of type: C.Type, for entity: Entity) async throws(ClientError) -> EntityView<C> {
        EntityView(session, try await subscribe([C.componentName], [entity], fitting: Fit(type)), entity)
    }

    /// A typed view of a component of some entities: only their rows travel. Those that are despawned leave it; it ends
    /// with the last.
    /// - Throws: as ``view(of:)``, and of code `unknownEntity` where none of them is alive.
    public func view<C: Component>(
        of type: C.Type, for entities: some Collection<Entity> & Sendable
    ) async throws(ClientError) -> ComponentView<C> {
        let entities = Set(entities)
        return ComponentView(
            session, try await subscribe([C.componentName], entities, fitting: Fit(type)), entities: entities)
    }

    /// Asks for all entities that have any of these components, and waits until they are here.
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

    /// The same without types: each text is the name of one component.
    /// - Parameters:
    ///   - components: Their names.
    ///   - entities: Only these; all unless stated.
    /// - Throws: as ``view(of:)``, and of code `unknownEntity` where none of the entities is alive.
    public func subscribe(
        anyOf components: [String], for entities: [Entity]? = nil
    ) async throws(ClientError) -> Subscription {
        try await subscribe(components, entities.map(Set.init), fitting: Fit())
    }

    /// Asks for every component, and for the coming and going of entities that have none.
    /// - Parameter entities: Only these; all unless stated.
    /// - Throws: as ``subscribe(anyOf:for:)``.
    public func subscribeToAll(for entities: [Entity]? = nil) async throws(ClientError) -> Subscription {
        try await subscribe(nil, entities.map(Set.init), fitting: Fit())
    }

    private func subscribe(
        _ names: [String]?, _ entities: Set<Entity>?, fitting fit: Fit
    ) async throws(ClientError) -> Subscription {
        let server = serverComponents(phase: .subscribe)
        if let names {
            guard !names.isEmpty else { throw ClientError(.component, "no component is named", phase: .subscribe) }
            for name in names { _ = try server.entry(of: name) }
        }
        try fit.check(server)
        let fate = Subscription.Fate()
        let interest = session.join(names, of: entities, fate, fit)
        let subscription = Subscription(
            session, interest, fate, BatchFilter(components: names.map(Set.init), entities: entities))
        // Where it is refused, or the task is cancelled, `subscription` goes here, and leaves nothing at the server.
        try await fate.started.value()
        return subscription
    }
}

/// Whether the components of a server fit the types of this client.
struct Fit: Sendable {
    private typealias Check = @Sendable (ServerComponents) throws(ClientError) -> Void

    private var checks: [Check] = []

    init() {}

    init<C: Component>(_ type: C.Type) {
        add(type)
    }

    mutating func add<C: Component>(_ type: C.Type) { checks.append(Self.check(type)) }

    private static func check<C: Component>(_ type: C.Type) -> Check {
        { server throws(ClientError) in _ = try server.component(type) }
    }

    func check(_ server: ServerComponents) throws(ClientError) {
        for check in checks { try check(server) }
    }
}
