import OrrerySchema
import OrreryStore

extension Resolver {
    func condition(_ syntax: ConditionSyntax) throws(QueryError) -> Condition {
        switch syntax {
        case .all(let operands):
            return Self.joined(try conditions(operands), Condition.all) {
                if case .all(let inner) = $0 { inner } else { nil }
            }
        case .any(let operands):
            return Self.joined(try conditions(operands), Condition.any) {
                if case .any(let inner) = $0 { inner } else { nil }
            }
        case .not(let operand, let times):
            let condition = try condition(operand)
            // Brackets between two `not`s make no difference.
            if case .not(let inner, let innerTimes) = condition { return .not(inner, times: times + innerTimes) }
            return .not(condition, times: times)
        case .hasComponent(let path):
            return .hasComponent(try wholeComponent(path, isResource: isResourceQuery).column)
        case .refersTo(let entity): return .refersTo(entity)
        case .anyText(let text): return .anyText(CaseFolding.folded(text))
        case .anyNaN: return .anyNaN
        case .truth(let operand): return try truth(of: operand)
        case .comparison(let left, let comparison, let column, let right):
            return try compare(left, comparison, column, right)
        case .range(let operand, let column, let low, let high):
            let value = try single(operand, "in", column)
            guard value.type.isOrdered else {
                throw QueryError(.type, column: column, expected: "= or !=, or in with a list: this has no order")
            }
            let ends = (
                try constant(low, as: value.type, named: value.fieldType),
                try constant(high, as: value.type, named: value.fieldType)
            )
            return ends.0 == ends.1
                ? .comparison(value.operand, .equal, ends.0) : .range(value.operand, ends.0, ends.1)
        case .list(let operand, let column, let constants):
            let value = try single(operand, "in", column)
            var list: [Constant] = []
            for each in constants { list.append(try constant(each, as: value.type, named: value.fieldType)) }
            return .list(value.operand, list.canonicallySorted { $0.append($1) })
        case .contains(let operand, let column, let text):
            return .contains(try textField(operand, column), CaseFolding.folded(text))
        case .hasElement(let operand, let column, let element):
            return try hasElement(operand, column, element)
        case .isNil(let operand, let column): return try isNil(operand, column)
        case .isNaN(let operand, let column):
            let value = try single(operand, "is nan", column)
            guard value.type == .float || value.type == .double else {
                throw QueryError(
                    .type, column: column, expected: "another test: only a Float or Double field can be NaN")
            }
            return .isNaN(value.operand)
        }
    }

    private func conditions(_ syntax: [ConditionSyntax]) throws(QueryError) -> [Condition] {
        var conditions: [Condition] = []
        for each in syntax { conditions.append(try condition(each)) }
        return conditions
    }

    /// Operands without brackets among them, sorted, each once.
    private static func joined(
        _ operands: [Condition], _ join: ([Condition]) -> Condition, inner: (Condition) -> [Condition]?
    ) -> Condition {
        let flat = operands.flatMap { inner($0) ?? [$0] }.canonicallySorted { $0.append($1) }
        return flat.count == 1 ? flat[0] : join(flat)
    }

    // MARK: Operands

    /// An operand that is a single value.
    struct Value {
        var operand: Operand
        var type: ValueType
        /// The type as a person would write it.
        var fieldType: FieldType
    }

    /// The value of an operand that is no constant.
    func value(_ syntax: OperandSyntax) throws(QueryError) -> Value {
        switch syntax.kind {
        case .entity:
            guard !isResourceQuery else {
                throw QueryError(.type, column: syntax.column, expected: "a field: a resource has no entity")
            }
            return Value(operand: .entity, type: .entity, fieldType: .entity)
        case .count(let path):
            let field = try field(path)
            switch field.type {
            case .array, .set, .dictionary: break
            default: throw QueryError(.type, column: path.column, expected: "an array, a set or a dictionary")
            }
            return Value(operand: .count(field.path), type: .integer, fieldType: .scalar(.int64))
        case .length(let path):
            let field = try field(path)
            guard Coordinates(field.type) != nil else {
                throw QueryError(.type, column: path.column, expected: "a vector, or a structure of x, y and z")
            }
            return Value(operand: .length(field.path), type: .double, fieldType: .scalar(.double))
        case .path(let path):
            let field = try field(path)
            guard let type = ValueType(field.type) else {
                throw QueryError(
                    .type, column: syntax.column, expected: "a single value: \(field.type) is no such type")
            }
            return Value(operand: .field(field.path), type: type, fieldType: field.type)
        case .constant: throw QueryError(.type, column: syntax.column, expected: "a field")
        }
    }

    /// The value of the left side of a test.
    private func single(_ syntax: OperandSyntax, _ sign: String, _ column: Int) throws(QueryError) -> Value {
        if case .constant = syntax.kind {
            throw QueryError(.type, column: syntax.column, expected: "a field on the left of \(sign)")
        }
        return try value(syntax)
    }

    /// The field of an operand that is a path.
    private func pathField(_ syntax: OperandSyntax) throws(QueryError) -> ResolvedField {
        guard case .path(let path) = syntax.kind else {
            throw QueryError(.type, column: syntax.column, expected: "a field")
        }
        return try field(path)
    }

    private func truth(of syntax: OperandSyntax) throws(QueryError) -> Condition {
        let field = try pathField(syntax)
        guard field.type == .scalar(.bool) else {
            throw QueryError(
                .type, column: syntax.column, expected: "a comparison: \(field.type) is not true or false by itself")
        }
        return .comparison(.field(field.path), .equal, .bool(true))
    }

    // MARK: Comparisons

    private func compare(
        _ left: OperandSyntax, _ comparison: Comparison, _ column: Int, _ right: OperandSyntax
    ) throws(QueryError) -> Condition {
        switch (constant(left), constant(right)) {
        case (_?, _?):
            throw QueryError(.type, column: right.column, expected: "a field: both sides are constants")
        case (nil, let constant?):
            return try compare(try value(left), comparison, column, constant)
        case (let constant?, nil):
            return try compare(constant: constant, comparison, column, right)
        case (nil, nil):
            // A single name may be a case of the enumeration on the other side.
            if let name = caseName(left), let other = try? value(right), isCase(name, of: other) {
                let constant = ConstantSyntax(kind: .name(name), column: left.column)
                return try compare(other, comparison.exchanged, column, constant)
            }
            let value = try value(left)
            if let name = caseName(right), isCase(name, of: value) || !isComponent(name) {
                let constant = ConstantSyntax(kind: .name(name), column: right.column)
                return try compare(value, comparison, column, constant)
            }
            return try compare(value, comparison, column, field: right)
        }
    }

    private func constant(_ syntax: OperandSyntax) -> ConstantSyntax? {
        if case .constant(let kind) = syntax.kind { ConstantSyntax(kind: kind, column: syntax.column) } else { nil }
    }

    private func caseName(_ syntax: OperandSyntax) -> String? {
        if case .path(let path) = syntax.kind { path.singleName } else { nil }
    }

    /// Whether a single name is to be a case of a value: it is one, or the value has cases and no component has the
    /// name.
    private func isCase(_ name: String, of value: Value) -> Bool {
        guard case .cases(let names) = value.type else { return false }
        return names.contains { $0.isExactly(name) } || !isComponent(name)
    }

    private func isComponent(_ name: String) -> Bool {
        find(PathSyntax(steps: [(.name(name, isQuoted: true), 1)])) != nil
    }

    private func check(_ value: Value, _ comparison: Comparison, _ column: Int) throws(QueryError) {
        guard value.type.isOrdered || !comparison.isOrdering else {
            throw QueryError(.type, column: column, expected: "= or !=: \(value.fieldType) has no order")
        }
    }

    private func compare(
        _ value: Value, _ comparison: Comparison, _ column: Int, _ syntax: ConstantSyntax
    ) throws(QueryError) -> Condition {
        try check(value, comparison, column)
        return .comparison(
            value.operand, comparison, try constant(syntax, as: value.type, named: value.fieldType))
    }

    /// A comparison whose constant stands on the left. Where both sides are fine alone, the right one is at fault.
    private func compare(
        constant syntax: ConstantSyntax, _ comparison: Comparison, _ column: Int, _ right: OperandSyntax
    ) throws(QueryError) -> Condition {
        let value = try value(right)
        try check(value, comparison, column)
        do throws(QueryError) {
            return .comparison(
                value.operand, comparison.exchanged, try constant(syntax, as: value.type, named: value.fieldType))
        } catch {
            throw QueryError(.type, column: right.column, expected: "a field of the type of the value on the left")
        }
    }

    private func compare(
        _ left: Value, _ comparison: Comparison, _ column: Int, field syntax: OperandSyntax
    ) throws(QueryError) -> Condition {
        try check(left, comparison, column)
        let right = try value(syntax)
        guard left.type.isComparable(to: right.type) else {
            throw QueryError(.type, column: syntax.column, expected: "a value of type \(left.fieldType)")
        }
        let sorted = [left.operand, right.operand].canonicallySorted { $0.append($1) }
        if sorted.count == 1 {
            // Both directions say the same of one operand.
            let smaller = Comparison(rawValue: min(comparison.rawValue, comparison.exchanged.rawValue))!
            return .operands(left.operand, smaller, left.operand)
        }
        return .operands(sorted[0], sorted[0] == left.operand ? comparison : comparison.exchanged, sorted[1])
    }

    // MARK: Collections, text and nil

    private func textField(_ syntax: OperandSyntax, _ column: Int) throws(QueryError) -> FieldPath {
        let field = try pathField(syntax)
        let searched: FieldType =
            switch field.type {
            case .array(let element), .set(let element): element.unwrapped
            case .dictionary(let key, _): key.unwrapped
            default: field.type
            }
        guard searched == .string else {
            throw QueryError(.type, column: column, expected: "another test: ~ looks into text")
        }
        return field.path
    }

    private func hasElement(
        _ syntax: OperandSyntax, _ column: Int, _ element: ConstantSyntax
    ) throws(QueryError) -> Condition {
        let field = try pathField(syntax)
        let type: FieldType
        switch field.type {
        case .array(let element), .set(let element): type = element.unwrapped
        case .dictionary(let key, _): type = key.unwrapped
        default:
            throw QueryError(
                .type, column: column, expected: "another test: has looks into arrays, sets and dictionaries")
        }
        guard let valueType = ValueType(type) else {
            throw QueryError(
                .type, column: column, expected: "another test: elements of type \(type) have no constants")
        }
        return .hasElement(field.path, try constant(element, as: valueType, named: type))
    }

    private func isNil(_ syntax: OperandSyntax, _ column: Int) throws(QueryError) -> Condition {
        let field = try pathField(syntax)
        guard field.canBeNil || field.type == .entity else {
            throw QueryError(
                .type, column: column,
                expected: "another test: this can never be nil; whether a component is there is asked by has")
        }
        return .isNil(field.path)
    }
}
