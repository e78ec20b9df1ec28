import OrrerySchema
import OrreryStore
import Testing

/// A store knows what it takes, and beforehand what it is about to take.
@Suite struct StoreSizeTests {
    private let store: ComponentStore

    init() throws {
        store = ComponentStore(schemas: [
            try ComponentSchema(name: "Fixed", type: .structure([Field("a", .scalar(.double))])),
            try ComponentSchema(name: "Varying", type: .structure([Field("a", .string)])),
        ])
        store.advance(to: Tick(1))
    }

    /// Sets a row, and expects the store to grow by what was foretold.
    private func set(_ column: Column, _ index: UInt32, _ byteCount: Int) -> Int {
        let before = store.byteCount
        let growth = column.growth(setting: index, byteCount: byteCount)
        column.set(index, to: [UInt8](repeating: 1, count: byteCount), at: store.tick)
        #expect(store.byteCount - before == growth)
        return growth
    }

    @Test func aRowTakesThePageThatItLiesIn() {
        #expect(store.byteCount == 0)
        let fixed = store[ColumnID(0)]
        let first = set(fixed, 0, 8)
        // The values, and two ticks for each row.
        #expect(first >= 1024 * (8 + 16))
        #expect(first < 1024 * (8 + 16) * 2)
        #expect(set(fixed, 1023, 8) == 0)
        #expect(set(fixed, 1024, 8) == first)
        // A page far away, with its place in the table of pages.
        #expect(set(fixed, 1024 * 1000, 8) > first + 998 * 8)
        // What leaves leaves its page.
        let all = store.byteCount
        fixed.remove(0, at: store.tick)
        #expect(store.byteCount == all)
        #expect(set(fixed, 0, 8) == 0)
    }

    @Test func aValueOfVaryingSizeTakesItsBytesBesides() {
        let varying = store[ColumnID(1)]
        let page = set(varying, 0, 0)
        #expect(set(varying, 1, 100) >= 100)
        #expect(set(varying, 1, 50) == -50)
        #expect(set(varying, 1, 50) == 0)
        #expect(set(varying, 2, 1000) >= 1000)
        varying.remove(1, at: store.tick)
        varying.remove(2, at: store.tick)
        #expect(store.byteCount == page)
        varying.remove(2, at: store.tick)
        #expect(store.byteCount == page)
    }

    @Test func entitiesAndBulkWritesCountToo() {
        store.spawn(Entity(index: 5, generation: 1))
        let one = store.byteCount
        #expect(one >= 1024 * (4 + 16))
        let entities = [Entity(index: 5, generation: 1), Entity(index: 5000, generation: 1)]
        entities.withUnsafeBufferPointer { entities in
            [UInt8](repeating: 0, count: 16).withUnsafeBytes {
                _ = store[ColumnID(0)].set(entities, to: $0, at: store.tick)
            }
        }
        #expect(store.byteCount - one >= 2 * 1024 * (8 + 16))
        // A despawned entity leaves its pages.
        let all = store.byteCount
        store.despawn(entities[0])
        #expect(store.byteCount == all)
    }
}
