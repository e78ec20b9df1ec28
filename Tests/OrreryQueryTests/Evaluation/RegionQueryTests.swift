import OrreryQuery
import OrrerySchema
import OrreryStore
import Testing

@testable import FuzzQueries

/// What a text with `within` means at one tick, in the world of the golden cases.
@Suite struct RegionQueryTests {
    private let store: ComponentStore

    init() throws {
        let world = try GoldenWorld().store
        let entries = world.table.entries.map { entry in
            guard let schema = entry.schema, ["Position", "Velocity"].contains(entry.name) else { return entry }
            return ComponentTable.Entry(
                entry.column, schema, spatial: SpatialField(path: [], cellSize: entry.name == "Position" ? 50 : 1))
        }
        store = ComponentStore(ComponentTable(entries))
        store.advance(to: Tick(1))
        world.entities.rows.forEach { row in
            guard let entity = world.entity(at: row) else { return }
            store.spawn(entity)
            for column in world.columns(of: entity) {
                store[column].set(row, to: world[column].value(of: row) ?? [], at: store.tick)
            }
        }
    }

    @Test(arguments: [
        ("Position within 1 of 12v3 by Position", "11v0 12v3 13v0"),
        ("Health within 1 of (10, 4, 0) by Position", "11v0 12v3 13v0"),
        ("Health within 1 of 12v3 by Position where Health.current != 51", "11v0 12v3"),
        ("Health within 0 of (10, 4, 0) by Position", "12v3"),
        ("Health within 0.999 of (10, 4, 0) by Position", "12v3"),
        ("Position, !Frozen within 1e0 of 12v3 by Position order by Position.y desc limit 2", "11v0 12v3"),
        ("entity in (11v0, 13v0, 14v1), * within 30 of 12v3 by Position", "11v0 13v0 14v1"),
        ("Target within 1 of (100, 0, 0) by Position", "48v0 49v0 50v2"),
        // Another component says where it is: 0.1, 0.2, 0.3.
        ("Velocity, Health within 0.1 of 21v0 by Velocity", "12v3 21v0"),
        // Nobody who is at no finite place, and nothing around one.
        ("Position within 100 of 8v0 by Position", ""), ("Position within 100 of 12v2 by Position", ""),
        ("Body within 2 of (-0, 0, 0) by Position where Position.x = 0", "0v0 9v4294967295"),
        ("Body within 2 of (1e300, 0, -1e300) by Position", ""),
        ("`Position` within 1 of 12v3 by `Position` limit 1 offset 1", "12v3"),
    ])
    func whoIsWithin(text: String, members: String) throws {
        let query = try Query(text, in: store.table)
        let matching = query.matching(in: store)
        let names = query.members(of: matching, in: store).rows.compactMap { store.entity(at: $0)?.description }
        #expect(names.sorted() == members.split(separator: " ").map(String.init).sorted())
        for row in store.entities.rows.indexes {
            let entity = try #require(store.entity(at: row))
            #expect(query.isMember(entity, of: store) == matching.contains(row), "\(entity)")
        }
        // The text of the canonical form is a text of the same query.
        #expect(try Query(query.text(in: store.table), in: store.table) == query)
        #expect(query.text(in: store.table).contains("within"))
    }

    @Test(arguments: [
        ("Position within 5 of (0, -0, 0) by Position", "Position within 5.0 of (0.0, 0, 0e3) by Position"),
        (
            "Position within 5 of 12v3 by Position where Health.current < 5",
            "Position within 50e-1 of 12v3 by Position where 5 > Health.current"
        ),
    ])
    func spellingsOfOneRegion(first: String, second: String) throws {
        #expect(try Query(first, in: store.table) == Query(second, in: store.table))
        #expect(try Query(first, in: store.table) != Query(second.replacing("5", with: "6"), in: store.table))
    }

    @Test(arguments: [
        ("Position within 5 of 12v3", "type", 10, "by and a component after the centre: one of Position, Velocity"),
        ("Position within 5 of 12v3 by Health", "type", 30, "a component that the server has registered as spatial"),
        ("Position within 5 of 12v3 by Positoin", "unknownComponent", 30, ""),
        ("Position within 5 of (1, 2) by Position", "type", 22, "(x, y, z)"),
        ("Position within 5 of (1, 2, 3, 4) by Position", "type", 22, "(x, y, z)"),
        ("Position within 300.1 of 12v3 by Position", "limit", 17, "at most 300"),
        ("Position within 1e999 of 12v3 by Position", "limit", 17, "at most 300"),
        ("Position within 5 of (1, 2, 1e999) by Position", "limit", 22, "Double"),
        ("Position within -5 of 12v3 by Position", "syntax", 17, "a distance"),
        ("Position within x of 12v3", "syntax", 17, "a distance"),
        ("Position within 5 12v3", "syntax", 19, "of"),
        ("Position within 5 of Sun", "syntax", 22, "an entity such as 12v3, or (x, y)"),
        ("Position within 5 of (1, 2, 3", "syntax", 30, "a comma, or )"),
        ("Position within 5 of (1, true, 3)", "syntax", 26, "a number"),
        ("Position where Position.x = 5 within 5 of 12v3", "syntax", 31, "and, or, order by"),
        ("Position within 5 of 12v3 limit 3 within 5 of 12v3", "syntax", 35, "offset, from"),
        ("Position within 5 of 12v3 within 6 of 12v3", "syntax", 27, "by, where"),
        ("within 5 of 12v3", "syntax", 1, ""),
        ("resource Score within 5 of 12v3 by Position", "syntax", 16, "where"),
    ])
    func aMistakeIsNamed(text: String, kind: String, column: Int, expected: String) throws {
        let error = #expect(throws: QueryError.self) { try Query(text, in: store.table) }
        #expect(error?.kind.rawValue == kind && error?.column == column, "\(error.map { "\($0)" } ?? "")")
        #expect(error?.expected.contains(expected) == true, "\(error.map { "\($0)" } ?? "")")
    }
}
