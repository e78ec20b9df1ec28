import OrreryQuery
import OrrerySchema
import OrreryStore
import Testing

@testable import FuzzQueries

/// Every wrong text has one error: its kind, its column, and words that help.
@Suite struct ErrorTests {
    struct Wrong: Sendable, CustomTestStringConvertible {
        var text: String
        var kind: QueryError.Kind
        var column: Int
        /// A part of what was expected.
        var expected: String
        var nearest: String?

        init(
            _ text: String, _ kind: QueryError.Kind, _ column: Int, _ expected: String = "", nearest: String? = nil
        ) {
            (self.text, self.kind, self.column, self.expected) = (text, kind, column, expected)
            self.nearest = nearest
        }

        var testDescription: String { text }
    }

    static let terms: [Wrong] = [
        Wrong("  !Frozen, Team?", .syntax, 3, "*, !Frozen"), Wrong("Team?", .syntax, 1, "*, !Frozen"),
        Wrong("!Frozen where (", .syntax, 1, "*, !Frozen"), Wrong("Position,", .syntax, 10, "a component"),
        Wrong("Position Health", .syntax, 10, "a comma"), Wrong("!Frozen?, *", .syntax, 8, "! applies to one name"),
        Wrong("Team? | Body", .syntax, 7, "? applies to one name"),
        Wrong("Team | Body?", .syntax, 12, "? applies to one name"), Wrong("with Team?", .syntax, 10, "with and ?"),
        Wrong("with !Team", .syntax, 6, "a component"), Wrong("with *", .syntax, 6, "a component"),
        Wrong("Team || Body", .syntax, 6, "| instead of ||"), Wrong("entity", .syntax, 7, "12v3, or in"),
        Wrong("entity in 3v1", .syntax, 11, "("), Wrong("entity in (3v1,)", .syntax, 16, "12v3"),
        Wrong("entity in (3v1", .syntax, 15, "a comma, or )"), Wrong("12v03", .syntax, 1, "zeros"),
        Wrong("012v3", .syntax, 1, "zeros"), Wrong("4294967296v1", .syntax, 1, "4294967296"),
        Wrong("*, 1v4294967296", .syntax, 4, "4294967296"), Wrong("12", .syntax, 1, "a component"),
        Wrong("where Health.current = 1", .syntax, 1, "a component"), Wrong("Health, where", .syntax, 9),
        Wrong("limit", .syntax, 1), Wrong("changed Position", .syntax, 1, "kept for later"),
        Wrong("all", .syntax, 1, "`all` in back-ticks"), Wrong("Health group by Team", .syntax, 8),
        Wrong("`Health", .syntax, 1, "back-tick that ends"), Wrong("``", .syntax, 1, "between the back-ticks"),
        Wrong("Health; Team", .syntax, 7, "a comma"), Wrong("Health\u{a0}", .syntax, 7), Wrong("é\u{301}", .syntax, 2),
        Wrong("Helth", .unknownComponent, 1, nearest: "Health"),
        Wrong("health", .unknownComponent, 1, nearest: "Health"),
        Wrong("*, Team | Bodi", .unknownComponent, 11, nearest: "Body"),
        Wrong("Nested.iner?, *", .type, 1, "a field of 'Nested'"), Wrong("Position.x", .type, 1, "where"),
        Wrong("Xyzzy", .unknownComponent, 1), Wrong("Score", .unknownComponent, 1, "resource Score"),
        Wrong("Frozen, !Frozen", .type, 10, "both there and not there"),
        Wrong("!Frozen, Team, with Frozen", .type, 21, "both there and not there"),
        Wrong("Helth, !Helth where", .syntax, 20, "a condition"),
    ]

    static let resources: [Wrong] = [
        Wrong("resource", .syntax, 9, "the name of a resource"),
        Wrong("resource Health", .unknownComponent, 10, "entities"),
        Wrong("resource points", .unknownComponent, 10, "a resource; 'points' is a field: Score.points"),
        Wrong("resource Scor", .unknownComponent, 10, nearest: "Score"), Wrong("resource Score, *", .syntax, 15),
        Wrong("resource Score limit 5", .syntax, 16, "where, or the end"), Wrong("*, resource Score", .syntax, 4),
        Wrong("resource Score where Health.current = 1", .unknownComponent, 22, "'Health' is a component"),
        Wrong("* where Score.points = 1", .unknownComponent, 9, "'Score' is a resource"),
        Wrong("* where has Score", .unknownComponent, 13),
        Wrong("resource Score where has Team", .unknownComponent, 26),
        Wrong("resource Score where entity = 0v0", .type, 22, "has no entity"),
    ]

    static let later: [Wrong] = [
        Wrong("* within 5 of 1v0", .type, 3),
        Wrong("Health at 10 Hz", .notYet, 8, "rates"), Wrong("Health order Health.current", .syntax, 14, "by"),
        Wrong("* where has Team within 5 of 1v0", .syntax, 18), Wrong("Health limit 5 where has Team", .syntax, 16),
        Wrong("Health offset 5", .syntax, 8), Wrong("Helth limit 5", .unknownComponent, 1, nearest: "Health"),
        Wrong("Health order by", .syntax, 16, "a field"), Wrong("Health order by Health", .type, 17, "a single value"),
        Wrong("Health order by Helth.current", .unknownComponent, 17, nearest: "Health"),
        Wrong("Health order by 5", .type, 17, "a field"), Wrong("Health order by ~Health.current", .type, 18, "~"),
        Wrong("Health order by Health.current up", .syntax, 32, "asc, desc"),
        Wrong("Health order by Health.current,", .syntax, 32, "a field"),
        Wrong("Health limit", .syntax, 13, "a whole number"), Wrong("Health limit -1", .syntax, 14, "a whole number"),
        Wrong("Health limit 2.5", .syntax, 14, "a whole number"),
        Wrong("Health limit 5 5", .syntax, 16, "offset, from"),
        Wrong("Health limit 5 offset 2 from 1v0", .syntax, 25, "the end"),
        Wrong("Health limit 5 from 12", .syntax, 21, "an entity"),
        Wrong("Health count limit 5", .syntax, 14, "the end"),
        Wrong("Health limit 5 order by Health.current", .syntax, 16),
        Wrong("Score order by Score.points", .unknownComponent, 1, "resource Score"),
    ]

    static let conditions: [Wrong] = [
        Wrong("* where", .syntax, 8, "a condition"), Wrong("* where and", .unknownComponent, 9),
        Wrong("* where Health.current", .type, 9, "a comparison"), Wrong("* where 5", .syntax, 10, "a comparison"),
        Wrong("* where Health.current + 1 = 2", .syntax, 24, "no arithmetic"),
        Wrong("* where Health.current -1 = 2", .syntax, 24), Wrong("* where !has Team", .syntax, 9, "not is written"),
        Wrong("* where has Team && has Body", .syntax, 18, "and instead of &&"),
        Wrong("* where has Team || has Body", .syntax, 18, "or instead of ||"),
        Wrong("* where Health.current <> 5", .syntax, 24, "!= instead of <>"),
        Wrong("* where Health.current ≤ 5", .syntax, 24, "<= instead of ≤"),
        Wrong("* where Health.current in 3...7", .syntax, 28, ".. instead of ..."),
        Wrong("* where Health.current in 3", .syntax, 28, ".."), Wrong("* where Health.current in (3,)", .syntax, 30),
        Wrong("* where Health.current in (3", .syntax, 29, "a comma, or )"),
        Wrong("* where Health.current not 3", .syntax, 28, "in"),
        Wrong("* where Health.current is 3", .syntax, 27, "nil or nan"),
        Wrong("* where Health.current = nil", .syntax, 26, "is nil"),
        Wrong("* where Health.current = nan", .syntax, 26, "is nan"),
        Wrong("* where (Health.current) = 5", .syntax, 26),
        Wrong("* where Label.text ~ mar", .syntax, 22, "double quotes"),
        Wrong("* where Label.text = 'mar'", .syntax, 22, "\" instead of '"),
        Wrong("* where Label.text = \"mar", .syntax, 22, "ends the text"),
        Wrong("* where Label.text = \"a\\x\"", .syntax, 24, "an escape of JSON"),
        Wrong("* where Label.text = \"\\ud800\"", .syntax, 23, "an escape of JSON"),
        Wrong("* where Label.text = \"\\ud800\\u0041\"", .syntax, 23),
        Wrong("* where Label.text = \"\\u00g0\"", .syntax, 23),
        Wrong("* where Health.current = 1e", .syntax, 26, "a number such as"),
        Wrong("* where Health.current = 0x10", .syntax, 26, "a number such as"),
        Wrong("* where Health.current = .5", .syntax, 26), Wrong("* where refers 3v1", .syntax, 16, "to"),
        Wrong("* where alive", .syntax, 9, "kept for later"), Wrong("* where is nil", .syntax, 12),
        Wrong("* where count Inventory.items = 1", .syntax, 15),
        Wrong("* where count(Inventory.items = 1", .syntax, 31, ")"),
        Wrong("* where Inventory.items[0 = \"a\"", .syntax, 27, "]"),
        Wrong("* where Health. = 5", .syntax, 17, "a field"),
    ]

    static let types: [Wrong] = [
        Wrong("* where Helth.current = 5", .unknownComponent, 9, nearest: "Health"),
        Wrong("* where Health.curent = 5", .unknownField, 16, nearest: "current"),
        Wrong("* where Orbit.axis.w = 5", .unknownField, 20, ": x, y, z"),
        Wrong("* where Position.x.y = 5", .unknownField, 20, "no fields"),
        Wrong("* where ChildOf.parent.name = 5", .unknownField, 24, "does not follow"),
        Wrong("* where Health = 5", .type, 9, "a single value"), Wrong("* where 5 = 5", .type, 13, "both sides"),
        Wrong("* where 5 in (5)", .type, 9, "on the left of in"),
        Wrong("* where Label.text = 5", .type, 22, "double quotes"),
        Wrong("* where 5 = Label.text", .type, 13), Wrong("* where true < Label.visible", .type, 14, "no order"),
        Wrong("* where Label.visible in false..true", .type, 23),
        Wrong("* where ChildOf.parent < 3v1", .type, 24, "no order"),
        Wrong("* where entity < 3v1", .type, 16), Wrong("* where Team.side = rad", .type, 21, nearest: "red"),
        Wrong("* where Team.side = Team.mood", .type, 21),
        Wrong("* where Health.current = Label.text", .type, 26, "Int32"),
        Wrong("* where Health.current in (1, \"a\")", .type, 31), Wrong("* where Health.current in 1..red", .type, 30),
        Wrong("* where Health.current is nan", .type, 24),
        Wrong("* where Health.current is nil", .type, 24, "never be nil"),
        Wrong("* where entity is nil", .type, 9), Wrong("* where Health.current ~ \"a\"", .type, 24, "looks into text"),
        Wrong("* where Inventory.marks ~ \"a\"", .type, 25), Wrong("* where Label.text has \"a\"", .type, 20, "arrays"),
        Wrong("* where Inventory.items has 5", .type, 29, "double quotes"),
        Wrong("* where count(Label.text) = 5", .type, 15, "an array"),
        Wrong("* where count(Inventory.items) = \"a\"", .type, 34),
        Wrong("* where length(Health) = 5", .type, 16, "a vector"),
        Wrong("* where Inventory.items[\"a\"] = \"a\"", .type, 25, "an index"),
        Wrong("* where Inventory.items[-1] = \"a\"", .type, 25),
        Wrong("* where Inventory.items[0.5] = \"a\"", .type, 25),
        Wrong("* where Inventory.counts[0] = 5", .type, 26, "double quotes"),
        Wrong("* where Label.text like \"a\"", .syntax, 20, "a comparison (=, !=, <"),
        Wrong("* where (Label.text like \"a\")", .syntax, 21, "has), and, or, or )"),
        Wrong("* where Label.text = \"a\" like", .syntax, 26, "and, or, order by, limit, count, or the end"),
        Wrong("* where Health.current in 5", .syntax, 28, "or a list such as (3, 7)"),
        Wrong("* where current < 5", .unknownComponent, 9, "'current' is a field: Health.current"),
        Wrong("* where Inventory.marks[0] = 5", .type, 25, "no subscript"),
        Wrong("* where Health.curent = 5 and", .syntax, 30),
        Wrong("* where Health.curent = 5 and Helth.x = 1", .unknownField, 16, nearest: "current"),
    ]

    private static let table = try! GoldenWorld().table

    @Test(arguments: terms + resources + later + conditions + types)
    func aWrongTextHasItsError(wrong: Wrong) throws {
        let error = #expect(throws: QueryError.self) { try Query(wrong.text, in: Self.table) }
        #expect(error?.kind == wrong.kind)
        #expect(error?.column == wrong.column)
        #expect(error?.expected.contains(wrong.expected) == true, "\(String(describing: error))")
        #expect(error?.nearest == wrong.nearest)
    }

    @Test func anErrorIsOneSentence() throws {
        let error = QueryError(.unknownField, column: 21, expected: "a field of Health", nearest: "current")
        #expect(
            error.description
                == "column 21: there is no such field; expected a field of Health (did you mean 'current'?)")
        #expect(QueryError(.notYet, column: 3, expected: "no limit").description.contains("not supported yet"))
    }

    @Test func aComponentThatCannotBeReadHasNoFields() throws {
        let entry = ComponentTable.Entry(
            ColumnID(3), name: "Odd", schemaHash: SchemaHash(1), valueSize: 4, problem: "tag 99 is unknown")
        let table = ComponentTable([entry])
        #expect(try Query("Odd", in: table).isPlain)
        let error = #expect(throws: QueryError.self) { try Query("* where Odd.x = 1", in: table) }
        #expect(error?.kind == .type && error?.column == 9 && error?.expected.contains("tag 99") == true)
    }
}
