import OrreryECS
import OrrerySchema
import Testing

@Suite("Systems run in the order that they name, in stages that do not conflict")
struct ScheduleOrderTests {
    private func make(_ systems: (name: String, order: [SystemOrder])...) -> Schedule {
        var schedule = Schedule()
        for (name, order) in systems { schedule.add(name, in: .update, order: order) { _, _ in } }
        return schedule
    }

    private func expectError(
        _ code: ScheduleError.Code, _ sentence: String, _ schedule: Schedule,
        location: SourceLocation = #_sourceLocation
    ) {
        #expect(sourceLocation: location) {
            try schedule.validate()
        } throws: {
            guard let error = $0 as? ScheduleError else { return false }
            return error.code == code && error.sentence.contains(sentence)
        }
    }

    @Test func beforeAndAfter() {
        let schedule = make(("a", [.after("c")]), ("b", []), ("c", []), ("d", [.before("b")]))
        #expect(schedule.systemNames == ["c", "a", "d", "b"])
    }

    @Test func unknownNames() {
        expectError(.orderUnknown, "'a' is ordered after 'z', but there is no such system", make(("a", [.after("z")])))
    }

    @Test func circles() {
        let circle = make(("a", [.after("b")]), ("b", [.after("c")]), ("c", [.after("a")]), ("d", []))
        expectError(.orderCircular, "The systems 'a', 'b', 'c' each wait", circle)
        expectError(.orderCircular, "The systems 'a' each wait", make(("a", [.after("a")])))
    }

    @Test func otherPhases() {
        var schedule = make(("a", []))
        schedule.add("late", in: .late, order: [.before("a")]) { _, _ in }
        expectError(.orderOutsidePhase, "'late' of phase .late is ordered before 'a' of phase .update", schedule)
    }

    @Test func neighboursThatDoNotConflictShareAStage() {
        var schedule = Schedule()
        schedule.add("read 1", in: .update, Read<Position>.self) { _, _ in }
        schedule.add("read 2", in: .update, Read<Position>.self, Read<Velocity>.self) { _, _ in }
        schedule.add("write", in: .update, Write<Position>.self) { _, _ in }
        schedule.add("other", in: .update, Write<Health>.self) { _, _ in }
        schedule.add("alone", in: .update) { _, _ in }
        schedule.add("wind", in: .update, .query(Write<Mass>.self), .resourceAccessor(Int.self)) { _, _, _ in }
        schedule.add("calm", in: .update, .query(Write<Label>.self), .resource(Int.self)) { _, _, _ in }
        schedule.add("seek", in: .update, .query(Write<Position>.self), .reader(Health.self)) { _, _, _ in }
        schedule.add("heal", in: .update, Write<Health>.self) { _, _ in }
        schedule.add("ordered", in: .update, Read<Mass>.self, order: [.after("heal")]) { _, _ in }
        schedule.add("late", in: .late, Read<Velocity>.self) { _, _ in }
        #expect(
            schedule.stageNames == [
                ["read 1", "read 2"], ["write", "other"], ["alone"], ["wind"], ["calm", "seek"], ["heal"], ["ordered"],
                ["late"],
            ])
    }

    @Test func commandsOfAStageTakeEffectWhenItHasEnded() {
        var schedule = Schedule()
        schedule.add("spawn", in: .update, Read<Position>.self) { _, tick in tick.commands.spawn(Health(current: 1)) }
        schedule.add("beside", in: .update, Write<Health>.self) { query, _ in query.forEach { $0.current += 10 } }
        schedule.add("after", in: .update, Write<Health>.self) { query, _ in query.forEach { $0.current += 100 } }
        let world = World()
        schedule.runTick(on: world, step: .seconds(1))
        #expect(world.query(Read<Health>.self).values() == [Health(current: 101)])
    }

    @Test func conditions() throws {
        struct Wind { var x = 0 }
        struct Counts { var ran: [String: [UInt64]] = [:] }
        var schedule = Schedule()
        func add(_ name: String, _ phase: Phase, _ condition: RunCondition) {
            schedule.add(name, in: phase, when: condition) { world, tick in
                try? world.withResource(Counts.self) { $0.ran[name, default: []].append(tick.tick.rawValue) }
            }
        }
        add("third", .input, .every(ticks: 3))
        add("before", .input, .changed(Wind.self))
        schedule.add("blow", in: .update, when: .when { $0.tick == Tick(4) }) { world, _ in
            try? world.withResource(Wind.self) { $0.x += 1 }
        }
        add("after", .late, .changed(Wind.self))
        add("both", .late, .changed(Wind.self) && .every(ticks: 2))
        let world = World()
        world.insertResource(Counts())
        for tick in 1...8 {
            if tick == 2 { world.insertResource(Wind()) }
            schedule.runTick(on: world, step: .seconds(1))
            if tick == 6 { try world.withResource(Wind.self) { $0.x += 1 } }
        }
        let ran = try #require(world.resource(Counts.self)).ran
        #expect(ran["third"] == [3, 6])
        #expect(ran["before"] == [2, 5, 7])
        #expect(ran["after"] == [2, 4, 7])
        #expect(ran["both"] == [2, 4, 8])
    }

    @Test func timings() throws {
        var schedule = Schedule()
        schedule.add("work", in: .update) { _, tick in
            let clock = ContinuousClock()
            let began = clock.now
            while clock.now - began < .microseconds(tick.tick.rawValue.isMultiple(of: 10) ? 500 : 50) {}
        }
        schedule.add("never", in: .update, when: .when { _ in false }) { _, _ in }
        let world = World()
        for _ in 0..<650 { schedule.runTick(on: world, step: .seconds(1)) }
        let timings = world.systemTimings
        #expect(timings.map(\.name) == ["never", "work"])
        #expect(timings[0].runCount == 0 && timings[0].mean == .zero && timings[0].percentile99 == .zero)
        #expect(timings[1].runCount == 650)
        #expect(timings[1].last >= .microseconds(500))
        #expect(timings[1].percentile99 >= .microseconds(500))
        #expect(timings[1].mean >= .microseconds(95))
    }
}

/// A system that has nothing to work on is most often a mistake.
@Suite struct UnmatchedRunTests {
    @Test(arguments: [1, 3])
    func runsWithoutAnEntityAreCounted(threadCount: Int) throws {
        var schedule = Schedule()
        schedule.threadCount = threadCount
        // Side by side, but for the last.
        schedule.add("wind", in: .update, Read<Position>.self, Read<Velocity>.self) { query, _ in
            _ = query.without(Frozen.self).count
        }
        schedule.add("burn", in: .update, Read<Burning>.self) { query, _ in _ = query.changed(Burning.self).count }
        schedule.add("lit", in: .update, Read<Position>.self, Read<Burning>.self) { query, _ in _ = query.count }
        schedule.add("rare", in: .update, Read<Velocity>.self, when: .every(ticks: 2)) { query, _ in _ = query.count }
        schedule.add("alone", in: .late) { _, _ in }
        schedule.add("either", in: .late, .query(Read<Burning>.self), .query(Read<Mass>.self)) { _, _, _ in }
        let world = World()
        func counts() -> [String: UInt64] {
            Dictionary(uniqueKeysWithValues: world.systemTimings.map { ($0.name, $0.unmatchedRunCount) })
        }
        for _ in 0..<4 { schedule.runTick(on: world, step: .seconds(1)) }
        #expect(counts() == ["wind": 4, "burn": 4, "lit": 4, "rare": 2, "alone": 0, "either": 4])
        // One term is not enough; what narrows the query does not count.
        let entity = world.spawn(Position())
        schedule.runTick(on: world, step: .seconds(1))
        #expect(counts() == ["wind": 5, "burn": 5, "lit": 5, "rare": 2, "alone": 0, "either": 5])
        let burning = world.spawn(Burning())
        schedule.runTick(on: world, step: .seconds(1))
        #expect(counts() == ["wind": 6, "burn": 0, "lit": 0, "rare": 3, "alone": 0, "either": 0])
        try world.insert(Velocity(), on: entity)
        try world.insert(Frozen(), on: entity)
        for _ in 0..<2 { schedule.runTick(on: world, step: .seconds(1)) }
        #expect(counts() == ["wind": 0, "burn": 0, "lit": 0, "rare": 0, "alone": 0, "either": 0])
        try world.despawn(entity)
        try world.despawn(burning)
        for _ in 0..<2 { schedule.runTick(on: world, step: .seconds(1)) }
        #expect(counts() == ["wind": 2, "burn": 2, "lit": 2, "rare": 1, "alone": 0, "either": 2])
    }
}

extension QueryOf {
    func values<C: Component>() -> [C] where Row == (Entity, Read<C>) {
        var values: [C] = []
        forEach { values.append($0) }
        return values
    }
}
