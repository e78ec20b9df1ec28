import OrrerySchema

/// Cuts a text into tokens. It never fails: what is no token becomes a token that says so, since only the parser knows
/// whether an earlier one is at fault.
///
/// - Complexity: O(n) for a text of n scalars.
struct Tokenizer {
    private let scalars: [Unicode.Scalar]
    private var position = 0

    init(_ text: String) {
        scalars = Array(text.unicodeScalars)
    }

    /// All tokens of a text; the last is ``Token/Kind/end``.
    static func tokens(of text: String) -> [Token] {
        var tokenizer = Tokenizer(text)
        var tokens: [Token] = []
        repeat { tokens.append(tokenizer.next()) } while tokens.last?.kind != .end
        return tokens
    }

    private func scalar(ahead: Int = 0) -> Unicode.Scalar? {
        position + ahead < scalars.count ? scalars[position + ahead] : nil
    }

    /// The column of the next scalar.
    private var column: Int { position + 1 }

    private mutating func next() -> Token {
        while let space = scalar(), [" ", "\t", "\n", "\r"].contains(space) { position += 1 }
        let column = column
        return Token(kind: nextKind(), column: column)
    }

    private mutating func nextKind() -> Token.Kind {
        guard let first = scalar() else { return .end }
        if first.isNameStart { return .name(readBareName(), isQuoted: false) }
        switch first {
        case "`": return readQuotedName()
        case "\"": return readText()
        case "0"..."9": return readNumber()
        case "-" where scalar(ahead: 1)?.digit != nil: return readNumber()
        case "-" where starts(with: "-infinity") && !(scalar(ahead: 9)?.isNamePart ?? false):
            position += 9
            return .negativeInfinity
        default: return readSign()
        }
    }

    private func starts(with text: String) -> Bool {
        scalars[position...].starts(with: text.unicodeScalars)
    }

    private mutating func readBareName() -> String {
        var name = String.UnicodeScalarView()
        while let part = scalar(), part.isNamePart {
            name.append(part)
            position += 1
        }
        return String(name)
    }

    private mutating func readQuotedName() -> Token.Kind {
        let start = column
        position += 1
        var name = String.UnicodeScalarView()
        while let part = scalar() {
            position += 1
            guard part != "`" else {
                return name.isEmpty
                    ? .broken(column: start, expected: "a name between the back-ticks")
                    : .name(String(name), isQuoted: true)
            }
            name.append(part)
        }
        return .broken(column: start, expected: "a back-tick that ends the name")
    }

    // MARK: Signs

    /// Signs of other languages, longer ones first, with what to write instead.
    private static let foreignSigns: [(text: String, instead: String)] = [
        ("===", "="), ("!==", "!="), ("...", ".."), ("..<", ".."), ("==", "="), ("<>", "!="), ("=<", "<="),
        ("=>", ">="), ("=~", "~"), ("!~", "not … ~"), ("&&", "and"), ("||", "or"), (":=", "="), ("≠", "!="),
        ("≤", "<="), ("≥", ">="), ("&", "and"), ("'", "\""), ("“", "\""), ("”", "\""),
    ]

    /// Longer signs first.
    private static let signs = [
        "..", "!=", "<=", ">=", ",", "|", "!", "?", "*", "(", ")", "[", "]", ".", "=", "<", ">", "~",
    ]

    private mutating func readSign() -> Token.Kind {
        if let foreign = Self.foreignSigns.first(where: { starts(with: $0.text) }) {
            position += foreign.text.unicodeScalars.count
            return .foreign(foreign.text, instead: foreign.instead)
        }
        if let text = Self.signs.first(where: { starts(with: $0) }), let sign = Token.Sign(rawValue: text) {
            position += text.unicodeScalars.count
            return .sign(sign)
        }
        let other = scalars[position]
        position += 1
        return ["+", "-", "/", "%", "^"].contains(other) ? .arithmetic : .foreign(String(other), instead: nil)
    }
}

extension Tokenizer {
    /// Reads a number or an entity.
    private mutating func readNumber() -> Token.Kind {
        let start = column
        let isNegative = scalar() == "-"
        if isNegative { position += 1 }
        var digits = readDigits()
        var exponent = 0
        if scalar() == "v", !isNegative, scalar(ahead: 1)?.digit != nil { return readEntity(digits, start) }
        if scalar() == ".", scalar(ahead: 1)?.digit != nil {
            position += 1
            let fraction = readDigits()
            exponent -= fraction.count
            digits += fraction
        }
        let signWidth = ["+", "-"].contains(scalar(ahead: 1)) ? 1 : 0
        if scalar() == "e" || scalar() == "E", scalar(ahead: 1 + signWidth)?.digit != nil {
            let sign = scalar(ahead: 1) == "-" ? -1 : 1
            position += 1 + signWidth
            // Beyond nine digits only the size matters.
            let written = readDigits().drop { $0 == 0 }
            exponent += sign * written.prefix(10).reduce(0) { $0 * 10 + Int($1) }
        }
        guard !(scalar()?.isNamePart ?? false) else {
            while scalar()?.isNamePart ?? false { position += 1 }
            return .broken(column: start, expected: "a number such as -1.5e3, or an entity such as 12v3")
        }
        return .number(DecimalNumber(isNegative: isNegative, digits: digits, exponent: exponent))
    }

    private mutating func readDigits() -> [UInt8] {
        var digits: [UInt8] = []
        while let digit = scalar()?.digit {
            digits.append(digit)
            position += 1
        }
        return digits
    }

    private mutating func readEntity(_ index: [UInt8], _ start: Int) -> Token.Kind {
        position += 1
        let generation = readDigits()
        let isWhole = !(scalar()?.isNamePart ?? false)
        while scalar()?.isNamePart ?? false { position += 1 }
        guard isWhole, let index = Self.number(of: index), let generation = Self.number(of: generation) else {
            return .broken(
                column: start,
                expected: "an entity such as 12v3: two numbers below 4294967296 without zeros at the beginning")
        }
        return .entity(Entity(index: index, generation: generation))
    }

    /// The number of these digits; `nil` if it begins with a needless zero or has more than 32 bits.
    private static func number(of digits: [UInt8]) -> UInt32? {
        guard digits.count <= 10, digits.count == 1 || digits.first != 0 else { return nil }
        return UInt32(exactly: digits.reduce(UInt64(0)) { $0 * 10 + UInt64($1) })
    }
}

extension Tokenizer {
    /// Reads a text with JSON's escapes. Source: RFC 8259, section 7; other control characters may stand as they are.
    private mutating func readText() -> Token.Kind {
        let start = column
        position += 1
        var text = String.UnicodeScalarView()
        var fault: Int?
        while let next = scalar() {
            position += 1
            if next == "\"" {
                return fault.map {
                    .broken(column: $0, expected: "an escape of JSON: \\\" \\\\ \\/ \\b \\f \\n \\r \\t or \\u0041")
                } ?? .text(String(text))
            }
            guard next == "\\" else {
                text.append(next)
                continue
            }
            let backslash = column - 1
            if let escaped = readEscape() { text.append(escaped) } else { fault = fault ?? backslash }
        }
        return .broken(column: fault ?? start, expected: "a double quote that ends the text")
    }

    /// Reads what follows a backslash; `nil` if it is no escape. Then nothing may be read but what cannot end the text.
    private mutating func readEscape() -> Unicode.Scalar? {
        guard let name = scalar() else { return nil }
        let plain: [Unicode.Scalar: Unicode.Scalar] = [
            "\"": "\"", "\\": "\\", "/": "/", "b": "\u{8}", "f": "\u{c}", "n": "\n", "r": "\r", "t": "\t",
        ]
        if let escaped = plain[name] {
            position += 1
            return escaped
        }
        guard name == "u", let unit = readUnit() else { return nil }
        if UTF16.isLeadSurrogate(unit), scalar() == "\\", scalar(ahead: 1) == "u" {
            position += 1
            guard let trail = readUnit(), UTF16.isTrailSurrogate(trail) else { return nil }
            return UTF16.decode(UTF16.EncodedScalar([unit, trail]))
        }
        return Unicode.Scalar(unit)
    }

    /// Reads `u` and four hexadecimal digits.
    private mutating func readUnit() -> UInt16? {
        var unit: UInt16 = 0
        for offset in 1...4 {
            guard let digit = scalar(ahead: offset)?.hexadecimalDigit else { return nil }
            unit = unit << 4 | digit
        }
        position += 5
        return unit
    }
}

extension Unicode.Scalar {
    /// The value of an ASCII digit.
    fileprivate var digit: UInt8? { ("0"..."9").contains(self) ? UInt8(value - 48) : nil }

    fileprivate var hexadecimalDigit: UInt16? {
        guard isASCII, let digit = Character(self).hexDigitValue else { return nil }
        return UInt16(digit)
    }

    /// Whether a bare name may begin with it: a letter or `_`.
    var isNameStart: Bool {
        switch self {
        case "a"..."z", "A"..."Z", "_": return true
        default:
            guard !isASCII else { return false }
            switch properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: return true
            default: return false
            }
        }
    }

    /// Whether it may stand inside a bare name: a letter, a digit or `_`.
    var isNamePart: Bool { digit != nil || isNameStart || (!isASCII && properties.generalCategory == .decimalNumber) }
}
