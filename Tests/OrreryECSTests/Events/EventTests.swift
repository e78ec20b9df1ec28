import OrreryECS
import OrrerySchema
import Testing

@Suite("Every reader sees each event once")
struct EventTests {
    struct Hit: Sendable, Equatable { var number: Int }
    struct Seen { var numbers: [String: [Int]] = [:] }

    private func reading(_ schedule: inout Schedule, _ name: String, in phase: Phase, when: RunCondition = .always) {
        schedule.add(name, in: phase, .events(Hit.self), .resourceAccessor(default: Seen()), when: when) {
            hits, seen, _ in
            seen.value.numbers[name, default: []] += hits.map(\.number)
            guard hits.missedCount > 0 else { return }
            seen.value.numbers[name + " missed", default: []].append(Int(hits.missedCount))
        }
    }

    @Test func readersBeforeAndAfterTheSender() throws {
        var schedule = Schedule()
        reading(&schedule, "before", in: .input)
        schedule.add("send", in: .update, Read<Position>.self) { _, tick in
            for number in 0..<3 { tick.send(Hit(number: Int(tick.tick.rawValue) * 10 + number)) }
        }
        reading(&schedule, "after", in: .late)
        reading(&schedule, "rarely", in: .publish, when: .every(ticks: 4))
        let world = World()
        world.insertResource(Seen())
        for _ in 0..<5 { schedule.runTick(on: world, step: .seconds(1)) }
        let all = (1...5).flatMap { tick in (0..<3).map { tick * 10 + $0 } }
        let seen = try #require(world.resource(Seen.self)).numbers
        #expect(seen["after"] == all)
        #expect(seen["before"] == all.dropLast(3))
        #expect(seen["rarely"] == [30, 31, 32, 40, 41, 42])
        #expect(seen["rarely missed"] == [6])
    }

    /// As a server does it: the changes of each tick are drained when it has ended.
    @Test func drainsOfTheChangeLogEndNoEvents() throws {
        var schedule = Schedule()
        reading(&schedule, "before", in: .input)
        schedule.add("send", in: .update) { _, tick in tick.send(Hit(number: Int(tick.tick.rawValue))) }
        let world = World()
        world.insertResource(Seen())
        let log = ChangeLog()
        for _ in 0..<4 {
            schedule.runTick(on: world, step: .seconds(1))
            world.drainChanges(into: log)
        }
        #expect(try #require(world.resource(Seen.self)).numbers == ["before": [1, 2, 3]])
    }

    @Test func readersOutsideOfASchedule() {
        let world = World()
        var first = EventReader<Hit>()
        world.send(Hit(number: 1))
        world.endTick()
        world.send(Hit(number: 2))
        var second = EventReader<Hit>()
        #expect(Array(first.read(world)) == [Hit(number: 1), Hit(number: 2)])
        #expect(first.read(world).isEmpty)
        world.endTick()
        world.send(Hit(number: 3))
        #expect(Array(first.read(world)) == [Hit(number: 3)])
        let late = second.read(world)
        #expect(Array(late) == [Hit(number: 2), Hit(number: 3)] && late.missedCount == 1)
        var other = EventReader<Int>()
        #expect(other.read(world).isEmpty)
    }

    @Test func whatIsTooMuchIsCounted() {
        let world = World()
        for number in 0..<World.eventCountMax + 2 { world.send(number) }
        #expect(world.droppedEventCount == 2)
        var reader = EventReader<Int>()
        #expect(reader.read(world).count == World.eventCountMax)
    }
}
