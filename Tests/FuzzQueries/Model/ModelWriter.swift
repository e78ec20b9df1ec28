import OrreryQuery
import OrrerySchema

/// Writes a model query as text, each time in another way that means the same.
struct ModelWriter {
    let schemas: [ComponentSchema]
    var generator: SeededGenerator
    /// Without variety, the order of the model is kept and nothing is repeated.
    var isVaried = true

    private mutating func flip(_ sides: Int = 2) -> Bool { isVaried && generator.oneIn(sides) }

    private mutating func mixed<T>(_ items: [T]) -> [T] {
        guard isVaried else { return items }
        var items = items
        // At most one repetition, so that nodes and bytes stay below the limits.
        if generator.oneIn(3), let again = items.randomElement(using: &generator) { items.append(again) }
        return items.shuffled(using: &generator)
    }

    private mutating func separator() -> String {
        guard isVaried else { return ", " }
        return [",", ", ", " ,\n\t"].randomElement(using: &generator)!
    }

    mutating func text(of query: ModelQuery) -> String {
        var text = mixed(query.terms).map { self.text(of: $0) }.joined(separator: separator())
        if let condition = query.condition { text += " where \(self.text(of: condition))" }
        if !query.order.isEmpty {
            text += " order by " + query.order.map { self.text(of: $0) }.joined(separator: separator())
        }
        switch query.window {
        case nil: return text
        case .count?: return text + (flip() ? " count" : " limit 0")
        case .limit(let count, offset: 0)?: return text + " limit \(count)" + (flip(4) ? " offset 0" : "")
        case .limit(let count, let offset)?: return text + " limit \(count) offset \(offset)"
        case .from(let entity, let count)?: return text + " limit \(count) from \(spelling(entity))"
        }
    }

    private mutating func text(of key: ModelOrderKey) -> String {
        (key.isFolded ? "~" : "") + text(of: key.operand) + (key.isDescending ? " desc" : flip() ? " asc" : "")
    }

    private mutating func name(_ component: Int) -> String {
        let name = schemas[component].name
        // The longest name wins: bare, a path could be that of another component.
        let isBeginning = schemas.contains { $0.name.utf8.starts(with: "\(name).".utf8) }
        let canBeBare = name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { Self.isBare($0) }
        return !canBeBare || isBeginning || Self.reservedWords.contains(name) || flip(6) ? "`\(name)`" : name
    }

    /// Not all that may be bare.
    private static func isBare(_ name: some StringProtocol) -> Bool {
        let letters = name.unicodeScalars.map {
            ("a"..."z").contains($0) || ("A"..."Z").contains($0) || "_éΩ".unicodeScalars.contains($0)
        }
        return letters.first == true && zip(letters, name.unicodeScalars).allSatisfy { $0 || ("0"..."9").contains($1) }
    }

    private static let reservedWords: Set<String> = [
        "entity", "resource", "with", "where", "within", "order", "limit", "at", "not", "has", "refers", "true",
        "false", "nil",
        "nan", "infinity", "is", "below", "changed", "added", "removed", "as", "of", "any", "all", "by", "group",
        "alive",
        "finite",
    ]

    private mutating func text(of term: ModelTerm) -> String {
        switch term {
        case .everything: return "*"
        case .shown(let names): return mixed(names).map { name($0) }.joined(separator: " | ")
        case .hidden(let names): return "with " + mixed(names).map { name($0) }.joined(separator: "|")
        case .optional(let component): return name(component) + (flip() ? " ?" : "?")
        case .excluded(let component): return "!" + name(component)
        case .entities(let entities):
            if entities.count == 1 { return (flip() ? "entity " : "") + spelling(entities[0]) }
            return "entity in (\(mixed(entities).map(spelling).joined(separator: separator())))"
        }
    }

    private func spelling(_ entity: Entity) -> String { "\(entity.index)v\(entity.generation)" }

    // MARK: Conditions

    /// A condition, in brackets if it would not bind strongly enough.
    private mutating func bracketed(_ condition: ModelCondition, _ isNeeded: Bool) -> String {
        let text = text(of: condition)
        return isNeeded || flip(5) ? "(\(text))" : text
    }

    mutating func text(of condition: ModelCondition) -> String {
        switch condition {
        case .all(let operands):
            return mixed(operands).map { bracketed($0, $0.isAny) }.joined(separator: " and ")
        case .any(let operands): return mixed(operands).map { bracketed($0, false) }.joined(separator: " or ")
        case .not(let operand):
            if case .isNil(let path) = operand, flip() { return "\(text(of: path)) is not nil" }
            if case .list(let each, let constants) = operand, flip() {
                return "\(text(of: each)) not in \(text(of: constants))"
            }
            return "not " + bracketed(operand, operand.isJoined)
        case .hasComponent(let component): return "has \(name(component))"
        case .refersTo(let entity): return "refers to \(spelling(entity))"
        case .anyText(let text): return "~ \(quotation(text))"
        case .anyNaN: return "is nan"
        case .truth(let path): return text(of: path)
        case .constant(let operand, let comparison, let constant):
            return text(of: operand, comparison, constant)
        case .operands(let left, let comparison, let right):
            return flip()
                ? "\(text(of: left)) \(comparison.text) \(text(of: right))"
                : "\(text(of: right)) \(comparison.mirrored.text) \(text(of: left))"
        case .range(let operand, let low, let high):
            return "\(text(of: operand)) in \(text(of: low))..\(text(of: high))"
        case .list(let operand, let constants): return "\(text(of: operand)) in \(text(of: constants))"
        case .contains(let path, let text): return "\(self.text(of: path)) ~ \(quotation(text))"
        case .hasElement(let path, let constant): return "\(text(of: path)) has \(text(of: constant))"
        case .isNil(let path): return "\(text(of: path)) is nil"
        case .isNaN(let operand): return "\(text(of: operand)) is nan"
        }
    }

    private mutating func text(
        of operand: ModelOperand, _ comparison: Comparison, _ constant: ModelConstant
    ) -> String {
        let value = text(of: constant)
        if comparison == .equal, operand.type.isOrdered, flip(4) {
            return "\(text(of: operand)) in \(value)..\(text(of: constant))"
        }
        return flip()
            ? "\(value) \(comparison.mirrored.text) \(text(of: operand))"
            : "\(text(of: operand))\(comparison.text)\(value)"
    }

    private mutating func text(of operand: ModelOperand) -> String {
        switch operand {
        case .field(let path): text(of: path)
        case .count(let path): "count(\(text(of: path)))"
        case .length(let path): "length( \(text(of: path)) )"
        case .entity: "entity"
        }
    }

    private mutating func text(of path: ModelPath) -> String {
        var text = name(path.component)
        for step in path.steps {
            switch step {
            case .name(let name): text += ".\(field(name))"
            case .index(let index): text += "[\(index)]"
            case .key(let key): text += "[\(self.text(of: key))]"
            }
        }
        return text
    }

    private mutating func field(_ name: String) -> String { !Self.isBare(name) || flip(8) ? "`\(name)`" : name }

    // MARK: Constants

    private mutating func text(of constants: [ModelConstant]) -> String {
        "(" + mixed(constants).map { text(of: $0) }.joined(separator: separator()) + ")"
    }

    private mutating func text(of constant: ModelConstant) -> String {
        switch constant {
        case .hundredths(let number): return spelling(number)
        case .huge(let isNegative): return isNegative ? "-1e400" : (flip() ? "10e399" : "1e400")
        case .infinity(let isNegative): return isNegative ? "-infinity" : "infinity"
        case .text(let text): return quotation(text)
        case .name(let name): return Self.reservedWords.contains(name) ? "`\(name)`" : field(name)
        case .entity(let entity): return spelling(entity)
        case .bool(let value): return value ? "true" : "false"
        }
    }

    private mutating func spelling(_ hundredths: Int128) -> String {
        let sign = hundredths < 0 ? "-" : ""
        let (whole, rest) = hundredths.magnitude.quotientAndRemainder(dividingBy: 100)
        if flip(4) { return "\(sign)\(whole * 100 + rest)e-2" }
        if flip(4) { return "\(sign)\(whole * 100 + rest)0E-3" }
        if rest == 0 { return "\(sign)\(whole)" + (flip(3) ? ".000" : "") }
        return "\(sign)\(whole).\(rest < 10 ? "0" : "")\(rest)"
    }

    private mutating func quotation(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" {
                result += "\\"
                result.unicodeScalars.append(scalar)
            } else if scalar.value < 0x20 || flip(6) {
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

extension ModelCondition {
    fileprivate var isAny: Bool { if case .any = self { true } else { false } }

    fileprivate var isJoined: Bool {
        switch self {
        case .all, .any: true
        default: false
        }
    }
}

extension Comparison {
    fileprivate var text: String {
        switch self {
        case .equal: "="
        case .notEqual: "!="
        case .less: "<"
        case .lessOrEqual: "<="
        case .greater: ">"
        case .greaterOrEqual: ">="
        }
    }

    fileprivate var mirrored: Comparison {
        switch self {
        case .equal: .equal
        case .notEqual: .notEqual
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        }
    }
}
