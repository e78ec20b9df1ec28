import Foundation
import OrreryQuery
import OrrerySchema
import Testing

@testable import FuzzQueries

/// The grammar of docs/QUERIES.md.
@Suite struct GrammarPageTests {
    private struct GoldenCase: Decodable {
        var text: String
    }

    /// What the right side of a rule says.
    private indirect enum Part {
        case sequence([Part])
        case choice([Part])
        case optional(Part)
        case repeated(Part)
        case literal(String)
        /// A rule, or, in capitals, a kind of token.
        case name(String)
    }

    private let page: String
    private let rules: [String: Part]

    init() throws {
        let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        page = try String(contentsOf: package.appending(path: "docs/QUERIES.md"), encoding: .utf8)
        let block = try #require(page.components(separatedBy: "```ebnf\n").last).components(separatedBy: "```")[0]
        var sides: [(name: String, tokens: [Substring])] = []
        for line in block.split(separator: "\n") {
            var tokens = line.split(separator: " ")
            if !line.hasPrefix(" ") {
                sides.append((String(tokens[0]), []))
                tokens.removeFirst(2)
            }
            sides[sides.count - 1].tokens += tokens
        }
        var rules: [String: Part] = [:]
        for side in sides {
            var tokens = side.tokens[...]
            rules[side.name] = Self.choice(&tokens)
            #expect(tokens.isEmpty && sides.count { $0.name == side.name } == 1, "\(side.name)")
        }
        self.rules = rules
    }

    /// Some of each kind.
    private static let tokens = [
        "NAME": ["Health", "größe", "_x1", "`a b`"], "COUNT": ["0", "20"], "DISTANCE": ["0", "2.5e1"],
        "NUMBER": ["0", "-1.5e3", "2E+7", "007"],
        "ENTITY": ["0v0", "12v3"], "TEXT": ["\"\"", #""Mariner \"9\" \u0041""#],
    ]

    private static func choice(_ tokens: inout ArraySlice<Substring>) -> Part {
        var choices = [sequence(&tokens)]
        while tokens.first == "|" {
            tokens.removeFirst()
            choices.append(sequence(&tokens))
        }
        return choices.count == 1 ? choices[0] : .choice(choices)
    }

    private static func sequence(_ tokens: inout ArraySlice<Substring>) -> Part {
        var parts: [Part] = []
        while let token = tokens.first, !["|", ")", "]", "}"].contains(token) {
            tokens.removeFirst()
            switch token {
            case "(", "[", "{":
                let inner = choice(&tokens)
                tokens = tokens.dropFirst()
                parts.append(token == "(" ? inner : token == "[" ? .optional(inner) : .repeated(inner))
            case let token where token.hasPrefix("\""): parts.append(.literal(String(token.dropFirst().dropLast())))
            case let name: parts.append(.name(String(name)))
            }
        }
        return .sequence(parts)
    }

    /// Appends tokens that a part allows.
    private func append(
        _ part: Part, to text: inout [String], depth: Int, _ random: inout SeededGenerator
    ) throws {
        switch part {
        case .sequence(let parts): for part in parts { try append(part, to: &text, depth: depth, &random) }
        case .choice(let choices):
            // Deep inside, what does not lead deeper comes first.
            let position = depth > 12 ? 0 : Int.random(in: choices.indices, using: &random)
            try append(choices[position], to: &text, depth: depth, &random)
        case .optional(let part):
            if depth <= 12, random.oneIn(2) { try append(part, to: &text, depth: depth, &random) }
        case .repeated(let part):
            while depth <= 12, random.oneIn(3) { try append(part, to: &text, depth: depth + 1, &random) }
        case .literal(let literal): text.append(literal)
        case .name(let name):
            if let tokens = Self.tokens[name] {
                text.append(try #require(tokens.randomElement(using: &random)))
            } else {
                try append(#require(rules[name], "\(name)"), to: &text, depth: depth + 1, &random)
            }
        }
    }

    @Test(arguments: seeds(500))
    func whatTheGrammarAllowsIsAQuery(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var tokens: [String] = []
        try append(.name("query"), to: &tokens, depth: 0, &random)
        // A query also needs a term that says who, which the page says in words.
        let text = (tokens[0] == "resource" ? "" : "*, ") + tokens.joined(separator: " ")
        do {
            try Query.checkSyntax(of: text)
        } catch {
            #expect(error.kind == .limit, "\(text): \(error)")
        }
    }

    // MARK: The other way round

    /// What is a token to the page. Anything else is none.
    private static func tokens(of text: String) throws -> [String]? {
        let token = try Regex(
            #"\s*(`[^`]+`|"(?:\\.|[^"\\])*"|\d+v\d+|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|-infinity|[\p{L}_][\p{L}\p{Nd}_]*|\.\.|[!<>]=|[,|!?*()\[\].=<>~])\s*"#,
            as: (Substring, Substring).self
        ).matchingSemantics(.unicodeScalar)
        var tokens: [String] = []
        var rest = text[...]
        while !rest.isEmpty {
            guard let match = rest.prefixMatch(of: token) else { return nil }
            tokens.append(String(match.output.1))
            rest = rest[match.range.upperBound...]
        }
        return tokens
    }

    private static func isToken(_ token: String, _ kind: String) -> Bool {
        guard let first = token.unicodeScalars.first else { return false }
        return switch kind {
        case "NAME": first == "`" || first == "_" || first.properties.isAlphabetic
        case "TEXT": first == "\""
        case "COUNT": token.allSatisfy(\.isNumber)
        case "DISTANCE": Character(first).isNumber && (token.last?.isNumber ?? false) && !token.contains("v")
        case "ENTITY": first.properties.numericType != nil && token.contains("v")
        default: !token.contains("v") && (token.last?.isNumber ?? false) && (first == "-" || Character(first).isNumber)
        }
    }

    /// Where a part may end that begins at a position.
    private func ends(of part: Part, from start: Int, _ text: [String]) -> Set<Int> {
        switch part {
        case .sequence(let parts):
            return parts.reduce([start]) { starts, part in
                starts.reduce(into: []) { $0.formUnion(ends(of: part, from: $1, text)) }
            }
        case .choice(let choices): return choices.reduce(into: []) { $0.formUnion(ends(of: $1, from: start, text)) }
        case .optional(let part): return ends(of: part, from: start, text).union([start])
        case .repeated(let part):
            var (found, new): (Set<Int>, Set<Int>) = ([start], [start])
            while !new.isEmpty {
                new = new.reduce(into: Set()) { $0.formUnion(ends(of: part, from: $1, text)) }.subtracting(found)
                found.formUnion(new)
            }
            return found
        case .literal(let literal): return start < text.count && text[start] == literal ? [start + 1] : []
        case .name(let name):
            if let rule = rules[name] { return ends(of: rule, from: start, text) }
            return start < text.count && Self.isToken(text[start], name) ? [start + 1] : []
        }
    }

    private func follows(_ tokens: [String]) -> Bool {
        ends(of: .name("query"), from: 0, tokens).contains(tokens.count)
    }

    @Test func whatIsAQueryFollowsTheGrammar() throws {
        var (followed, refused) = (0, 0)
        for line in try GoldenWorld.text(of: "queries.jsonl").split(separator: "\n") {
            let text = try JSONDecoder().decode(GoldenCase.self, from: Data(line.utf8)).text
            let isFollowed = try Self.tokens(of: text).map(follows) ?? false
            do {
                try Query.checkSyntax(of: text)
                followed += 1
                #expect(isFollowed, "\(text)")
            } catch  where error.kind != .limit && !error.expected.contains("term that must be there") {
                refused += 1
                #expect(!isFollowed, "\(text)")
            } catch {}
        }
        #expect(followed > 70 && refused > 15)
    }

    @Test(arguments: seeds(500))
    func whatIsStillAQueryWhenTokensAreChangedFollowsTheGrammar(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var tokens: [String] = []
        try append(.name("query"), to: &tokens, depth: 0, &random)
        for _ in 0..<20 {
            var changed = tokens
            let position = Int.random(in: changed.indices, using: &random)
            let other = try #require(tokens.randomElement(using: &random))
            switch Int.random(in: 0..<3, using: &random) {
            case 0: changed.remove(at: position)
            case 1: changed[position] = other
            default: changed.insert(other, at: position)
            }
            if (try? Query.checkSyntax(of: changed.joined(separator: " "))) != nil {
                #expect(follows(changed), "\(changed.joined(separator: " "))")
            }
        }
    }

    /// The words of a row of the table of those that are no names.
    private func words(_ place: String) throws -> [String] {
        let row = try #require(page.split(separator: "\n").first { $0.hasPrefix("| \(place) | `") })
        return row.split(separator: "`").filter { $0.allSatisfy(\.isLetter) }.map(String.init)
    }

    @Test func wordsThatAreNoNamesAreNamesInBackTicks() throws {
        let later = try words("a term, a condition")
        #expect(later.count == 12)
        for word in try words("a term") + later {
            #expect(throws: QueryError.self, "\(word)") { try Query.checkSyntax(of: "\(word), A") }
            try Query.checkSyntax(of: "`\(word)`, A")
        }
        for word in try words("a condition") + later {
            #expect(throws: QueryError.self, "\(word)") { try Query.checkSyntax(of: "A where \(word) = 5") }
            try Query.checkSyntax(of: "A where `\(word)` = 5 and A.\(word) = 5")
        }
        for word in try words("a value") {
            #expect(throws: QueryError.self, "\(word)") { try Query.checkSyntax(of: "A where \(word).x = 5") }
            try Query.checkSyntax(of: "A where `\(word)`.x = 5")
        }
    }
}
