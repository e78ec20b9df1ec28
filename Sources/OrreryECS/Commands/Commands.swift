public import OrrerySchema

/// Structural changes that are put off: given while queries iterate, applied in the order in which they were given.
///
/// ```swift
/// schedule.add("reap", in: .late, Read<Health>.self) { query, tick in
///     query.forEachEntity { entity, health in
///         if health.current <= 0 { tick.commands.despawn(entity) }
///     }
/// }
/// ```
/// The schedule flushes when a stage has ended, so the systems after it see the result; outside a schedule,
/// ``World/flushCommands()`` does. A command for an entity that has died meanwhile is dropped, and counted by the
/// commands of the world.
public final class Commands {
    private enum Command {
        case despawn(Entity)
        case change((World) throws(WorldError) -> Void)
    }

    /// How often one flush takes up commands that commands gave, before it takes them for an endless loop.
    private static let roundCountMax = 64

    private var pending: [Command] = []

    /// In ``World/commands``: how many commands were dropped so far, those of systems included, since their entity had
    /// died or the world was full.
    public private(set) var droppedCount = 0
    /// In ``World/commands``: why the last one was dropped.
    public private(set) var lastDrop: WorldError?

    init() {}

    /// How many commands wait.
    public var count: Int { pending.count }

    /// Makes an entity with these components at the flush.
    ///
    /// Its name is given out then; who needs it makes the entity in ``run(_:)``.
    public func spawn<each C: Component>(_ component: repeat each C) {
        pending.append(.change { world throws(WorldError) in _ = try world.trySpawn(repeat each component) })
    }

    /// Ends an entity's life at the flush.
    public func despawn(_ entity: Entity) {
        pending.append(.despawn(entity))
    }

    /// Gives an entity a component at the flush, or replaces the value of the one that it has then.
    public func insert<C: Component>(_ component: C, on entity: Entity) {
        pending.append(.change { world throws(WorldError) in try world.insert(component, on: entity) })
    }

    /// Takes a component from an entity at the flush, if it has one then.
    public func remove<C: Component>(_ type: C.Type, from entity: Entity) {
        pending.append(.change { world throws(WorldError) in _ = try world.remove(type, from: entity) })
    }

    /// Runs a closure on the world at the flush. A ``WorldError`` that it throws counts as a dropped command.
    public func run(_ body: @escaping (World) throws(WorldError) -> Void) {
        pending.append(.change(body))
    }

    /// Moves the commands of others behind these.
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

/// Belongs to the thread of its world.
@available(*, unavailable)
extension Commands: Sendable {}
