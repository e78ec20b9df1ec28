import OrrerySchema
import OrreryStore
import Testing

@Suite("A resource is row 0 of a column of its own, and no part of the entity at that index")
struct ResourceColumnTests {
    private let store: ComponentStore
    private let entity = Entity(index: 0, generation: 1)
    private var score: Column { store[ColumnID(1)] }

    init() throws {
        let type = FieldType.scalar(.uint8)
        store = ComponentStore(
            ComponentTable([
                .init(ColumnID(0), try ComponentSchema(name: "Health", type: type)),
                .init(ColumnID(1), try ComponentSchema(name: "Score", type: type), isResource: true),
            ]))
        store.advance(to: Tick(1))
        store.spawn(entity)
        store[ColumnID(0)].set(0, to: [1], at: store.tick)
        score.set(0, to: [2], at: store.tick)
    }

    @Test func theEntityAtItsRowDoesNotHaveIt() {
        #expect(store.columns(of: entity) == [ColumnID(0)])
        #expect(store.columns(of: .none) == [ColumnID(1)])
        #expect(store.row(of: entity, in: score) == nil && store.row(of: .none, in: score) == 0)
        #expect(store.row(of: .none, in: store[ColumnID(0)]) == nil)
        #expect(store.owner(of: 0, in: score) == Entity.none && store.owner(of: 0, in: store[ColumnID(0)]) == entity)
        #expect(store.withValue(of: entity, in: ColumnID(1)) { $0[0] } == nil)
        #expect(store.withValue(of: .none, in: ColumnID(1)) { $0[0] } == 2)
    }

    @Test func itOutlivesTheEntity() {
        store.advance(to: Tick(2))
        store.despawn(entity)
        #expect(score.value(of: 0) == [2] && score.newestTick == Tick(1))
        #expect(store[ColumnID(0)].value(of: 0) == nil)
    }

    @Test func itsChangesAreThoseOfItsRow() {
        store.advance(to: Tick(2))
        store.despawn(entity)
        score.set(0, to: [3], at: store.tick)
        var changes = RowChanges()
        store.addChanges(of: [.resource], in: ColumnID(1), after: Tick(1), to: &changes)
        #expect(changes.updated.indexes == [0])
    }

    @Test func aNumberThatBecomesAResourceBeginsAnew() throws {
        let type = FieldType.scalar(.uint8)
        store.install(
            ComponentTable([
                .init(ColumnID(0), try ComponentSchema(name: "Health", type: type), isResource: true),
                .init(ColumnID(1), try ComponentSchema(name: "Score", type: type), isResource: true),
            ]))
        #expect(store[ColumnID(0)].count == 0 && store[ColumnID(0)].isResource && score.value(of: 0) == [2])
    }
}
