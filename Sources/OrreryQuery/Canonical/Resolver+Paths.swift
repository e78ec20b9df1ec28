import OrrerySchema
import OrreryStore

/// A field that a path leads to.
struct ResolvedField {
    var path: FieldPath
    /// The type of the field, without optionals.
    var type: FieldType
    /// Whether it, or something on the way, is optional.
    var canBeNil: Bool
}

extension Resolver {
    /// The field of a path, or the value of a component that is no structure.
    func field(_ path: PathSyntax) throws(QueryError) -> ResolvedField {
        let found = try component(path, isResource: isResourceQuery)
        guard let schema = found.entry.schema else {
            throw QueryError(
                .type, column: path.column,
                expected: "a component that can be read: \(found.entry.problem ?? "the schema is not known")")
        }
        var walk = Walk(type: schema.type.unwrapped, owner: found.entry.name, canBeNil: schema.type.isOptional)
        for (step, column) in path.steps.dropFirst(found.stepCount) {
            switch step {
            case .name(let name, _): try walk.enter(name, column)
            case .element(let key): try walk.enter(element: constantOfStep(key, in: walk.type), column)
            }
        }
        guard walk.unionCase == nil else {
            throw QueryError(.type, column: path.column, expected: "a field of the case, after a dot")
        }
        return ResolvedField(
            path: FieldPath(column: found.entry.column, steps: walk.steps), type: walk.type, canBeNil: walk.canBeNil)
    }

    /// The step of a subscript of an array or a dictionary.
    private func constantOfStep(
        _ key: ConstantSyntax, in type: FieldType
    ) throws(QueryError) -> FieldPath.Step {
        switch type {
        case .array:
            guard case .number(let number) = key.kind, number.floor.isExact, !number.isNegative else {
                throw QueryError(.type, column: key.column, expected: "an index: a whole number from 0")
            }
            return .index(Int(clamping: number.floor.value))
        case .dictionary(let keyType, _):
            guard let valueType = ValueType(keyType.unwrapped) else {
                throw QueryError(
                    .type, column: key.column, expected: "no key: keys of type \(keyType) have no constants")
            }
            return .key(try constant(key, as: valueType, named: keyType.unwrapped))
        default:
            throw QueryError(
                .type, column: key.column, expected: "no subscript: only arrays and dictionaries have them")
        }
    }

    /// The state of a way through types.
    private struct Walk {
        /// Without optionals.
        var type: FieldType
        /// What has the fields of `type`, for sentences.
        var owner: String
        var canBeNil: Bool
        var steps: [FieldPath.Step] = []
        /// The case whose payload the next name is of.
        var unionCase: (number: Int, fields: [Field])?

        init(type: FieldType, owner: String, canBeNil: Bool) {
            self.type = type
            self.owner = owner
            self.canBeNil = canBeNil
        }

        private mutating func move(to type: FieldType, by step: FieldPath.Step) {
            steps.append(step)
            canBeNil = canBeNil || type.isOptional
            self.type = type.unwrapped
        }

        mutating func enter(_ name: String, _ column: Int) throws(QueryError) {
            if let (number, fields) = unionCase {
                let position = try Self.position(of: name, among: fields.map(\.name), column, owner)
                unionCase = nil
                owner = name
                return move(to: fields[position].type, by: .payload(case: number, field: position))
            }
            defer { owner = name }
            switch type {
            case .structure(let fields):
                let position = try Self.position(of: name, among: fields.map(\.name), column, owner)
                move(to: fields[position].type, by: .field(position))
            case .vector(let scalar, let lanes):
                let lane = try Self.position(of: name, among: ["x", "y", "z", "w"].prefix(lanes), column, owner)
                move(to: .scalar(scalar), by: .lane(lane))
            case .union(let cases):
                let number = try Self.position(of: name, among: cases.map(\.name), column, owner)
                unionCase = (number, cases[number].fields)
            case .entity:
                throw QueryError(
                    .unknownField, column: column, expected: "the end: a query does not follow entity fields")
            default: throw QueryError(.unknownField, column: column, expected: "the end: this has no fields")
            }
        }

        mutating func enter(element step: FieldPath.Step, _ column: Int) throws(QueryError) {
            guard unionCase == nil else {
                throw QueryError(.type, column: column, expected: "a field of the case, after a dot")
            }
            switch (type, step) {
            case (.array(let element), _): move(to: element, by: step)
            case (.dictionary(_, let value), _): move(to: value, by: step)
            default: preconditionFailure("only arrays and dictionaries have steps to elements")
            }
        }

        private static func position(
            of name: String, among names: some Collection<String>, _ column: Int, _ owner: String
        ) throws(QueryError) -> Int {
            let position = names.enumerated().first { $0.element.isExactly(name) }?.offset
            guard let position else {
                throw QueryError(
                    .unknownField, column: column,
                    expected: "a field of \(owner)" + (list(of: names).map { ": \($0)" } ?? ""),
                    nearest: NearestName.nearest(to: name, among: names))
            }
            return position
        }
    }

    // MARK: Constants

    /// A value of the text as a value of a type.
    /// - Parameter type: The type of the other side, for the error.
    func constant(
        _ syntax: ConstantSyntax, as valueType: ValueType, named type: FieldType
    ) throws(QueryError) -> Constant {
        switch (syntax.kind, valueType) {
        case (.number(let number), .integer): return .exact(number)
        // Adding zero turns minus zero into zero.
        case (.number(let number), .float): return .float(bits: (number.float + 0).bitPattern)
        case (.number(let number), .double): return .double(bits: (number.double + 0).bitPattern)
        case (.infinity(let isNegative), .integer): return .infinity(isNegative: isNegative)
        case (.infinity(let isNegative), .float):
            return .float(bits: (isNegative ? -Float.infinity : Float.infinity).bitPattern)
        case (.infinity(let isNegative), .double):
            return .double(bits: (isNegative ? -Double.infinity : Double.infinity).bitPattern)
        case (.text(let text), .text): return .text(Array(text.utf8))
        case (.entity(let entity), .entity): return .entity(entity)
        case (.bool(let value), .bool): return .bool(value)
        case (.name(let name), .cases(let names)):
            if let position = names.firstIndex(where: { $0.isExactly(name) }) { return .position(position) }
            throw QueryError(
                .type, column: syntax.column, expected: "a case of \(type)",
                nearest: NearestName.nearest(to: name, among: names))
        default: throw QueryError(.type, column: syntax.column, expected: valueType.valueText(type))
        }
    }
}
