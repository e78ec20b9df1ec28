import CPlainTwin
import OrreryECS
import OrrerySchema

/// Single values of single entities.
enum Access {
    static let benchmarks = [randomGet] + [1, 10, 100].map { makeWrite(percent: $0, most: $0 == 100 ? 8 : 20) }

    private static let randomGet = Benchmark(
        "random_get", goal: .ratio(2), at: [1_000_000]
    ) { count in
        var generator = SeededGenerator(seed: 42)
        let (world, entities) = makeMovers(count)
        let order = entities.shuffled(using: &generator)
        let positions = world.accessor(Position.self)
        let plain = PlainArrays(count)
        let plainOrder = order.map { twin_entity(index: $0.index, generation: $0.generation) }
        let rounds = max(1, 1_000_000 / count)
        return (
            ours: { watch in
                let sum = watch.run {
                    var sum: Float = 0
                    for _ in 0..<rounds {
                        for entity in order { if let position = positions[entity] { sum += position.x } }
                    }
                    return sum
                }
                keep(sum)
                return rounds * count
            },
            floor: { watch in
                let sum = watch.run {
                    var sum: Float = 0
                    for _ in 0..<rounds { sum += twin_random_get(plainOrder, count, plain.entities, plain.positions) }
                    return sum
                }
                keep(sum)
                return rounds * count
            }
        )
    }

    /// Writes through an accessor, entities in order, each marked for the change log.
    private static func makeWrite(percent: Int, most: Double) -> Benchmark {
        Benchmark(
            "write_tracked_\(percent)", goal: .nanoseconds(most), at: [1_000_000]
        ) { count in
            let (world, entities) = makeMovers(count)
            world.track(Position.self)
            let chosen = choose(percent: percent, of: count)
            let written = chosen.map { entities[Int($0)] }
            let positions = world.accessor(Position.self)
            let log = ChangeLog()
            let plain = PlainArrays(count)
            let rounds = max(1, 1_000_000 / count)
            return (
                ours: { watch in
                    for _ in 0..<rounds {
                        world.drainChanges(into: log)
                        watch.run {
                            for entity in written {
                                expectAlive { () throws(WorldError) in
                                    try positions.update(entity) { $0.x += 1 }
                                }
                            }
                        }
                    }
                    return rounds * written.count
                },
                floor: { watch in
                    for _ in 0..<rounds {
                        keep(plain.bits)
                        watch.run { twin_write(plain.positions, plain.bits, chosen, chosen.count) }
                    }
                    return rounds * chosen.count
                }
            )
        }
    }
}

/// So many percent of the indices below a number, at random, ascending.
func choose(percent: Int, of count: Int) -> [UInt32] {
    var generator = SeededGenerator(seed: 42)
    return Array((0..<UInt32(count)).shuffled(using: &generator).prefix(count * percent / 100)).sorted()
}
