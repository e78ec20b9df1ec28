// A query is no sequence: there is no loop to write instead.
// swift-format-ignore-file: ReplaceForEachWithForLoop

import OrreryECS
import OrrerySchema
import Testing

@Suite("A query tells what was written, and what was gained, since it was last asked")
struct ChangeQueryTests {
    @Test func writesSinceAMark() throws {
        let world = World()
        let entities = (0..<9000).map { _ in world.spawn(Position(), Label()) }
        let query = world.query(Read<Position>.self).changed(Position.self)
        #expect(query.count == 9000, "everything, if no moment is named")
        let mark = world.changeMark()
        #expect(query.since(mark).isEmpty)
        try world.set(Position(x: 1), on: entities[8500])
        try world.update(entities[7], Position.self) { $0.x = 2 }
        try world.updateUnmarked(entities[8], Position.self) { $0.x = 3 }
        try world.set(Label(text: "another component"), on: entities[9])
        #expect(query.since(mark).entities == [entities[7], entities[8500]])
        let later = world.changeMark()
        world.query(Write<Position>.self).only(entities[100], entities[101]).forEach { _ in }
        #expect(query.since(later).entities == [entities[100], entities[101]], "written is enough, equal or not")
        #expect(query.since(mark).count == 4)
        world._checkInvariants()
    }

    @Test func trackingIsNoWrite() {
        let world = World()
        world.spawn(Health(), Burning())
        let (healths, burnings) = (
            world.query(Read<Health>.self).changed(Health.self), world.query(Read<Burning>.self).changed(Burning.self)
        )
        let mark = world.changeMark()
        world.track(Health.self)
        world.track(Burning.self)
        #expect(healths.since(mark).isEmpty && burnings.since(mark).isEmpty)
    }

    @Test func rowsKeepTheirMoment() throws {
        let world = World()
        let entities = (0..<5).map { world.spawn(Health(current: Int32($0))) }
        let query = world.query(Read<Health>.self).changed(Health.self)
        let mark = world.changeMark()
        try world.set(Health(current: 40), on: entities[4])
        try world.despawn(entities[0])
        #expect(query.since(mark).entities == [entities[4]], "the last row took the place of the first")
        try world.insert(Frozen(), on: entities[4])
        try world.insert(Frozen(), on: entities[2])
        #expect(query.since(mark).entities == [entities[4]], "the row moved to another table")
        #expect(query.since(mark).without(Frozen.self).isEmpty)
        world._checkInvariants()
    }

    @Test func gains() throws {
        let world = World()
        let old = world.spawn(Health(), Position())
        let query = world.query(Read<Position>.self).added(Health.self)
        #expect(query.entities == [old])
        let mark = world.changeMark()
        try world.set(Health(), on: old)
        #expect(query.since(mark).isEmpty, "a write is no gain")
        let new = world.spawn(Position())
        try world.insert(Health(), on: new)
        let spawned = world.spawn(Position(), Health())
        let copy = try world.clone(old)
        let bulk = try world.spawn(columns: [Position(), Position()], [Health(), Health()])
        #expect(Set(query.since(mark).entities) == Set([new, spawned, copy] + bulk))
        let later = world.changeMark()
        try world.remove(Health.self, from: old)
        try world.insert(Health(), on: old)
        #expect(query.since(later).entities == [old], "gone and back is a gain")
        world._checkInvariants()
    }

    @Test func sparseComponentsToo() throws {
        let world = World()
        let entities = (0..<10).map { _ in world.spawn(Position()) }
        for entity in entities[2..<6] { try world.insert(Burning(), on: entity) }
        let changed = world.query(Read<Burning>.self).changed(Burning.self)
        let added = world.query(Read<Position>.self).added(Burning.self)
        #expect(changed.count == 4 && added.count == 4)
        let mark = world.changeMark()
        try world.set(Burning(seconds: 1), on: entities[3])
        try world.insert(Burning(), on: entities[8])
        try world.remove(Burning.self, from: entities[2])
        #expect(Set(changed.since(mark).entities) == [entities[3], entities[8]])
        #expect(added.since(mark).entities == [entities[8]])
        world._checkInvariants()
    }

    @Test func eachSystemSeesEachWriteOnce() throws {
        let world = World()
        let first = world.spawn(Health(current: 0))
        let second = world.spawn(Health(current: 0))
        let seen = Seen()
        var schedule = Schedule()
        schedule.add("before", in: .input) { world, _ in seen.note("before", world) }
        schedule.add("write", in: .update) { world, tick in
            if tick.tick == Tick(2) { try? world.set(Health(current: 1), on: first) }
            if tick.tick == Tick(4) { tick.commands.insert(Health(current: 2), on: second) }
            seen.note("write", world)
        }
        schedule.add("after", in: .late) { world, _ in seen.note("after", world) }
        for _ in 1...5 { schedule.runTick(on: world, step: .milliseconds(10)) }
        #expect(seen["before"] == [[first, second], [], [first], [], [second]], "what was written after its run")
        #expect(
            seen["write"] == [[first, second], [first], [], [], [second]],
            "its own write counts while it runs and never again; its commands come after it")
        #expect(seen["after"] == [[first, second], [first], [], [second], []], "writes earlier in the tick")
    }

    /// What systems saw in each of their runs. Guard: the test's thread.
    private final class Seen: @unchecked Sendable {
        private var runs: [String: [[Entity]]] = [:]

        func note(_ system: String, _ world: World) {
            runs[system, default: []].append(world.query(Read<Health>.self).changed(Health.self).entities)
        }

        subscript(_ system: String) -> [[Entity]] { runs[system] ?? [] }
    }

    @Test func aMarkInTheClosureOfAnUpdateIsBeforeItsWrite() throws {
        let world = World()
        let entity = world.spawn(Health())
        #expect(world.query(Read<Health>.self).changed(Health.self).count == 1)
        let mark = try world.update(entity, Health.self) { health in
            let mark = world.changeMark()
            health.current = 5
            return mark
        }
        #expect(world.query(Read<Health>.self).changed(Health.self).since(mark).entities == [entity])
    }
}
