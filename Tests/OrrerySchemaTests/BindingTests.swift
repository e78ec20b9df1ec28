import OrrerySchema
import Testing

/// A server with another version of a component than the client's.
@Suite struct BindingTests {
    enum Old {
        struct Unit: Component {
            var hitPoints: Int32 = 0
            var x: Float = 0
            var gone: Bool = true
            var mode = Mode.idle
            static var componentName: String { "Unit" }
        }
    }

    struct Unit: Component, Equatable {
        var mode = Mode.idle
        var x: Float = 0
        var armour: Int32 = 7
        var hitPoints: Int32 = 100
    }

    struct Changed: Component {
        var x: Double = 0
        static var componentName: String { "Unit" }
    }

    @Test func fieldsAreMatchedByName() throws {
        let server = try ComponentCoder<Old.Unit>()
        let binding = try ComponentBinding<Unit>(to: server.schema)
        #expect(!binding.isDirect)
        var writer = ByteWriter()
        try server.encode(Old.Unit(hitPoints: 3, x: 1.5, mode: .run), into: &writer)
        let unit = try writer.bytes.withUnsafeBytes { try binding.decode($0) }
        #expect(unit == Unit(mode: .run, x: 1.5, armour: 7, hitPoints: 3))
    }

    @Test func equalShapesAreReadDirectly() throws {
        #expect(try ComponentBinding<Mixed>(to: ComponentCoder<Mixed>().schema).isDirect)
    }

    @Test func aChangedTypeIsAnErrorThatNamesTheField() throws {
        let schema = try ComponentCoder<Old.Unit>().schema
        let error = #expect(throws: SchemaError.self) { try ComponentBinding<Changed>(to: schema) }
        #expect(error?.description.contains("field 'x': the server has Float, this client has Double") == true)
    }
}
