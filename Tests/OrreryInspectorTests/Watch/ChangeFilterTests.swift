import OrreryInspector
import OrrerySchema
import OrreryStore
import Testing

@Suite("A watched query shows the entities that have all of it")
struct ChangeFilterTests {
    private let table: ComponentTable
    private let ship = Entity(index: 1, generation: 1)

    init() throws {
        table = ComponentTable(
            try ["A", "B"].map {
                try ComponentSchema(name: $0, type: .structure([Field("x", .scalar(.uint8))]))
            })
    }

    private func filter(_ query: String) throws -> ChangeFilter {
        ChangeFilter(try InspectorQuery(query).resolved(in: table), table: table)
    }

    private var spawned: Change { Change(.spawned, ship) }
    private var entered: Change { Change(.entered, ship) }
    private var despawned: Change { Change(.despawned, ship) }

    private func set(_ component: String, _ value: UInt8) -> Change {
        Change(.set, ship, component: component, schema: table[component]?.schema, new: [value])
    }

    /// A component that the ship has no more.
    private func gone(_ cause: Change.Cause, _ component: String, _ old: UInt8) -> Change {
        Change(cause, ship, component: component, schema: table[component]?.schema, old: [old])
    }

    @Test("One component needs no filter")
    func single() throws {
        var filter = try filter("A")
        let changes = [spawned, set("A", 1), gone(.removed, "A", 1)]
        #expect(filter.filtered(changes) == changes)
    }

    @Test("An entity is shown from the moment on at which it has everything, with everything")
    func completion() throws {
        var filter = try filter("A, B")
        filter.begin(with: [])
        #expect(filter.filtered([spawned, set("A", 1)]).isEmpty)
        #expect(filter.filtered([set("A", 2)]).isEmpty)
        #expect(filter.filtered([set("B", 3)]) == [entered, set("A", 2), set("B", 3)])
        #expect(filter.filtered([set("A", 4)]) == [set("A", 4)])
    }

    @Test("What was there when watching began is not shown, but counts")
    func beginning() throws {
        var filter = try filter("A, B")
        filter.begin(with: [spawned, set("A", 1), set("B", 1)])
        #expect(filter.filtered([set("A", 2)]) == [set("A", 2)])
    }

    @Test("After a removal it is silent, and comes back whole")
    func removal() throws {
        var filter = try filter("A, B")
        filter.begin(with: [spawned, set("A", 1), set("B", 1)])
        let removal = gone(.removed, "B", 1)
        #expect(filter.filtered([removal, set("A", 2)]) == [removal])
        #expect(filter.filtered([set("A", 3)]).isEmpty)
        #expect(filter.filtered([set("B", 4)]) == [entered, set("A", 3), set("B", 4)])
        #expect(filter.filtered([gone(.despawned, "A", 3), gone(.despawned, "B", 4), despawned]) == [despawned])
    }

    @Test("The despawn of what was never shown is not shown")
    func unseenDespawn() throws {
        var filter = try filter("A, B")
        filter.begin(with: [spawned, set("A", 1)])
        #expect(filter.filtered([gone(.despawned, "A", 1), despawned]).isEmpty)
    }

    @Test("What goes whole is one line; a component that alone leaves is named", arguments: ["*", "A, B"])
    func leaving(query: String) throws {
        var filter =
            query == "*"
            ? ChangeFilter(try InspectorQuery.all.resolved(in: table), table: table) : try filter(query)
        filter.begin(with: [entered, set("A", 1), set("B", 1)])
        let whole = [gone(.left, "A", 1), gone(.left, "B", 1), Change(.left, ship)]
        #expect(filter.filtered([gone(.left, "B", 1)]) == [gone(.left, "B", 1)])
        let back = query == "*" ? [set("B", 2)] : [entered, set("A", 1), set("B", 2)]
        #expect(filter.filtered([set("B", 2)]) == back)
        #expect(filter.filtered(whole) == [Change(.left, ship)])
    }

    @Test("A value that no longer matches is shown as leaving, one that matches again as entering")
    func condition() throws {
        var filter = try filter("B where A.x < 5")
        filter.begin(with: [spawned, set("A", 1), set("B", 1)])
        #expect(filter.filtered([set("A", 4)]).isEmpty, "A is not shown")
        #expect(filter.filtered([set("B", 2)]) == [set("B", 2)])
        #expect(filter.filtered([set("A", 7)]) == [Change(.left, ship)])
        #expect(filter.filtered([set("B", 3)]).isEmpty)
        #expect(filter.filtered([set("A", 0)]) == [entered, set("B", 3)])
        #expect(filter.filtered([gone(.removed, "A", 0)]) == [Change(.left, ship)])
        #expect(filter.filtered([gone(.despawned, "B", 3), despawned]).isEmpty)
    }

    @Test("A life that ends and one that begins in one batch are told apart")
    func twoLives() throws {
        var filter = try filter("A")
        let end = [gone(.reset, "A", 1), Change(.reset, ship)]
        let beginning = [entered, set("A", 2)]
        #expect(
            filter.filtered([entered, set("A", 1)] + end + beginning).map(\.cause) == [
                .entered, .set, .reset, .entered, .set,
            ])
    }
}
