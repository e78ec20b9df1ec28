/// How often a subscription is told of changes: `at 10 Hz` at the end of a text.
///
/// Tools and the typed API understand it. They strip it before they send the text: the rate is a field of its own.
package struct QueryRate: Hashable, Sendable {
    /// Times a second, above 0.
    package let hertz: Double

    /// Splits a text into the query and the rate at its end, if it has one.
    /// - Throws: `type` for a rate that is not above 0.
    package static func split(_ text: String) throws(QueryError) -> (query: String, rate: QueryRate?) {
        let tokens = Tokenizer.tokens(of: text).suffix(4)
        guard tokens.count == 4, let at = tokens.first, at.word == "at",
            case .number(let number) = tokens[tokens.startIndex + 1].kind, tokens[tokens.startIndex + 2].word == "Hz"
        else { return (text, nil) }
        guard number.double > 0, number.double.isFinite else {
            throw QueryError(.type, column: tokens[tokens.startIndex + 1].column, expected: "a rate above 0 Hz")
        }
        return (String(text.unicodeScalars.prefix(at.column - 1)), QueryRate(hertz: number.double))
    }
}
