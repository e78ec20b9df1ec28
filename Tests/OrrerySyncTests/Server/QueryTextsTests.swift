import OrreryQuery
import OrrerySchema
import OrreryStore
import OrreryWire
import Testing

@testable import OrrerySync

/// A text that many clients send is parsed once.
@Suite struct QueryTextsTests {
    private let table: ComponentTable

    init() throws {
        table = ComponentTable([try ComponentSchema(name: "Name", type: .string)])
    }

    @Test func theSameTextIsTheSameQuery() throws {
        var texts = QueryTexts()
        let request = QueryRequest("Name where Name = \"a\"")
        let query = try texts.query(request, in: table, of: Epoch(1))
        #expect(try texts.query(request, in: table, of: Epoch(1)) === query)
        let listed = QueryRequest(request.text, entities: [Entity(index: 1, generation: 1)])
        #expect(try texts.query(listed, in: table, of: Epoch(1)) != query)
        #expect(try texts.query(request, in: table, of: Epoch(1)) === query)
    }

    @Test func otherBytesAreAnotherText() throws {
        var texts = QueryTexts()
        let composed = try texts.query(QueryRequest("Name where Name = \"\u{e9}\""), in: table, of: Epoch(1))
        let decomposed = try texts.query(QueryRequest("Name where Name = \"e\u{301}\""), in: table, of: Epoch(1))
        #expect(composed != decomposed)
    }

    @Test func anotherViewHasAnotherTable() throws {
        var texts = QueryTexts()
        _ = try texts.query(QueryRequest("Name"), in: table, of: Epoch(1))
        #expect(throws: QueryError.self) {
            try texts.query(QueryRequest("Name"), in: ComponentTable(), of: Epoch(2))
        }
    }

    @Test func tooManyAreForgotten() throws {
        var texts = QueryTexts()
        let first = try texts.query(QueryRequest("Name"), in: table, of: Epoch(1))
        for number in 0..<QueryTexts.sizeMax / 1000 {
            _ = try texts.query(QueryRequest("Name where Name = \"\(number)\""), in: table, of: Epoch(1))
        }
        #expect(try texts.query(QueryRequest("Name"), in: table, of: Epoch(1)) !== first)
    }
}
