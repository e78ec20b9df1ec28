// A query is no sequence: there is no loop to write instead.
// swift-format-ignore-file: ReplaceForEachWithForLoop

import OrreryECS
import OrrerySchema
import Testing

@Suite("Systems run by phase, then in order of addition")
struct ScheduleTests {
    struct Trace { var names: [String] = [] }

    private func tracing(_ schedule: inout Schedule, _ name: String, in phase: Phase) {
        schedule.add(name, in: phase) { world, _ in
            try? world.withResource(Trace.self) { $0.names.append(name) }
        }
    }

    @Test func order() throws {
        var schedule = Schedule()
        tracing(&schedule, "publish", in: .publish)
        tracing(&schedule, "late", in: .late)
        tracing(&schedule, "update 1", in: .update)
        tracing(&schedule, "input", in: .input)
        tracing(&schedule, "update 2", in: .update)
        let world = World()
        world.insertResource(Trace())
        schedule.runTick(on: world, step: .milliseconds(20))
        let order = ["input", "update 1", "update 2", "late", "publish"]
        #expect(world.resource(Trace.self)?.names == order)
        #expect(schedule.systemNames == order)
        try schedule.validate()
    }

    @Test func systemsGetQueryTickAndSeconds() {
        var schedule = Schedule()
        schedule.add("integrate", in: .update, Write<Position>.self, Read<Velocity>.self) { query, tick in
            query.without(Frozen.self).forEach { position, velocity in
                position.x += velocity.x * Float(tick.seconds)
            }
        }
        schedule.add("count", in: .late, Write<Health>.self) { query, tick in
            query.forEach { $0.current = Int32(tick.tick.rawValue) }
        }
        schedule.add("read", in: .publish, Read<Position>.self, Read<Velocity>.self, Read<Health>.self) { query, _ in
            query.forEach { position, velocity, health in precondition(position.x != velocity.x + 1000) }
        }
        let world = World()
        let free = world.spawn(Position(), Velocity(x: 8), Health())
        let frozen = world.spawn(Position(), Velocity(x: 8), Frozen())
        for _ in 0..<4 { schedule.runTick(on: world, step: .milliseconds(250)) }
        #expect(world[free, Position.self]?.x == 8)
        #expect(world[frozen, Position.self]?.x == 0)
        #expect(world[free, Health.self]?.current == 4)
        #expect(world.tick == Tick(4))
        schedule.run(world, tick: Tick(9), seconds: 1)
        #expect(world[free, Health.self]?.current == 9)
        #expect(world.tick == Tick(9))
    }

    @Test func commandsAreFlushedAfterEachSystem() {
        var schedule = Schedule()
        schedule.add("spawn", in: .update) { _, tick in tick.commands.spawn(Health(current: 1)) }
        schedule.add("see", in: .update, Write<Health>.self) { query, _ in query.forEach { $0.current += 1 } }
        let world = World()
        schedule.runTick(on: world, step: .seconds(1))
        var seen: [Int32] = []
        world.query(Read<Health>.self).forEach { seen.append($0.current) }
        #expect(seen == [2])
    }

    @Test func tickEndsAfterTheSystems() throws {
        var schedule = Schedule()
        schedule.add("despawn", in: .input) { world, _ in try? world.despawn(Entity(index: 0, generation: 1)) }
        schedule.add("spawn", in: .update) { world, _ in world.spawn() }
        let world = World()
        world.spawn()
        schedule.runTick(on: world, step: .seconds(1))
        #expect(world.contains(Entity(index: 1, generation: 1)))
        #expect(world.spawn() == Entity(index: 0, generation: 2))
    }

    @Test func namesAreUnique() {
        var schedule = Schedule()
        tracing(&schedule, "move", in: .input)
        tracing(&schedule, "move", in: .late)
        #expect { try schedule.validate() } throws: {
            guard let error = $0 as? ScheduleError else { return false }
            return error.code == .nameTaken
                && error.sentence.contains("'move', one in phase .input and one in phase .late")
        }
    }

    @Test func conflictingAccessIsNamed() {
        var schedule = Schedule()
        schedule.add("drift", in: .update, Write<Position>.self, Read<Position>.self) { _, _ in }
        #expect { try schedule.validate() } throws: {
            guard let error = $0 as? ScheduleError else { return false }
            return error.code == .accessConflict
                && error.sentence.contains("'drift' asks for both Write<Position> and Read<Position>")
        }
    }

    @Test func invalidScheduleDoesNotRun() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            var schedule = Schedule()
            schedule.add("a", in: .input) { _, _ in }
            schedule.add("a", in: .input) { _, _ in }
            schedule.runTick(on: World(), step: .seconds(1))
        }
        #expect(stderr(result).contains("Two systems are named 'a'"))
    }
}
