import OrreryQuery
import Testing

/// A rate at the end of a text is found, and nothing else is taken for one.
@Suite struct QueryRateTests {
    @Test(arguments: [
        ("Health at 10 Hz", "Health ", 10.0), ("* where has Team  at\t0.5 Hz ", "* where has Team  ", 0.5),
        ("Größe at 2e1 Hz", "Größe ", 20),
    ])
    func aRateIsStripped(text: String, query: String, hertz: Double) throws {
        let parts = try QueryRate.split(text)
        #expect(parts.query == query && parts.rate?.hertz == hertz)
    }

    @Test(arguments: [
        "Health", "", "Health at 10", "Health at ten Hz", "Health `at` 10 Hz", "Health at 10 Hz count", "at 10 hz",
        "Health where Label.text = \"at 10 Hz\"",
    ])
    func otherTextsStay(text: String) throws {
        let parts = try QueryRate.split(text)
        #expect(parts.query == text && parts.rate == nil)
    }

    @Test(arguments: ["Health at 0 Hz", "Health at -1 Hz", "Health at 1e400 Hz"])
    func aRateIsAboveZero(text: String) {
        let error = #expect(throws: QueryError.self) { try QueryRate.split(text) }
        #expect(error?.kind == .type && error?.column == 11)
    }
}
