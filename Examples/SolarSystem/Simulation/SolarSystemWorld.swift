import OrreryECS
import OrrerySchema

/// The solar system as entities, and the systems that move it.
enum SolarSystemWorld {
    /// The bodies in the catalogue's order, in which their forces are added up; and the state kept from tick to tick.
    private struct Ensemble {
        var bodies: [Entity]
        var trace = GravityTrace()
    }

    static func make(_ state: InitialState) -> World {
        let world = World()
        let bodies = state.bodies.map { body in
            world.spawn(body.state.position, body.state.velocity, body.body)
        }
        for (index, body) in state.bodies.enumerated() {
            guard let primary = state.primaryIndex(ofBody: index) else { continue }
            let orbit = Orbit(primary: bodies[primary], state: body.state, about: state.bodies[primary].state)
            insert(orbit, on: bodies[index], of: world)
        }
        if let sun = state.bodies.firstIndex(where: { $0.primaryName == nil }) {
            for asteroid in state.asteroids {
                let orbit = Orbit(primary: bodies[sun], state: asteroid, about: state.bodies[sun].state)
                world.spawn(asteroid.position, asteroid.velocity, orbit)
            }
        }
        world.insertResource(Ensemble(bodies: bodies))
        return world
    }

    static func makeSchedule() -> Schedule {
        var schedule = Schedule()
        schedule.add("gravity", in: .update, run: move)
        schedule.add("date", in: .update, .resourceAccessor(default: Moment())) { moment, tick in
            // From the number of ticks, so that no error adds up.
            let days = Double(tick.tick.rawValue) * tick.seconds / 86_400
            moment.value.julianDate = Moment.epoch + days
        }
        schedule.add("orbits", in: .late, run: measureOrbits)
        return schedule
    }

    private static func move(_ world: World, _ tick: TickContext) {
        let (positions, velocities) = (world.accessor(Position.self), world.accessor(Velocity.self))
        let bodies = world.accessor(Body.self)
        withEnsemble(of: world) { ensemble in
            let massive = ensemble.bodies.compactMap { entity -> MassiveBody? in
                guard let position = positions[entity], let velocity = velocities[entity], let body = bodies[entity]
                else {
                    return nil
                }
                return MassiveBody(
                    state: StateVector(position: position, velocity: velocity),
                    gravitationalParameter: body.gravitationalParameter, radius: body.radius)
            }
            var system = NBodySystem(massive)
            system.advance(by: tick.seconds, tracing: &ensemble.trace)
            let trace = ensemble.trace
            for (index, entity) in ensemble.bodies.enumerated() {
                set(system[index].position, on: entity, by: positions)
                set(system[index].velocity, on: entity, by: velocities)
            }
            world.query(Write<Position>.self, Write<Velocity>.self).without(Body.self)
                .forEachChunk {
                    (rows: ChunkRows, position: MutableColumnView<Position>, velocity: MutableColumnView<Velocity>) in
                    trace.carry(
                        count: rows.count,
                        read: { StateVector(position: position[$0], velocity: velocity[$0]) },
                        write: { (position[$0], velocity[$0]) = ($1.position, $1.velocity) })
                }
        }
    }

    private static func measureOrbits(_ world: World, _ tick: TickContext) {
        let (positions, velocities) = (world.accessor(Position.self), world.accessor(Velocity.self))
        world.query(Write<Orbit>.self, Read<Position>.self, Read<Velocity>.self)
            .forEach { orbit, position, velocity in
                // The primary is one of a few rows, so looking it up costs little.
                guard let primary = positions[orbit.primary], let motion = velocities[orbit.primary] else { return }
                orbit = Orbit(
                    primary: orbit.primary, state: StateVector(position: position, velocity: velocity),
                    about: StateVector(position: primary, velocity: motion))
            }
    }

    private static func withEnsemble(of world: World, _ body: (inout Ensemble) -> Void) {
        do throws(WorldError) {
            try world.withResource(Ensemble.self, body)
        } catch {
            preconditionFailure("the world was not made here: \(error)")
        }
    }

    private static func insert(_ orbit: Orbit, on entity: Entity, of world: World) {
        do throws(WorldError) {
            try world.insert(orbit, on: entity)
        } catch {
            preconditionFailure("a body that was just spawned is alive: \(error)")
        }
    }

    private static func set<C: Component>(_ value: C, on entity: Entity, by accessor: Accessor<C>) {
        do throws(WorldError) {
            try accessor.set(value, on: entity)
        } catch {
            preconditionFailure("bodies are never despawned: \(error)")
        }
    }
}
