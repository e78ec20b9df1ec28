import OrreryQuery
import OrrerySchema
import OrreryStore
import Testing

@testable import FuzzQueries

/// Equal queries have equal bytes, and others have not.
@Suite struct CanonicalFormTests {
    private static let table = try! GoldenWorld().table

    /// The texts of Golden/canonical.txt with their canonical texts.
    static let golden: [(String, String)] = {
        let lines = try! GoldenWorld.text(of: "canonical.txt").split(separator: "\n").filter { !$0.hasPrefix("#") }
        return stride(from: 0, to: lines.count, by: 2).map { position in
            (String(lines[position]), String(lines[position + 1].dropFirst("    => ".count)))
        }
    }()

    @Test(arguments: golden)
    func aTextHasItsCanonicalText(text: String, canonical: String) throws {
        let query = try Query(text, in: Self.table)
        #expect(query.text(in: Self.table) == canonical)
        #expect(try Query(canonical, in: Self.table).canonical == query.canonical)
    }

    @Test func goldenTextsThatDifferAreDifferentQueries() throws {
        let byCanonical = Dictionary(grouping: Self.golden, by: \.1)
        #expect(Self.golden.count > 60 && byCanonical.count > 45)
        for (canonical, texts) in byCanonical {
            for (other, _) in Self.golden where !texts.contains(where: { $0.0 == other }) {
                #expect(
                    try Query(canonical, in: Self.table) != Query(other, in: Self.table), "\(canonical) and \(other)")
            }
        }
    }

    @Test(arguments: [
        ("Health", "with Health"), ("Health", "Health?, *"), ("Health", "Health, Team?"),
        ("Health | Team", "Health, Team"),
        ("Health", "Health, !Team"), ("*", "entity in ()"), ("entity in ()", "entity 1v0"), ("*, Health", "*"),
        ("entity 1v0", "entity 1v1"), ("* where has Team", "*, Team"), ("* where not has Team", "*, !Team"),
        ("* where Health.current < 5", "* where Health.current <= 5"),
        ("* where Health.current < 5", "* where Health.maximum < 5"),
        ("* where Health.current < 5", "* where Health.current < 5.5"),
        ("* where Health.current != 5", "* where not Health.current = 5"),
        ("* where Health.regen = 0.1", "* where Health.regen = 0.100001"),
        ("* where Precise.d = 0.1", "* where Precise.d = 0.10000000149011612"),
        ("* where Precise.u = 9007199254740993", "* where Precise.u = 9007199254740992"),
        ("* where Label.text = \"\u{e9}\"", "* where Label.text = \"e\u{301}\""),
        ("* where Label.text = \"a\"", "* where Label.text = \"A\""),
        ("* where Label.text = \"a\"", "* where Label.lang = \"a\""),
        ("* where Label.text ~ \"a\"", "* where Label.text ~ \"b\""), ("* where ~ \"a\"", "* where Label.text ~ \"a\""),
        ("* where has Team and has Body", "* where has Team or has Body"),
        ("* where not (has Team and has Body)", "* where not has Team and has Body"),
        ("* where Health.current in 3..7", "* where Health.current in (3, 7)"),
        ("* where Inventory.items[0] = \"a\"", "* where Inventory.items[1] = \"a\""),
        ("* where Inventory.items has \"a\"", "* where Inventory.items ~ \"a\""),
        ("* where count(Inventory.items) = 1", "* where count(Inventory.marks) = 1"),
        ("* where Target.entity is nil", "* where ChildOf.parent is nil"), ("* where is nan", "* where not is nan"),
        ("* where refers to 1v0", "* where refers to 1v1"), ("* where entity = 1v0", "entity 1v0"),
    ])
    func differentQueriesDiffer(left: String, right: String) throws {
        #expect(try Query(left, in: Self.table) != Query(right, in: Self.table))
    }

    @Test func aListBesideTheTextIsATerm() throws {
        let (first, second) = (Entity(index: 3, generation: 0), Entity(index: 12, generation: 3))
        let query = try Query("", entities: [second, first, second], in: Self.table)
        #expect(try query == Query("entity in (3v0, 12v3)", in: Self.table))
        #expect(try Query("12v3", entities: [first, second], in: Self.table) == Query("12v3", in: Self.table))
        #expect(try Query("!Frozen", entities: [second], in: Self.table) == Query("12v3, !Frozen", in: Self.table))
        #expect(
            try Query("where has Team", entities: [second], in: Self.table)
                == Query("12v3 where has Team", in: Self.table))
        // No list and an empty list differ.
        #expect(try Query("*", entities: [], in: Self.table) != Query("*", in: Self.table))
        #expect(try Query("", entities: [], in: Self.table) == Query("entity in ()", in: Self.table))
        #expect(throws: QueryError.self) { try Query("", in: Self.table) }
        #expect(throws: QueryError.self) { try Query("resource Score", entities: [second], in: Self.table) }
    }

    /// Numbers of components, not their order or names, are in the bytes.
    @Test func namesAreNotInTheBytes() throws {
        let number = try ComponentSchema(name: "A", type: .structure([Field("x", .scalar(.int32))]))
        let same = try ComponentSchema(name: "Other", type: .structure([Field("y", .scalar(.int32))]))
        let table = ComponentTable([.init(ColumnID(7), number)])
        let query = try Query("A where A.x = 5", in: table)
        #expect(
            try query.canonical
                == Query("Other where Other.y = 5", in: ComponentTable([.init(ColumnID(7), same)])).canonical)
        #expect(
            try query.canonical
                != Query("Other where Other.y = 5", in: ComponentTable([.init(ColumnID(8), same)])).canonical)
    }

    @Test func namesThatNeedBackTicksGetThem() throws {
        let type = FieldType.structure([
            Field("b", .structure([Field("c d", .scalar(.int32))])),
            Field("mode", .enumeration(["nil", "x y", "z"].map { .init($0) })),
        ])
        let names = ["a", "a.b", "where", "count", "x-y"]
        let table = ComponentTable(try names.map { try ComponentSchema(name: $0, type: type) })
        for name in names {
            let text = "`\(name)` where `\(name)`.b.`c d` = 1 and `\(name)`.mode in (`nil`, `x y`, z)"
            let query = try Query(text, in: table)
            #expect(try Query(query.text(in: table), in: table) == query)
        }
        #expect(try Query("count where count.mode = z", in: table).text(in: table) == "count where count.mode = z")
        #expect(try Query("a where `a`.b.`c d` = 1", in: table).text(in: table) == "`a` where `a`.b.`c d` = 1")
    }
}
