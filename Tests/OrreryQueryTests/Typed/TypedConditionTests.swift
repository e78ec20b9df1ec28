import Foundation
import OrreryQuery
import OrrerySchema
import OrreryStore
import Testing

/// A typed condition is the same query as the text that it stands for.
@Suite struct TypedConditionTests {
    struct Typed: Sendable, CustomTestStringConvertible {
        var condition: QueryCondition
        var text: String

        init(_ condition: QueryCondition, _ text: String) {
            (self.condition, self.text) = (condition, text)
        }

        var testDescription: String { text }
    }

    private static let (ship, escort) = (Entity(index: 1, generation: 1), Entity(index: 3, generation: 1))
    private static let limit: Int32 = 50

    /// Those of docs/QUERIES.md.
    private static let ofThePage = [
        Typed(\Health.current < 50, #"Health.current < 50"#),
        Typed(\Health.current == \Health.maximum, #"Health.current = Health.maximum"#),
        Typed((30...80).contains(\Health.current), #"Health.current in 30..80"#),
        Typed([30, 80].contains(\Health.current), #"Health.current in (30, 80)"#),
        Typed(\Body.name ~ "mar", #"Body.name ~ "mar""#),
        Typed(.anyText(contains: "phobos"), #"~ "phobos""#),
        Typed(.has("Deimos", in: \Body.moons), #"Body.moons has "Deimos""#),
        Typed(count(of: \Body.moons) == 0, #"count(Body.moons) = 0"#),
        Typed(length(of: \Position.self) == 5, #"length(Position) = 5"#),
        Typed(.isNaN(\Position.z), #"Position.z is nan"#),
        Typed(.anyNaN, #"is nan"#),
        Typed(\Target.entity == ship, #"Target.entity = 1v1"#),
        Typed(.isNil(\Target.entity), #"Target.entity is nil"#),
        Typed(.refers(to: ship), #"refers to 1v1"#),
        Typed(QueryField.entity != ship, #"entity != 1v1"#),
        Typed(.entity(in: [ship, escort]), #"entity in (1v1, 3v1)"#),
        Typed(\Health.current < 50 || .has(Frozen.self), #"Health.current < 50 or has Frozen"#),
        Typed(!.has(Frozen.self) && \Body.name == "Mars", #"not has Frozen and Body.name = "Mars""#),
        Typed(QueryField(\Body.moons)[0] == "Phobos", #"Body.moons[0] = "Phobos""#),
    ]

    private static let numbers = [
        Typed(\Health.current <= limit, "Health.current <= 50"), Typed(\Health.current > -1, "Health.current > -1"),
        Typed(\Health.current >= .min, "Health.current >= -2147483648"),
        Typed(\Health.current != 5, "5 != Health.current"),
        Typed(\Health.current < \Position.x, "Health.current < Position.x"),
        Typed(\Health.current <= \Position.x, "Health.current <= Position.x"),
        Typed(\Health.current > \Position.x, "Health.current > Position.x"),
        Typed(\Health.current >= \Position.x, "Health.current >= Position.x"),
        Typed(\Health.current != \Health.maximum, "Health.current != Health.maximum"),
        Typed(\Velocity.spin == 0.1, "Velocity.spin = 0.1"), Typed(\Position.x == 0.1, "Position.x = 0.1"),
        Typed(\Position.x < .infinity, "Position.x < infinity"),
        Typed(\Position.x > -.infinity, "Position.x > -infinity"),
        Typed(\Precise.u == .max, "Precise.u = 18446744073709551615"),
        Typed(\Precise.i == .min, "Precise.i = -9223372036854775808"),
        Typed(\Precise.d == .leastNonzeroMagnitude, "Precise.d = 5e-324"), Typed(\Precise.d == -0.0, "Precise.d = 0"),
        Typed([].contains(\Health.current), "Health.current in ()"),
        Typed(Set([7]).contains(\Health.current), "Health.current in (7)"),
        Typed((1.5...2.5).contains(\Position.y), "Position.y in 1.5..2.5"),
        Typed((0..<80).contains(\Health.current), "Health.current >= 0 and Health.current < 80"),
        Typed(!(0..<80).contains(\Orbit.period), "not (Orbit.period >= 0 and Orbit.period < 80)"),
        Typed((1...9).contains(count(of: \Body.moons)), "count(Body.moons) in 1..9"),
        Typed(length(of: \Velocity.linear) < 0.5, "length(Velocity.linear) < 0.5"),
        Typed(length(of: \Orbit.place) < \Position.x, "length(Orbit.place) < Position.x"),
        Typed(.isNaN(length(of: \Position.self)), "length(Position) is nan"),
        Typed(QueryField(\Velocity.linear).x < 1, "Velocity.linear.x < 1"),
        Typed(QueryField(\Velocity.linear).y < 1, "Velocity.linear.y < 1"),
        Typed(QueryField(\Velocity.linear).z < \Velocity.spin, "Velocity.linear.z < Velocity.spin"),
        Typed(.isNaN(\Orbit.place.y), "Orbit.place.y is nan"),
    ]

    private static let others = [
        Typed(\Team.side == .red, "Team.side = red"), Typed(\Team.side > .red, "Team.side > red"),
        Typed(\Team.side == .true, "Team.side = `true`"),
        Typed([.red, .true].contains(\Team.side), "Team.side in (red, `true`)"),
        Typed(\Team.isHome == true, "Team.isHome"), Typed(\Mode.self == .busy, "Mode = busy"),
        Typed(\Pair<Int, Double>.first == 1, "`Pair<Int, Double>`.first = 1"),
        Typed(.has(Pair<Int, Double>.self), "has `Pair<Int, Double>`"),
        Typed(\Orbit.period == 1.5, "Orbit.period = 1.5"), Typed(\Orbit.period < 1.5, "Orbit.period < 1.5"),
        Typed(.isNil(\Orbit.period), "Orbit.period is nil"), Typed(!.isNil(\Orbit.period), "Orbit.period is not nil"),
        Typed([1, 2].contains(\Orbit.period), "Orbit.period in (1, 2)"),
        Typed((1...2).contains(\Orbit.period), "Orbit.period in 1..2"),
        Typed(\Orbit.leader == ship, "Orbit.leader = 1v1"), Typed(\Orbit.name ~ "É", "Orbit.name ~ \"é\""),
        Typed(\Orbit.place.x < 3, "Orbit.place.x < 3"),
        // As the fields are named where they travel.
        Typed(\Orbit.old == 1, "Orbit.new = 1"), Typed(\Orbit.new == 1, "Orbit.old = 1"),
        Typed(\Body.moons ~ "pho", "Body.moons ~ \"pho\""),
        Typed(\Inventory.counts ~ "gold", "Inventory.counts ~ \"gold\""),
        Typed(.has(7, in: \Inventory.marks), "Inventory.marks has 7"),
        Typed(.has(7, in: \Inventory.slots), "Inventory.slots has 7"),
        Typed(.has(.blue, in: \Inventory.sides), "Inventory.sides has blue"),
        Typed(.has(key: "gold", in: \Inventory.counts), "Inventory.counts has \"gold\""),
        Typed(.has(key: ship, in: \Inventory.debts), "Inventory.debts has 1v1"),
        Typed(count(of: \Inventory.slots) > 2, "count(Inventory.slots) > 2"),
        Typed(QueryField(\Inventory.counts)["gold"] >= 5, "Inventory.counts[\"gold\"] >= 5"),
        Typed(QueryField(\Inventory.debts)[ship] < 0.5, "Inventory.debts[1v1] < 0.5"),
        Typed(QueryField(\Inventory.slots)[2] == 5, "Inventory.slots[2] = 5"),
        Typed(\Target.entity == QueryField.entity, "Target.entity = entity"),
        Typed(\Body.name == "say \"hi\"\\\n\u{0}\u{9f}é", "Body.name = \"say \\\"hi\\\"\\\\\\n\\u0000\\u009f\u{e9}\""),
    ]

    private static let (a, b, c) = (
        QueryCondition.has(Health.self), QueryCondition.has(Team.self), QueryCondition.has(Body.self)
    )
    private static let joined = [
        Typed(a && b && c, "has Health and has Team and has Body"),
        Typed(a || b && c, "has Health or has Team and has Body"),
        Typed((a || b) && c, "(has Health or has Team) and has Body"),
        Typed(c && (a || b), "has Body and (has Health or has Team)"),
        Typed(!(a || b), "not (has Health or has Team)"), Typed(!(a && b), "not (has Health and has Team)"),
        Typed(!a && b, "not has Health and has Team"), Typed(!(!a), "not not has Health"),
        Typed(!(a || b) || c, "not (has Health or has Team) or has Body"),
        Typed(!(\Health.current == 5), "not Health.current = 5"),
    ]

    @Test(arguments: ofThePage + numbers + others + joined)
    func itIsTheSameQueryAsItsText(typed: Typed) throws {
        let table = try ComponentTable.typed()
        let text = try typed.condition.text.checked()
        #expect(try Query("* where \(text)", in: table) == Query("* where \(typed.text)", in: table), "\(text)")
    }

    /// Whatever other components there are: the longest name of one does not win.
    @Test func aPathIsOfItsComponent() throws {
        let schemas = try ComponentTable.typed().entries.compactMap(\.schema) + [ComponentCoder<HealthCurrent>().schema]
        let table = ComponentTable(schemas)
        #expect(
            try Query("* where \((\Health.current == 1).text.checked())", in: table)
                == Query("* where `Health`.current = 1", in: table))
        #expect(
            try Query("* where \((\HealthCurrent.level == 1).text.checked())", in: table)
                == Query("* where Health.current.level = 1", in: table))
    }

    @Test func thePageHasTheseConditions() throws {
        let page = try QueriesPageTests().page
        let section = try #require(page.components(separatedBy: "| Swift | text |").last)
        let source = try String(contentsOf: URL(filePath: #filePath), encoding: .utf8)
        let rows = section.components(separatedBy: "\n\n")[0].split(separator: "\n").filter { $0.hasPrefix("| `") }
        #expect(rows.count == Self.ofThePage.count)
        for row in rows {
            let cells = row.replacing("\\|", with: "|").components(separatedBy: "` | `")
            let (swift, text) = (cells[0].dropFirst(3), cells[1].dropLast(3))
            #expect(source.contains("Typed(\(swift), #\"\(text)\"#)"), "\(row)")
        }
    }

    struct Wrong: Sendable, CustomTestStringConvertible {
        var condition: QueryCondition
        var kind: QueryError.Kind
        /// Where in the text of the condition, and a part of what was expected.
        var column: Int
        var expected: String

        init(_ condition: QueryCondition, _ kind: QueryError.Kind, _ column: Int, _ expected: String) {
            (self.condition, self.kind, self.column, self.expected) = (condition, kind, column, expected)
        }

        var testDescription: String { "\(condition.text)" }
    }

    @Test(arguments: [
        Wrong(\Health.half < 5, .unknownField, 1, "a stored property of Health, not \\Health"),
        Wrong(a && \Health.half < 5, .unknownField, 16, "a stored property"),
        Wrong(\Body.moons.count < 5, .unknownField, 1, "a stored property of Body"),
        Wrong(\Orbit.name?.count == 5, .unknownField, 1, "a stored property of Orbit"),
        Wrong(count(of: \Body.moons[0]) < 5, .unknownField, 7, "a stored property"),
        Wrong(.isNil(\Unreadable.closure), .type, 1, "Unreadable"), Wrong(\Orbit.period == nil, .syntax, 18, "is nil"),
        Wrong(\Orbit.period != nil || a, .syntax, 19, "is nil"), Wrong(\Position.x == .nan, .syntax, 16, "is nan"),
        Wrong([1, .nan].contains(\Position.x), .syntax, 21, "is nan"),
        Wrong(
            !(a || (1...(.infinity)).contains(\Orbit.period) && \Orbit.leader == .some(.none)), .syntax, 71, "is nil"),
        Wrong(\Target.entity == .none, .syntax, 19, "is nil"), Wrong(.refers(to: .none), .syntax, 11, "is nil"),
        Wrong(.entity(in: [ship, .none]), .syntax, 17, "is nil"),
        Wrong(\Velocity.linear == SIMD3(1, 2, 3), .type, 21, "a single value"),
        Wrong(.has("a", in: \Body.name), .type, 17, "no field with such values"),
    ])
    func whatCannotBeAskedIsAnError(wrong: Wrong) {
        let error = #expect(throws: QueryError.self) { try wrong.condition.text.checked() }
        #expect(error?.kind == wrong.kind && error?.column == wrong.column)
        #expect(error?.expected.contains(wrong.expected) == true, "\(String(describing: error))")
    }
}
