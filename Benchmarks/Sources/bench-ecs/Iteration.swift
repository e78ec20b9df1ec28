// A query is no sequence: there is no loop to write instead.
// swift-format-ignore-file: ReplaceForEachWithForLoop

import CPlainTwin
import OrreryECS
import OrrerySchema

/// Walks over all entities that have some components.
enum Iteration {
    static let benchmarks = [iterate1, integrate, integrateChunk, integrate3, fragmented]

    private static let step: Float = 1.0 / 60
    private static let goalCounts = [10_000, 100_000, 1_000_000]

    private static let iterate1 = Benchmark("iterate1", goal: .ratio(1.1), at: goalCounts) { count in
        let world = World()
        for _ in 0..<count { world.spawn(Health()) }
        let query = world.query(Write<Health>.self)
        let plain = PlainArrays(count)
        let rounds = repetitions(count)
        return (
            ours: { watch in
                watch.run { for _ in 0..<rounds { query.forEach { $0.value += 1 } } }
                return rounds * count
            },
            floor: { watch in
                watch.run { for _ in 0..<rounds { twin_iterate1(plain.values, count, 1) } }
                return rounds * count
            }
        )
    }

    private static let integrate = makeIntegrate("integrate") { query in
        query.forEach { position, velocity in
            position.x += velocity.x * step
            position.y += velocity.y * step
            position.z += velocity.z * step
        }
    }

    private static let integrateChunk = makeIntegrate("integrate_chunk") { query in
        query.forEachChunk { rows, positions, velocities in
            for row in rows.indices {
                positions[row].x += velocities[row].x * step
                positions[row].y += velocities[row].y * step
                positions[row].z += velocities[row].z * step
            }
        }
    }

    /// With every write of a position marked for the change log.
    private static func makeIntegrate(
        _ name: String, _ body: @escaping @Sendable (Query<Write<Position>, Read<Velocity>>) -> Void
    ) -> Benchmark {
        Benchmark(name, goal: .ratio(1.1), at: goalCounts) { count in
            let (world, _) = makeMovers(count)
            world.track(Position.self)
            let query = world.query(Write<Position>.self, Read<Velocity>.self)
            let plain = PlainArrays(count)
            let rounds = repetitions(count)
            return (
                ours: { watch in
                    watch.run { for _ in 0..<rounds { body(query) } }
                    return rounds * count
                },
                floor: { watch in
                    watch.run {
                        for _ in 0..<rounds { twin_integrate(plain.positions, plain.velocities, count, step) }
                    }
                    return rounds * count
                }
            )
        }
    }

    private static let integrate3 = Benchmark("integrate3", goal: .ratio(1.2), at: goalCounts) { count in
        let world = World()
        for _ in 0..<count { world.spawn(Position(), Velocity(), Acceleration()) }
        let query = world.query(Write<Position>.self, Write<Velocity>.self, Read<Acceleration>.self)
        let plain = PlainArrays(count)
        let rounds = repetitions(count)
        return (
            ours: { watch in
                watch.run {
                    for _ in 0..<rounds {
                        query.forEach { position, velocity, acceleration in
                            var moved = velocity
                            moved.x += acceleration.x * step
                            moved.y += acceleration.y * step
                            moved.z += acceleration.z * step
                            velocity = moved
                            position.x += moved.x * step
                            position.y += moved.y * step
                            position.z += moved.z * step
                        }
                    }
                }
                return rounds * count
            },
            floor: { watch in
                watch.run {
                    for _ in 0..<rounds {
                        twin_integrate3(plain.positions, plain.velocities, plain.accelerations, count, step)
                    }
                }
                return rounds * count
            }
        )
    }

    /// 26 sets of components, 20 entities each.
    private static let fragmented = Benchmark("fragmented", counts: [520], goal: .nanoseconds(0.5)) { count in
        let world = World()
        for archetype in 0..<26 {
            for _ in 0..<20 { Tag.insert(archetype, on: world.spawn(Health()), of: world) }
        }
        let query = world.query(Write<Health>.self)
        let plain = PlainArrays(count)
        let rounds = repetitions(count) * 4
        return (
            ours: { watch in
                watch.run { for _ in 0..<rounds { query.forEach { $0.value += 1 } } }
                return rounds * count
            },
            floor: { watch in
                watch.run {
                    for _ in 0..<rounds {
                        for archetype in 0..<26 { twin_iterate1(plain.values + archetype * 20, 20, 1) }
                    }
                }
                return rounds * count
            }
        )
    }
}

/// Tags whose combinations make archetypes.
private enum Tag {
    struct A: Component {}
    struct B: Component {}
    struct C: Component {}
    struct D: Component {}
    struct E: Component {}

    static func insert(_ archetype: Int, on entity: Entity, of world: World) {
        expectAlive { () throws(WorldError) in
            if archetype & 1 != 0 { try world.insert(A(), on: entity) }
            if archetype & 2 != 0 { try world.insert(B(), on: entity) }
            if archetype & 4 != 0 { try world.insert(C(), on: entity) }
            if archetype & 8 != 0 { try world.insert(D(), on: entity) }
            if archetype & 16 != 0 { try world.insert(E(), on: entity) }
        }
    }
}
