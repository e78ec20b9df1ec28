// A query is no sequence: there is no loop to write instead.
// swift-format-ignore-file: ReplaceForEachWithForLoop

import OrreryECS
import OrrerySchema
import Testing

@Suite("A query names the entities that are meant")
struct QueryNarrowingTests {
    @Test func maybeIsNilWhereThereIsNone() throws {
        let world = World()
        world.spawn(Position(x: 1))
        world.spawn(Position(x: 2), Health(current: 5))
        var seen: [Float: Int32?] = [:]
        world.query(Read<Position>.self, Maybe<Health>.self).forEach { position, health in
            seen[position.x] = .some(health?.current)
        }
        #expect(seen.count == 2 && seen[1] == .some(nil) && seen[2] == 5)
        var chunks: [Bool] = []
        world.query(Maybe<Health>.self, Write<Position>.self).forEachChunk { rows, healths, positions in
            chunks.append(healths != nil)
            for row in rows.indices { positions[row].y = Float(healths?[row].current ?? -1) }
        }
        #expect(chunks == [false, true])
        #expect(world.query(Read<Position>.self).entities.map { world[$0, Position.self]?.y } == [-1, 5])
    }

    @Test func termsComeInAnyOrder() throws {
        let world = World()
        let entity = world.spawn(Position(x: 1), Velocity(x: 2), Health(current: 3), Label(text: "a"))
        world.query(Read<Position>.self, Write<Velocity>.self).forEach { $1.x += $0.x }
        world.query(Read<Velocity>.self, Read<Position>.self, Write<Health>.self).forEach { $2.current += Int32($0.x) }
        world.query(Write<Label>.self, Read<Health>.self, Write<Position>.self).forEachEntity {
            $1.text = "\($0) has \($2.current)"
            $3.x = 9
        }
        #expect(world[entity, Velocity.self]?.x == 3)
        #expect(world[entity, Label.self]?.text == "\(entity) has 6")
        #expect(world[entity, Position.self]?.x == 9)
    }

    @Test func anyOfSeveral() throws {
        let world = World()
        let plain = world.spawn(Position())
        let healthy = world.spawn(Position(), Health())
        let frozen = world.spawn(Position(), Frozen())
        let burning = world.spawn(Position(), Burning())
        let query = world.query(Read<Position>.self)
        #expect(query.withAny(Health.self, Frozen.self).entities == [healthy, frozen])
        #expect(Set(query.withAny(Health.self, Burning.self).entities) == [healthy, burning])
        #expect(query.withAny(Health.self, Frozen.self).withAny(Mass.self, Health.self).entities == [healthy])
        try world.insert(Mass(), on: plain)
        #expect(query.withAny(Mass.self, Label.self).entities == [plain], "tables made later are looked at")
        #expect(query.withAny(Health.self, Frozen.self).count == 2)
    }

    @Test func onlySome() throws {
        let world = World()
        let entities = (0..<5).map { world.spawn(Health(current: Int32($0))) }
        let other = world.spawn(Position())
        try world.despawn(entities[3])
        let query = world.query(Write<Health>.self)
        var seen: [Int32] = []
        query.only(entities[4], other, entities[3], entities[0]).forEach { health in
            seen.append(health.current)
            health.current += 10
        }
        #expect(seen == [4, 0])
        #expect(query.only(entities[0]).only(entities[1]).isEmpty)
        #expect(query.contains(entities[0]) && !query.contains(entities[3]) && !query.contains(other))
        #expect(!query.only(entities[1]).contains(entities[0]))
        #expect(world[entities[4], Health.self]?.current == 14 && world[entities[1], Health.self]?.current == 1)
    }

    @Test func onlyMarksThose() throws {
        let world = World()
        let entities = (0..<5).map { _ in world.spawn(Health()) }
        world.track(Health.self)
        let log = ChangeLog()
        world.drainChanges(into: log)
        world.query(Write<Health>.self).only(entities[3], entities[1]).forEach { $0.current = 1 }
        world.drainChanges(into: log)
        var changed: [Entity] = []
        log.withChanges(of: Health.self) { entities, healths in
            for row in entities.indices {
                changed.append(entities[row])
                #expect(healths[row].current == 1)
            }
        }
        #expect(changed == [entities[1], entities[3]])
    }

    @Test func single() throws {
        let world = World()
        let query = world.query(Read<Health>.self)
        #expect(throws: WorldError.self) { try query.single() }
        let one = world.spawn(Health())
        #expect(try query.single() == one)
        world.spawn(Health())
        do {
            _ = try query.single()
            Issue.record("two are not one")
        } catch {
            #expect(error.code == .notSingle && error.sentence.contains("matches 2"))
        }
    }

    @Test func sorted() throws {
        let world = World()
        let values: [Int32] = [3, 1, 2, 1]
        let entities = values.map { world.spawn(Health(current: $0)) }
        let sorted = world.query(Read<Health>.self).sorted(by: Health.self) { $0.current < $1.current }
        #expect(sorted.entities == [entities[1], entities[3], entities[2], entities[0]])
        try world.insert(Frozen(), on: entities[0])
        #expect(world.query(Read<Health>.self).entities.last == entities[0])
        #expect(world.query(Read<Health>.self).sortedByEntity().entities == entities)
        try world.despawn(entities[2])
        var seen: [Int32] = []
        sorted.forEach { seen.append($0.current) }
        #expect(seen == [1, 1, 3], "in the order of then, without the dead")
    }

    @Test func despawnAll() throws {
        let world = World()
        for number in 0..<9000 {
            let entity = world.spawn(Health(current: Int32(number)), Label(text: "number \(number)"))
            if number % 2 == 0 { try world.insert(Frozen(), on: entity) }
            if number % 3 == 0 { try world.insert(Burning(), on: entity) }
        }
        #expect(world.despawnAll(world.query(Read<Health>.self).with(Burning.self)) == 3000)
        world._checkInvariants()
        #expect(world.despawnAll(world.query(Read<Health>.self).with(Frozen.self)) == 3000)
        world._checkInvariants()
        #expect(world.entityCount == 3000)
        #expect(world.despawnAll(world.query(Read<Health>.self)) == 3000)
        #expect(world.entityCount == 0)
        world._checkInvariants()
    }
}
