import OrrerySchema
package import OrreryStore

extension Query {
    /// The canonical form for people. Where it fits into the limits of a text, it is a text of an equal query.
    /// - Precondition: `table` is the one that the query was made with.
    package func text(in table: ComponentTable) -> String {
        let writer = QueryTextWriter(table: table)
        var text = writer.terms(of: selection)
        if let region { text += " \(writer.text(of: region))" }
        if let condition { text += " where \(writer.text(of: condition))" }
        if !order.isEmpty { text += " order by " + order.map(writer.text).joined(separator: ", ") }
        if let window { text += " \(writer.text(of: window))" }
        return text
    }

    /// The fields whose values lead to it, for people, each once; empty if none do.
    /// - Precondition: As of ``text(in:)``.
    package func keyFields(in table: ComponentTable) -> [String] {
        let writer = QueryTextWriter(table: table)
        var names: [String] = []
        for range in keyRanges ?? [] {
            let name = writer.text(of: range.field.operand).name
            if !names.contains(name) { names.append(name) }
        }
        return names
    }
}

/// Writes canonical forms with the names of a table.
private struct QueryTextWriter {
    let table: ComponentTable

    // MARK: Names

    func name(of column: ColumnID) -> String {
        let name = table.name(of: column)
        // `A.b` would be a component that is named so, if there is one.
        let isBeginning = table.entries.contains { $0.name.utf8.starts(with: "\(name).".utf8) }
        return isBeginning ? "`\(name)`" : QuerySpelling.name(name)
    }

    // MARK: Terms

    func terms(of selection: Selection) -> String {
        var terms: [String] = []
        if let entities = selection.entities {
            terms.append(
                entities.count == 1
                    ? "entity \(QuerySpelling.entity(entities[0]))"
                    : "entity in (\(entities.map(QuerySpelling.entity).joined(separator: ", ")))")
        }
        var shown: Set<ColumnID> = []
        switch selection.shown {
        case .all: terms.append("*")
        case .listed(let columns), .status(let columns): shown = Set(columns)
        case .resource(let column): return "resource \(name(of: column))"
        }
        var written: Set<ColumnID> = []
        for group in selection.required {
            let isShown = selection.shown == .all || shown.isSuperset(of: group)
            if isShown { written.formUnion(group) }
            terms.append((isShown ? "" : "with ") + group.map(name).joined(separator: " | "))
        }
        terms += shown.subtracting(written).sorted().map { "\(name(of: $0))?" }
        terms += selection.excluded.map { "!\(name(of: $0))" }
        return terms.joined(separator: ", ")
    }

    // MARK: Region

    func text(of region: Region) -> String {
        let numbers = { (numbers: [Double]) in numbers.map { QuerySpelling.number($0) }.joined(separator: ", ") }
        let isFlat = table[region.column].flatMap(Coordinates.init(of:))?.parts.count == 2
        let centre =
            switch region.centre {
            case .point(let point): "(\(numbers(isFlat ? [point.x, point.y] : [point.x, point.y, point.z])))"
            case .entity(let entity): QuerySpelling.entity(entity)
            }
        return "within \(numbers([region.radius])) of \(centre) by \(name(of: region.column))"
    }

    // MARK: Order

    func text(of key: OrderKey) -> String {
        "\(key.isFolded ? "~" : "")\(text(of: key.operand).name)\(key.isDescending ? " desc" : "")"
    }

    func text(of window: Window) -> String {
        guard window != .nobody else { return "count" }
        return switch window.start {
        case .offset(0): "limit \(window.count)"
        case .offset(let offset): "limit \(window.count) offset \(offset)"
        case .entity(let entity): "limit \(window.count) from \(QuerySpelling.entity(entity))"
        }
    }

    // MARK: Conditions

    func text(of condition: Condition) -> String {
        switch condition {
        case .all(let operands):
            return operands.map {
                if case .any = $0 { "(\(text(of: $0)))" } else { text(of: $0) }
            }.joined(separator: " and ")
        case .any(let operands): return operands.map(text).joined(separator: " or ")
        case .not(let operand, let times):
            let inner = text(of: operand)
            let isJoined =
                switch operand {
                case .all, .any: true
                default: false
                }
            return String(repeating: "not ", count: times) + (isJoined ? "(\(inner))" : inner)
        case .hasComponent(let column): return "has \(name(of: column))"
        case .refersTo(let entity): return "refers to \(QuerySpelling.entity(entity))"
        case .anyText(let text): return "~ \(quotation(text))"
        case .anyNaN: return "is nan"
        case .comparison(let operand, let comparison, let constant):
            let (name, type) = text(of: operand)
            return "\(name) \(comparison.sign) \(text(of: constant, type))"
        case .operands(let left, let comparison, let right):
            return "\(text(of: left).name) \(comparison.sign) \(text(of: right).name)"
        case .range(let operand, let low, let high):
            let (name, type) = text(of: operand)
            return "\(name) in \(text(of: low, type))..\(text(of: high, type))"
        case .list(let operand, let constants):
            let (name, type) = text(of: operand)
            return "\(name) in (\(constants.map { text(of: $0, type) }.joined(separator: ", ")))"
        case .contains(let path, let text): return "\(self.text(of: path).name) ~ \(quotation(text))"
        case .hasElement(let path, let constant):
            let (name, type) = text(of: path)
            return "\(name) has \(text(of: constant, elementType(of: type)))"
        case .isNil(let path): return "\(text(of: path).name) is nil"
        case .isNaN(let operand): return "\(text(of: operand).name) is nan"
        }
    }

    private func elementType(of type: FieldType) -> FieldType {
        switch type {
        case .array(let element), .set(let element), .dictionary(let element, _): element.unwrapped
        default: type
        }
    }

    func text(of operand: Operand) -> (name: String, type: FieldType) {
        switch operand {
        case .field(let path): text(of: path)
        case .count(let path): ("count(\(text(of: path).name))", .scalar(.int64))
        case .length(let path): ("length(\(text(of: path).name))", .scalar(.double))
        case .entity: ("entity", .entity)
        }
    }

    private func text(of path: FieldPath) -> (name: String, type: FieldType) {
        var text = name(of: path.column)
        var type = table[path.column]?.schema?.type.unwrapped ?? .structure([])
        for step in path.steps {
            switch (step, type) {
            case (.field(let position), .structure(let fields)):
                text += ".\(QuerySpelling.laterName(fields[position].name))"
                type = fields[position].type
            case (.lane(let lane), .vector(let scalar, _)):
                text += ".\(["x", "y", "z", "w"][lane])"
                type = .scalar(scalar)
            case (.payload(let number, let position), .union(let cases)):
                let (name, field) = (cases[number].name, cases[number].fields[position])
                text += ".\(QuerySpelling.laterName(name)).\(QuerySpelling.laterName(field.name))"
                type = field.type
            case (.index(let index), .array(let element)):
                text += "[\(index)]"
                type = element
            case (.key(let key), .dictionary(let keyType, let value)):
                text += "[\(self.text(of: key, keyType.unwrapped))]"
                type = value
            default: preconditionFailure("a path was resolved with another table")
            }
            type = type.unwrapped
        }
        return (text, type)
    }

    // MARK: Constants

    private func text(of constant: Constant, _ type: FieldType) -> String {
        switch constant {
        case .exact(let number): number.description
        case .infinity(let isNegative): isNegative ? "-infinity" : "infinity"
        case .float(let bits): QuerySpelling.number(Float(bitPattern: bits))
        case .double(let bits): QuerySpelling.number(Double(bitPattern: bits))
        case .text(let text): quotation(text)
        case .position(let position): caseName(position, of: type)
        case .entity(let entity): QuerySpelling.entity(entity)
        case .bool(let value): value ? "true" : "false"
        }
    }

    private func caseName(_ position: Int, of type: FieldType) -> String {
        guard case .cases(let names)? = ValueType(type) else { return "\(position)" }
        return QuerySpelling.name(names[position])
    }

    private func quotation(_ text: [UInt8]) -> String { QuerySpelling.text(String(decoding: text, as: UTF8.self)) }
}
