import OrreryInspector
import OrreryQuery
import OrrerySchema
import OrreryStore
import Testing

@Suite("A query selects entities and components")
struct InspectorQueryTests {
    @Test(
        "A text that is no query is refused before there is a server",
        arguments: ["", " ", "A,", ",A", "A,,B", "A where"])
    func parsing(_ text: String) {
        #expect(throws: OptionError.self) { _ = try InspectorQuery(text) }
    }

    @Test("Components come in the server's order; entities have all of them")
    func selection() throws {
        let parts: [(String, FieldType)] = [("A", .string), ("B", .string), ("C", .string)]
        func world(_ query: InspectorQuery) throws -> HandMadeWorld {
            let world = try HandMadeWorld(parts, query: query)
            try world.add(0, ["A": .string("a0"), "B": .string("b0"), "C": .string("c0")])
            try world.add(1, ["A": .string("a1"), "B": .string("b1")])
            try world.add(2, ["A": .string("a2"), "C": .string("c2")])
            return world
        }
        let all = try world(InspectorQuery("C, A"))
        #expect(all.csv == "entity,A,C\n0v1,a0,c0\n2v1,a2,c2\n")
        let last = Entity(index: 2, generation: 1)
        let one = try world(InspectorQuery("C, A", entities: [last]))
        #expect(one.entities == [last])
        for entity in [Entity(index: 1, generation: 1), Entity(index: 2, generation: 9)] {
            let none = try world(InspectorQuery("C, A", entities: [entity]))
            #expect(none.entities.isEmpty)
        }
    }

    @Test("What only a condition reads is not shown")
    func condition() throws {
        let world = try HandMadeWorld(
            [("A", .string), ("B", .structure([Field("x", .scalar(.int32))]))],
            query: try InspectorQuery("A where B.x >= 5"))
        for x in [4, 5, 6] as [Int64] {
            try world.add(UInt32(x), ["A": .string("a"), "B": .structure([.init("x", .signed(x))])])
        }
        try world.add(9, ["A": .string("a")])
        #expect(world.csv == "entity,A\n5v1,a\n6v1,a\n")
    }

    @Test("An unknown name is answered with those there are")
    func unknown() throws {
        let table = ComponentTable(
            try ["Position", "Body"].map { try ComponentSchema(name: $0, type: .string) })
        let error = #expect(throws: QueryError.self) { try InspectorQuery("Body, position").resolved(in: table) }
        #expect(error?.kind == .unknownComponent && error?.nearest == "Position")
        #expect(error?.expected == "one of Body, Position")
    }

    @Test("A component that cannot be read is left out of all, and refused by its name")
    func unreadable() throws {
        let table = ComponentTable([
            .init(ColumnID(0), try ComponentSchema(name: "Body", type: .string)),
            .init(
                ColumnID(7), name: "Strange", schemaHash: SchemaHash(1), valueSize: nil,
                problem: "its schema cannot be read: type 99"),
        ])
        #expect(try InspectorQuery.all.resolved(in: table).components.map(\.schema.name) == ["Body"])
        let error = #expect(throws: QueryError.self) { try InspectorQuery("Strange").resolved(in: table) }
        #expect(error?.kind == .unknownComponent)
        #expect(error?.expected.hasSuffix("'Strange' cannot: its schema cannot be read: type 99") == true)
    }
}
