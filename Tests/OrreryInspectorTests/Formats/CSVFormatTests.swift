import OrreryInspector
import OrrerySchema
import OrreryStore
import Testing

@Suite("CSV has one column for each field")
struct CSVFormatTests {
    @Test("Nested structures and vectors are flattened, missing components are empty, tags are true")
    func flattening() throws {
        let world = try HandMadeWorld([
            (
                "Ship",
                .structure([
                    Field(
                        "hull", .structure([Field("mass", .scalar(.double)), Field("at", .vector(.int16, lanes: 3))])),
                    Field("crew", .array(.string)), Field("next", .entity), Field("note", .optional(.string)),
                ])
            ),
            ("Frozen", .structure([])),
            ("Mode", .enumeration([EnumerationCase("idle"), EnumerationCase("walk")])),
        ])
        try world.add(
            1,
            [
                "Ship": .structure([
                    .init(
                        "hull",
                        .structure([
                            .init("mass", .double(149_597_870.7)),
                            .init("at", .vector([.signed(1), .signed(2), .signed(-3)])),
                        ])),
                    .init("crew", .array([.string("Ann, \"A\""), .string("Bo")])), .init("next", .entity(.none)),
                    .init("note", .optional(nil)),
                ]), "Mode": .enumeration("walk"),
            ])
        try world.add(2, ["Frozen": .structure([])])
        #expect(
            world.csv == #"""
                entity,Ship.hull.mass,Ship.hull.at.x,Ship.hull.at.y,Ship.hull.at.z,Ship.crew,Ship.next,Ship.note,Frozen,Mode
                1v1,149597870.7,1,2,-3,"[""Ann, \""A\"""",""Bo""]",,,,walk
                2v1,,,,,,,,true,

                """#)
    }

    @Test(
        "Cells are quoted as RFC 4180 says",
        arguments: [
            ("plain", "plain"), ("", "\"\""), ("a,b", "\"a,b\""), ("say \"so\"", "\"say \"\"so\"\"\""),
            ("two\nlines", "\"two\nlines\""), ("cr\r", "\"cr\r\""), (" led", "\" led\""), ("semi;colon", "semi;colon"),
        ])
    func quoting(_ value: String, _ cell: String) throws {
        let world = try HandMadeWorld([("Text", .string)])
        try world.add(0, ["Text": .string(value)])
        #expect(world.csv == "entity,Text\n0v1,\(cell)\n")
    }

    @Test("A value that fails halfway leaves its cells empty")
    func undecodable() throws {
        let world = try HandMadeWorld([("A", position), ("B", .structure([Field("a", .string), Field("b", .string)]))])
        try world.add(0, ["A": positionValue(1, .nan, -.infinity)])
        world.store[ColumnID(1)].set(0, to: [1, 97, 5], at: world.store.tick)
        #expect(world.csv == "entity,A.x,A.y,A.z,B.a,B.b\n0v1,1,NaN,-Infinity,,\n")
    }
}
