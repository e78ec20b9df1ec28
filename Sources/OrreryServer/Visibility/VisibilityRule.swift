public import OrreryECS
public import OrrerySchema

/// Whether a client may see an entity, as a rule of visibility is asked (``SyncRegistry/restrict(_:reading:to:)``).
public struct ClientSight {
    /// The client.
    public let client: ClientIdentity
    /// The entity.
    public let entity: Entity
    /// The world, read-only.
    public let world: WorldReader
}

/// Decides for each client which entities with a component it sees.
struct VisibilityRule: Sendable {
    /// The component, and the others whose changes let the rule decide anew.
    let types: [any Component.Type]
    /// Whether a client may see an entity; `nil` for one without the component.
    let shows: @Sendable (ClientSight) -> Bool?
    /// Lets the changes of the components be logged.
    let track: @Sendable (World) -> [ComponentID]
    /// Whether an entity has the component.
    let applies: @Sendable (Entity, World) -> Bool

    init<C: Component>(
        _ type: C.Type, reading others: [any Component.Type],
        to isShown: @escaping @Sendable (C, ClientSight) -> Bool
    ) {
        types = [type] + others
        shows = { sight in sight.world[sight.entity, type].map { isShown($0, sight) } }
        track = { [types] world in types.map { Self.track($0, in: world) } }
        applies = { entity, world in world.has(type, on: entity) }
    }

    private static func track<C: Component>(_ type: C.Type, in world: World) -> ComponentID {
        world.track(type)
        return world.register(type)
    }
}

extension [VisibilityRule] {
    /// Whether any rule decides about an entity.
    func decide(about entity: Entity, in world: World) -> Bool { contains { $0.applies(entity, world) } }

    /// Whether all rules that decide about an entity show it to a client.
    func show(_ entity: Entity, to client: ClientIdentity, in world: World) -> Bool {
        let sight = ClientSight(client: client, entity: entity, world: WorldReader(world))
        return allSatisfy { $0.shows(sight) ?? true }
    }
}
