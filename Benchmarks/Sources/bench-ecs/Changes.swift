// A query is no sequence: there is no loop to write instead.
// swift-format-ignore-file: ReplaceForEachWithForLoop

import CPlainTwin
import OrreryECS
import OrrerySchema

/// The end of a tick: what changed, gathered into one buffer.
enum Changes {
    static let benchmarks =
        [(1, 12.0), (10, 9), (100, 4)].map { makeCollect(percent: $0, most: $1) } + [idle, tick]

    private static func makeCollect(percent: Int, most: Double) -> Benchmark {
        Benchmark("collect_\(percent)", goal: .nanoseconds(most), at: [1_000_000]) { count in
            let (world, entities) = makeMovers(count)
            world.track(Position.self)
            let chosen = choose(percent: percent, of: count)
            let written = chosen.map { entities[Int($0)] }
            let positions = world.accessor(Position.self)
            let log = ChangeLog()
            world.drainChanges(into: log)
            let plain = PlainArrays(count)
            let copy = PlainArrays(count)
            let rounds = max(1, 1_000_000 / count)
            return (
                ours: { watch in
                    for _ in 0..<rounds {
                        for entity in written {
                            expectAlive { () throws(WorldError) in try positions.update(entity) { $0.x += 1 } }
                        }
                        watch.run { world.drainChanges(into: log) }
                    }
                    return rounds * written.count
                },
                floor: { watch in
                    for _ in 0..<rounds {
                        twin_write(plain.positions, plain.bits, chosen, chosen.count)
                        let found = watch.run {
                            twin_collect(
                                plain.entities, plain.positions, plain.bits, count, copy.entities, copy.positions)
                        }
                        precondition(found == chosen.count)
                    }
                    return rounds * chosen.count
                }
            )
        }
    }

    /// The end of a tick in which nothing changed, two components tracked: the whole call, per component.
    private static let idle = Benchmark(
        "idle", counts: [10_000, 1_000_000], goal: .nanoseconds(1000)
    ) { count in
        let (world, _) = makeMovers(count)
        world.track(Position.self)
        world.track(Velocity.self)
        let log = ChangeLog()
        world.drainChanges(into: log)
        let plain = PlainArrays(count)
        // A byte for each 4096 entities.
        let wordCount = count / 4096 / 8 + 1
        return (
            ours: { watch in
                watch.run { for _ in 0..<1000 { world.drainChanges(into: log) } }
                return 2000
            },
            floor: { watch in
                let found = watch.run {
                    var found = 0
                    for _ in 0..<2000 { found &+= twin_any(plain.bits, wordCount) }
                    return found
                }
                keep(found)
                return 2000
            }
        )
    }

    /// Everything moved, logged and copied out.
    private static let tick = Benchmark(
        "tick_1m", counts: [1_000_000], goal: .nanoseconds(8)
    ) { count in
        let (world, _) = makeMovers(count)
        world.track(Position.self)
        let query = world.query(Write<Position>.self, Read<Velocity>.self)
        let log = ChangeLog()
        let plain = PlainArrays(count)
        let copy = PlainArrays(count)
        return (
            ours: { watch in
                watch.run {
                    query.forEach { position, velocity in
                        position.x += velocity.x * 0.1
                        position.y += velocity.y * 0.1
                        position.z += velocity.z * 0.1
                    }
                    world.drainChanges(into: log)
                }
                return count
            },
            floor: { watch in
                let found = watch.run {
                    twin_integrate(plain.positions, plain.velocities, count, 0.1)
                    twin_mark_all(plain.bits, count)
                    return twin_collect(
                        plain.entities, plain.positions, plain.bits, count, copy.entities, copy.positions)
                }
                keep(found)
                return count
            }
        )
    }
}
