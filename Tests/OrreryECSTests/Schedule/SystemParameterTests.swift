import OrreryECS
import OrrerySchema
import Testing

@Suite("A system gets what its parameters name, and nothing else")
struct SystemParameterTests {
    struct Wind: Equatable { var x = 0 }
    struct Seen { var lines: [String] = [] }

    private let world = World()

    private func runTick(_ schedule: Schedule) { schedule.runTick(on: world, step: .seconds(1)) }

    @Test(arguments: [1, 3])
    func resourcesWithADefault(threadCount: Int) {
        var schedule = Schedule()
        schedule.threadCount = threadCount
        schedule.add("blow", in: .update, .resourceAccessor(default: Wind(x: 5))) { wind, _ in wind.value.x += 1 }
        // Beside the first.
        schedule.add("note", in: .update, .resourceAccessor(default: Seen())) { seen, tick in
            seen.value.lines.append("\(tick.tick)")
        }
        schedule.add("read", in: .late, .resource(default: Wind(x: 100)), .resource(Wind.self)) { wind, same, _ in
            #expect(wind == same)
        }
        #expect(schedule.stageNames == [["blow", "note"], ["read"]])
        runTick(schedule)
        runTick(schedule)
        #expect(world.resource(Wind.self) == Wind(x: 7))
        // Taken out while systems run side by side already.
        world.removeResource(Wind.self)
        world.removeResource(Seen.self)
        runTick(schedule)
        #expect(world.resource(Wind.self) == Wind(x: 6))
        #expect(world.resource(Seen.self)?.lines == ["3"])
    }

    @Test func resourcesWithoutADefault() {
        var schedule = Schedule()
        schedule.add("blow", in: .update, .resourceAccessor(Wind.self), .resource(Seen.self)) { wind, seen, _ in
            #expect(seen == nil)
            wind?.value.x += 1
        }
        runTick(schedule)
        #expect(world.resource(Wind.self) == nil)
        world.insertResource(Wind())
        runTick(schedule)
        #expect(world.resource(Wind.self) == Wind(x: 1))
    }

    /// A resource that is only read has not changed.
    @Test func readingThroughAnAccessorIsNoChange() {
        world.insertResource(Wind())
        var schedule = Schedule()
        schedule.add("look", in: .update, .resourceAccessor(Wind.self)) { wind, tick in
            if tick.tick == Tick(3) { wind?.value.x += 1 } else { _ = wind?.value.x }
        }
        schedule.add("hear", in: .late, .resourceAccessor(default: Seen()), when: .changed(Wind.self)) { seen, tick in
            seen.value.lines.append("\(tick.tick)")
        }
        for _ in 0..<5 { runTick(schedule) }
        #expect(world.resource(Seen.self)?.lines == ["1", "3"])
    }

    @Test func anAccessorKeepsItsWorld() throws {
        func makeAccessor() -> ResourceAccessor<Wind>? {
            let world = World()
            world.insertResource(Wind())
            return world.resourceAccessor(Wind.self)
        }
        let wind = try #require(makeAccessor())
        wind.value.x += 1
        #expect(wind.value == Wind(x: 1))
    }

    @Test func theWorldIsAParameterToo() {
        var schedule = Schedule()
        schedule.add("beside", in: .update, Read<Health>.self) { _, _ in }
        schedule.add("spawn", in: .update, .world, .events(Int.self)) { world, numbers, _ in
            for number in numbers { world.spawn(Health(current: Int32(number))) }
        }
        #expect(schedule.stageNames == [["beside"], ["spawn"]], "it runs alone")
        world.send(3)
        runTick(schedule)
        runTick(schedule)
        #expect(world.query(Read<Health>.self).values() == [Health(current: 3)])
    }

    @Test func removalsAreKeptForWhoRunsRarely() throws {
        var schedule = Schedule()
        for (name, ticks) in [("often", UInt64(1)), ("rarely", 4)] {
            schedule.add(
                name, in: .late, .removals(of: Health.self), .resourceAccessor(default: Seen()),
                when: .every(ticks: ticks)
            ) { removals, seen, tick in
                #expect(removals.missedCount == 0)
                for removal in removals {
                    seen.value.lines.append("\(name) \(tick.tick): \(removal.old.current) \(removal.cause)")
                }
            }
        }
        let entities = (0..<6).map { world.spawn(Health(current: Int32($0)), Position()) }
        // "rarely" runs first in tick 4.
        for tick in 1...8 {
            if tick == 1 { try world.despawn(entities[0]) }
            if tick == 3 { try world.despawn(entities[1]) }
            if tick == 5 {
                try world.remove(Health.self, from: entities[2])
                try world.insert(Health(current: 20), on: entities[2])
                try world.remove(Health.self, from: entities[2])
            }
            if tick == 6 { world.despawnAll(world.query(Read<Health>.self).only(entities[3])) }
            if tick == 7 { try world.remove(Position.self, from: entities[4]) }
            runTick(schedule)
        }
        #expect(
            world.resource(Seen.self)?.lines == [
                "often 3: 1 despawned", "often 5: 2 removed", "often 5: 20 removed", "often 6: 3 despawned",
                "rarely 8: 2 removed", "rarely 8: 20 removed", "rarely 8: 3 despawned",
            ])
        world.clear()
        runTick(schedule)
        #expect(
            world.resource(Seen.self)?.lines.suffix(2).sorted() == ["often 9: 4 despawned", "often 9: 5 despawned"])
    }

    @Test func observersAndReadersOfRemovalsShareAComponent() {
        var schedule = Schedule()
        schedule.threadCount = 2
        schedule.add("bury", in: .late, .removals(of: Health.self)) { _, _ in }
        let entity = world.spawn(Health(current: 1))
        runTick(schedule)
        world.query(Write<Health>.self).forEach { $0.current += 1 }
        // An observer that comes later hears them, and losses are kept on.
        var heard: [Observation<Health>.Kind] = []
        let observer = world.observe(Health.self) { heard.append($0.kind) }
        world.query(Write<Health>.self).forEach { $0.current += 1 }
        #expect(heard == [.changed])
        world.endObserver(observer)
        world.query(Write<Health>.self).forEach { $0.current += 1 }
        try? world.despawn(entity)
        var reader = EventReader<Removal<Health>>()
        #expect(reader.read(world).map(\.old.current) == [4])
    }

    @Test func removalsThatNobodyReadsAreDropped() throws {
        do {
            var schedule = Schedule()
            schedule.add("bury", in: .late, .removals(of: Health.self), when: .every(ticks: 1 << 40)) { _, _ in }
            schedule.add("once", in: .late, .removals(of: Health.self)) { _, _ in }
            runTick(schedule)
        }
        // Both schedules are gone: nobody reads any more.
        for _ in 0..<3 {
            for _ in 0..<1000 { try world.despawn(world.spawn(Health())) }
            world.endTick()
        }
        var reader = EventReader<Removal<Health>>()
        let kept = reader.read(world)
        #expect(kept.isEmpty && kept.missedCount == 3000)
    }

    @Test(.bug(id: "e01", "a reader that was too slow trapped, and removals of one tick were lost without a count"))
    func removalsForASlowReaderAreBounded() throws {
        struct Tally: Sendable { var seen = 0, missed = 0 }
        var schedule = Schedule()
        schedule.add(
            "bury", in: .late, .removals(of: Health.self), .resourceAccessor(default: Tally()), when: .every(ticks: 8)
        ) { removals, tally, _ in
            tally.value.seen += removals.count
            tally.value.missed += Int(removals.missedCount)
        }
        let perTick = World.eventCountMax / 3
        var total = 0
        for tick in 1...24 {
            // In ticks 1 to 8 the system has not run yet.
            if tick > 8, tick <= 16 || tick == 20 {
                let count = tick == 20 ? World.eventCountMax + 10 : perTick
                for _ in 0..<count { try world.despawn(world.spawn(Health())) }
                total += count
            }
            runTick(schedule)
        }
        let tally = try #require(world.resource(Tally.self))
        #expect(tally.seen + tally.missed == total)
        #expect(tally.missed > 0 && tally.seen > World.eventCountMax)
    }

    @Test func twoParametersOfOneTypeReadTheSame() {
        var schedule = Schedule()
        schedule.add("twice", in: .late, .events(Int.self), .events(Int.self), .resourceAccessor(default: Seen())) {
            first, second, seen, _ in
            seen.value.lines.append("\(Array(first)) \(Array(second))")
        }
        world.send(1)
        runTick(schedule)
        world.send(2)
        runTick(schedule)
        #expect(world.resource(Seen.self)?.lines == ["[1] [1]", "[2] [2]"])
    }

    @Test func aRemovalThatIsSentIsNone() throws {
        var schedule = Schedule()
        schedule.add("bury", in: .late, .removals(of: Health.self), .resourceAccessor(default: Seen())) {
            removals, seen, _ in
            seen.value.lines += removals.map { "\($0.old.current)" }
        }
        let other = World()
        schedule.runTick(on: other, step: .seconds(1))
        try other.despawn(other.spawn(Health(current: 3)))
        var reader = EventReader<Removal<Health>>()
        let removal = try #require(reader.read(other).first)
        // Before anybody asks for the removals of this world.
        world.send(removal)
        let entity = world.spawn(Health(current: 5))
        runTick(schedule)
        try world.despawn(entity)
        runTick(schedule)
        #expect(world.resource(Seen.self)?.lines == ["5"])
    }
}
