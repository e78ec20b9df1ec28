import OrrerySchema

/// The clauses besides terms and conditions.
extension Parser {
    mutating func parseRegion() throws(QueryError) -> RegionSyntax? {
        let column = token.column
        guard accept(word: "within") else { return nil }
        countNode(at: column)
        let radiusColumn = token.column
        guard case .number(let radius) = token.kind, !radius.isNegative else {
            throw unexpectedValue("a distance, such as 500")
        }
        advance()
        guard accept(word: "of") else { throw unexpected("of") }
        let centre = try parseCentre()
        let component = accept(word: "by") ? try parsePath("a component") : nil
        return RegionSyntax(
            column: column, radius: radius, radiusColumn: radiusColumn, centre: centre, component: component)
    }

    private mutating func parseCentre() throws(QueryError) -> RegionSyntax.Centre {
        let column = token.column
        guard isNext(.open) else { return .entity(try parseEntity("an entity such as 12v3, or (x, y)")) }
        try open(.open, "(")
        var coordinates: [DecimalNumber] = []
        repeat {
            guard case .number(let number) = token.kind else { throw unexpectedValue("a number") }
            advance()
            coordinates.append(number)
        } while accept(.comma)
        try close(.close, "a comma, or )")
        return .point(coordinates, column: column)
    }

    mutating func parseOrder() throws(QueryError) -> [OrderKeySyntax] {
        guard accept(word: "by") else { throw unexpected("by") }
        var keys: [OrderKeySyntax] = []
        repeat {
            countNode(at: token.column)
            let isFolded = accept(.tilde)
            let operand = try parseOperand("a field, such as Orbit.distance")
            let isDescending = token.word == "desc"
            if isDescending || token.word == "asc" { advance() }
            keys.append(
                OrderKeySyntax(operand: operand, isFolded: isFolded, isDescending: isDescending))
        } while accept(.comma)
        return keys
    }

    mutating func parseWindow() throws(QueryError) -> Window? {
        if accept(word: "count") { return .nobody }
        guard accept(word: "limit") else { return nil }
        let count = try parseCount()
        if accept(word: "offset") { return Window(count: count, start: .offset(try parseCount())) }
        if accept(word: "from") {
            return Window(count: count, start: .entity(try parseEntity("an entity such as 12v3")))
        }
        return Window(count: count)
    }

    private mutating func parseCount() throws(QueryError) -> Int {
        guard case .number(let number) = token.kind, number.floor.isExact, !number.isNegative else {
            throw unexpectedValue("a whole number")
        }
        advance()
        return Int(clamping: number.floor.value)
    }
}
