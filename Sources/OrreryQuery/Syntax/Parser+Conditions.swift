import OrrerySchema

extension Parser {
    private static let conditionExpected = "a condition, such as Health.current < 50"

    /// Reads operands of `or`.
    mutating func parseCondition() throws(QueryError) -> ConditionSyntax {
        var operands = [try parseConjunction()]
        while accept(word: "or") { operands.append(try parseConjunction()) }
        return operands.count == 1 ? operands[0] : .any(operands)
    }

    /// Reads operands of `and`, which binds before `or`.
    private mutating func parseConjunction() throws(QueryError) -> ConditionSyntax {
        var operands = [try parseNegation()]
        while accept(word: "and") { operands.append(try parseNegation()) }
        return operands.count == 1 ? operands[0] : .all(operands)
    }

    /// Reads any number of `not`s in a loop: their number is bounded by the nodes, not by the stack.
    private mutating func parseNegation() throws(QueryError) -> ConditionSyntax {
        var times = 0
        while token.word == "not" {
            countNode(at: token.column)
            advance()
            times += 1
        }
        let condition = try parsePrimary()
        return times == 0 ? condition : .not(condition, times: times)
    }

    private mutating func parsePrimary() throws(QueryError) -> ConditionSyntax {
        if isNext(.open) {
            try open(.open, "(")
            let condition = try parseCondition()
            try close(.close, afterCondition("or )"))
            return condition
        }
        countNode(at: token.column)
        if accept(.tilde) { return .anyText(try parseText()) }
        switch token.word {
        case "has":
            advance()
            return .hasComponent(try parsePath("a component"))
        case "refers":
            advance()
            guard accept(word: "to") else { throw unexpected("to") }
            return .refersTo(try parseEntity("an entity such as 12v3"))
        case "is" where ["nan", "not"].contains(tokenAfter.word):
            advance()
            let isNegated = acceptNot()
            guard accept(word: "nan") else { throw unexpected("nan") }
            return isNegated ? .not(.anyNaN, times: 1) : .anyNaN
        case let word? where Self.wordsForLater.contains(word): throw reserved(word)
        default: return try parseTest(of: try parseOperand(Self.conditionExpected))
        }
    }

    /// Reads a `not` inside a condition, which counts as the one before it.
    private mutating func acceptNot() -> Bool {
        guard token.word == "not" else { return false }
        countNode(at: token.column)
        advance()
        return true
    }

    private static let comparisons: [Token.Sign: Comparison] = [
        .equal: .equal, .notEqual: .notEqual, .less: .less, .lessOrEqual: .lessOrEqual, .greater: .greater,
        .greaterOrEqual: .greaterOrEqual,
    ]

    /// Reads what is asked about an operand.
    private mutating func parseTest(of operand: OperandSyntax) throws(QueryError) -> ConditionSyntax {
        let column = token.column
        if case .sign(let sign) = token.kind, let comparison = Self.comparisons[sign] {
            advance()
            return .comparison(operand, comparison, column: column, try parseOperand("a value or a field"))
        }
        if accept(.tilde) { return .contains(operand, column: column, try parseText()) }
        switch token.word {
        case "has":
            advance()
            return .hasElement(operand, column: column, try parseConstant("a value"))
        case "is":
            advance()
            let isNegated = acceptNot()
            let condition: ConditionSyntax
            if accept(word: "nil") {
                condition = .isNil(operand, column: column)
            } else if accept(word: "nan") {
                condition = .isNaN(operand, column: column)
            } else {
                throw unexpected("nil or nan")
            }
            return isNegated ? .not(condition, times: 1) : condition
        case "not":
            _ = acceptNot()
            guard token.word == "in" else { throw unexpected("in") }
            return .not(try parseMembership(of: operand), times: 1)
        case "in": return try parseMembership(of: operand)
        default:
            // Only a field can be true by itself.
            guard case .path = operand.kind else { throw unexpected("a comparison") }
            switch token.kind {
            case .foreign, .arithmetic, .broken: throw unexpected("a comparison")
            default:
                endOfTruth = position
                return .truth(operand)
            }
        }
    }

    /// Reads `in` with a list or a range.
    private mutating func parseMembership(of operand: OperandSyntax) throws(QueryError) -> ConditionSyntax {
        let column = token.column
        advance()
        guard isNext(.open) else {
            let first = try parseConstant("a range such as 3..7, or a list such as (3, 7)")
            try expect(.range, ".. of a range such as 3..7, or a list such as (3, 7)")
            return .range(operand, column: column, first, try parseConstant("a value"))
        }
        try open(.open, "(")
        var constants: [ConstantSyntax] = []
        if !isNext(.close) {
            repeat { constants.append(try parseConstant("a value")) } while accept(.comma)
        }
        try close(.close, "a comma, or )")
        return .list(operand, column: column, constants)
    }

    private mutating func parseText() throws(QueryError) -> String {
        guard case .text(let text) = token.kind else { throw unexpectedValue("a text in double quotes") }
        advance()
        return text
    }

    // MARK: Operands

    mutating func parseOperand(_ expected: String) throws(QueryError) -> OperandSyntax {
        let column = token.column
        switch (token.word, tokenAfter.kind) {
        case ("count", .sign(.open)):
            return OperandSyntax(kind: .count(try parseArgument()), column: column)
        case ("length", .sign(.open)):
            return OperandSyntax(kind: .length(try parseArgument()), column: column)
        case ("entity", let next) where next != .sign(.dot) && next != .sign(.openIndex):
            advance()
            return OperandSyntax(kind: .entity, column: column)
        default: break
        }
        if case .name(let name, let isQuoted) = token.kind, isQuoted || !Self.isValueWord(name) {
            return OperandSyntax(kind: .path(try parsePath(expected)), column: column)
        }
        return OperandSyntax(kind: .constant(try parseConstant(expected).kind), column: column)
    }

    /// Words that are no names where a value may begin.
    private static func isValueWord(_ name: String) -> Bool {
        ["not", "has", "refers", "true", "false", "nil", "nan", "infinity"].contains(name)
    }

    private mutating func parseArgument() throws(QueryError) -> PathSyntax {
        advance()
        try open(.open, "(")
        let path = try parsePath("a field")
        try close(.close, ")")
        return path
    }

    /// Reads a value. A name is a case of an enumeration.
    func constantKind(_ expected: String) throws(QueryError) -> ConstantSyntax.Kind {
        switch token.kind {
        case .number(let number): return .number(number)
        case .negativeInfinity: return .infinity(isNegative: true)
        case .entity(let entity): return .entity(entity)
        case .text(let text): return .text(text)
        case .name(let name, isQuoted: true): return .name(name)
        case .name("true", _): return .bool(true)
        case .name("false", _): return .bool(false)
        case .name("infinity", _): return .infinity(isNegative: false)
        case .name("nil", _): throw unexpected(QueryText.nilAdvice)
        case .name("nan", _): throw unexpected(QueryText.nanAdvice)
        case .name(let name, _) where !Self.isValueWord(name): return .name(name)
        default: throw unexpectedValue(expected)
        }
    }

    mutating func parseConstant(_ expected: String) throws(QueryError) -> ConstantSyntax {
        let constant = ConstantSyntax(kind: try constantKind(expected), column: token.column)
        advance()
        return constant
    }

    /// Reads names joined by dots, and subscripts.
    mutating func parsePath(_ expected: String) throws(QueryError) -> PathSyntax {
        var path = PathSyntax(steps: [])
        try appendName(to: &path, expected)
        while true {
            if accept(.dot) {
                try appendName(to: &path, "a field")
            } else if isNext(.openIndex) {
                try open(.openIndex, "[")
                let key = try parseConstant("a key or an index")
                path.steps.append((.element(key), key.column))
                try close(.closeIndex, "]")
            } else {
                return path
            }
        }
    }

    private mutating func appendName(to path: inout PathSyntax, _ expected: String) throws(QueryError) {
        guard case .name(let name, let isQuoted) = token.kind else { throw unexpectedValue(expected) }
        path.steps.append((.name(name, isQuoted: isQuoted), token.column))
        advance()
    }
}
