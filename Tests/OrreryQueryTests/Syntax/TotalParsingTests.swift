import OrreryQuery
import OrrerySchema
import OrreryStore
import Testing

@testable import FuzzQueries

/// Any text is a query or an error; there is no third way.
@Suite struct TotalParsingTests {
    private let table: ComponentTable

    init() throws {
        table = try GoldenWorld().table
    }

    /// Reads a text, and checks what must hold of the outcome.
    /// - Returns: Whether it was a query.
    @discardableResult
    private func check(_ text: String, _ seed: UInt64) throws -> Bool {
        do throws(QueryError) {
            let query = try Query(text, in: table)
            let canonical = query.text(in: table)
            if canonical.utf8.count <= 4096 {
                #expect(try Query(canonical, in: table) == query, "seed \(seed): \(text)")
            }
            return true
        } catch {
            #expect((1...text.unicodeScalars.count + 1).contains(error.column), "seed \(seed): \(text)")
            #expect(!error.expected.isEmpty)
            return false
        }
    }

    private static let parts = [
        "Health", "Position", "Nested", ".", "inner", ".current", "where", "and", "or", "not", "(", ")", "[", "]", "in",
        "..", "=", "!=", "<", ">=", "~", "\"mar\"", "\"\\u00e9\"", "\"", "\\", "`", "3", "-1.5e3", "12v3", "entity",
        "resource", "Score", "with", "!", "?", "*", "|", ",", "is", "nil", "nan", "has", "refers", "to", "count",
        "length", "Team.side", "red", "true", "infinity", "-", "order", "by", "limit", "at", "Hz", "==", "...", "é",
        "\u{301}", "\u{0}", "\u{10ffff}", "Inventory.counts", "Inventory.items",
    ]

    @Test(arguments: seeds(20))
    func wordsInAnyOrder(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let count = Int.random(in: 0...25, using: &generator)
            let words = (0..<count).map { _ in Self.parts.randomElement(using: &generator)! }
            try check(words.joined(separator: Bool.random(using: &generator) ? " " : ""), seed)
        }
    }

    @Test(arguments: seeds(20))
    func anyBytes(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let count = Int.random(in: 0...60, using: &generator)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            try check(String(decoding: bytes, as: UTF8.self), seed)
        }
    }

    @Test(arguments: seeds(10))
    func goldenTextsWithMistakes(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var queryCount = 0
        for each in GoldenCase.all where each.text.utf8.count < 500 {
            for _ in 0..<8 {
                var scalars = Array(each.text.unicodeScalars)
                for _ in 0..<Int.random(in: 1...2, using: &generator) {
                    let position = Int.random(in: 0...scalars.count, using: &generator)
                    let other = Self.parts.randomElement(using: &generator)!.unicodeScalars
                    switch Int.random(in: 0...2, using: &generator) {
                    case 0: scalars.removeSubrange(position..<min(scalars.count, position + 2))
                    case 1: scalars.insert(contentsOf: other, at: position)
                    default: scalars = Array(scalars[..<position])
                    }
                }
                var text = String.UnicodeScalarView()
                text.append(contentsOf: scalars)
                queryCount += try check(String(text), seed) ? 1 : 0
            }
        }
        // Some mistakes make another query, most make none.
        #expect((20...400).contains(queryCount))
    }

    @Test func aLongTextTakesLittleTime() throws {
        let unit = "`a` | b, c?, \"x\" -1.5e3 12v3 == ( [ "
        let text = String(repeating: unit, count: 2000)
        var limits = QueryLimits()
        limits.textSizeMax = .max
        let time = ContinuousClock().measure {
            #expect(throws: QueryError.self) { try Query(text, in: table, limits: limits) }
        }
        // Linear time is some seconds in debug builds; quadratic time would be hours.
        #expect(time < .seconds(60))
    }
}
