import OrrerySchema

/// Makes texts that are no queries, or other ones, from texts that are, byte by byte.
struct TextBreaker {
    var generator: SeededGenerator

    /// What a text may be made of.
    private static let parts = [
        "Health", "Position", "Nested", ".", "inner", ".current", " where ", " and ", " or ", " not ", "(", ")", "[",
        "]",
        " in ", "..", "=", "!=", "<", ">=", "~", "\"mar\"", "\"\\u00e9\"", "\"", "\\", "`", "3", "-1.5e3", "12v3",
        "entity",
        "resource ", "Score", "with ", "!", "?", "*", "|", ",", " is ", "nil", "nan", " has ", "refers to ", "count(",
        "length(", "Team.side", "red", "true", "infinity", "-", " order by ", " limit ", " at 10 Hz", "==", "...", "é",
        "\u{301}", "\u{0}", "\u{10ffff}", "Inventory.counts", "Inventory.items", "1e400", "99999999999999999999",
        "e-324",
    ]

    /// - Parameter others: Texts of which pieces are taken.
    mutating func broken(_ text: String, others: [String]) -> [UInt8] {
        var bytes = Array(text.utf8)
        for _ in 0..<[1, 1, 2, 5].randomElement(using: &generator)! {
            let start = Int.random(in: 0...bytes.count, using: &generator)
            let end = min(
                bytes.count,
                start + Int.random(in: 0...[1, 4, 100].randomElement(using: &generator)!, using: &generator))
            switch Int.random(in: 0...7, using: &generator) {
            case 0 where start < bytes.count: bytes[start] ^= 1 << UInt8.random(in: 0...7, using: &generator)
            case 1 where start < bytes.count: bytes[start] = .random(in: 0...255, using: &generator)
            case 2: bytes.removeSubrange(start..<end)
            case 3: bytes.insert(contentsOf: bytes[start..<end], at: start)
            case 4:
                let other = Array(others.randomElement(using: &generator)!.utf8)
                let from = Int.random(in: 0...other.count, using: &generator)
                bytes.replaceSubrange(start..<end, with: other[from...].prefix(40))
            case 5: bytes.removeSubrange(start...)
            default: bytes.insert(contentsOf: Array(Self.parts.randomElement(using: &generator)!.utf8), at: start)
            }
        }
        return bytes
    }

    /// A text that goes deep, or is long, mostly around a limit.
    mutating func large() -> String {
        func some(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
        let count = generator.oneIn(4) ? some(0...2000) : some(58...70)
        let opening = ["(", "not (", "not ", "count(", "Inventory.items[", "Health.current in (", "[", "`", "\"", "\\"]
            .randomElement(using: &generator)!
        let unit = [
            "has Team", "Health.current = 1", "Health.current in (1, 2)", "not has Team", "~ \"\"", "is nan",
            "entity = 1v1",
            "count(Inventory.items) = 1", "(has Team)",
        ].randomElement(using: &generator)!
        switch some(0...6) {
        case 0:
            let closing = generator.oneIn(3) ? some(0...count) : count
            return "* where \(String(repeating: opening, count: count))\(unit)\(String(repeating: ")", count: closing))"
        case 1:
            let sign = [" and ", " or ", " and not ", " or ("].randomElement(using: &generator)!
            return "* where " + Array(repeating: unit, count: count).joined(separator: sign)
        case 2:
            let term = ["Health", "*", "Team?", "!Frozen", "with Body", "1v1", "entity in ()"].randomElement(
                using: &generator)!
            return Array(repeating: term, count: count).joined(separator: generator.oneIn(2) ? ", " : " | ")
        case 3: return "* where \(Array(repeating: "a", count: count).joined(separator: ".")) = 1"
        case 4: return "* where Health.current in (\((0..<count).map(String.init).joined(separator: ",")))"
        case 5:
            return "*"
                + String(
                    repeating: [" ", "\t", "é", "*", ",*", "\u{0}"].randomElement(using: &generator)!,
                    count: some(4080...4110))
        default:
            let brackets = ["(", ")", "[", "]", "not ", "has Team", " and ", " or "]
            return "* where " + (0..<count).map { _ in brackets.randomElement(using: &generator)! }.joined()
        }
    }
}
