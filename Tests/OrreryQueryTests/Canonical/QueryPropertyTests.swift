import OrreryQuery
import OrrerySchema
import OrreryStore
import Testing

@testable import FuzzQueries

/// A query tells what a server must know to keep its members.
@Suite struct QueryPropertyTests {
    private static let table = try! GoldenWorld().table

    private func names(_ columns: [ColumnID]) -> [String] { columns.map { Self.table.name(of: $0) } }

    @Test(arguments: [
        ("*", true), ("Health", true), ("Health | Team", true), ("Health, Health", true),
        ("entity 12v3", false), ("entity in (1v0, 2v0)", false), ("entity 12v3, Health?", false),
        ("entity in ()", false),
        ("Health, Team", false), ("Health?, Team", false), ("with Health", false), ("Health, !Team", false),
        ("*, Health", false), ("entity 12v3, Health", false), ("* where has Team", false),
        ("entity 12v3 where has Team", false), ("resource Score", true), ("resource Score where has Score", false),
        ("with Health | Team, Health?", false),
    ])
    func aPlainQueryShowsWholeComponents(text: String, isPlain: Bool) throws {
        #expect(try Query(text, in: Self.table).isPlain == isPlain)
    }

    @Test(arguments: [
        ("entity in (1v0, 2v0)", true), ("1v0, Health?", true), ("1v0, Health", false), ("*", false),
        ("1v0, !Health", false), ("1v0 where entity != 2v0", false),
    ])
    func aListDecidesAlone(text: String, isOnlyListed: Bool) throws {
        #expect(try (Query(text, in: Self.table).onlyListed != nil) == isOnlyListed)
    }

    @Test(arguments: [
        ("*", true), ("1v0", true), ("*, !Health", true), ("Health", false), ("with Health | Body", false),
        ("* where has Health", true), ("resource Score", false),
    ])
    func birthsDecideWhereNoComponentMustBeThere(text: String, readsLife: Bool) throws {
        #expect(try Query(text, in: Self.table).readsLife == readsLife)
    }

    @Test(arguments: [
        ("*", [String]()), ("entity 12v3", []), ("Health, Team?, !Frozen", ["Health", "Frozen"]),
        ("with Health | Body", ["Health", "Body"]),
        ("* where Health.current = 5 or has Team", ["Health", "Team"]),
        ("* where Health.current = Position.x and not Label.visible", ["Position", "Health", "Label"]),
        ("Label, Body? where ~ \"a\"", ["Body", "Label"]),
        (
            "* where count(Inventory.items) = 1 and Orbit.period is nil and length(Velocity) > 1",
            ["Velocity", "Inventory", "Orbit"]
        ),
        ("* where entity != 1v0", []), ("resource Score where Score.points = 1", ["Score"]),
    ])
    func membershipColumnsAreWhatDecides(text: String, columns: [String]) throws {
        let query = try Query(text, in: Self.table)
        #expect(names(query.membershipColumns) == columns)
    }

    @Test func aSearchReadsTheShownComponentsThatCanHaveIt() throws {
        let entities = try Query("* where refers to 1v0", in: Self.table)
        #expect(names(entities.membershipColumns) == ["ChildOf", "Inventory", "Target"])
        #expect(entities.selection.shown == .all)
        let numbers = try Query("Position, Health?, Team? where is nan", in: Self.table)
        #expect(names(numbers.membershipColumns) == ["Position", "Health"])
    }

    @Test(arguments: [
        ("Health", ["Health"]), ("with Health", []), ("Health, with Team, Label?", ["Health", "Label"]),
        ("Team | Label", ["Label", "Team"]), ("entity 1v0, !Team", []), ("resource Score", ["Score"]),
    ])
    func shownComponentsAreListed(text: String, shown: [String]) throws {
        let query = try Query(text, in: Self.table)
        #expect(query.selection.shown != .all)
        #expect(names(query.selection.shownColumns(in: Self.table)) == shown)
    }

    @Test(arguments: [
        ("*", 1), ("Health, Team?, !Frozen", 3), ("Health | Team", 2), ("entity 1v0", 2), ("resource Score", 1),
        ("* where not not has Team", 4), ("* where has Team and (has Body or Health.current in (1, 2, 3))", 4),
        ("* where has Team and has Team", 2),
    ])
    func nodesAreCountedInCanonicalForm(text: String, count: Int) throws {
        #expect(try Query(text, in: Self.table).nodeCount == count)
    }

    @Test func entitiesAreSortedAndEachOnce() throws {
        let query = try Query("entity in (12v3, 4v1, 12v3, 4v0)", in: Self.table)
        #expect(query.selection.entities?.map(\.description) == ["4v0", "4v1", "12v3"])
        #expect(query.selection.shown.resource == nil && !query.isResource)
        let resource = try Query("resource Score", in: Self.table)
        #expect(resource.isResource && resource.selection.shown.resource == Self.table["Score"]?.column)
        #expect(!resource.isMember(Entity(index: 0, generation: 0), of: try GoldenWorld().store))
    }
}
