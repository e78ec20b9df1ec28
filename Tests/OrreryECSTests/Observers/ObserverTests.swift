// A query is no sequence: there is no loop to write instead.
// swift-format-ignore-file: ReplaceForEachWithForLoop

import OrreryECS
import OrrerySchema
import Testing

@Suite("Observers hear of each change once, with the value before and after")
struct ObserverTests {
    /// What an observer was told, in order. Guard: one test, one thread.
    private final class Notes {
        var lines: [String] = []
    }

    private func observing(_ world: World) -> Notes {
        let notes = Notes()
        world.observe(Health.self) { observation in
            let (old, new) = (
                observation.old.map { "\($0.current)" } ?? "-", observation.new.map { "\($0.current)" } ?? "-"
            )
            let readable = observation.world[observation.entity, Health.self].map { "\($0.current)" } ?? "-"
            notes.lines.append("\(observation.kind) \(observation.entity.index): \(old) \(new), reads \(readable)")
        }
        return notes
    }

    @Test func singleOperations() throws {
        let world = World()
        let notes = observing(world)
        let entity = world.spawn(Health(current: 1), Position())
        let other = world.spawn(Position())
        try world.insert(Health(current: 2), on: other)
        try world.insert(Health(current: 3), on: other)
        try world.insert(Health(current: 3), on: other)
        try world.set(Health(current: 4), on: entity)
        try world.set(Position(x: 1), on: entity)
        try world.update(entity, Health.self) { $0.current += 1 }
        try world.update(entity, Health.self) { $0.current += 0 }
        try world.remove(Health.self, from: other)
        try world.remove(Health.self, from: other)
        try world.despawn(entity)
        try world.despawn(other)
        #expect(
            notes.lines == [
                "added 0: - 1, reads 1", "added 1: - 2, reads 2", "changed 1: 2 3, reads 3", "changed 0: 1 4, reads 4",
                "changed 0: 4 5, reads 5", "removed 1: 3 -, reads 3", "despawned 0: 5 -, reads 5",
            ])
    }

    @Test func queries() {
        let world = World()
        for number in 0..<2000 { world.spawn(Health(current: Int32(number)), Position()) }
        let notes = observing(world)
        world.query(Write<Health>.self, Read<Position>.self).forEach { health, _ in
            if health.current % 500 == 0 { health.current += 1 }
        }
        world.query(Write<Health>.self).forEachChunk { rows, health in
            for row in rows.indices where health[row].current == 7 { health[row].current = 8 }
        }
        world.query(Write<Health>.self).forEachPart(threadCount: 2) { part in
            part.forEach { if $0.current == 8 { $0.current = 9 } }
        }
        world.query(Write<Position>.self).forEach { $0.x += 1 }
        #expect(
            notes.lines == [
                "changed 0: 0 1, reads 1", "changed 500: 500 501, reads 501", "changed 1000: 1000 1001, reads 1001",
                "changed 1500: 1500 1501, reads 1501", "changed 7: 7 8, reads 8", "changed 7: 8 9, reads 9",
                "changed 8: 8 9, reads 9",
            ])
    }

    @Test func valuesThatAreNotBytes() throws {
        let world = World()
        let entity = world.spawn(Label(text: "a text that is longer than sixteen bytes"))
        var texts: [String] = []
        world.observe(Label.self) { texts.append("\($0.old?.text ?? "-") > \($0.new?.text ?? "-")") }
        try world.set(Label(text: "b"), on: entity)
        world.query(Write<Label>.self).forEach { $0.text += "c" }
        world.query(Write<Label>.self).forEach { $0.text += "" }
        try world.despawn(entity)
        #expect(texts == ["a text that is longer than sixteen bytes > b", "b > bc", "bc > -"])
    }

    @Test func structureChangesThroughCommands() throws {
        let world = World()
        world.observe(Health.self) { observation in
            guard let health = observation.new, health.current <= 0 else { return }
            observation.world.commands.despawn(observation.entity)
        }
        var schedule = Schedule()
        schedule.add("hurt", in: .update, Write<Health>.self) { query, _ in query.forEach { $0.current -= 50 } }
        schedule.add("beside", in: .update, Write<Position>.self) { _, _ in }
        schedule.threadCount = 2
        let (weak, strong) = (world.spawn(Health(current: 50)), world.spawn(Health(current: 60)))
        schedule.runTick(on: world, step: .seconds(1))
        #expect(!world.contains(weak))
        #expect(world.contains(strong))
    }

    @Test func observersEnd() throws {
        let world = World()
        var count = 0
        let first = world.observe(Health.self) { _ in count += 1 }
        let second = world.observe(Health.self) { _ in count += 10 }
        world.spawn(Health())
        world.endObserver(first)
        world.endObserver(first)
        world.spawn(Health())
        world.endObserver(second)
        world.spawn(Health())
        #expect(count == 21)
    }

    @Test func endlessLoopsAreNamed() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let world = World()
            let entity = world.spawn(Health(current: 0))
            world.observe(Health.self) { try? $0.world.set(Health(current: ($0.new?.current ?? 0) + 1), on: $0.entity) }
            try world.set(Health(current: 1), on: entity)
        }
        #expect(stderr(result).contains("observers of 'Health' cause each other 32 times deep"))
    }
}
