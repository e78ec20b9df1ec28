import OrreryInspector
import OrrerySchema
import Testing

@Suite struct ValueTextTests {
    /// What `orrery get` prints can be given to `orrery set`.
    @Test(arguments: [
        (FieldType.entity, DynamicValue.entity(.none)), (.entity, .entity(Entity(index: 12, generation: 3))),
        (.optional(.scalar(.int32)), .optional(nil)), (.optional(.scalar(.int32)), .optional(.signed(-5))),
        (.scalar(.uint64), .unsigned(.max)), (.scalar(.bool), .bool(true)), (.scalar(.double), .double(-1.5)),
        (.vector(.float, lanes: 2), .vector([.float(1), .float(2.5)])),
    ])
    func aPrintedValueCanBeTypedIn(_ type: FieldType, _ value: DynamicValue) throws {
        let text = ValueText.json(value, as: type)
        // JSON writes an entity as a string, a word on the command line.
        #expect(try ValueText.parse(text.filter { $0 != "\"" }, as: type) == value, "\(text)")
    }
}
