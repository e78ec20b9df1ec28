import OrreryInspector
import OrrerySchema
import OrreryStore
import Testing

@Suite("A watched query shows the entities that have all of it")
struct ChangeFilterTests {
    private let schemas: [ComponentSchema]
    private let ship = Entity(index: 1, generation: 1)
    private let a = ColumnID(0)
    private let b = ColumnID(1)

    init() throws {
        schemas = try ["A", "B"].map { try ComponentSchema(name: $0, type: .scalar(.uint8)) }
    }

    private func filter(_ query: String) throws -> ChangeFilter {
        ChangeFilter(try InspectorQuery(parsing: query).resolved(in: schemas), schemas: schemas)
    }

    private func set(_ column: ColumnID, _ value: UInt8) -> WatchedChange {
        WatchedChange(.set, ship, column, value: [value])
    }

    @Test("One component needs no filter")
    func single() throws {
        var filter = try filter("A")
        let changes = [WatchedChange(.spawn, ship), set(a, 1), WatchedChange(.remove, ship, a)]
        #expect(filter.filtered(changes) == changes)
    }

    @Test("An entity is shown from the moment on at which it has everything, with everything")
    func completion() throws {
        var filter = try filter("A, B")
        filter.begin(with: [])
        #expect(filter.filtered([WatchedChange(.spawn, ship), set(a, 1)]).isEmpty)
        #expect(filter.filtered([set(a, 2)]).isEmpty)
        #expect(filter.filtered([set(b, 3)]) == [WatchedChange(.spawn, ship), set(a, 2), set(b, 3)])
        #expect(filter.filtered([set(a, 4)]) == [set(a, 4)])
    }

    @Test("What was there when watching began is not shown, but counts")
    func beginning() throws {
        var filter = try filter("A, B")
        filter.begin(with: [WatchedChange(.spawn, ship), set(a, 1), set(b, 1)])
        #expect(filter.filtered([set(a, 2)]) == [set(a, 2)])
    }

    @Test("After a removal it is silent, and comes back whole")
    func removal() throws {
        var filter = try filter("A, B")
        filter.begin(with: [WatchedChange(.spawn, ship), set(a, 1), set(b, 1)])
        let removal = WatchedChange(.remove, ship, b)
        #expect(filter.filtered([removal, set(a, 2)]) == [removal])
        #expect(filter.filtered([set(a, 3)]).isEmpty)
        #expect(filter.filtered([set(b, 4)]) == [WatchedChange(.spawn, ship), set(a, 3), set(b, 4)])
        #expect(filter.filtered([WatchedChange(.despawn, ship)]) == [WatchedChange(.despawn, ship)])
    }

    @Test("The despawn of what was never shown is not shown")
    func unseenDespawn() throws {
        var filter = try filter("A, B")
        filter.begin(with: [WatchedChange(.spawn, ship), set(a, 1)])
        #expect(filter.filtered([WatchedChange(.despawn, ship)]).isEmpty)
    }
}
