/// Writes texts of simple queries.
package enum QueryText {
    /// Everyone who has any of these components, of which they are shown.
    /// - Precondition: At least one is named.
    package static func any(of components: [String]) -> String {
        components.map(name).joined(separator: " | ")
    }

    /// Those of these components that each listed entity has; everything for `nil`. The entities stand beside the text.
    package static func ofListed(_ components: [String]?) -> String {
        components.map { $0.map { "\(name($0))?" }.joined(separator: ", ") } ?? ""
    }

    package static func resource(_ resource: String) -> String { "resource \(name(resource))" }

    /// A component's name as a term begins with it. (A name with a back-tick cannot be written.)
    private static func name(_ name: String) -> String {
        let scalars = name.unicodeScalars
        let canBeBare = scalars.first?.isNameStart ?? false && scalars.allSatisfy(\.isNamePart)
        return canBeBare && !reservedWords.contains(name) ? name : "`\(name)`"
    }

    /// Names that need back-ticks at the beginning of a term, a condition or a value.
    static let reservedWords = Parser.wordsForLater.union([
        "entity", "resource", "with", "where", "within", "order", "limit", "at", "not", "has", "refers", "true",
        "false", "nil", "nan", "infinity", "is",
    ])
}
