import Logging
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryWebSocket

/// Further components of what is watched, of twelve bytes each.
struct Velocity: Component { var x: Float = 0, y: Float = 0, z: Float = 0 }
struct Force: Component { var x: Float = 0, y: Float = 0, z: Float = 0 }
struct Spin: Component { var x: Float = 0, y: Float = 0, z: Float = 0 }

extension BenchServer {
    /// Entities of five components each. Some, which lie apart, are in group 0: all of their components change in every
    /// tick. So do those of as many others as make up the share that changes, other ones in each tick.
    func makeWatched(_ clock: TickClock, _ logger: Logger) throws -> SimulationServer {
        let world = World()
        let all = (0..<entities).map { _ in world.spawn(Level(), Position(), Velocity(), Force(), Spin()) }
        let distance = entities / watched
        let shown = (0..<watched).map { all[$0 * distance] }
        // All live as long as the world does.
        for entity in shown { try! world.set(Level(group: 0), on: entity) }
        let kept = Set(shown)
        let others = all.filter { !kept.contains($0) }
        let otherCount = min(others.count, max(0, changedCount - watched))
        var schedule = Schedule()
        schedule.add("clock", in: .input) { _, context in clock.begin(context.tick) }
        schedule.add("change", in: .update) { world, context in
            Self.change(shown[...], in: world)
            guard otherCount > 0 else { return }
            let first = Int(context.tick.rawValue) * otherCount % others.count
            let end = min(first + otherCount, others.count)
            Self.change(others[first..<end], in: world)
            Self.change(others[..<(otherCount - (end - first))], in: world)
        }
        return try SimulationServer(
            world: world, schedule: schedule, configuration: .init(tickRate: .hertz(rate)),
            transport: .webSocket(port: 0), logger: logger
        ) {
            try $0.register(Level.self)
            try $0.register(Position.self)
            try $0.register(Velocity.self)
            try $0.register(Force.self)
            try $0.register(Spin.self)
        }
    }

    private static func change(_ entities: ArraySlice<Entity>, in world: World) {
        let (levels, positions) = (world.accessor(Level.self), world.accessor(Position.self))
        let (velocities, forces, spins) = (
            world.accessor(Velocity.self), world.accessor(Force.self), world.accessor(Spin.self)
        )
        for entity in entities {
            try! levels.update(entity) { $0.turn += 1 }
            try! positions.update(entity) { $0.x += 1 }
            try! velocities.update(entity) { $0.y += 0.5 }
            try! forces.update(entity) { $0.z += 0.25 }
            try! spins.update(entity) { $0.x += 2 }
        }
    }
}
