import OrrerySchema

/// How names and values are written so that the parser reads the same again.
enum QuerySpelling {
    /// Names that need back-ticks at the beginning of a term, a condition or a value.
    static let reservedWords = Parser.wordsForLater.union([
        "entity", "resource", "with", "where", "within", "order", "limit", "at", "not", "has", "refers", "true",
        "false", "nil", "nan", "infinity", "is",
    ])

    /// A name at the beginning of a term, condition or value. (A name with a back-tick cannot be written.)
    static func name(_ name: String) -> String {
        guard !reservedWords.contains(name) else { return "`\(name)`" }
        // No component of a world begins like this, so no reader can take it for a component and its field.
        let isStatus =
            name.hasPrefix(QueryText.statusPrefix)
            && canBeBare(name.dropFirst(QueryText.statusPrefix.count))
        return isStatus ? name : laterName(name)
    }

    /// A name after a dot, where no word is reserved.
    static func laterName(_ name: String) -> String {
        canBeBare(name[...]) ? name : "`\(name)`"
    }

    private static func canBeBare(_ name: Substring) -> Bool {
        let scalars = name.unicodeScalars
        return scalars.first?.isNameStart ?? false && scalars.allSatisfy(\.isNamePart)
    }

    /// ``Entity/description`` of no entity is `-`, which is no entity in a query.
    static func entity(_ entity: Entity) -> String { "\(entity.index)v\(entity.generation)" }

    /// The shortest digits that are read as the same number of the same type, or an infinity.
    /// - Precondition: It is not NaN.
    static func number(_ number: some BinaryFloatingPoint & CustomStringConvertible) -> String {
        guard number.isFinite else { return number < 0 ? "-infinity" : "infinity" }
        let text = number.description
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// A text in double quotes, with JSON's escapes.
    static func text(_ text: String) -> String {
        var bytes: [UInt8] = []
        bytes.append(jsonString: text)
        return String(decoding: bytes, as: UTF8.self)
    }
}
