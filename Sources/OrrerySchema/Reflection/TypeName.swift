/// The names of types, as text.
enum TypeName {
    /// The name of a type without its enclosing types, but with them from a generic type on: `Pair<Int, Double>.Inner`.
    /// Types nested in `Pair<Int, Int>` and in `Pair<Int, Double>` are not the same.
    static func short(_ type: Any.Type) -> String {
        let full = String(reflecting: type)
        // Only such a name needs to be parsed.
        guard let bracket = full.firstIndex(of: "<"), full[bracket...].contains(".") else {
            return String(describing: type)
        }
        let short = short(full[...])
        return short.contains(">.") ? short : String(describing: type)
    }

    /// The short form of a full name: `Module.Outer<Swift.Int>.Inner`.
    private static func short(_ full: Substring) -> String {
        // The name of a type that is private or local to a function includes an address.
        let parts = split(full, at: ".").filter { !$0.hasPrefix("(") || $0.hasSuffix(")") && full.hasPrefix("(") }
        let first = parts.firstIndex { $0.contains("<") } ?? parts.count - 1
        return parts[max(first, 0)...].map(shortPart).joined(separator: ".")
    }

    /// A name with its arguments in short form: `Pair<Swift.Int, Swift.Double>`.
    private static func shortPart(_ part: Substring) -> String {
        guard part.last == ">", let bracket = part.firstIndex(of: "<") else { return String(part) }
        let arguments = split(part[part.index(after: bracket)..<part.index(before: part.endIndex)], at: ",")
        return part[..<bracket] + "<" + arguments.map { short($0.trimmed) }.joined(separator: ", ") + ">"
    }

    /// The pieces between separators, except separators in brackets.
    static func split(_ text: Substring, at separator: Character) -> [Substring] {
        var pieces: [Substring] = []
        var (start, depth) = (text.startIndex, 0)
        var previous: Character = " "
        for index in text.indices {
            let character = text[index]
            switch character {
            case "<", "(", "[": depth += 1
            // Excludes the arrow of a function type.
            case ">" where previous != "-", ")", "]": depth = max(0, depth - 1)
            case separator where depth == 0:
                pieces.append(text[start..<index])
                start = text.index(after: index)
            default: break
            }
            previous = character
        }
        return pieces + [text[start...]]
    }
}

/// Names of components in a text.
package enum ComponentNames {
    /// The names between commas, without spaces around them. A comma in brackets belongs to a name: `Pair<Int, Double>,
    /// Body`.
    package static func split(_ text: some StringProtocol) -> [String] {
        TypeName.split(Substring(text), at: ",").map { String($0.trimmed) }
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return self[first...last]
    }
}
