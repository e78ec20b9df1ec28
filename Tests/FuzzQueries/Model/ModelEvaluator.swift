import Foundation
import OrreryQuery
import OrrerySchema

/// Evaluates model queries over dynamic values: slow, and written from the rules without a look at the fast evaluation.
struct ModelEvaluator {
    let world: RandomWorld

    /// What an operand is.
    enum Found {
        case missing
        case isNil
        case value(DynamicValue)
    }

    /// All who match, ascending.
    func matching(_ query: ModelQuery) -> [Entity] {
        world.values.keys.filter { isMember($0, of: query) }.sorted()
    }

    /// The components that are shown of an entity.
    func shown(of entity: Entity, in query: ModelQuery) -> [Int] {
        var named: Set<Int> = []
        var shown: Set<Int> = []
        var isAll = false
        for term in query.terms {
            switch term {
            case .everything: isAll = true
            case .shown(let names):
                named.formUnion(names)
                shown.formUnion(names)
            case .optional(let name):
                named.insert(name)
                shown.insert(name)
            case .hidden(let names): named.formUnion(names)
            case .excluded(let name): named.insert(name)
            case .entities: break
            }
        }
        return world.values[entity]!.keys.filter { isAll || named.isEmpty || shown.contains($0) }.sorted()
    }

    private func isMember(_ entity: Entity, of query: ModelQuery) -> Bool {
        let components = world.values[entity]!
        for term in query.terms {
            switch term {
            case .everything, .optional: break
            case .shown(let names), .hidden(let names):
                if !names.contains(where: { components[$0] != nil }) { return false }
            case .excluded(let name): if components[name] != nil { return false }
            case .entities(let entities): if !entities.contains(entity) { return false }
            }
        }
        let shown = shown(of: entity, in: query).map { components[$0]! }
        return query.condition.map { holds($0, entity, shown) } ?? true
    }

    private func holds(_ condition: ModelCondition, _ entity: Entity, _ shown: [DynamicValue]) -> Bool {
        switch condition {
        case .all(let operands): return operands.allSatisfy { holds($0, entity, shown) }
        case .any(let operands): return operands.contains { holds($0, entity, shown) }
        case .not(let operand): return !holds(operand, entity, shown)
        case .hasComponent(let component): return world.values[entity]![component] != nil
        case .refersTo(let other):
            return other != .none && shown.contains { $0.leaves.contains(.entity(other)) }
        case .anyText(let text):
            return shown.contains { value in
                value.leaves.contains { if case .string(let leaf) = $0 { leaf.folds(to: text) } else { false } }
            }
        case .anyNaN: return shown.contains { $0.leaves.contains(where: \.isNaN) }
        case .truth(let path): return order(find(path, entity), .bool(true), path.type) == 0
        case .constant(let operand, let comparison, let constant):
            return order(find(operand, entity), constant, operand.type).map { comparison.fits($0) } ?? false
        case .operands(let left, let comparison, let right):
            guard case .value(let first) = find(left, entity), case .value(let second) = find(right, entity) else {
                return false
            }
            return order(first, second, left.type).map { comparison.fits($0) } ?? false
        case .range(let operand, let low, let high):
            let found = find(operand, entity)
            guard let first = order(found, low, operand.type), let last = order(found, high, operand.type) else {
                return false
            }
            return first >= 0 && last <= 0
        case .list(let operand, let constants):
            let found = find(operand, entity)
            return constants.contains { order(found, $0, operand.type) == 0 }
        case .contains(let path, let text):
            let texts = path.type == .string ? [find(path, entity)] : elements(of: find(path, entity))
            return texts.contains { if case .value(.string(let each)) = $0 { each.folds(to: text) } else { false } }
        case .hasElement(let path, let constant):
            return elements(of: find(path, entity)).contains { order($0, constant, path.type.element!) == 0 }
        case .isNil(let path): if case .isNil = find(path, entity) { return true } else { return false }
        case .isNaN(let operand):
            if case .value(let value) = find(operand, entity) { return value.isNaN } else { return false }
        }
    }

    // MARK: Operands

    func find(_ operand: ModelOperand, _ entity: Entity) -> Found {
        switch operand {
        case .entity: return .value(.entity(entity))
        case .field(let path): return find(path, entity)
        case .count(let path):
            let found = find(path, entity)
            guard case .value = found else { return found }
            return .value(.signed(Int64(elements(of: found).count)))
        case .length(let path):
            let found = find(path, entity)
            guard case .value(let value) = found else { return found }
            let parts: [DynamicValue] =
                switch value {
                case .structure(let members): members.sorted { $0.name < $1.name }.map(\.value)
                default: value.leaves
                }
            return .value(.double(parts.map(\.double).reduce(0) { $0 + $1 * $1 }.squareRoot()))
        }
    }

    private func find(_ path: ModelPath, _ entity: Entity) -> Found {
        guard let component = world.values[entity]![path.component] else { return .missing }
        var found = unwrapped(component)
        var payload: [DynamicValue.Member]?
        for step in path.steps {
            guard case .value(let value) = found else { return found }
            switch (step, value) {
            case (.name(let name), _) where payload != nil:
                found = unwrapped(payload!.first { $0.name == name }!.value)
                payload = nil
            case (.name(let name), .union(let current, let members)):
                if name != current { return .missing }
                payload = members
            case (.name(let name), .vector(let lanes)):
                found = .value(lanes[["x", "y", "z", "w"].firstIndex(of: name)!])
            case (.name(let name), _): found = unwrapped(value[name]!)
            case (.index(let index), .array(let elements)):
                found = index < elements.count ? unwrapped(elements[index]) : .missing
            case (.key(let key), .dictionary(let entries)):
                let entry = entries.first { order(unwrapped($0.key), key, nil) == 0 }
                found = entry.map { unwrapped($0.value) } ?? .missing
            default: preconditionFailure("the path does not fit the value")
            }
        }
        return found
    }

    private func unwrapped(_ value: DynamicValue) -> Found {
        switch value {
        case .optional(nil), .entity(.none): .isNil
        case .optional(let inner?): unwrapped(inner)
        default: .value(value)
        }
    }

    private func elements(of found: Found) -> [Found] {
        switch found {
        case .value(.array(let elements)), .value(.set(let elements)): elements.map(unwrapped)
        case .value(.dictionary(let entries)): entries.map { unwrapped($0.key) }
        default: []
        }
    }

    // MARK: Comparisons

    private func order(_ found: Found, _ constant: ModelConstant, _ type: FieldType?) -> Int? {
        guard case .value(let value) = found else { return nil }
        switch (value, constant) {
        case (.bool(let left), .bool(let right)): return left == right ? 0 : 1
        case (.string(let left), .text(let right)): return left.order(to: right)
        case (.entity(let left), .entity(let right)): return left == right ? 0 : 1
        case (.enumeration(let name), .name(let other)), (.union(let name, _), .name(let other)):
            // Of keys, only whether they are equal is asked.
            guard let type else { return name == other ? 0 : nil }
            return position(of: name, in: type) - position(of: other, in: type)
        case (.float(let number), _): return order(Double(number), Double(constant.float))
        case (.double(let number), _): return order(number, constant.double)
        default: break
        }
        let integer = value.integer!
        switch constant {
        case .infinity(let isNegative), .huge(let isNegative): return isNegative ? 1 : -1
        case .hundredths(let number): return (integer * 100 - number).signum128
        default: return nil
        }
    }

    func order(_ left: DynamicValue, _ right: DynamicValue, _ type: FieldType) -> Int? {
        switch (left, right) {
        case (.bool(let left), .bool(let right)): return left == right ? 0 : 1
        case (.string(let left), .string(let right)): return left.order(to: right)
        case (.entity(let left), .entity(let right)): return left == right ? 0 : 1
        case (.enumeration(let left), .enumeration(let right)), (.union(let left, _), .union(let right, _)):
            return position(of: left, in: type) - position(of: right, in: type)
        default: break
        }
        switch (left.integer, right.integer) {
        case (let left?, let right?): return (left - right).signum128
        case (let left?, nil): return order(exactly: left, right.double)
        case (nil, let right?): return order(exactly: right, left.double).map { -$0 }
        case (nil, nil): return order(left.double, right.double)
        }
    }

    private func order(_ left: Double, _ right: Double) -> Int? {
        left.isNaN || right.isNaN ? nil : left < right ? -1 : left > right ? 1 : 0
    }

    private func order(exactly left: Int128, _ right: Double) -> Int? {
        if right.isNaN { return nil }
        if abs(right) > 1e30 { return right > 0 ? -1 : 1 }
        let whole = Int128(right.rounded(.towardZero))
        if left != whole { return left < whole ? -1 : 1 }
        let fraction = right - right.rounded(.towardZero)
        return fraction > 0 ? -1 : fraction < 0 ? 1 : 0
    }

    private func position(of name: String, in type: FieldType) -> Int {
        switch type {
        case .enumeration(let cases): cases.firstIndex { $0.name == name }!
        case .union(let cases): cases.firstIndex { $0.name == name }!
        default: preconditionFailure("\(type) has no cases")
        }
    }
}

extension Comparison {
    fileprivate func fits(_ order: Int) -> Bool {
        switch self {
        case .equal: order == 0
        case .notEqual: order != 0
        case .less: order < 0
        case .lessOrEqual: order < 1
        case .greater: order > 0
        case .greaterOrEqual: order > -1
        }
    }
}

extension ModelConstant {
    /// The text of a number, rounded in one step.
    fileprivate var float: Float {
        switch self {
        case .hundredths(let number): Float("\(number)e-2")!
        default: Float(double)
        }
    }

    fileprivate var double: Double {
        switch self {
        case .hundredths(let number): Double("\(number)e-2")!
        case .huge(let isNegative), .infinity(let isNegative): isNegative ? -.infinity : .infinity
        default: .nan
        }
    }
}

extension Int128 {
    fileprivate var signum128: Int { self < 0 ? -1 : self > 0 ? 1 : 0 }
}

extension String {
    func order(to other: String) -> Int {
        utf8.elementsEqual(other.utf8) ? 0 : utf8.lexicographicallyPrecedes(other.utf8) ? -1 : 1
    }

    /// Folded scalar by scalar. Enough for the texts of ``RandomWorld``: lower case, but where that is longer.
    var folded: [UInt32] {
        precomposedStringWithCanonicalMapping.unicodeScalars.map { scalar in
            if scalar == "ς" { return Unicode.Scalar("σ").value }
            let lower = scalar.properties.lowercaseMapping.unicodeScalars
            return lower.count == 1 ? lower.first!.value : scalar.value
        }
    }

    fileprivate func folds(to needle: String) -> Bool {
        let (text, needle) = (folded, needle.folded)
        guard needle.count <= text.count else { return false }
        return (0...text.count - needle.count).contains { text[$0...].starts(with: needle) }
    }
}

extension DynamicValue {
    var isNaN: Bool {
        switch self {
        case .float(let number): number.isNaN
        case .double(let number): number.isNaN
        default: false
        }
    }

    fileprivate var integer: Int128? {
        switch self {
        case .signed(let number): Int128(number)
        case .unsigned(let number): Int128(number)
        default: nil
        }
    }

    fileprivate var double: Double {
        switch self {
        case .float(let number): Double(number)
        case .double(let number): number
        default: integer.map { Double($0) } ?? .nan
        }
    }

    /// All values inside that have no others inside.
    fileprivate var leaves: [DynamicValue] {
        switch self {
        case .structure(let members), .union(_, let members): members.flatMap(\.value.leaves)
        case .vector(let values), .array(let values), .set(let values): values.flatMap(\.leaves)
        case .optional(let inner): inner?.leaves ?? []
        case .dictionary(let entries): entries.flatMap { $0.key.leaves + $0.value.leaves }
        default: [self]
        }
    }
}
