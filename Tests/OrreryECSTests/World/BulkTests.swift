import OrreryECS
import OrrerySchema
import Testing

@Suite("Many entities are made as one is")
struct BulkTests {
    @Test func columns() throws {
        let world = World()
        let before = world.spawn(Position(x: -1), Label(text: "before"))
        let positions = (0..<2500).map { Position(x: Float($0)) }
        let labels = (0..<2500).map { Label(text: "label number \($0)") }
        let burnings = (0..<2500).map { Burning(seconds: Float($0)) }
        let entities = try world.spawn(columns: positions, labels, burnings)
        #expect(entities.count == 2500 && world.entityCount == 2501)
        for (number, entity) in entities.enumerated() {
            #expect(world[entity, Position.self] == positions[number])
            #expect(world[entity, Label.self] == labels[number])
            #expect(world[entity, Burning.self] == burnings[number])
        }
        #expect(world[before, Label.self]?.text == "before")
        world._checkInvariants()
        #expect(try world.spawn(columns: [Health]()) == [])
    }

    @Test func copies() throws {
        let world = World()
        let entities = try world.spawn(count: 6000, Health(current: 7), Frozen(), Label(text: "all alike"))
        #expect(entities.allSatisfy { world[$0, Health.self]?.current == 7 && world.has(Frozen.self, on: $0) })
        #expect(entities.allSatisfy { world[$0, Label.self]?.text == "all alike" })
        #expect(Set(entities).count == 6000)
        world._checkInvariants()
    }

    @Test func theyAreLogged() throws {
        let world = World()
        world.track(Health.self)
        let log = ChangeLog()
        world.drainChanges(into: log)
        let entities = try world.spawn(columns: (0..<4200).map { Health(current: $0) })
        world.drainChanges(into: log)
        #expect(log.spawned == entities)
        var values: [Int32] = []
        log.withChanges(of: Health.self) { _, healths in values = healths.indices.map { healths[$0].current } }
        #expect(values == Array(0..<4200))
    }

    @Test func allOrNone() throws {
        let world = World(entityCountMax: 10)
        let first = try world.spawn(count: 8, Health())
        #expect(throws: WorldError.self) { try world.spawn(count: 3, Health()) }
        try world.despawn(first[0])
        #expect(throws: WorldError.self) { try world.spawn(columns: [Mass(), Mass(), Mass()]) }
        #expect(world.entityCount == 7)
        world.endTick()
        #expect(try world.spawn(count: 3, Health()).count == 3)
        #expect(throws: WorldError.self) { try world.clone(first[1]) }
        world._checkInvariants()
    }

    @Test func clones() throws {
        let world = World()
        let original = world.spawn(Position(x: 3), Label(text: "the original"), Frozen())
        try world.insert(Note(text: "in a set of its own"), on: original)
        let copy = try world.clone(original)
        try world.set(Label(text: "the copy"), on: copy)
        #expect(world[copy, Position.self]?.x == 3 && world.has(Frozen.self, on: copy))
        #expect(world[copy, Note.self]?.text == "in a set of its own")
        #expect(world[original, Label.self]?.text == "the original")
        try world.despawn(original)
        #expect(world[copy, Note.self]?.text == "in a set of its own")
        #expect(throws: WorldError.self) { try world.clone(original) }
        world._checkInvariants()
    }

    @Test func clear() throws {
        let world = World()
        world.insertResource("stays")
        world.track(Health.self)
        let entities = try world.spawn(count: 2000, Health(), Label(text: "a text"), Burning())
        let log = ChangeLog()
        world.drainChanges(into: log)
        let late = world.spawn(Health())
        world.clear()
        #expect(world.entityCount == 0 && !world.contains(entities[0]) && !world.contains(late))
        world._checkInvariants()
        world.drainChanges(into: log)
        #expect(Set(log.despawned) == Set(entities) && log.spawned.isEmpty)
        #expect(world.resource(String.self) == "stays")
        let reborn = world.spawn(Health(), Burning())
        #expect(reborn.index < 2001 && reborn.generation == 2)
        #expect(world.query(Read<Health>.self, Read<Burning>.self).entities == [reborn])
        world._checkInvariants()
    }

    @Test func valuesAreCounted() throws {
        let ledger = Counted.Ledger()
        do {
            let world = World()
            let entities = try world.spawn(columns: (0..<6000).map { _ in Counted(ledger) })
            #expect(ledger.living == 6000)
            try world.clone(entities[3])
            try world.spawn(count: 5, Counted(ledger))
            #expect(ledger.living == 6001, "copies share a life")
            for entity in entities[..<500] { try world.despawn(entity) }
            #expect(ledger.living == 5502, "one lives on in its clone")
            world.clear()
            #expect(ledger.living == 0)
            world.spawn(Counted(ledger))
            #expect(ledger.living == 1)
        }
        #expect(ledger.living == 0)
    }

    @Test func unequalColumnsAreRefused() async throws {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            try World().spawn(columns: [Health(), Health()], [Mass()])
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("columns of 2 and of 1 values"))
    }

    @Test func oneNameIsOneType() async throws {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let world = World()
            world.spawn(Health())
            world.spawn(Impostor())
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("two component types are named 'Health'") && text.contains("Impostor"))
    }
}

private struct Impostor: Component {
    static var componentName: String { "Health" }
}
