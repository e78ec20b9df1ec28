infix operator ~ : ComparisonPrecedence

/// Comparisons of a field with a value, and with another field: numbers by value, texts by their UTF-8 bytes, cases of
/// enumerations by position. Nothing is equal to, above or below what is missing.
extension QueryOperand {
    /// The field is this value.
    public static func == (left: Self, right: Content) -> QueryCondition { left.compared("=", right) }

    /// The field is there and another value.
    public static func != (left: Self, right: Content) -> QueryCondition { left.compared("!=", right) }

    /// The field is below the value.
    public static func < (left: Self, right: Content) -> QueryCondition { left.compared("<", right) }

    /// The field is the value or below it.
    public static func <= (left: Self, right: Content) -> QueryCondition { left.compared("<=", right) }

    /// The field is above the value.
    public static func > (left: Self, right: Content) -> QueryCondition { left.compared(">", right) }

    /// The field is the value or above it.
    public static func >= (left: Self, right: Content) -> QueryCondition { left.compared(">=", right) }

    /// Both fields are equal.
    public static func == (left: Self, right: some QueryOperand) -> QueryCondition { left.compared("=", to: right) }

    /// Both fields are there and differ.
    public static func != (left: Self, right: some QueryOperand) -> QueryCondition { left.compared("!=", to: right) }

    /// Both fields are there, and the left one is below.
    public static func < (left: Self, right: some QueryOperand) -> QueryCondition { left.compared("<", to: right) }

    /// Both fields are there, and the left one is not above.
    public static func <= (left: Self, right: some QueryOperand) -> QueryCondition { left.compared("<=", to: right) }

    /// Both fields are there, and the left one is above.
    public static func > (left: Self, right: some QueryOperand) -> QueryCondition { left.compared(">", to: right) }

    /// Both fields are there, and the left one is not below.
    public static func >= (left: Self, right: some QueryOperand) -> QueryCondition { left.compared(">=", to: right) }

    /// The text contains another one, without regard to case: the text of the field, some element of an array or set,
    /// or some key of a dictionary.
    public static func ~ (left: Self, right: String) -> QueryCondition {
        QueryCondition("\(left.queryField.text) ~ \(right)")
    }

    private func compared(_ sign: QueryText, _ value: Content) -> QueryCondition {
        let field = queryField
        return QueryCondition("\(field.text) \(sign) \(field.constant(value))")
    }

    private func compared(_ sign: QueryText, to other: some QueryOperand) -> QueryCondition {
        QueryCondition("\(queryField.text) \(sign) \(other.queryField.text)")
    }
}

extension Collection {
    /// The field is one of these values: `[30, 80].contains(\Health.current)`.
    public func contains(_ field: some QueryOperand<Element>) -> QueryCondition { listed(for: field) }

    /// The field is there, and one of these values.
    public func contains(_ field: some QueryOperand<Element?>) -> QueryCondition { listed(for: field) }

    private func listed(for operand: some QueryOperand) -> QueryCondition {
        let field = operand.queryField
        return QueryCondition("\(field.text) in (\(QueryText(joining: map { field.constant($0) })))")
    }
}

extension Range {
    /// The field is in this range, without its upper end: `(0..<80).contains(\Health.current)`.
    public func contains(_ field: some QueryOperand<Bound>) -> QueryCondition {
        field >= lowerBound && field < upperBound
    }

    /// The field is there, and in this range.
    public func contains(_ field: some QueryOperand<Bound?>) -> QueryCondition {
        field >= lowerBound && field < upperBound
    }
}

extension ClosedRange {
    /// The field is in this range, both ends included: `(30...80).contains(\Health.current)`.
    public func contains(_ field: some QueryOperand<Bound>) -> QueryCondition { ranged(for: field) }

    /// The field is there, and in this range.
    public func contains(_ field: some QueryOperand<Bound?>) -> QueryCondition { ranged(for: field) }

    private func ranged(for operand: some QueryOperand) -> QueryCondition {
        let field = operand.queryField
        return QueryCondition("\(field.text) in \(field.constant(lowerBound))..\(field.constant(upperBound))")
    }
}
