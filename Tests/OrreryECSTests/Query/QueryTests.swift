// A query is no sequence: there is no loop to write instead.
// swift-format-ignore-file: ReplaceForEachWithForLoop

import OrreryECS
import OrrerySchema
import Testing

@Suite("A query visits exactly the entities that match")
struct QueryTests {
    @Test func writesAndReads() {
        let world = World()
        let both = world.spawn(Position(x: 1), Velocity(x: 2))
        world.spawn(Position(x: 1))
        world.query(Write<Position>.self, Read<Velocity>.self).forEach { position, velocity in
            position.x += velocity.x
        }
        #expect(world[both, Position.self]?.x == 3)
        var sum: Float = 0
        world.query(Read<Position>.self).forEach { position in sum += position.x }
        #expect(sum == 4)
    }

    @Test func withAndWithoutNarrow() {
        let world = World()
        world.spawn(Health(current: 1))
        world.spawn(Health(current: 2), Frozen())
        world.spawn(Health(current: 4), Label())
        world.spawn(Health(current: 8), Label(), Frozen())
        let query = world.query(Read<Health>.self)
        func sum(_ query: Query<Read<Health>>) -> Int32 {
            var sum: Int32 = 0
            query.forEach { sum += $0.current }
            return sum
        }
        #expect(sum(query) == 15)
        #expect(sum(query.with(Frozen.self)) == 10)
        #expect(sum(query.without(Frozen.self)) == 5)
        #expect(sum(query.with(Label.self).without(Frozen.self)) == 4)
        #expect(sum(query.without(Frozen.self).without(Label.self)) == 1)
        #expect(query.with(Label.self).count == 2)
        #expect(!query.isEmpty)
        #expect(query.without(Health.self).isEmpty)
    }

    @Test func followsTablesMadeLater() throws {
        let world = World()
        let query = world.query(Read<Health>.self)
        let thawed = query.without(Frozen.self)
        #expect(query.isEmpty && thawed.count == 0)
        let first = world.spawn(Health())
        #expect(query.count == 1)
        world.spawn(Health(), Label())
        world.spawn(Label())
        #expect(query.count == 2 && thawed.count == 2)
        try world.insert(Frozen(), on: first)
        #expect(query.count == 2 && thawed.count == 1)
        try world.despawn(first)
        #expect(query.count == 1 && thawed.count == 1)
    }

    @Test func handsOutTheEntity() {
        let world = World()
        let entities = (0..<2000).map { world.spawn(Health(current: Int32($0)), Position()) }
        var seen: [Entity: Int32] = [:]
        world.query(Write<Position>.self, Read<Health>.self).forEachEntity { entity, position, health in
            position.x = Float(health.current)
            seen[entity] = health.current
        }
        #expect(seen.count == 2000)
        #expect(entities.enumerated().allSatisfy { seen[$1] == Int32($0) })
        #expect(entities.enumerated().allSatisfy { world[$1, Position.self]?.x == Float($0) })
    }

    @Test func visitsChunks() {
        let world = World()
        let entities = (0..<70_000).map { world.spawn(Health(current: Int32($0)), Mass()) }
        var counts: [Int] = []
        var visited: [Entity] = []
        world.query(Read<Health>.self, Write<Mass>.self).forEachChunk { rows, health, mass in
            counts.append(rows.count)
            #expect(health.count == rows.count && mass.count == rows.count)
            for row in rows.indices {
                mass[row].kilograms += Double(health[row].current)
                visited.append(rows.entities[row])
            }
        }
        #expect(counts == [65_536, 4464])
        #expect(visited == entities)
        #expect(world[entities[69_000], Mass.self]?.kilograms == 69_001)
        var single = 0
        world.query(Read<Health>.self).forEachChunk { rows, health in single += Int(health[rows.count - 1].current) }
        #expect(single == 65_535 + 69_999)
    }

    @Test func visitsTags() {
        let world = World()
        world.spawn(Frozen(), Health(current: 1))
        world.spawn(Health(current: 2))
        var seen: [Int32] = []
        world.query(Read<Frozen>.self, Read<Health>.self).forEach { _, health in seen.append(health.current) }
        #expect(seen == [1])
        #expect(world.query(Write<Frozen>.self).count == 1)
    }

    @Test func iterationsNest() {
        let world = World()
        for index in 0..<10 { world.spawn(Health(current: Int32(index))) }
        var pairs = 0
        world.query(Write<Health>.self).forEach { _ in
            world.query(Read<Health>.self).forEach { _ in pairs += 1 }
        }
        #expect(pairs == 100)
        world.spawn(Health())
        #expect(world.entityCount == 11)
    }

    @Test func structureStandsStillDuringIteration() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let world = World()
            let entity = world.spawn(Health())
            world.query(Read<Health>.self).forEach { _ in try? world.despawn(entity) }
        }
        #expect(stderr(result).contains("cannot despawn while a query iterates"))
        #expect(stderr(result).contains("use world.commands"))
    }

    @Test func columnsAreBoundsChecked() async {
        await #expect(processExitsWith: .failure) {
            let world = World()
            world.spawn(Health())
            world.query(Write<Health>.self).forEachChunk { rows, health in health[rows.count].current = 1 }
        }
    }

    @Test func componentNamedTwiceTrapsWithASentence() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = World().query(Write<Health>.self, Read<Health>.self)
        }
        #expect(stderr(result).contains("names the component 'Health' twice (Write and Read)"))
    }
}
