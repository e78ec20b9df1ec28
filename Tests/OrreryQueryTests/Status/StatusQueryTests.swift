import OrreryQuery
import OrrerySchema
import OrreryStore
import Testing

/// What a server shows of itself is asked for in the same language, and never together with the world.
@Suite struct StatusQueryTests {
    private static let table: ComponentTable = {
        let number = [Field("value", .scalar(.int32))]
        let names = [
            ("Position", false, false), ("orrery", false, false), ("Score", true, false), ("orrery.Server", true, true),
            ("orrery.System", false, true), ("orrery.Session", false, true),
        ]
        return ComponentTable(
            names.enumerated().map { position, name in
                guard let schema = try? ComponentSchema(name: name.0, type: .structure(number)) else {
                    preconditionFailure("\(name.0) is a name")
                }
                return .init(ColumnID(position), schema, isResource: name.1, isStatus: name.2)
            })
    }()

    private func query(_ text: String) throws -> Query { try Query(text, in: Self.table) }

    @Test(arguments: [
        ("orrery.System", [4], "orrery.System"), ("`orrery.System`", [4], "orrery.System"),
        ("orrery.System | orrery.Session", [4, 5], "orrery.System | orrery.Session"),
        ("orrery.System where orrery.System.value > 3", [4], "orrery.System where orrery.System.value > 3"),
        ("orrery.System, !Position, Position?", [4], "orrery.System"),
        ("orrery.System, !orrery.Session", [4], "orrery.System, !orrery.Session"),
        ("entity in (3v0), orrery.System", [4], "entity 3v0, orrery.System"),
    ])
    func itIsOfTheServer(text: String, columns: [Int], canonical: String) throws {
        let query = try query(text)
        #expect(query.selection.shown == .status(columns.map(ColumnID.init)) && query.rowKind == .status)
        #expect(query.isStatus(in: Self.table) && query.text(in: Self.table) == canonical)
        #expect(try self.query(canonical) == query)
        #expect(query.isPlain == (!text.contains("where") && !text.contains("3v0") && !text.contains("!orrery")))
    }

    @Test func theResourceIsAResource() throws {
        let query = try query("resource orrery.Server where orrery.Server.value = 1")
        #expect(query.isResource && query.isStatus(in: Self.table))
        #expect(try !self.query("resource Score").isStatus(in: Self.table))
    }

    @Test func theServersPrefixIsSuggested() {
        let error = #expect(throws: QueryError.self) { try query("System") }
        #expect(error?.expected.hasPrefix("orrery.System,") == true)
    }

    @Test(arguments: [
        "*", "!orrery.System, *", "Position, orrery.System?", "Position, !orrery.System", "orrery", "3v1",
    ])
    func whatIsOptionalOrExcludedNamesNothing(text: String) throws {
        let query = try query(text)
        #expect(query.rowKind == .entities && !query.isStatus(in: Self.table))
        let touched = query.selection.shownColumns(in: Self.table) + query.membershipColumns
        #expect(touched.allSatisfy { Self.table[$0]?.isStatus == false })
    }

    @Test(arguments: [
        ("Position, orrery.System", 11, "no query is of both"), ("orrery.System, Position", 16, "no query is of both"),
        ("Position | orrery.System", 12, "no query is of both"), ("with Position, orrery.System", 16, "of both"),
        ("Position where orrery.System.value = 1", 16, "no query is of both"),
        ("Position where has orrery.System", 20, "no query is of both"),
        ("orrery.System where Position.value = 1", 21, "no query is of both"),
        ("* where orrery.System.value = 1", 9, "no query is of both"),
        ("resource Score where orrery.Server.value = 1", 22, "no query is of both"),
        ("resource orrery.Server where Score.value = 1", 30, "no query is of both"),
        ("orrery.System, *", 1, "this without *"), ("*, orrery.System", 4, "this without *"),
        ("with orrery.System", 6, "this without with"),
    ])
    func neverOfBoth(text: String, column: Int, words: String) {
        let error = #expect(throws: QueryError.self) { try query(text) }
        #expect(error?.kind == .type && error?.column == column, "\(String(describing: error))")
        #expect(error?.expected.contains(words) == true, "\(String(describing: error))")
    }

    @Test func namesAreSuggestedToThoseWhoMeanThem() {
        let table = ComponentTable(Self.table.entries.filter { $0.name != "orrery" })
        let error = #expect(throws: QueryError.self) { try Query("orrery.Sistem", in: table) }
        #expect(error?.kind == .unknownComponent && error?.nearest == "orrery.System")
        #expect(error?.expected == "one of orrery.Session, orrery.System")
        let other = #expect(throws: QueryError.self) { try Query("Positron", in: table) }
        #expect(other?.nearest == "Position" && other?.expected == "one of Position")
    }

    /// A row means an entity in one column, and something else in another.
    @Test func rowsOfTheServerAreNoEntities() throws {
        let store = ComponentStore(Self.table)
        store.advance(to: Tick(1))
        let value = [UInt8](repeating: 0, count: 4)
        for index in UInt32(1)...3 {
            store.spawn(Entity(index: index, generation: 1))
            store[ColumnID(0)].set(index, to: value, at: store.tick)
        }
        for row in [UInt32(2), 3, 7] { store[ColumnID(4)].set(row, to: [UInt8(row), 0, 0, 0], at: store.tick) }
        store[ColumnID(5)].set(8, to: value, at: store.tick)
        func members(_ text: String) throws -> [UInt32] { try query(text).members(of: store).indexes }
        #expect(try members("*") == [1, 2, 3] && members("Position, !orrery.System") == [1, 2, 3])
        #expect(
            try members("orrery.System") == [2, 3, 7] && members("orrery.System | orrery.Session") == [2, 3, 7, 8])
        #expect(try members("orrery.System, orrery.Session") == [])
        #expect(try members("orrery.System, !Position where orrery.System.value > 2") == [3, 7])
        #expect(try members("orrery.System, entity in (3v0, 3v1, 2v1)") == [3])
        #expect(try members("3v0") == [] && members("entity in (3v0), *") == [])
        #expect(try query("orrery.System").rowCount(in: store) == 3 && query("*").rowCount(in: store) == 3)
        #expect(store.columns(of: Entity(index: 3, generation: 1)) == [ColumnID(0)])
        #expect(store.columns(of: Entity(statusRow: 3)) == [ColumnID(4)])
        #expect(store.entities.count == 3 && !store.contains(Entity(statusRow: 3)))
        store.despawn(Entity(index: 3, generation: 1))
        #expect(try members("orrery.System") == [2, 3, 7], "no death takes it")
    }
}
