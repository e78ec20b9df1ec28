// A query is no sequence: there is no loop to write instead.
// swift-format-ignore-file: ReplaceForEachWithForLoop

import OrreryECS
import OrrerySchema
import Testing

@Suite("A sparse component is a component like others")
struct SparseTests {
    @Test func comesAndGoes() throws {
        let world = World()
        let entities = (0..<9000).map { world.spawn(Position(x: Float($0))) }
        for entity in entities { try world.insert(Burning(seconds: Float(entity.index)), on: entity) }
        for entity in entities where entity.index % 3 == 0 {
            #expect(try world.remove(Burning.self, from: entity)?.seconds == Float(entity.index))
        }
        #expect(try world.remove(Burning.self, from: entities[0]) == nil)
        for entity in entities {
            #expect(world[entity, Burning.self]?.seconds == (entity.index % 3 == 0 ? nil : Float(entity.index)))
            #expect(world.has(Burning.self, on: entity) == (entity.index % 3 != 0))
        }
        world._checkInvariants()
        try world.despawn(entities[1])
        #expect(world[entities[1], Burning.self] == nil)
        world.endTick()
        let reborn = world.spawn(Position())
        #expect(reborn.index == 1 && world[reborn, Burning.self] == nil, "a new life has nothing of the old")
        #expect(throws: WorldError.self) { try world.set(Burning(), on: reborn) }
        #expect(throws: WorldError.self) { try world.insert(Burning(), on: entities[1]) }
        world._checkInvariants()
    }

    @Test func valuesAreDestroyedOnce() throws {
        let ledger = Counted.Ledger()
        do {
            let world = World()
            let entities = (0..<200).map { _ in world.spawn(Position()) }
            for entity in entities { try world.insert(Kept(life: Counted(ledger).life), on: entity) }
            for entity in entities[..<50] { try world.remove(Kept.self, from: entity) }
            for entity in entities[50..<90] { try world.despawn(entity) }
            #expect(ledger.living == 110)
            try world.insert(Kept(life: Counted(ledger).life), on: entities[100])
            #expect(ledger.living == 110)
        }
        #expect(ledger.living == 0)
    }

    @Test func queries() throws {
        let world = World()
        let entities = (0..<2000).map { world.spawn(Position(x: Float($0))) }
        for entity in entities where entity.index % 10 == 0 { try world.insert(Burning(seconds: 1), on: entity) }
        for entity in entities where entity.index % 20 == 0 { try world.insert(Frozen(), on: entity) }
        world.query(Write<Position>.self, Read<Burning>.self).forEach { $0.y += $1.seconds }
        world.query(Write<Burning>.self).forEach { $0.seconds += 1 }
        world.query(Write<Burning>.self).with(Frozen.self).forEachChunk { rows, burning in
            for row in rows.indices { burning[row].seconds += 10 }
        }
        var without = 0
        world.query(Read<Position>.self).without(Burning.self).forEach { position in
            #expect(position.y == 0)
            without += 1
        }
        var maybe = 0
        world.query(Read<Position>.self, Maybe<Burning>.self).forEach { position, burning in
            #expect((burning != nil) == (position.y == 1))
            if let burning { maybe += Int(burning.seconds) }
        }
        #expect(without == 1800 && maybe == 100 * 2 + 100 * 12)
        #expect(world.query(Read<Burning>.self).count == 200)
        #expect(world.query(Read<Burning>.self).only(entities[10], entities[11]).entities == [entities[10]])
        #expect(world.query(Read<Position>.self).with(Burning.self).without(Frozen.self).count == 100)
        #expect(world.query(Read<Burning>.self).without(Burning.self).isEmpty)
        #expect(world.query(Read<Burning>.self).withAny(Burning.self, Note.self).count == 200)
    }

    @Test func theLogTellsNetEffects() throws {
        let world = World()
        let kept = world.spawn(Position(), Burning(seconds: 1), Selected())
        let lost = world.spawn(Position(), Burning(seconds: 2))
        let exchanged = world.spawn(Position(), Burning(seconds: 3))
        let passing = world.spawn(Position())
        world.track(Burning.self)
        world.track(Selected.self)
        let log = ChangeLog()
        world.drainChanges(into: log)
        #expect(changes(log) == [kept: 1, lost: 2, exchanged: 3])

        try world.remove(Burning.self, from: lost)
        try world.remove(Burning.self, from: exchanged)
        try world.insert(Burning(seconds: 30), on: exchanged)
        try world.insert(Burning(), on: passing)
        try world.remove(Burning.self, from: passing)
        try world.insert(Frozen(), on: kept)
        world.drainChanges(into: log)
        #expect(log.removed(Burning.self) == [lost] && log.replaced(Burning.self) == [exchanged])
        #expect(changes(log) == [exchanged: 30], "what came and went leaves no trace")
        world._checkInvariants()

        world.query(Write<Burning>.self, Read<Position>.self).only(kept).forEach { burning, _ in burning.seconds += 3 }
        try world.remove(Selected.self, from: kept)
        world.drainChanges(into: log)
        #expect(changes(log) == [kept: 4] && log.removed(Selected.self) == [kept] && log.removed(Burning.self) == [])
        world.drainChanges(into: log)
        #expect(log.isEmpty)
    }

    private func changes(_ log: ChangeLog) -> [Entity: Float] {
        var changes: [Entity: Float] = [:]
        log.withChanges(of: Burning.self) { entities, values in
            for row in entities.indices { changes[entities[row]] = values[row].seconds }
        }
        return changes
    }
}
