import OrreryQuery
import OrrerySchema
import OrreryStore
import OrreryWire
import Testing

@testable import OrrerySync

/// A text that many clients send is parsed once.
@Suite struct QueryTextsTests {
    private let view: WorldView

    init() throws {
        let store = ComponentStore(schemas: [try ComponentSchema(name: "Name", type: .string)])
        view = WorldView(of: store, epoch: Epoch(1), FrozenQueries(), SyncServerConfiguration())
    }

    @Test func theSameTextIsTheSameQuery() throws {
        var texts = QueryTexts()
        let request = QueryRequest("Name where Name = \"a\"")
        let query = try texts.query(request, in: view)
        #expect(try texts.query(request, in: view) === query)
        let listed = QueryRequest(request.text, entities: [Entity(index: 1, generation: 1)])
        #expect(try texts.query(listed, in: view) != query)
        #expect(try texts.query(request, in: view) === query)
    }

    @Test func otherBytesAreAnotherText() throws {
        var texts = QueryTexts()
        let composed = try texts.query(QueryRequest("Name where Name = \"\u{e9}\""), in: view)
        let decomposed = try texts.query(QueryRequest("Name where Name = \"e\u{301}\""), in: view)
        #expect(composed != decomposed)
    }

    @Test func anotherViewHasAnotherTable() throws {
        var texts = QueryTexts()
        _ = try texts.query(QueryRequest("Name"), in: view)
        let empty = WorldView(
            of: ComponentStore(ComponentTable()), epoch: Epoch(2), FrozenQueries(), SyncServerConfiguration())
        #expect(throws: QueryError.self) { try texts.query(QueryRequest("Name"), in: empty) }
    }

    @Test func tooManyAreForgotten() throws {
        var texts = QueryTexts()
        let first = try texts.query(QueryRequest("Name"), in: view)
        for number in 0..<QueryTexts.sizeMax / 1000 {
            _ = try texts.query(QueryRequest("Name where Name = \"\(number)\""), in: view)
        }
        #expect(try texts.query(QueryRequest("Name"), in: view) !== first)
    }
}
