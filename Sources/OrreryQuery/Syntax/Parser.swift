import OrrerySchema

/// Reads the tokens of a text into a syntax tree, from the left, and stops at the first error.
///
/// - Complexity: O(n) for n tokens. Only brackets recurse, and their depth has a limit.
struct Parser {
    private let tokens: [Token]
    private(set) var position = 0
    private let limits: QueryLimits
    private var bracketDepth = 0
    private var nodeCount = 0
    /// The column of the first node beyond the limit. It is reported after the first syntax error.
    private var excessNodeColumn: Int?
    /// Whether the condition has begun: some advice depends on it.
    private var isInCondition = false
    /// Where a field by itself ended, which may not be meant as a condition.
    var endOfTruth: Int?

    /// - Parameter hasEntities: A list of entities stands beside the text, so that it needs no terms.
    static func parse(
        _ text: String, hasEntities: Bool, limits: QueryLimits
    ) throws(QueryError) -> QuerySyntax {
        try checkSize(of: text, limits: limits)
        var parser = Parser(tokens: Tokenizer.tokens(of: text), limits: limits)
        return try parser.parseQuery(hasEntities: hasEntities)
    }

    static func checkSize(of text: String, limits: QueryLimits) throws(QueryError) {
        guard text.utf8.count > limits.textSizeMax else { return }
        var (size, column) = (0, 1)
        for scalar in text.unicodeScalars {
            size += UTF8.width(scalar)
            if size > limits.textSizeMax { break }
            column += 1
        }
        throw QueryError(.limit, column: column, expected: "a text of at most \(limits.textSizeMax) bytes")
    }

    private init(tokens: [Token], limits: QueryLimits) {
        self.tokens = tokens
        self.limits = limits
    }

    // MARK: Tokens

    /// The next token. The last one, the end, stays.
    var token: Token { tokens[position] }

    /// The token after the next.
    var tokenAfter: Token { tokens[min(position + 1, tokens.count - 1)] }

    mutating func advance() {
        if position < tokens.count - 1 { position += 1 }
    }

    func isNext(_ sign: Token.Sign) -> Bool { token.kind == .sign(sign) }

    mutating func accept(_ sign: Token.Sign) -> Bool {
        guard isNext(sign) else { return false }
        advance()
        return true
    }

    mutating func accept(word: String) -> Bool {
        guard token.word == word else { return false }
        advance()
        return true
    }

    mutating func expect(_ sign: Token.Sign, _ expected: String) throws(QueryError) {
        guard accept(sign) else { throw unexpected(expected) }
    }

    /// What can follow a condition.
    func afterCondition(_ others: String) -> String {
        (endOfTruth == position ? "a comparison (=, !=, <, <=, >, >=, ~, in, is, has), " : "") + "and, or, \(others)"
    }

    /// The error of the next token, which cannot stand there.
    func unexpected(_ expected: String) -> QueryError {
        switch token.kind {
        case .foreign(let sign, let ours?):
            // Between components, the sign means another word than between conditions.
            let ours = sign == "||" && !isInCondition ? "|" : ours
            return QueryError(.syntax, column: token.column, expected: "\(ours) instead of \(sign)")
        case .arithmetic:
            return QueryError(
                .syntax, column: token.column, expected: "no arithmetic: a query compares fields and values")
        case .sign(.exclamation) where isInCondition:
            return QueryError(.syntax, column: token.column, expected: "\(expected); not is written as a word")
        case .broken(token.column, let expected):
            return QueryError(.syntax, column: token.column, expected: expected)
        default: return QueryError(.syntax, column: token.column, expected: expected)
        }
    }

    /// The error where a text, number or name could stand and the next token is none.
    func unexpectedValue(_ expected: String) -> QueryError {
        guard case .broken(let column, let expected) = token.kind else { return unexpected(expected) }
        return QueryError(.syntax, column: column, expected: expected)
    }

    /// Counts a node that begins at a column.
    mutating func countNode(at column: Int) {
        nodeCount += 1
        if nodeCount > limits.nodeCountMax, excessNodeColumn == nil { excessNodeColumn = column }
    }

    /// Reads an opening bracket.
    mutating func open(_ sign: Token.Sign, _ expected: String) throws(QueryError) {
        guard isNext(sign) else { throw unexpected(expected) }
        guard bracketDepth < limits.bracketDepthMax else {
            throw QueryError(
                .limit, column: token.column, expected: "at most \(limits.bracketDepthMax) brackets inside each other")
        }
        bracketDepth += 1
        advance()
    }

    /// Reads a closing bracket.
    mutating func close(_ sign: Token.Sign, _ expected: String) throws(QueryError) {
        try expect(sign, expected)
        bracketDepth -= 1
    }

    // MARK: Clauses

    private mutating func parseQuery(hasEntities: Bool) throws(QueryError) -> QuerySyntax {
        var syntax = QuerySyntax()
        if accept(word: "resource") {
            countNode(at: token.column)
            syntax.resource = try parsePath("the name of a resource")
        } else {
            if !(hasEntities && isAtClause) { syntax.terms = try parseTerms(hasEntities: hasEntities) }
            syntax.region = try parseRegion()
        }
        isInCondition = token.word == "where"
        if accept(word: "where") { syntax.condition = try parseCondition() }
        if syntax.resource == nil {
            if accept(word: "order") { syntax.order = try parseOrder() }
            syntax.window = try parseWindow()
            try refuseLaterClause("at", "rates are no part of a text")
        }
        guard token.kind == .end else { throw unexpected(expectedAtEnd(of: syntax)) }
        if let excessNodeColumn {
            throw QueryError(.limit, column: excessNodeColumn, expected: "at most \(limits.nodeCountMax) nodes")
        }
        return syntax
    }

    /// What could stand instead of the end of a text.
    private func expectedAtEnd(of syntax: QuerySyntax) -> String {
        let rest = syntax.resource == nil ? "order by, limit, count, or the end" : "or the end"
        if let window = syntax.window { return window.canBegin ? "offset, from, or the end" : "the end" }
        if !syntax.order.isEmpty { return "a comma, asc, desc, limit, count, or the end" }
        if isInCondition { return afterCondition(rest) }
        guard syntax.resource == nil else { return "where, \(rest)" }
        guard let region = syntax.region else { return "a comma, |, within, where, \(rest)" }
        return region.component == nil ? "by, where, \(rest)" : "where, \(rest)"
    }

    /// Whether the text ends here, or a word begins a clause that stands after the terms.
    private var isAtClause: Bool {
        token.kind == .end || ["where", "within", "order", "limit", "at"].contains(token.word)
    }

    private func refuseLaterClause(_ word: String, _ reason: String) throws(QueryError) {
        guard token.word == word else { return }
        throw QueryError(.notYet, column: token.column, expected: "no \(word): \(reason)")
    }

    // MARK: Terms

    private mutating func parseTerms(hasEntities: Bool) throws(QueryError) -> [TermSyntax] {
        let column = token.column
        var terms: [TermSyntax] = []
        repeat { terms.append(try parseTerm()) } while accept(.comma)
        guard hasEntities || terms.contains(where: \.selects) else {
            throw QueryError(
                .syntax, column: column,
                expected: "a term that must be there, * or entities; for instance *, !Frozen")
        }
        return terms
    }

    private static let termExpected = "a component, with, !, *, or entity"

    private mutating func parseTerm() throws(QueryError) -> TermSyntax {
        let column = token.column
        if case .entity(let entity) = token.kind {
            advance()
            countNode(at: column)
            return .entities([entity])
        }
        if accept(.star) {
            countNode(at: column)
            return .everything
        }
        if accept(.exclamation) {
            countNode(at: column)
            let path = try parsePath("a component")
            guard !isNext(.bar), !isNext(.question) else { throw unexpected("a comma: ! applies to one name") }
            return .components([path], .excluded)
        }
        switch token.word {
        case "with":
            advance()
            return .components(try parseBar(), .hidden)
        case "entity":
            advance()
            countNode(at: column)
            return .entities(try parseEntities())
        case "where", "within", "order", "limit", "at", "resource": throw unexpected(Self.termExpected)
        case let word? where Self.wordsForLater.contains(word): throw reserved(word)
        default: break
        }
        var paths = [try parseComponent(Self.termExpected)]
        if accept(.question) {
            guard !isNext(.bar) else { throw unexpected("a comma: ? applies to one name") }
            return .components(paths, .optional)
        }
        while accept(.bar) { paths.append(try parseComponent("a component")) }
        if paths.count > 1, isNext(.question) { throw unexpected("a comma, or |: ? applies to one name") }
        return .components(paths, .shown)
    }

    private mutating func parseBar() throws(QueryError) -> [PathSyntax] {
        var paths: [PathSyntax] = []
        repeat { paths.append(try parseComponent("a component")) } while accept(.bar)
        if isNext(.question) { throw unexpected("a comma: with and ? exclude each other") }
        return paths
    }

    private mutating func parseComponent(_ expected: String) throws(QueryError) -> PathSyntax {
        countNode(at: token.column)
        return try parsePath(expected)
    }

    private mutating func parseEntities() throws(QueryError) -> [Entity] {
        guard token.word == "in" else { return [try parseEntity("an entity such as 12v3, or in")] }
        advance()
        try open(.open, "(")
        var entities: [Entity] = []
        if !isNext(.close) {
            repeat { entities.append(try parseEntity("an entity such as 12v3")) } while accept(.comma)
        }
        try close(.close, "a comma, or )")
        return entities
    }

    mutating func parseEntity(_ expected: String) throws(QueryError) -> Entity {
        guard case .entity(let entity) = token.kind else { throw unexpectedValue(expected) }
        advance()
        return entity
    }

    /// Words that later versions may need. At the beginning of a term or condition they are no names.
    static let wordsForLater: Set<String> = [
        "below", "changed", "added", "removed", "as", "of", "any", "all", "by", "group", "alive", "finite",
    ]

    func reserved(_ word: String) -> QueryError {
        QueryError(
            .syntax, column: token.column, expected: "`\(word)` in back-ticks: the bare word is kept for later")
    }
}
