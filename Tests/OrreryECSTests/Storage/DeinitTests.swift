import OrreryECS
import OrrerySchema
import Testing

/// A value's deinit may use the world: it finds it whole, without the value.
@Suite struct DeinitTests {
    /// Runs a closure when the last copy of the value goes.
    final class Last {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
        deinit { body() }
    }
    struct Guarded: Component, @unchecked Sendable { var last: Last? = nil }
    struct Sparse: Component, @unchecked Sendable {
        var last: Last? = nil
        static var storage: ComponentStorage { .sparse }
    }

    private let world = World()

    private func spawnWatching(_ body: @escaping (World, Entity) -> Void) -> Entity {
        let entity = world.spawn(Label(text: "a long text that is not stored inline"), Position())
        let last = { [unowned world] in Last { body(world, entity) } }
        try! world.insert(Guarded(last: last()), on: entity)
        try! world.insert(Sparse(last: last()), on: entity)
        return entity
    }

    @Test func aDeinitReadsOfADespawnedEntityNothing() throws {
        var seen: [String?] = []
        let entity = spawnWatching { world, entity in
            seen.append(world[entity, Label.self]?.text)
            var labels = 0
            world.query(Read<Label>.self).forEach { labels += $0.text.count }
            #expect(!world.contains(entity) && labels == 0)
        }
        try world.despawn(entity)
        #expect(seen == [nil, nil])
        world._checkInvariants()
    }

    @Test func aDeinitSpawnsAndDespawns() throws {
        var made: [Entity] = []
        let other = world.spawn(Label(text: "another long text that is not stored inline"))
        let entity = spawnWatching { world, _ in
            if world.contains(other) { try! world.despawn(other) }
            for number in 0..<3000 { made.append(world.spawn(Label(text: "the label number \(number)"), Position())) }
        }
        try world.despawn(entity)
        #expect(made.count == 6000 && world.entityCount == 6000)
        #expect(made.allSatisfy { world[$0, Label.self]?.text.hasPrefix("the label") == true })
        world._checkInvariants()
    }

    @Test func aDeinitOfARemovedValueFindsTheEntityWithoutIt() throws {
        var seen: [Bool] = []
        let entity = spawnWatching { world, entity in
            seen.append(world.has(Guarded.self, on: entity))
            seen.append(world[entity, Label.self] != nil)
            if world.has(Label.self, on: entity) { try! world.remove(Label.self, from: entity) }
        }
        try world.remove(world.register(Guarded.self), from: entity)
        try world.remove(world.register(Sparse.self), from: entity)
        #expect(seen == [false, true, false, false])
        world._checkInvariants()
    }

    @Test func aDeinitReadsOfAClearedWorldNothing() {
        var seen: [Int] = []
        for _ in 0..<100 {
            _ = spawnWatching { world, entity in
                var count = 0
                world.query(Read<Guarded>.self).forEach { count += $0.last == nil ? 0 : 1 }
                seen.append(world.has(Guarded.self, on: entity) ? -1 : count)
            }
        }
        world.clear()
        // The values of a table go together; sparse ones, one by one, before.
        #expect(seen.count == 200 && seen.suffix(100).allSatisfy { $0 == 0 })
        #expect(world.entityCount == 0)
        world._checkInvariants()
    }

    @Test func aDeinitCannotSpawnWhileTheWorldIsCleared() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let world = World()
            world.spawn(Guarded(last: Last { [unowned world] in world.spawn() }))
            world.clear()
        }
        #expect(stderr(result).contains("cannot spawn while"))
    }
}
