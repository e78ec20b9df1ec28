import OrrerySchema

/// The smallest part of a text that has a meaning.
struct Token {
    enum Kind: Hashable {
        /// A name; in back-ticks it is never a word of the language.
        case name(String, isQuoted: Bool)
        case number(DecimalNumber)
        case negativeInfinity
        case entity(Entity)
        /// A text in double quotes, without its escapes.
        case text(String)
        case sign(Sign)
        /// A sign of another language, and what this one has instead, if anything.
        case foreign(String, instead: String?)
        /// `+`, and other signs of arithmetic.
        case arithmetic
        /// Something that begins like a token and is none: the column of the fault, and what could stand there.
        case broken(column: Int, expected: String)
        case end
    }

    enum Sign: String {
        case comma = ","
        case bar = "|"
        case exclamation = "!"
        case question = "?"
        case star = "*"
        case open = "("
        case close = ")"
        case openIndex = "["
        case closeIndex = "]"
        case dot = "."
        case range = ".."
        case equal = "="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case tilde = "~"
    }

    let kind: Kind
    /// Where it begins, in Unicode scalars from 1.
    let column: Int

    /// A name without back-ticks, which may be a word of the language.
    var word: String? { if case .name(let name, isQuoted: false) = kind { name } else { nil } }
}
