import OrrerySchema
import OrreryStore
import Testing

/// Entities live once, and take all that they have with them.
@Suite struct ComponentStoreTests {
    private let store: ComponentStore
    private let number = ColumnID(0)
    private let text = ColumnID(1)

    init() throws {
        store = ComponentStore(schemas: [
            try ComponentSchema(name: "Number", type: .scalar(.uint8)),
            try ComponentSchema(name: "Text", type: .string),
        ])
        store.advance(to: Tick(1))
    }

    @Test func columnsHaveTheSizesOfTheirSchemas() {
        #expect(store.table.columns.map { store[$0].valueSize } == [1, nil])
        #expect(store.entities.valueSize == 4)
    }

    @Test func spawnedIsAliveInThisGenerationAlone() {
        let entity = Entity(index: 3, generation: 0x0102_0304)
        store.spawn(entity)
        #expect(store.contains(entity))
        #expect(store.entity(at: 3) == entity)
        #expect(!store.contains(Entity(index: 3, generation: 1)))
        #expect(store.entity(at: 4) == nil)
        #expect(store.entities.value(of: 3) == [4, 3, 2, 1])
    }

    @Test func despawnTakesAllRowsWithIt() {
        let (entity, other) = (Entity(index: 3, generation: 1), Entity(index: 4, generation: 1))
        for each in [entity, other] {
            store.spawn(each)
            store[number].set(each.index, to: [1], at: store.tick)
            store[text].set(each.index, to: [0], at: store.tick)
        }
        #expect(store.columns(of: entity) == [number, text])
        store.advance(to: Tick(2))
        store.despawn(entity)
        #expect(!store.contains(entity) && store.contains(other))
        #expect(store.columns(of: entity).isEmpty && store.columns(of: other) == [number, text])
        #expect(store[number].changes(after: Tick(1)).left.indexes == [3])
        #expect(store.entities.changes(after: Tick(1)).left.indexes == [3])
    }

    @Test func despawnOfAnotherGenerationDoesNothing() {
        store.spawn(Entity(index: 3, generation: 2))
        store.despawn(Entity(index: 3, generation: 1))
        store.despawn(Entity(index: 9, generation: 1))
        #expect(store.entity(at: 3)?.generation == 2)
    }

    @Test func aNewGenerationErasesTheOldOne() {
        let (old, new) = (Entity(index: 3, generation: 1), Entity(index: 3, generation: 2))
        store.spawn(old)
        store[number].set(3, to: [1], at: store.tick)
        store.advance(to: Tick(2))
        store.spawn(new)
        #expect(store.entity(at: 3) == new)
        #expect(store.columns(of: new).isEmpty && store.columns(of: old).isEmpty)
        // To those who knew the old one, this is an entering, not a change.
        #expect(store.entities.changes(after: Tick(1)).entered.indexes == [3])
        #expect(store[number].changes(after: Tick(1)).left.indexes == [3])
    }

    @Test func spawningTheSameEntityAgainDoesNothing() {
        let entity = Entity(index: 3, generation: 1)
        store.spawn(entity)
        store[number].set(3, to: [1], at: store.tick)
        store.advance(to: Tick(2))
        store.spawn(entity)
        #expect(store.entities.changes(after: Tick(1)).isEmpty)
        #expect(store.columns(of: entity) == [number])
    }

    @Test func pagesReachAsFarAsTheFarthestColumn() {
        #expect(store.pageCount == 0)
        store.spawn(Entity(index: 10, generation: 1))
        #expect(store.pageCount == 1)
        store[text].set(4000, to: [0], at: store.tick)
        #expect(store.pageCount == 4)
    }

    @Test func ticksMayRepeatButNotGoBack() {
        store.advance(to: Tick(5))
        store.advance(to: Tick(5))
        #expect(store.tick == Tick(5))
    }

    @Test func aStoreThatIsSentBackInTimeStops() async {
        await #expect(processExitsWith: .failure) {
            let store = ComponentStore(schemas: [])
            store.advance(to: Tick(5))
            store.advance(to: Tick(4))
        }
    }

    @Test func aValueOfTheWrongSizeStops() async {
        await #expect(processExitsWith: .failure) {
            Column(valueSize: 4).set(0, to: [1, 2, 3], at: Tick(1))
        }
    }
}
