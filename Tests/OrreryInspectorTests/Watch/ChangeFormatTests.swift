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
        var format = ChangeFormat(form)
        let label = DynamicValue.structure([.init("text", .string("a \"b\"")), .init("size", .optional(nil))])
        func cell(_ cause: Change.Cause, _ component: Int, _ value: [UInt8]?) -> Change {
            let schema = schemas[component]
            return Change(
                cause, entity, component: schema.name, schema: schema, old: cause.isShown ? nil : value?[...],
                new: cause.isShown ? value?[...] : nil)
        }
        let changes = [
            Change(.spawned, entity),
            cell(.set, 0, try positionValue(1.5, 0, 2).encoded(as: position)),
            cell(.entered, 1, []),
            cell(.set, 2, try label.encoded(as: schemas[2].type)),
            cell(.set, 0, [1, 2, 3]),
            Change(.set, entity, component: "Strange", new: [7]),
            cell(.removed, 1, []),
            cell(.left, 0, [1, 2, 3]),
            Change(.despawned, entity),
        ]
        let result = text { out in for change in changes { format.append(change, at: Tick(812), to: &out) } }
        #expect(format.undecodable.count == 1)
        return result
    }

    @Test func json() throws {
        #expect(
            try lines(.json) == """
                {"tick":812,"entity":"12v3","change":"spawned"}
                {"tick":812,"entity":"12v3","change":"set","component":"Position","value":{"x":1.5,"y":0,"z":2}}
                {"tick":812,"entity":"12v3","change":"entered","component":"Frozen","value":{}}
                {"tick":812,"entity":"12v3","change":"set","component":"Label","value":{"text":"a \\"b\\"","size":null}}
                {"tick":812,"entity":"12v3","change":"set","component":"Position","value":null}
                {"tick":812,"entity":"12v3","change":"set","component":"Strange"}
                {"tick":812,"entity":"12v3","change":"removed","component":"Frozen"}
                {"tick":812,"entity":"12v3","change":"left","component":"Position"}
                {"tick":812,"entity":"12v3","change":"despawned"}

                """)
    }

    @Test func readable() throws {
        #expect(
            try lines(.readable) == """
                tick 812  12v3  spawned
                tick 812  12v3  set  Position  x=1.5 y=0 z=2
                tick 812  12v3  entered  Frozen
                tick 812  12v3  set  Label  text="a \\"b\\"" size=null
                tick 812  12v3  set  Position  null
                tick 812  12v3  set  Strange
                tick 812  12v3  removed  Frozen
                tick 812  12v3  left  Position
                tick 812  12v3  despawned

                """)
    }
}
