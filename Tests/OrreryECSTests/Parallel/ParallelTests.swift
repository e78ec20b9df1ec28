// A query is no sequence: there is no loop to write instead.
// swift-format-ignore-file: ReplaceForEachWithForLoop

import OrreryECS
import OrrerySchema
import Synchronization
import Testing

@Suite("The number of threads cannot be told from the result")
struct ParallelTests {
    struct Died: Sendable { var entity: Entity }
    struct Deaths { var entities: [Entity] = [] }

    /// Systems that share stages, divide queries, give commands, draw random numbers and send events.
    private func makeSchedule(threadCount: Int) -> Schedule {
        var schedule = Schedule()
        schedule.threadCount = threadCount
        schedule.add("move", in: .update, Write<Position>.self, Read<Velocity>.self) { query, tick in
            query.without(Frozen.self).forEachPart(tick) { part, tick in
                var random = tick.makeRandom()
                part.forEach { position, velocity in
                    position.x += velocity.x * Float(tick.seconds) + Float.random(in: 0..<1, using: &random)
                }
            }
        }
        schedule.add("hurt", in: .update, Write<Health>.self) { query, tick in
            query.forEachPart(tick) { part, tick in
                var random = tick.makeRandom(stream: 7)
                part.forEachEntity { entity, health in
                    health.current -= Int32.random(in: 0..<40, using: &random)
                    guard health.current <= 0 else { return }
                    tick.send(Died(entity: entity))
                    tick.commands.despawn(entity)
                    tick.commands.spawn(Position(x: Float(entity.index)), Velocity(x: 1), Health())
                }
            }
        }
        schedule.add("weigh", in: .update, Write<Mass>.self) { query, tick in
            query.forEachEntity { entity, mass in
                mass.kilograms += 1
                if mass.kilograms > 4 { tick.commands.remove(Mass.self, from: entity) }
            }
            tick.commands.spawn(Mass())
        }
        schedule.add("count", in: .late, .events(Died.self), .resourceAccessor(default: Deaths())) { died, deaths, _ in
            deaths.value.entities += died.map(\.entity)
        }
        return schedule
    }

    private func makeWorld() -> World {
        let world = World()
        world.track(Position.self)
        world.track(Health.self)
        world.track(Mass.self)
        for number in 0..<20_000 {
            let entity = world.spawn(Position(x: Float(number)), Velocity(x: 2))
            if number % 3 == 0 { try? world.insert(Health(), on: entity) }
            if number % 7 == 0 { try? world.insert(Mass(), on: entity) }
            if number % 11 == 0 { try? world.insert(Frozen(), on: entity) }
        }
        return world
    }

    private func run(threadCount: Int) throws -> (log: [UInt8], deaths: [Entity]) {
        let world = makeWorld()
        let schedule = makeSchedule(threadCount: threadCount)
        #expect(schedule.stageNames == [["move", "hurt", "weigh"], ["count"]])
        return (world.run(schedule, tickCount: 12), try #require(world.resource(Deaths.self)).entities)
    }

    @Test func oneAndManyThreads() throws {
        let alone = try run(threadCount: 1)
        #expect(alone.deaths.count > 1000)
        for threadCount in [2, 3, 8] {
            let together = try run(threadCount: threadCount)
            #expect(together.log == alone.log, "\(threadCount) threads")
            #expect(together.deaths == alone.deaths, "\(threadCount) threads")
        }
    }

    @Test func systemsOfAStageRunAtTheSameTime() {
        let arrived = Atomic(0)
        let met = Atomic(0)
        var schedule = Schedule()
        schedule.threadCount = 2
        /// Waits until the other is there too, or too long.
        @Sendable func waitForTheOther() {
            arrived.add(1, ordering: .sequentiallyConsistent)
            let clock = ContinuousClock()
            let deadline = clock.now + .seconds(30)
            while clock.now < deadline {
                if arrived.load(ordering: .sequentiallyConsistent) == 2 {
                    met.add(1, ordering: .sequentiallyConsistent)
                    return
                }
            }
        }
        // In the first run each has the world to itself.
        schedule.add("left", in: .update, Write<Position>.self) { _, tick in
            if tick.tick > Tick(1) { waitForTheOther() }
        }
        schedule.add("right", in: .update, Write<Velocity>.self) { _, tick in
            if tick.tick > Tick(1) { waitForTheOther() }
        }
        let world = World()
        for _ in 0..<2 { schedule.runTick(on: world, step: .seconds(1)) }
        #expect(met.load(ordering: .sequentiallyConsistent) == 2)
    }

    @Test func partsCoverEachRowOnce() {
        let world = World()
        world.track(Health.self)
        for number in 0..<40_000 {
            let entity = world.spawn(Health(current: 0))
            if number % 2 == 0 { try? world.insert(Position(), on: entity) }
            if number % 400 == 0 { try? world.insert(Velocity(), on: entity) }
        }
        let log = ChangeLog()
        world.drainChanges(into: log)
        log.reset()
        let parts = Mutex<[Int]>([])
        world.query(Write<Health>.self).forEachPart(threadCount: 3) { part in
            parts.withLock { $0.append(part.count) }
            part.forEach { $0.current += 1 }
        }
        #expect(parts.withLock { $0.count } == 3)
        #expect(parts.withLock { $0.reduce(0, +) } == 40_000)
        #expect(world.query(Read<Health>.self).values().allSatisfy { $0.current == 1 })
        world.drainChanges(into: log)
        #expect(log.columns.reduce(0) { $0 + $1.count } == 40_000)
        world.query(Read<Label>.self).forEachPart(threadCount: 3) { _ in Issue.record("no entity has a label") }
    }

    @Test func newNarrowingsWhileSystemsShareTheWorld() {
        var schedule = Schedule()
        schedule.threadCount = 2
        schedule.add("unknown", in: .update, Write<Health>.self) { query, _ in
            query.without(Frozen.self).forEach { $0.current += 1 }
            query.with(Label.self).forEach { $0.current += 10 }
        }
        schedule.add("beside", in: .update, .query(Read<Health>.self), .accessor(Mass.self)) { _, _, _ in }
        schedule.add("known", in: .late, Write<Health>.self) { query, _ in
            query.without(Frozen.self).forEach { $0.current += 100 }
        }
        schedule.add("next to it", in: .late, Write<Position>.self) { _, _ in }
        let world = World()
        world.spawn(Health(current: 0))
        schedule.runTick(on: world, step: .seconds(1))
        world.spawn(Health(current: 0), Frozen(), Label())
        schedule.runTick(on: world, step: .seconds(1))
        #expect(world.query(Read<Health>.self).values() == [Health(current: 202), Health(current: 10)])
    }

    @Test func systemsOfAStageHaveLastRunsOfTheirOwn() throws {
        var schedule = Schedule()
        schedule.threadCount = 2
        schedule.add("write", in: .input) { world, tick in
            try? world.set(Health(current: Int32(tick.tick.rawValue)), on: Entity(index: 0, generation: 1))
        }
        let counts = Mutex<[String: [Int]]>([:])
        schedule.add("always", in: .update, Read<Health>.self) { query, _ in
            let count = query.changed(Health.self).count
            counts.withLock { $0["always", default: []].append(count) }
        }
        schedule.add("rarely", in: .update, .query(Read<Position>.self), .reader(Health.self), when: .every(ticks: 3)) {
            query, _, _ in
            let count = query.changed(Health.self).count
            counts.withLock { $0["rarely", default: []].append(count) }
        }
        schedule.add("part", in: .late, Read<Health>.self) { query, tick in
            query.changed(Health.self).forEachPart(tick) { part, _ in
                let count = part.count
                counts.withLock { $0["part", default: []].append(count) }
            }
        }
        let world = World()
        world.spawn(Health(), Position())
        for _ in 0..<3 { world.spawn(Health(), Position()) }
        for _ in 0..<7 { schedule.runTick(on: world, step: .seconds(1)) }
        #expect(schedule.stageNames == [["write"], ["always", "rarely"], ["part"]])
        #expect(
            counts.withLock { $0 } == [
                "always": [4, 1, 1, 1, 1, 1, 1], "rarely": [4, 1], "part": [4, 1, 1, 1, 1, 1, 1],
            ])
    }

    @Test func undeclaredAccessesAreKeptWithTheirSystem() {
        var schedule = Schedule()
        let counts = Mutex<[Int]>([])
        for name in ["peek", "look"] {
            schedule.add(name, in: .update, Read<Position>.self) { query, _ in
                let found = [
                    query.changed(Health.self).count, query.sorted(by: Health.self) { $0.current < $1.current }.count,
                ]
                counts.withLock { $0 += found }
            }
        }
        let world = World()
        world.spawn(Position(), Health())
        for _ in 0..<2 { schedule.runTick(on: world, step: .seconds(1)) }
        #expect(counts.withLock { $0 } == Array(repeating: 0, count: 8))
        #expect(world.scheduleErrors.map(\.system) == ["look", "look", "peek", "peek"], "each kind of access once")
        #expect(world.scheduleErrors.last?.description.contains("'peek' sorts by 'Health'") == true)
        #expect(world.scheduleErrors.allSatisfy { $0.code == .accessUndeclared })
        #expect(
            world.scheduleErrors.first?.description
                == "System 'look' asks for changes of 'Health', which none of its parameters reads; "
                + "add it to the terms of its query, or add .reader(Health.self) to its parameters.")
    }

    @Test func scheduleErrorsAreBounded() {
        var schedule = Schedule()
        for number in 0..<World.scheduleErrorCountMax + 5 {
            schedule.add("system \(number)", in: .update, Read<Position>.self) { query, _ in
                _ = query.added(Health.self).count
            }
        }
        let world = World()
        schedule.runTick(on: world, step: .seconds(1))
        #expect(world.scheduleErrors.count == World.scheduleErrorCountMax)
    }

    @Test func partsAreNotDividedAgain() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let world = World()
            world.spawn(Health())
            world.query(Read<Health>.self).forEachPart(threadCount: 2) { part in
                part.forEachPart(threadCount: 2) { _ in }
            }
        }
        #expect(stderr(result).contains("a part of a query cannot be divided again"))
    }

    @Test func partsReadOtherEntities() throws {
        var schedule = Schedule()
        schedule.threadCount = 2
        schedule.add(
            "follow", in: .update, .query(Write<Mass>.self), .reader(Health.self), .reader(Label.self)
        ) { query, healths, labels, tick in
            query.forEachPart(tick, reading: healths, labels) { part, healths, labels, _ in
                part.forEachEntity { entity, mass in
                    mass.kilograms = Double(healths[entity]?.current ?? 0)
                    if labels.contains(entity) { mass.kilograms = 0.5 }
                }
            }
        }
        let world = World()
        for number in 0..<40_000 { world.spawn(Mass(), Health(current: Int32(number))) }
        let named = world.spawn(Mass(), Label())
        schedule.runTick(on: world, step: .seconds(1))
        #expect(world.query(Read<Mass>.self).values().reduce(0) { $0 + $1.kilograms } == 799_980_000.5)
        #expect(world[named, Mass.self]?.kilograms == 0.5)
    }

    @Test func partsDoNotReadWhatTheyWrite() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            var schedule = Schedule()
            schedule.add("spread", in: .update) { world, tick in
                world.spawn(Health())
                world.query(Write<Health>.self).forEachPart(tick, reading: world.reader(Health.self)) { _, _, _ in }
            }
            schedule.runTick(on: World(), step: .seconds(1))
        }
        #expect(stderr(result).contains("the parts of a query that writes 'Health' cannot read it of other entities"))
    }

    @Test func partsAreNotNarrowed() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let world = World()
            let entity = world.spawn(Health())
            world.query(Write<Health>.self).forEachPart(threadCount: 2) { part in
                part.only(entity).forEach { $0.current += 1 }
            }
        }
        #expect(stderr(result).contains("narrow a query before it is divided"))
    }

    /// Small tables share a part, however many they are.
    @Test func partsHoldRowsOfManyTables() throws {
        let world = World()
        for number in 0..<9000 {
            let entity = world.spawn(Health(current: Int32(number)))
            if number & 1 != 0 { try world.insert(Position(), on: entity) }
            if number & 2 != 0 { try world.insert(Label(), on: entity) }
            if number & 4 != 0 { try world.insert(Frozen(), on: entity) }
        }
        let parts = Mutex<[Int]>([])
        world.query(Write<Health>.self).forEachPart(threadCount: 2) { part in
            let count = part.count
            parts.withLock { $0.append(count) }
        }
        #expect(parts.withLock { $0 } == [9000])
    }
}
