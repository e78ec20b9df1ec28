// A query is no sequence: there is no loop to write instead.
// swift-format-ignore-file: ReplaceForEachWithForLoop

import OrreryECS
import OrrerySchema
import Testing

@Suite("Every value is destroyed once")
struct LifetimeTests {
    @Test func valuesLiveAsLongAsTheirRows() throws {
        let ledger = Counted.Ledger()
        do {
            let world = World()
            var entities = (0..<9000).map { _ in world.spawn(Counted(ledger), Position()) }
            #expect(ledger.living == 9000)
            for _ in 0..<100 { try world.despawn(entities.remove(at: 11)) }
            #expect(ledger.living == 8900)
            for entity in entities[..<100] { try world.remove(Counted.self, from: entity) }
            #expect(ledger.living == 8800)
            for entity in entities[..<50] { try world.insert(Counted(ledger), on: entity) }
            #expect(ledger.living == 8850)
            for entity in entities[100..<200] { try world.insert(Counted(ledger), on: entity) }
            for entity in entities[200..<300] { try world.set(Counted(ledger), on: entity) }
            for entity in entities[300..<400] { try world.insert(Label(text: "moved"), on: entity) }
            #expect(ledger.living == 8850)
            world.query(Write<Counted>.self).forEach { $0 = Counted(ledger) }
            #expect(ledger.living == 8850)
            world._checkInvariants()
        }
        #expect(ledger.living == 0)
    }

    @Test func valuesByAddressAreCopied() throws {
        let ledger = Counted.Ledger()
        do {
            let world = World()
            let component = world.register(Counted.self)
            let entity = world.spawn()
            try withUnsafePointer(to: Counted(ledger)) { try world.insert(component, copying: $0, on: entity) }
            #expect(ledger.living == 1)
            try withUnsafePointer(to: Counted(ledger)) { try world.set(component, copying: $0, on: entity) }
            #expect(ledger.living == 1)
            try world.remove(component, from: entity)
            #expect(ledger.living == 0)
        }
    }

    @Test func logHoldsCopiesUntilItIsReset() throws {
        let ledger = Counted.Ledger()
        let log = ChangeLog()
        do {
            let world = World()
            world.track(Counted.self)
            for _ in 0..<200 { world.spawn(Counted(ledger)) }
            world.drainChanges(into: log)
            #expect(log.columns.map(\.count) == [200])
        }
        #expect(ledger.living == 200)
        log.reset()
        #expect(ledger.living == 0)
    }

    @Test func droppedLogDestroysItsCopies() {
        let ledger = Counted.Ledger()
        do {
            let world = World()
            world.track(Counted.self)
            world.spawn(Counted(ledger))
            world.drainChanges(into: ChangeLog())
            let kept = ChangeLog()
            world.drainChanges(into: kept)
        }
        #expect(ledger.living == 0)
    }

    @Test func droppedCommandsDestroyTheirValues() {
        let ledger = Counted.Ledger()
        do {
            let world = World()
            world.commands.spawn(Counted(ledger))
            world.commands.insert(Counted(ledger), on: .none)
            world.flushCommands()
            #expect(ledger.living == 1)
            world.commands.spawn(Counted(ledger))
        }
        #expect(ledger.living == 0)
    }
}
