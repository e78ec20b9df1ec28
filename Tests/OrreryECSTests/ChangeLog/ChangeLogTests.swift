// A query is no sequence: there is no loop to write instead.
// swift-format-ignore-file: ReplaceForEachWithForLoop

import OrreryECS
import OrrerySchema
import Testing

@Suite("The change log tells the net effect of what happened since the previous drain")
struct ChangeLogTests {
    private let world = World()
    private let log = ChangeLog()

    init() {
        world.track(Health.self)
        world.track(Label.self)
        world.track(Frozen.self)
    }

    private func drain() {
        world.drainChanges(into: log)
        world._checkInvariants()
    }

    private func healths() -> [Entity: Int32] {
        guard let column = log[world.register(Health.self)] else { return [:] }
        var values: [Entity: Int32] = [:]
        for (row, entity) in column.entities.enumerated() {
            let health = column.rows?.load(fromByteOffset: row * column.stride, as: Health.self)
            #expect(values.updateValue(health?.current ?? .min, forKey: entity) == nil, "each row once")
        }
        return values
    }

    private func change<C: Component>(_ type: C.Type, _ entity: Entity) -> ChangeLog.ComponentChange {
        ChangeLog.ComponentChange(component: world.register(type), entity: entity)
    }

    @Test func spawn() {
        let entity = world.spawn(Health(current: 7), Frozen(), Position())
        drain()
        #expect(log.spawned == [entity] && log.despawned.isEmpty && log.removed.isEmpty && log.replaced.isEmpty)
        #expect(healths() == [entity: 7])
        #expect(log[world.register(Frozen.self)].map { Array($0.entities) } == [entity])
        #expect(log[world.register(Frozen.self)]?.rows == nil)
        #expect(log[world.register(Position.self)] == nil, "not tracked")
        drain()
        #expect(log.isEmpty)
    }

    @Test func despawn() throws {
        let entity = world.spawn(Health())
        drain()
        try world.update(entity, Health.self) { $0.current = 1 }
        try world.remove(Health.self, from: entity)
        try world.despawn(entity)
        drain()
        #expect(log.despawned == [entity] && log.spawned.isEmpty && log.removed.isEmpty && healths().isEmpty)
    }

    @Test func spawnedAndDespawnedInBetweenAppearsNowhere() throws {
        let entity = world.spawn(Health())
        try world.insert(Label(text: "a"), on: entity)
        try world.despawn(entity)
        drain()
        #expect(log.isEmpty)
    }

    @Test func insertion() throws {
        let entity = world.spawn()
        drain()
        try world.insert(Health(current: 3), on: entity)
        drain()
        #expect(healths() == [entity: 3])
        #expect(log.spawned.isEmpty && log.replaced.isEmpty && log.removed.isEmpty)
    }

    @Test func removal() throws {
        let entity = world.spawn(Health(), Position())
        drain()
        try world.remove(Position.self, from: entity)
        try world.remove(Health.self, from: entity)
        drain()
        #expect(log.removed == [change(Health.self, entity)], "only tracked components are told")
        #expect(log.replaced.isEmpty && healths().isEmpty)
    }

    @Test func insertedAndRemovedInBetweenAppearsNowhere() throws {
        let entity = world.spawn(Frozen())
        drain()
        try world.insert(Health(), on: entity)
        try world.insert(Label(), on: entity)
        try world.remove(Health.self, from: entity)
        try world.remove(Label.self, from: entity)
        drain()
        #expect(log.isEmpty)
    }

    @Test func replacement() throws {
        let entity = world.spawn(Health(current: 1), Frozen())
        drain()
        try world.remove(Health.self, from: entity)
        try world.insert(Health(current: 2), on: entity)
        try world.remove(Health.self, from: entity)
        try world.insert(Health(current: 3), on: entity)
        drain()
        #expect(log.replaced == [change(Health.self, entity)] && log.removed.isEmpty)
        #expect(healths() == [entity: 3])
    }

    @Test func overwritingIsNoReplacement() throws {
        let entity = world.spawn(Health(current: 1))
        drain()
        try world.insert(Health(current: 2), on: entity)
        drain()
        #expect(log.replaced.isEmpty && healths() == [entity: 2])
    }

    @Test func singleWritesAreMarked() throws {
        let entities = (0..<5).map { _ in world.spawn(Health(current: 0)) }
        drain()
        try world.set(Health(current: 1), on: entities[0])
        try world.update(entities[1], Health.self) { $0.current = 2 }
        try world.accessor(Health.self).update(entities[2]) { $0.current = 3 }
        try withUnsafePointer(to: Health(current: 4)) { value in
            try world.set(world.register(Health.self), copying: value, on: entities[3])
        }
        try world.updateUnmarked(entities[4], Health.self) { $0.current = 5 }
        drain()
        #expect(healths() == [entities[0]: 1, entities[1]: 2, entities[2]: 3, entities[3]: 4])
    }

    @Test func queriesMarkWhatTheyVisit() {
        let free = (0..<4200).map { world.spawn(Health(current: Int32($0))) }
        let frozen = world.spawn(Health(), Frozen())
        drain()
        world.query(Read<Health>.self).forEach { _ in }
        drain()
        #expect(log.isEmpty)
        world.query(Write<Health>.self).without(Frozen.self).forEach { $0.current += 1 }
        drain()
        #expect(healths() == Dictionary(uniqueKeysWithValues: zip(free, 1...4200)))
        world.query(Write<Health>.self).with(Frozen.self).forEachChunk { rows, health in health[0].current = 9 }
        drain()
        #expect(healths() == [frozen: 9])
    }

    @Test func skippedDrainsAreMerged() throws {
        let kept = world.spawn(Health(current: 1), Label(text: "a"))
        let gone = world.spawn(Health(current: 1))
        drain()
        try world.despawn(gone)
        try world.remove(Label.self, from: kept)
        world.endTick()
        let reborn = world.spawn(Health(current: 5))
        try world.set(Health(current: 2), on: kept)
        world.endTick()
        try world.set(Health(current: 3), on: kept)
        drain()
        #expect(reborn.index == gone.index)
        #expect(log.despawned == [gone] && log.spawned == [reborn])
        #expect(log.removed == [change(Label.self, kept)])
        #expect(healths() == [kept: 3, reborn: 5])
    }

    @Test func trackingPublishesTheColumnWhole() throws {
        let entities = (0..<6000).map { _ in world.spawn(Mass(), Health()) }
        drain()
        try world.remove(Mass.self, from: entities[0])
        try world.despawn(entities[1])
        try world.remove(Mass.self, from: entities[2])
        try world.insert(Mass(), on: entities[2])
        world.track(Mass.self)
        drain()
        #expect(log[world.register(Mass.self)]?.count == 5998)
        #expect(log.removed.isEmpty && log.replaced.isEmpty, "nobody knew of the component before")
        #expect(log.despawned == [entities[1]] && healths().isEmpty)
        try world.remove(Mass.self, from: entities[3])
        drain()
        #expect(log.removed == [change(Mass.self, entities[3])])
        #expect(world.components.filter(\.isTracked).map(\.name) == ["Health", "Label", "Frozen", "Mass"])
    }

    /// So many that chunks are allocated many at once, and marked chunks are more than a word of bytes says.
    @Test func manyRows() throws {
        let world = World()
        world.track(Health.self)
        var entities = try world.spawn(columns: (0..<140_000).map { Health(current: $0) })
        world.drainChanges(into: log)
        let component = world.register(Health.self)
        #expect(log[component]?.count == 140_000)
        func checkWrites() throws {
            let written = stride(from: 0, to: entities.count, by: 997).map { entities[$0] }
            for entity in written { try world.update(entity, Health.self) { $0.current += 1_000_000 } }
            world.drainChanges(into: log)
            #expect(Set(log[component]?.entities ?? .init(start: nil, count: 0)) == Set(written))
            log.withChanges(of: Health.self) { changed, values in
                #expect(changed.indices.allSatisfy { values[$0].current == world[changed[$0], Health.self]?.current })
            }
        }
        try checkWrites()
        for entity in entities[500...] { try world.despawn(entity) }
        entities.removeSubrange(500...)
        world._checkInvariants()
        try checkWrites()
        entities += try world.spawn(count: 100_000, Health(current: 7))
        world.drainChanges(into: log)
        #expect(log[component]?.count == 100_000)
        try checkWrites()
        world._checkInvariants()
    }

    @Test func firstDrainReportsAllThatLives() {
        let world = World()
        let entity = world.spawn(Health(current: 4))
        world.drainChanges(into: log)
        #expect(log.spawned == [entity] && log[world.register(Health.self)] == nil)
    }

    @Test func marksMoveWithTheirRows() throws {
        let entities = (0..<70).map { world.spawn(Health(current: Int32($0))) }
        drain()
        try world.set(Health(current: 1000), on: entities[69])
        try world.set(Health(current: 1001), on: entities[5])
        try world.despawn(entities[3])  // the last row takes its place
        try world.insert(Position(), on: entities[5])
        drain()
        #expect(healths() == [entities[69]: 1000, entities[5]: 1001])
        #expect(log.despawned == [entities[3]])
    }

    @Test func idleDrainTouchesNothing() {
        for _ in 0..<5000 { world.spawn(Health(), Label(text: "a")) }
        drain()
        #expect(world.dirtyColumnCount == 0)
        drain()
        #expect(log.isEmpty && world.journaledEntityCount == 0)
        world.query(Read<Health>.self).forEach { _ in }
        #expect(world.dirtyColumnCount == 0)
    }

    @Test func journalIsBoundedByWhoLives() throws {
        for _ in 0..<1000 {
            let entity = world.spawn(Health())
            try world.despawn(entity)
            world.endTick()
        }
        #expect(world.journaledEntityCount <= 1)
    }

    @Test func untrackedWorldKeepsNoJournal() throws {
        let world = World()
        let entity = world.spawn(Health())
        try world.insert(Label(), on: entity)
        #expect(world.journaledEntityCount == 0 && world.dirtyColumnCount == 0)
    }

    @Test func tickIsTold() {
        Schedule().run(world, tick: Tick(12), seconds: 1)
        drain()
        #expect(log.tick == Tick(12))
    }

    /// Tags have no values, so many of them must not be copied over their entities.
    @Test func manyTags() {
        let world = World()
        world.track(Frozen.self)
        let entities = (0..<200).map { _ in world.spawn(Frozen()) }
        let log = ChangeLog()
        world.drainChanges(into: log)
        #expect(log.columns.map { Array($0.entities) } == [entities])
    }
}
