// A query is no sequence: there is no loop to write instead.
// swift-format-ignore-file: ReplaceForEachWithForLoop

import OrreryECS
import OrrerySchema

/// What a relation and an observer of some entities cost the others. The floor is the same in a world that has neither.
enum Beside {
    static let benchmarks = [spawn, spawnBulk, despawn, despawnAll, addRemove, write, iterate]

    private struct Watched: Component { var value: Float = 1 }

    /// A world in which a child has a parent and a value is observed, or nothing of that.
    private static func makeWorld(isWatched: Bool) -> World {
        let world = World()
        guard isWatched else { return world }
        world.spawn(ChildOf(world.spawn()))
        world.observe(Watched.self) { keep($0.entity) }
        world.spawn(Watched())
        return world
    }

    private typealias MakeSample = @Sendable (_ count: Int, _ makeWorld: @escaping () -> World) -> Benchmark.Sample

    private static func makeBenchmark(
        _ name: String, most: Double = 1.1, _ makeSample: @escaping MakeSample
    ) -> Benchmark {
        Benchmark("\(name)_beside", counts: [1000, 100_000], goal: .ratio(most)) { count in
            (
                ours: makeSample(count) { makeWorld(isWatched: true) },
                floor: makeSample(count) { makeWorld(isWatched: false) }
            )
        }
    }

    private static func makeMovers(_ count: Int, in world: World) -> [Entity] {
        (0..<count).map { _ in world.spawn(Position(), Velocity()) }
    }

    private static func rounds(_ count: Int) -> Int { max(1, 100_000 / count) }

    private static let spawn = makeBenchmark("spawn") { count, makeWorld in
        { watch in
            for _ in 0..<rounds(count) {
                let world = makeWorld()
                watch.run { for _ in 0..<count { world.spawn(Position(), Velocity()) } }
            }
            return rounds(count) * count
        }
    }

    private static let spawnBulk = makeBenchmark("spawn_bulk") { count, makeWorld in
        { watch in
            for _ in 0..<rounds(count) {
                let world = makeWorld()
                watch.run {
                    expectAlive { () throws(WorldError) in
                        try world.spawn(count: count, Position(), Velocity())
                    }
                }
            }
            return rounds(count) * count
        }
    }

    private static let despawn = makeBenchmark("despawn", most: 1.25) { count, makeWorld in
        { watch in
            for _ in 0..<rounds(count) {
                let world = makeWorld()
                let entities = makeMovers(count, in: world)
                watch.run {
                    for entity in entities { expectAlive { () throws(WorldError) in try world.despawn(entity) } }
                }
            }
            return rounds(count) * count
        }
    }

    private static let despawnAll = makeBenchmark("despawn_all", most: 1.4) { count, makeWorld in
        { watch in
            for _ in 0..<rounds(count) {
                let world = makeWorld()
                keep(makeMovers(count, in: world))
                _ = watch.run { world.despawnAll(world.query(Read<Position>.self)) }
            }
            return rounds(count) * count
        }
    }

    private static let addRemove = makeBenchmark("add_remove") { count, makeWorld in
        let world = makeWorld()
        let entities = makeMovers(count, in: world)
        return { watch in
            watch.run {
                for _ in 0..<rounds(count) {
                    for entity in entities {
                        expectAlive { () throws(WorldError) in
                            try world.insert(Health(), on: entity)
                            try world.remove(Health.self, from: entity)
                        }
                    }
                }
            }
            return rounds(count) * count
        }
    }

    private static let write = makeBenchmark("write") { count, makeWorld in
        let world = makeWorld()
        let entities = makeMovers(count, in: world)
        let positions = world.accessor(Position.self)
        return { watch in
            watch.run {
                for _ in 0..<rounds(count) {
                    for entity in entities {
                        expectAlive { () throws(WorldError) in
                            try positions.update(entity) { $0.x += 1 }
                            try positions.set(Position(x: 1), on: entity)
                        }
                    }
                }
            }
            return rounds(count) * count
        }
    }

    private static let iterate = makeBenchmark("iterate1") { count, makeWorld in
        let world = makeWorld()
        for _ in 0..<count { world.spawn(Health()) }
        let query = world.query(Write<Health>.self)
        return { watch in
            watch.run { for _ in 0..<repetitions(count) { query.forEach { $0.value += 1 } } }
            return repetitions(count) * count
        }
    }
}
