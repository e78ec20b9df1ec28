import OrreryInspector
import OrrerySchema
import OrreryStore
import Testing

@Suite("A query selects entities and components")
struct InspectorQueryTests {
    @Test("Names stand between commas, each once")
    func parsing() throws {
        #expect(try InspectorQuery(parsing: " Position,Body , Position").names == ["Position", "Body"])
        #expect(
            try InspectorQuery(parsing: "Pair<Int, Double>,Body, Pair<Int, Pair<Int, Int>.Inner>").names
                == ["Pair<Int, Double>", "Body", "Pair<Int, Pair<Int, Int>.Inner>"])
        for text in ["", " ", "Position,", ",Position", "Position,,Body"] {
            #expect(throws: QueryError.self) { _ = try InspectorQuery(parsing: text) }
        }
    }

    @Test("Components come in the server's order; entities have all of them")
    func selection() throws {
        let world = try HandMadeWorld(
            [("A", .string), ("B", .string), ("C", .string)], query: try InspectorQuery(parsing: "C, A"))
        try world.add(0, ["A": .string("a0"), "B": .string("b0"), "C": .string("c0")])
        try world.add(1, ["A": .string("a1"), "B": .string("b1")])
        let last = try world.add(2, ["A": .string("a2"), "C": .string("c2")])
        #expect(world.csv == "entity,A,C\n0v1,a0,c0\n2v1,a2,c2\n")
        #expect(world.shown.names == ["A", "C"])
        #expect(world.shown.entities(in: world.store, only: last) == [last])
        #expect(world.shown.entities(in: world.store, only: Entity(index: 1, generation: 1)).isEmpty)
        #expect(world.shown.entities(in: world.store, only: Entity(index: 2, generation: 9)).isEmpty)
    }

    @Test("An unknown name is answered with those there are")
    func unknown() throws {
        let table = ComponentTable(
            try ["Position", "Body"].map { try ComponentSchema(name: $0, type: .string) })
        let error = #expect(throws: QueryError.self) {
            try InspectorQuery(parsing: "Body, position").resolved(in: table)
        }
        #expect(error?.code == .unknownComponent)
        #expect(
            error?.message
                == "the server has no component 'position' (did you mean 'Position'?); it has: Body, Position")
        #expect(InspectorQuery.all.names == nil)
        let all = try InspectorQuery.all.resolved(in: table)
        #expect(all.names == nil)
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
        let error = #expect(throws: QueryError.self) {
            try InspectorQuery(parsing: "Strange").resolved(in: table)
        }
        #expect(error?.code == .unknownComponent)
        #expect(error?.message == "'Strange' cannot be read: its schema cannot be read: type 99")
    }
}
