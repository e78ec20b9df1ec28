import OrreryECS
import OrrerySchema
import Testing

@Suite("Entities live, die, and are never taken for one another")
struct EntityTests {
    @Test func spawnedEntityHasItsComponents() {
        let world = World()
        let entity = world.spawn(Position(x: 1), Label(text: "a"), Frozen())
        #expect(entity == Entity(index: 0, generation: 1))
        #expect(world[entity, Position.self] == Position(x: 1))
        #expect(world.get(Label.self, of: entity) == Label(text: "a"))
        #expect(world.has(Frozen.self, on: entity))
        #expect(world[entity, Frozen.self] == Frozen())
        #expect(world[entity, Velocity.self] == nil)
        #expect(!world.has(Velocity.self, on: entity))
        world._checkInvariants()
    }

    @Test func entityNeedsNoComponents() throws {
        let world = World()
        let entity = world.spawn()
        #expect(world.contains(entity))
        try world.insert(Health(current: 3), on: entity)
        #expect(world[entity, Health.self]?.current == 3)
        world._checkInvariants()
    }

    @Test func despawnEndsTheLife() throws {
        let world = World()
        let first = world.spawn(Position(x: 1))
        let second = world.spawn(Position(x: 2))
        try world.despawn(first)
        #expect(!world.contains(first))
        #expect(world[first, Position.self] == nil)
        #expect(world[second, Position.self]?.x == 2)
        #expect(world.entityCount == 1)
        world._checkInvariants()
    }

    @Test func deadEntityIsATypedError() throws {
        let world = World()
        let entity = world.spawn(Position())
        try world.despawn(entity)
        func code(_ body: () throws(WorldError) -> Void) -> WorldError? {
            do { try body() } catch { return error }
            return nil
        }
        let errors = [
            code { () throws(WorldError) in try world.despawn(entity) },
            code { () throws(WorldError) in try world.insert(Position(), on: entity) },
            code { () throws(WorldError) in try world.remove(Position.self, from: entity) },
            code { () throws(WorldError) in try world.set(Position(), on: entity) },
            code { () throws(WorldError) in try world.update(entity, Position.self) { $0.x = 1 } },
            code { () throws(WorldError) in try world.updateUnmarked(entity, Position.self) { $0.x = 1 } },
            code { () throws(WorldError) in try world.despawn(.none) },
        ]
        #expect(errors.allSatisfy { $0?.code == .entityDead })
        #expect(errors[1]?.entity == entity && errors[1]?.componentName == "Position")
        #expect(errors[1]?.sentence.contains("'Position' of entity 0v1") == true)
        world._checkInvariants()
    }

    @Test func indexIsNotReusedInTheSameTick() throws {
        let world = World()
        let old = world.spawn(Position())
        try world.despawn(old)
        #expect(world.spawn().index != old.index)
        world.endTick()
        let new = world.spawn()
        #expect(new == Entity(index: old.index, generation: 2))
        #expect(!world.contains(old))
        world._checkInvariants()
    }

    @Test func drainEndsTheTick() throws {
        let world = World()
        let old = world.spawn(Position())
        try world.despawn(old)
        world.drainChanges(into: ChangeLog())
        #expect(world.spawn().index == old.index)
    }

    @Test func severalFreedIndexesAreAllReused() throws {
        let world = World()
        let old = (0..<300).map { _ in world.spawn() }
        for entity in old { try world.despawn(entity) }
        world.endTick()
        let new = (0..<300).map { _ in world.spawn() }
        #expect(Set(new.map(\.index)) == Set(old.map(\.index)))
        #expect(new.allSatisfy { $0.generation == 2 })
        world._checkInvariants()
    }

    @Test func fullWorldRefusesToSpawn() throws {
        let world = World(entityCountMax: 2)
        let first = try world.trySpawn(Position())
        _ = try world.trySpawn()
        #expect { try world.trySpawn() } throws: { ($0 as? WorldError)?.code == .entityCountExceeded }
        try world.despawn(first)
        #expect(throws: WorldError.self) { try world.trySpawn() }
        world.endTick()
        #expect(try world.trySpawn().index == first.index)
        world._checkInvariants()
    }

    @Test func slotWithoutGenerationsIsRetired() throws {
        let world = World(entityCountMax: 2)
        let entity = world.spawn(Position(x: 1))
        let last = world._setGeneration(of: entity, to: .max)
        #expect(world[last, Position.self]?.x == 1)
        try world.despawn(last)
        world.endTick()
        #expect(world.spawn().index == 1)
        #expect { try world.trySpawn() } throws: { ($0 as? WorldError)?.code == .entityCountExceeded }
        world._checkInvariants()
    }

    @Test func everyLivingEntityIsVisitedOnce() throws {
        let world = World()
        let entities = [world.spawn(), world.spawn(Position()), world.spawn(Position(), Label())]
        try world.despawn(entities[1])
        var visited: [Entity] = []
        world.forEachEntity { visited.append($0) }
        #expect(visited == [entities[0], entities[2]])
    }

    @Test func spawnPastTheMaximumTrapsWithASentence() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let world = World(entityCountMax: 1)
            world.spawn()
            world.spawn()
        }
        #expect(stderr(result).contains("entityCountMax of 1"))
    }

    @Test func componentNamedTwiceTrapsWithASentence() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            World().spawn(Position(), Position())
        }
        #expect(stderr(result).contains("spawn names the component 'Position' twice"))
    }
}

func stderr(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
}
