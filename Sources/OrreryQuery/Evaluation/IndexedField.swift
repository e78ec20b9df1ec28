import OrrerySchema
package import OrreryStore

/// A field by whose values queries can be found. Values become keys: numbers that keep the order of the values, so that
/// one kind of index serves all types. Different values may have one key: who is found is tested afterwards.
///
/// A class, since many ranges name the same field.
package final class IndexedField: Hashable, Sendable {
    let operand: Operand
    private let operandReader: OperandReader
    /// The component that has the field.
    package let column: ColumnID

    /// The key of what is missing. No range has it.
    package static let missing: UInt64 = 0
    private static let keys = missing + 1...UInt64.max

    /// - Returns: `nil` for the entity of a row, which is no field.
    init?(_ operand: Operand, _ table: ComponentTable) {
        guard let column = operand.column else { return nil }
        self.operand = operand
        self.column = column
        operandReader = OperandReader(operand, table)
    }

    package static func == (left: IndexedField, right: IndexedField) -> Bool { left.operand == right.operand }

    package func hash(into hasher: inout Hasher) { hasher.combine(operand) }

    /// The key of a row; ``missing`` if it has no value there for which a comparison could hold.
    /// - Complexity: O(length of the way to the field).
    package func key(of row: UInt32, in store: ComponentStore) -> UInt64 {
        if operandReader.isOfFixedSize {
            store[column].fixedValue(of: row).map { Self.key(of: operandReader.reader.read($0)) } ?? Self.missing
        } else {
            store[column].withValue(of: row) { Self.key(of: operandReader.reader.read($0)) } ?? Self.missing
        }
    }

    private static func key(of reading: Reading) -> UInt64 {
        switch reading {
        case .missing, .none, .nan, .other: missing
        case .integer(let value): key(of: value)
        case .number(let value): key(of: value)
        case .text(let text): key(ofText: text)
        case .position(let position): key(of: Int128(position))
        case .entity(let entity): key(of: entity)
        case .bool(let value): key(of: Int128(value ? 1 : 0))
        }
    }

    private static func key(of value: ComparedValue) -> UInt64 {
        switch value {
        case .integer(let floor, _): key(of: floor)
        case .number(let number): key(of: number)
        case .text(let text): text.withUnsafeBytes(key(ofText:))
        case .position(let position): key(of: Int128(position))
        case .entity(let entity): key(of: entity)
        case .bool(let value): key(of: Int128(value ? 1 : 0))
        }
    }

    /// Above all values of Int64, those of UInt64 have one key.
    private static func key(of integer: Int128) -> UInt64 { max(keys.lowerBound, UInt64(clamping: integer + 1 << 63)) }

    private static func key(of number: Double) -> UInt64 {
        // Minus zero is zero.
        let bits = (number + 0).bitPattern
        return max(keys.lowerBound, bits >> 63 == 0 ? bits | 1 << 63 : ~bits)
    }

    private static func key(of entity: Entity) -> UInt64 {
        max(keys.lowerBound, UInt64(entity.generation) << 32 | UInt64(entity.index))
    }

    /// Texts are found by equality only.
    private static func key(ofText text: UnsafeRawBufferPointer) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(bytes: text)
        return max(keys.lowerBound, UInt64(bitPattern: Int64(hasher.finalize())))
    }

    /// Keys among which are those of all values for which a comparison holds; `nil` if that is no range.
    fileprivate func range(_ comparison: Comparison, _ value: ComparedValue) -> ClosedRange<UInt64>? {
        let key = Self.key(of: value)
        return switch (comparison, value) {
        case (.equal, _): key...key
        case (.notEqual, _), (_, .text), (_, .entity), (_, .bool): nil
        case (.less, _), (.lessOrEqual, _): Self.keys.lowerBound...key
        case (.greater, _), (.greaterOrEqual, _): key...Self.keys.upperBound
        }
    }
}

/// Keys of a field. Whoever matches a query is in one of the query's ranges.
package struct KeyRange: Sendable {
    package let field: IndexedField
    package let keys: ClosedRange<UInt64>

    /// The most by which one query is found.
    package static let countMax = 64

    /// The part of all keys that it has.
    fileprivate var width: Double { Double(keys.upperBound - keys.lowerBound) }

    /// - Returns: No range if the last key is before the first.
    fileprivate init?(_ field: IndexedField, from low: UInt64, through high: UInt64) {
        guard low <= high else { return nil }
        self.field = field
        keys = low...high
    }

    fileprivate func intersection(_ other: KeyRange) -> KeyRange? {
        KeyRange(
            field, from: max(keys.lowerBound, other.keys.lowerBound),
            through: min(keys.upperBound, other.keys.upperBound))
    }
}

extension Condition {
    /// Ranges of which each row that matches is in one, so that the change of a row that was and is in none changes
    /// nothing; `nil` if none are known.
    func keyRanges(_ table: ComponentTable) -> [KeyRange]? {
        switch self {
        case .comparison(let operand, let comparison, let constant):
            guard let field = IndexedField(operand, table), let keys = field.range(comparison, ComparedValue(constant))
            else { return nil }
            return [KeyRange(field, from: keys.lowerBound, through: keys.upperBound)].compactMap(\.self)
        case .range(let operand, let low, let high):
            guard let field = IndexedField(operand, table),
                let first = field.range(.greaterOrEqual, ComparedValue(low)),
                let last = field.range(.lessOrEqual, ComparedValue(high))
            else { return nil }
            return [KeyRange(field, from: first.lowerBound, through: last.upperBound)].compactMap(\.self)
        case .list(let operand, let constants):
            return Self.together(constants.map { Condition.comparison(operand, .equal, $0).keyRanges(table) })
        case .all(let operands): return Self.narrowest(operands.compactMap { $0.keyRanges(table) })
        case .any(let operands): return Self.together(operands.map { $0.keyRanges(table) })
        default: return nil
        }
    }

    /// Of conditions that all hold, the ranges that have the fewest keys.
    private static func narrowest(_ choices: [[KeyRange]]) -> [KeyRange]? {
        var (several, single) = ([[KeyRange]](), [KeyRange]())
        for choice in choices {
            guard choice.count == 1 else {
                several.append(choice)
                continue
            }
            // Both ends of an interval are often two conditions.
            guard let position = single.firstIndex(where: { $0.field == choice[0].field }) else {
                single += choice
                continue
            }
            guard let both = single[position].intersection(choice[0]) else { return [] }
            single[position] = both
        }
        return (several + single.map { [$0] }).min { left, right in
            left.reduce(0) { $0 + $1.width } < right.reduce(0) { $0 + $1.width }
        }
    }

    private static func together(_ parts: [[KeyRange]?]) -> [KeyRange]? {
        var result: [KeyRange] = []
        for part in parts {
            guard let part, result.count + part.count <= KeyRange.countMax else { return nil }
            result += part
        }
        return result
    }
}
