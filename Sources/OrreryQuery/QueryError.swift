/// Why a text is no query: what is wrong, where, and what to write instead.
///
/// `column 21: there is no such field; expected a field of Health: current, maximum (did you mean 'current'?)`
public struct QueryError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of error it is.
    public enum Kind: String, Sendable {
        /// The text does not follow the grammar.
        case syntax
        /// A name of a component (or resource) that the world does not have.
        case unknownComponent
        /// A name of a field that the type does not have.
        case unknownField
        /// A value, field or operator that does not fit the type of the other side.
        case type
        /// More text, nodes, brackets or entities than a query may have.
        case limit
        /// A part of the language that this version does not have yet.
        case notYet
        /// The query costs more than the server grants.
        case tooDear
        /// The query needs a field that is registered as ordered.
        case needsIndex
    }

    /// What kind of error it is.
    public var kind: Kind
    /// Where in the text, in Unicode scalars; the first has column 1. One past the last scalar is the end of the text.
    public var column: Int
    /// What could stand there.
    public var expected: String
    /// The name that was probably meant; `nil` if no name is near.
    public var nearest: String?

    /// Creates an error at a column.
    public init(_ kind: Kind, column: Int, expected: String, nearest: String? = nil) {
        self.kind = kind
        self.column = column
        self.expected = expected
        self.nearest = nearest
    }

    /// One sentence that a user can act on.
    public var description: String {
        let problem =
            switch kind {
            case .syntax: "this cannot stand here"
            case .unknownComponent: "there is no such component"
            case .unknownField: "there is no such field"
            case .type: "the type does not fit"
            case .limit: "the query is too large"
            case .notYet: "this is not supported yet"
            case .tooDear: "the query is too expensive"
            case .needsIndex: "the query needs an index"
            }
        let hint = nearest.map { " (did you mean '\($0)'?)" } ?? ""
        return "column \(column): \(problem); expected \(expected)\(hint)"
    }
}
