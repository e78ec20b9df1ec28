public import OrrerySchema

/// Deferred structural changes: given while queries iterate, applied later in the same order.
///
/// ```swift
/// schedule.add("reap", in: .late, Read<Health>.self) { query, tick in
///     query.forEachEntity { entity, health in
///         if health.current <= 0 { tick.commands.despawn(entity) }
///     }
/// }
/// ```
/// The schedule flushes when a stage has ended, so later systems see the result. Outside a schedule, call
/// ``World/flushCommands()``. A command for an entity that has died meanwhile is dropped, and counted by the world's
/// commands.
public final class Commands {
    private enum Command {
        case despawn(Entity)
        case change((World) throws(WorldError) -> Void)
    }

    /// The maximum number of rounds of one flush. If commands then still give new commands, it is taken for an endless
    /// loop.
    private static let roundCountMax = 64

    private var pending: [Command] = []

    /// In ``World/commands``: how many commands were dropped so far, including those of systems, because their entity
    /// had died or the world was full.
    public private(set) var droppedCount = 0
    /// In ``World/commands``: why the last one was dropped.
    public private(set) var lastDrop: WorldError?

    init() {}

    /// The number of waiting commands.
    public var count: Int { pending.count }

    /// Spawns an entity with these components at the flush.
    ///
    /// The entity's name is assigned then. A caller that needs it spawns the entity in ``run(_:)``.
    public func spawn<each C: Component>(_ component: repeat each C) {
        pending.append(.change { world throws(WorldError) in _ = try world.trySpawn(repeat each component) })
    }

    /// Despawns an entity at the flush.
    public func despawn(_ entity: Entity) {
        pending.append(.despawn(entity))
    }

    /// Gives an entity a component at the flush, or replaces the value that it has then.
    public func insert<C: Component>(_ component: C, on entity: Entity) {
        pending.append(.change { world throws(WorldError) in try world.insert(component, on: entity) })
    }

    /// Removes a component from an entity at the flush, if it has one then.
    public func remove<C: Component>(_ type: C.Type, from entity: Entity) {
        pending.append(.change { world throws(WorldError) in _ = try world.remove(type, from: entity) })
    }

    /// Runs a closure on the world at the flush. A ``WorldError`` that it throws counts as a dropped command.
    public func run(_ body: @escaping (World) throws(WorldError) -> Void) {
        pending.append(.change(body))
    }

    /// Moves the commands of another object behind these.
    func take(_ other: Commands) {
        pending.append(contentsOf: other.pending)
        other.pending.removeAll(keepingCapacity: true)
    }

    func flush(on world: World) {
        var rounds = 0
        while !pending.isEmpty {
            guard rounds < Self.roundCountMax else {
                fatalError(
                    "Commands: after \(Self.roundCountMax) rounds of one flush, commands still give new commands; "
                        + "does a closure given to run(_:) call run(_:) again each time?")
            }
            rounds += 1
            let round = pending
            pending = []
            for command in round { apply(command, to: world) }
            if pending.isEmpty {
                pending = round
                pending.removeAll(keepingCapacity: true)
                return
            }
        }
    }

    private func apply(_ command: Command, to world: World) {
        do throws(WorldError) {
            switch command {
            case .despawn(let entity): try world.despawn(entity)
            case .change(let body): try body(world)
            }
        } catch {
            world.commands.droppedCount += 1
            world.commands.lastDrop = error
        }
    }
}

/// Commands belong to the thread of their world.
@available(*, unavailable)
extension Commands: Sendable {}
