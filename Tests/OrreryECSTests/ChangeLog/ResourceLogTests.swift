import OrreryECS
import OrrerySchema
import Testing

@Suite("The change log has a tracked resource whenever it was written, and its removal once")
struct ResourceLogTests {
    struct Score: Component, Equatable { var points: Int32 = 0 }
    struct Motto: Component, Codable, Equatable { var text = "" }

    private let world = World()
    private let log = ChangeLog()
    private let score: ComponentID
    private let motto: ComponentID

    init() {
        score = world.track(resource: Score.self)
        motto = world.track(resource: Motto.self)
    }

    /// Drains, and returns the points that the log has.
    private func drained() -> Int32? {
        world.drainChanges(into: log)
        world._checkInvariants()
        guard let changes = log[score], changes.count > 0 else { return nil }
        #expect(Array(changes.entities) == [.resource])
        return changes.rows?.load(as: Score.self).points
    }

    private func removal(of component: ComponentID) -> [ChangeLog.ComponentChange] {
        [ChangeLog.ComponentChange(component: component, entity: .resource)]
    }

    @Test func aWrittenResourceIsLoggedOnce() throws {
        #expect(drained() == nil && log.isEmpty)
        world.insertResource(Score(points: 3))
        #expect(drained() == 3)
        #expect(drained() == nil && log.isEmpty, "nothing was written")
        try world.withResource(Score.self) { $0.points = 4 }
        #expect(drained() == 4)
        world.resourceAccessor(Score.self)?.value.points = 5
        #expect(drained() == 5)
        _ = world.resource(Score.self)
        #expect(drained() == nil, "reading is no write")
    }

    @Test func aResourceFromBeforeIsLoggedAtFirst() {
        let world = World()
        world.insertResource(Motto(text: "before"))
        let component = world.track(resource: Motto.self)
        world.drainChanges(into: log)
        #expect(log[component]?.rows?.assumingMemoryBound(to: Motto.self).pointee == Motto(text: "before"))
    }

    @Test func aRemovalIsLoggedOnceAndOnlyOfWhatWasLogged() {
        world.insertResource(Motto(text: "here and gone"))
        world.removeResource(Motto.self)
        world.drainChanges(into: log)
        #expect(log.isEmpty)
        world.insertResource(Motto(text: "here"))
        world.drainChanges(into: log)
        world.removeResource(Motto.self)
        world.drainChanges(into: log)
        #expect(log.removed == removal(of: motto) && log[motto]?.count == 0)
        world.drainChanges(into: log)
        #expect(log.isEmpty)
    }

    @Test func oneThatIsInsertedAgainHasAnotherValue() {
        world.insertResource(Score(points: 1))
        _ = drained()
        world.removeResource(Score.self)
        world.insertResource(Score(points: 2))
        #expect(drained() == 2)
        #expect(log.removed.isEmpty && log.replaced.isEmpty)
    }

    @Test func systemsThatWriteAreLogged() {
        var schedule = Schedule()
        schedule.add("count", in: .update, .resourceAccessor(default: Score())) { score, context in
            if context.tick.rawValue.isMultiple(of: 2) { score.value.points += 1 }
        }
        var seen: [Int32?] = []
        for _ in 0..<4 {
            schedule.runTick(on: world, step: .milliseconds(100))
            seen.append(drained())
        }
        #expect(seen == [0, 1, nil, 2])
    }

    @Test func anotherReaderOfTheWorldBeginsAnew() {
        world.insertResource(Score(points: 1))
        _ = drained()
        world.forgetChangeReader()
        #expect(drained() == nil, "it is not tracked any more")
        _ = world.track(resource: Score.self)
        #expect(drained() == 1)
    }
}
