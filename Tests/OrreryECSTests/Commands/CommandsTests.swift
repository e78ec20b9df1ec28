import OrreryECS
import OrrerySchema
import Testing

@Suite("Commands take effect in order, at the flush")
struct CommandsTests {
    @Test func structureChangesAtTheFlush() {
        let world = World()
        let dying = world.spawn(Health(current: 0))
        let living = world.spawn(Health(current: 1), Frozen())
        world.query(Read<Health>.self).forEachEntity { entity, health in
            if health.current == 0 { world.commands.despawn(entity) }
            world.commands.insert(Label(text: "\(health.current)"), on: entity)
            world.commands.remove(Frozen.self, from: entity)
            world.commands.spawn(Position(x: 1))
        }
        #expect(world.entityCount == 2 && world.commands.count == 7)
        world.flushCommands()
        #expect(!world.contains(dying))
        #expect(world[living, Label.self]?.text == "1")
        #expect(!world.has(Frozen.self, on: living))
        #expect(world.query(Read<Position>.self).count == 2)
        #expect(world.commands.count == 0)
        world._checkInvariants()
    }

    @Test func commandsForTheDeadAreDroppedAndCounted() throws {
        let world = World()
        let entity = world.spawn(Health())
        world.commands.despawn(entity)
        world.commands.insert(Health(), on: entity)
        world.commands.despawn(entity)
        world.flushCommands()
        #expect(world.commands.droppedCount == 2)
        #expect(world.commands.lastDrop?.code == .entityDead)
        #expect(world.commands.lastDrop?.entity == entity)
    }

    @Test func laterCommandsWin() {
        let world = World()
        let entity = world.spawn()
        world.commands.insert(Health(current: 1), on: entity)
        world.commands.remove(Health.self, from: entity)
        world.commands.insert(Health(current: 2), on: entity)
        world.flushCommands()
        #expect(world[entity, Health.self]?.current == 2)
    }

    @Test func commandsGiveCommands() {
        let world = World()
        world.commands.run { world throws(WorldError) in
            let entity = try world.trySpawn(Health())
            world.commands.insert(Label(text: "child"), on: entity)
        }
        world.flushCommands()
        #expect(world.query(Read<Label>.self, Read<Health>.self).count == 1)
    }

    @Test func endlessCommandsTrapWithASentence() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let world = World()
            @Sendable func again(_ world: World) { world.commands.run { world throws(WorldError) in again(world) } }
            again(world)
            world.flushCommands()
        }
        #expect(stderr(result).contains("commands still give new commands"))
    }
}
