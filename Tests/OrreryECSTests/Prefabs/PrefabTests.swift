import OrreryECS
import OrrerySchema
import Testing

@Suite("Entities are spawned from the values of a prefab")
struct PrefabTests {
    @Test func valuesAreCopied() throws {
        let world = World()
        let ledger = Counted.Ledger()
        do {
            let prefab = Prefab(Position(x: 1), Label(text: "rock"), Frozen(), Counted(ledger))
            let (first, second) = (world.spawn(prefab), world.spawn(prefab.with(Position(x: 2)).without(Frozen.self)))
            #expect(world[first, Position.self]?.x == 1 && world[second, Position.self]?.x == 2)
            #expect(world.has(Frozen.self, on: first) && !world.has(Frozen.self, on: second))
            try world.set(Label(text: "changed"), on: first)
            #expect(world[second, Label.self]?.text == "rock")
            world.commands.spawn(prefab)
            world.flushCommands()
            #expect(world.query(Read<Label>.self).values().map(\.text) == ["changed", "rock", "rock"])
            world._checkInvariants()
            try world.despawn(first)
        }
        // The prefab's own value is one life, which its copies share.
        #expect(ledger.living == 1)
    }

    @Test func theLaterValueCounts() {
        let world = World()
        let entity = world.spawn(Prefab(Position(x: 1), Position(x: 2)))
        #expect(world[entity, Position.self]?.x == 2)
    }

    @Test func spawnedValuesAreLoggedAndObserved() {
        let world = World()
        world.track(Position.self)
        var added: [Entity] = []
        world.observe(Position.self) { added.append($0.entity) }
        let entity = world.spawn(Prefab(Position(x: 1)))
        let log = ChangeLog()
        world.drainChanges(into: log)
        #expect(log.spawned == [entity] && log.columns.map(\.count) == [1])
        #expect(added == [entity])
    }

    @Test func aFullWorldIsToldOf() {
        let world = World(entityCountMax: 1)
        world.spawn(Prefab())
        #expect(throws: WorldError.self) { try world.trySpawn(Prefab(Position())) }
    }
}
