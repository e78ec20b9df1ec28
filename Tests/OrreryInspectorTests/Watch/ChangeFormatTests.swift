import OrreryInspector
import OrrerySchema
import OrreryStore
import Testing

@Suite("A change is one line")
struct ChangeFormatTests {
    private let schemas: [ComponentSchema]
    private let entity = Entity(index: 12, generation: 3)

    init() throws {
        schemas = [
            try ComponentSchema(name: "Position", type: position),
            try ComponentSchema(name: "Frozen", type: .structure([])),
            try ComponentSchema(
                name: "Label", type: .structure([Field("text", .string), Field("size", .optional(.scalar(.int8)))])),
        ]
    }

    private func lines(_ form: ChangeFormat.Form) throws -> String {
        var format = ChangeFormat(form, schemas: schemas)
        let label = DynamicValue.structure([.init("text", .string("a \"b\"")), .init("size", .optional(nil))])
        let changes = [
            WatchedChange(.spawn, entity),
            WatchedChange(.set, entity, ColumnID(0), value: try positionValue(1.5, 0, 2).encoded(as: position)[...]),
            WatchedChange(.set, entity, ColumnID(1), value: []),
            WatchedChange(.set, entity, ColumnID(2), value: try label.encoded(as: schemas[2].type)[...]),
            WatchedChange(.set, entity, ColumnID(0), value: [1, 2, 3]),
            WatchedChange(.remove, entity, ColumnID(1)),
            WatchedChange(.despawn, entity),
        ]
        let result = text { out in for change in changes { format.append(change, at: Tick(812), to: &out) } }
        #expect(format.undecodable.count == 1)
        return result
    }

    @Test func json() throws {
        #expect(
            try lines(.json) == """
                {"tick":812,"entity":"12v3","change":"spawn"}
                {"tick":812,"entity":"12v3","change":"set","component":"Position","value":{"x":1.5,"y":0,"z":2}}
                {"tick":812,"entity":"12v3","change":"set","component":"Frozen","value":{}}
                {"tick":812,"entity":"12v3","change":"set","component":"Label","value":{"text":"a \\"b\\"","size":null}}
                {"tick":812,"entity":"12v3","change":"set","component":"Position","value":null}
                {"tick":812,"entity":"12v3","change":"remove","component":"Frozen"}
                {"tick":812,"entity":"12v3","change":"despawn"}

                """)
    }

    @Test func readable() throws {
        #expect(
            try lines(.readable) == """
                tick 812  12v3  spawn
                tick 812  12v3  set  Position  x=1.5 y=0 z=2
                tick 812  12v3  set  Frozen
                tick 812  12v3  set  Label  text="a \\"b\\"" size=null
                tick 812  12v3  set  Position  null
                tick 812  12v3  remove  Frozen
                tick 812  12v3  despawn

                """)
    }
}
