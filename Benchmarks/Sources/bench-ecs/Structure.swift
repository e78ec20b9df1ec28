import CPlainTwin
import OrreryECS
import OrrerySchema

/// Entities and components that come and go. Worlds that are filled or emptied are made anew for every sample.
enum Structure {
    static let benchmarks = [spawn, spawnBulk, despawn, addRemove, addRemoveSparse]

    private static let spawn = Benchmark("spawn", goal: .nanoseconds(55), at: [1_000_000]) { count in
        let rounds = max(1, 100_000 / count)
        return (
            ours: { watch in
                for _ in 0..<rounds {
                    let world = World()
                    watch.run { for _ in 0..<count { world.spawn(Position(), Velocity()) } }
                }
                return rounds * count
            },
            floor: { watch in
                for _ in 0..<rounds {
                    var table = twin_table()
                    let (position, velocity) = (twin_vector(x: 0, y: 0, z: 0), twin_vector(x: 1, y: 2, z: 3))
                    watch.run { for _ in 0..<count { twin_table_append(&table, position, velocity) } }
                    twin_table_free(&table)
                }
                return rounds * count
            }
        )
    }

    private static let spawnBulk = Benchmark("spawn_bulk", goal: .nanoseconds(25), at: [1_000_000]) { count in
        let rounds = max(1, 100_000 / count)
        let positions = [Position](repeating: Position(), count: count)
        let velocities = [Velocity](repeating: Velocity(), count: count)
        return (
            ours: { watch in
                for _ in 0..<rounds {
                    let world = World()
                    watch.run {
                        expectAlive { () throws(WorldError) in try world.spawn(columns: positions, velocities) }
                    }
                }
                return rounds * count
            },
            floor: { watch in
                for _ in 0..<rounds {
                    let plain = PlainArrays(count)
                    var table = twin_table()
                    watch.run { twin_table_append_all(&table, plain.positions, plain.velocities, count) }
                    twin_table_free(&table)
                }
                return rounds * count
            }
        )
    }

    private static let despawn = Benchmark("despawn", goal: .nanoseconds(30), at: [1_000_000]) { count in
        let rounds = max(1, 100_000 / count)
        return (
            ours: { watch in
                for _ in 0..<rounds {
                    let (world, entities) = makeMovers(count)
                    watch.run {
                        for entity in entities { expectAlive { () throws(WorldError) in try world.despawn(entity) } }
                    }
                }
                return rounds * count
            },
            floor: { watch in
                for _ in 0..<rounds {
                    let plain = PlainArrays(count)
                    var table = twin_table()
                    twin_table_append_all(&table, plain.positions, plain.velocities, count)
                    var rowOfEntity = (0..<UInt32(count)).map { $0 }
                    watch.run { twin_table_remove_all(&table, &rowOfEntity, plain.entities, count) }
                    twin_table_free(&table)
                }
                return rounds * count
            }
        )
    }

    /// A pair is one touch.
    private static let addRemove = Benchmark(
        "add_remove", goal: .nanoseconds(25), at: [100_000]
    ) { count in
        let (world, entities) = makeMovers(count)
        var (from, to) = (twin_table(), twin_table())
        let plain = PlainArrays(count)
        twin_table_append_all(&from, plain.positions, plain.velocities, count)
        twin_table_append_all(&to, plain.positions, plain.velocities, count)
        to.count = 0
        let rounds = max(1, 100_000 / count)
        return (
            ours: { watch in
                watch.run {
                    for _ in 0..<rounds {
                        for entity in entities {
                            expectAlive { () throws(WorldError) in
                                try world.insert(Health(), on: entity)
                                try world.remove(Health.self, from: entity)
                            }
                        }
                    }
                }
                return rounds * count
            },
            floor: { watch in
                watch.run { for _ in 0..<rounds { twin_add_remove(&from, &to, plain.values, count) } }
                return rounds * count
            }
        )
    }

    /// A pair is one touch.
    private static let addRemoveSparse = Benchmark(
        "add_remove_sparse", goal: .nanoseconds(25), at: [100_000]
    ) { count in
        let (world, entities) = makeMovers(count)
        let plain = PlainArrays(count)
        var rows = [UInt32](repeating: .max, count: count)
        let rounds = max(1, 100_000 / count)
        return (
            ours: { watch in
                watch.run {
                    for _ in 0..<rounds {
                        for entity in entities {
                            expectAlive { () throws(WorldError) in
                                try world.insert(Burning(), on: entity)
                                try world.remove(Burning.self, from: entity)
                            }
                        }
                    }
                }
                return rounds * count
            },
            floor: { watch in
                watch.run {
                    for _ in 0..<rounds { twin_add_remove_sparse(&rows, plain.entities, plain.values, count) }
                }
                return rounds * count
            }
        )
    }
}

/// Entities of a benchmark live.
@inline(__always)
func expectAlive(_ body: () throws(WorldError) -> Void) {
    do throws(WorldError) { try body() } catch { fatalError("\(error)") }
}
