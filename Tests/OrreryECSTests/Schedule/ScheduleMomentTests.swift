// A query is no sequence: there is no loop to write instead.
// swift-format-ignore-file: ReplaceForEachWithForLoop

import OrreryECS
import OrrerySchema
import Synchronization
import Testing

@Suite("Each system sees each write once: none is lost between two of its runs")
struct ScheduleMomentTests {
    struct Wind { var x = 0 }

    /// How often each system saw something.
    private final class Tally: Sendable {
        private let counts = Mutex<[String: Int]>([:])

        func add(_ name: String, _ count: Int = 1) { counts.withLock { $0[name, default: 0] += count } }

        subscript(name: String) -> Int { counts.withLock { $0[name] ?? 0 } }
    }

    private let tally = Tally()

    private func run(_ schedule: Schedule, on world: World, tickCount: Int = 100) {
        for _ in 0..<tickCount { schedule.runTick(on: world, step: .seconds(1)) }
    }

    @Test(.bug(id: "d05", "a write in the stage of a conditional system was taken for seen"), arguments: [1, 3])
    func aConditionSeesEachWriteOfAResource(threadCount: Int) {
        let world = World()
        world.insertResource(Wind())
        var schedule = Schedule()
        schedule.threadCount = threadCount
        schedule.add("early", in: .update, Write<Label>.self, when: .changed(Wind.self)) { [tally] _, _ in
            tally.add("early")
        }
        schedule.add("blow", in: .update, .resourceAccessor(Wind.self)) { wind, _ in wind?.value.x += 1 }
        schedule.add("flutter", in: .update, Write<Health>.self, when: .changed(Wind.self)) { [tally] _, _ in
            tally.add("flutter")
        }
        run(schedule, on: world)
        #expect(tally["flutter"] == 100 && tally["early"] == 100)
        #expect(schedule.stageNames == [["early"], ["blow"], ["flutter"]], "a condition reads what it asks for")
    }

    @Test func conditionsThatAreJoinedReadWhatEachReads() {
        struct Sea { var y = 0 }
        var schedule = Schedule()
        schedule.add("blow", in: .update, .resourceAccessor(Wind.self)) { _, _ in }
        schedule.add("swell", in: .update, .resourceAccessor(Sea.self)) { _, _ in }
        schedule.add(
            "sail", in: .update, Write<Health>.self, when: .changed(Wind.self) && .every(ticks: 2) && .changed(Sea.self)
        ) { _, _ in }
        #expect(schedule.stageNames == [["blow", "swell"], ["sail"]])
    }

    @Test func aConditionIsNotMetByWhatItsSystemWrites() {
        let world = World()
        world.insertResource(Wind())
        var schedule = Schedule()
        schedule.add("echo", in: .update, .resourceAccessor(Wind.self), when: .changed(Wind.self)) { [tally] wind, _ in
            tally.add("echo")
            wind?.value.x += 1
        }
        run(schedule, on: world)
        #expect(tally["echo"] == 1)
    }

    /// Observers write what no system of the stage names.
    @Test func whatObserversWriteInAStageIsSeen() throws {
        let world = World()
        world.insertResource(Wind())
        let entity = world.spawn(Health(), Mass())
        world.observe(Health.self) { observation in
            try? observation.world.set(Mass(kilograms: 2), on: observation.entity)
            try? observation.world.withResource(Wind.self) { $0.x += 1 }
        }
        var schedule = Schedule()
        schedule.add("weigh", in: .update, Read<Mass>.self) { [tally] query, _ in
            tally.add("weigh", query.changed(Mass.self).count)
        }
        schedule.add("sail", in: .update, Write<Label>.self, when: .changed(Wind.self)) { [tally] _, _ in
            tally.add("sail")
        }
        schedule.add("heal", in: .update, Write<Health>.self) { query, _ in query.forEach { $0.current += 1 } }
        #expect(schedule.stageNames == [["weigh", "sail", "heal"]])
        run(schedule, on: world)
        #expect(tally["weigh"] == 100, "the last write is seen in the next tick")
        #expect(tally["sail"] == 100)
        #expect(world[entity, Mass.self]?.kilograms == 2)
    }

    @Test(.bug(id: "o05", "systems of two schedules shared what is kept by their name"))
    func schedulesShareNothingByName() throws {
        let world = World()
        let entity = world.spawn(Health())
        let schedules = ["fast", "slow"].map { name in
            var schedule = Schedule()
            schedule.add("watch", in: .late, .query(Read<Health>.self), .events(Int.self)) {
                [tally] query, numbers, _ in
                tally.add(name, query.changed(Health.self).count + 100 * numbers.count)
            }
            return schedule
        }
        for number in 0..<10 {
            try world.set(Health(), on: entity)
            world.send(number)
            for schedule in schedules { schedule.run(world, tick: world.tick, seconds: 1) }
            world.endTick()
        }
        #expect(tally["fast"] == 1010 && tally["slow"] == 1010)
        #expect(world.systemTimings.map(\.name) == ["watch", "watch"])
        #expect(world.systemTimings.map(\.runCount) == [10, 10])
    }

    @Test func aCopyOfAScheduleIsTheSameSystems() throws {
        let world = World()
        let entity = world.spawn(Health())
        var schedule = Schedule()
        schedule.add("watch", in: .late, Read<Health>.self) { [tally] query, _ in
            tally.add("watch", query.changed(Health.self).count)
        }
        schedule.runTick(on: world, step: .seconds(1))
        var copy = schedule
        copy.threadCount = 2
        copy.add("other", in: .late, Write<Mass>.self) { _, _ in }
        copy.runTick(on: world, step: .seconds(1))
        #expect(tally["watch"] == 1)
        try world.set(Health(), on: entity)
        schedule.runTick(on: world, step: .seconds(1))
        #expect(tally["watch"] == 2)
        #expect(world.systemTimings.map(\.runCount) == [1, 3])
    }

    @Test func whatIsKeptOfASystemEndsWithItsSchedule() {
        let world = World()
        for _ in 0..<100 {
            var schedule = Schedule()
            schedule.add("once", in: .late, Read<Health>.self) { _, _ in }
            schedule.add("twice", in: .late, Read<Health>.self) { _, _ in }
            schedule.runTick(on: world, step: .seconds(1))
        }
        #expect(world.systemTimings.count <= 4)
    }

    @Test func aScheduleThatRunsInASystemOfAnother() throws {
        let world = World()
        let entity = world.spawn(Health())
        var inner = Schedule()
        inner.add("alone", in: .update) { _, _ in }
        var outer = Schedule()
        outer.add("nest", in: .update) { [tally, inner] world, tick in
            inner.run(world, tick: tick.tick, seconds: tick.seconds)
            tally.add("nest", world.query(Read<Health>.self).changed(Health.self).count)
        }
        run(outer, on: world, tickCount: 3)
        #expect(tally["nest"] == 1, "its own moment is still known after the inner schedule")
        try world.set(Health(), on: entity)
        run(outer, on: world, tickCount: 3)
        #expect(tally["nest"] == 2)
    }

    @Test(.bug(id: "f01", "commands waited for a system that did not come"))
    func commandsOfBeforeAreAppliedWithoutAnySystem() {
        let world = World()
        world.commands.spawn(Position(x: 1))
        Schedule().runTick(on: world, step: .seconds(1))
        #expect(world.commands.count == 0)
        let log = ChangeLog()
        world.drainChanges(into: log)
        #expect(log.spawned.count == 1)
    }

    @Test func commandsOfBeforeAreAppliedBeforeTheFirstSystem() throws {
        let world = World()
        let entity = world.spawn(Health())
        world.observe(Health.self) { $0.world.commands.insert(Mass(), on: $0.entity) }
        var schedule = Schedule()
        schedule.add("count", in: .input, Read<Mass>.self) { [tally] query, _ in tally.add("count", query.count) }
        try world.set(Health(current: 1), on: entity)
        schedule.runTick(on: world, step: .seconds(1))
        #expect(tally["count"] == 1)
    }

    @Test(.bug(id: "o08", "a read beside a term that reads was taken for a contradiction"))
    func whatIsReadMayBeReadAgain() throws {
        var schedule = Schedule()
        schedule.add("look", in: .update, .query(Read<Position>.self), .reader(Position.self)) { _, _, _ in }
        schedule.add("peer", in: .update, .query(Maybe<Mass>.self), .query(Read<Mass>.self)) { _, _, _ in }
        schedule.add("feel", in: .update, .resource(Wind.self), .resource(default: Wind())) { _, _, _ in }
        try schedule.validate()
        #expect(schedule.stageNames == [["look", "peer", "feel"]])
    }

    @Test func whatIsWrittenIsNamedOnce() {
        func expectConflict(_ sentence: String, _ add: (inout Schedule) -> Void) {
            var schedule = Schedule()
            add(&schedule)
            #expect {
                try schedule.validate()
            } throws: {
                guard let error = $0 as? ScheduleError else { return false }
                return error.code == .accessConflict && error.sentence.contains(sentence)
            }
        }
        expectConflict("Write<Position> and .reader(Position.self)") {
            $0.add("a", in: .update, .query(Write<Position>.self), .reader(Position.self)) { _, _, _ in }
        }
        expectConflict(".accessor(Position.self) and Write<Position>") {
            $0.add("a", in: .update, .accessor(Position.self), .query(Write<Position>.self)) { _, _, _ in }
        }
        expectConflict("Write<Position> and Read<Position>") {
            $0.add("a", in: .update, .query(Write<Position>.self), .query(Read<Position>.self)) { _, _, _ in }
        }
        expectConflict(".resourceAccessor(Wind.self) and .resource(Wind.self)") {
            $0.add("a", in: .update, .resourceAccessor(Wind.self), .resource(Wind.self)) { _, _, _ in }
        }
        expectConflict("Read<Position> and Read<Position>") {
            $0.add("a", in: .update, Read<Position>.self, Maybe<Position>.self) { _, _ in }
        }
    }

    /// Who reads most values and writes few.
    @Test func whatAQueryReadsAnAccessorMayWrite() throws {
        let world = World()
        let entities = (0..<4).map { world.spawn(Health(current: Int32($0))) }
        var schedule = Schedule()
        schedule.add("heal", in: .update, .query(Read<Health>.self), .accessor(Health.self)) { query, healths, _ in
            query.forEachEntity { entity, health in
                if health.current < 2 { try? healths.set(Health(current: 9), on: entity) }
            }
        }
        try schedule.validate()
        schedule.runTick(on: world, step: .seconds(1))
        #expect(entities.map { world[$0, Health.self]?.current } == [9, 9, 2, 3])
    }
}
