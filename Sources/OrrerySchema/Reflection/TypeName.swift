/// The names of types, as text.
enum TypeName {
    /// The name of a type without what it is nested in; with it from a generic type on, since types that are nested in
    /// `Pair<Int, Int>` and in `Pair<Int, Double>` are not the same: `Pair<Int, Double>.Inner`.
    static func short(_ type: Any.Type) -> String {
        let full = String(reflecting: type)
        // Nothing else needs to be looked into.
        guard let bracket = full.firstIndex(of: "<"), full[bracket...].contains(".") else {
            return String(describing: type)
        }
        let short = short(full[...])
        return short.contains(">.") ? short : String(describing: type)
    }

    /// The short form of a full name: `Module.Outer<Swift.Int>.Inner`.
    private static func short(_ full: Substring) -> String {
        // What is private or local to a function has the address of a place in its name.
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

    /// The pieces between separators that are in no bracket.
    static func split(_ text: Substring, at separator: Character) -> [Substring] {
        var pieces: [Substring] = []
        var (start, depth) = (text.startIndex, 0)
        var previous: Character = " "
        for index in text.indices {
            let character = text[index]
            switch character {
            case "<", "(", "[": depth += 1
            // Not the arrow of a function.
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
