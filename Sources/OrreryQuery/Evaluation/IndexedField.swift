import OrrerySchema
package import OrreryStore

/// A field by whose values queries can be found. Values become keys: numbers that keep the order of the values, so that
/// one kind of index serves all types. Different values may have one key: who is found is tested afterwards, unless the
/// keys alone decide.
///
/// A class, since many ranges name the same field.
package final class IndexedField: Hashable, Sendable {
    let operand: Operand
    private let operandReader: OperandReader
    /// What the field is, if it is a number and not a count or a length.
    private let scalar: Scalar?
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
        scalar = if case .field = operand, case .scalar(let scalar) = operandReader.reader.type { scalar } else { nil }
    }

    package static func == (left: IndexedField, right: IndexedField) -> Bool { left.operand == right.operand }

    package func hash(into hasher: inout Hasher) { hasher.combine(operand) }

    /// Calls `body` with some rows of a page and their keys; ``missing`` for one that has no value there for which a
    /// comparison could hold.
    /// - Complexity: O(rows × length of the way to the field).
    @inline(__always)
    func forEachKey(of rows: PageMask, on page: PageHandle?, _ body: (_ row: Int, UInt64) -> Void) {
        guard let page else {
            rows.forEach { body($0, Self.missing) }
            return
        }
        let present = page.presentMask
        let absent = rows & ~present
        if !absent.isEmpty { absent.forEach { body($0, Self.missing) } }
        let reader = operandReader.reader
        if let scalar, let size = page.valueSize, let offset = reader.fixedOffset {
            Self.forEachKey(of: scalar, page.fixedValues(from: 0) + offset, stride: size, rows & present, body)
        } else {
            (rows & present).forEach { row in
                _ = page.isTrue(of: row) { bytes in
                    body(row, Self.key(of: reader.read(bytes)))
                    return true
                }
            }
        }
    }

    /// The same keys as by ``key(of:)`` of what a reader reads, for numbers that lie at one offset.
    @inline(__always)
    private static func forEachKey(
        of scalar: Scalar, _ start: UnsafeRawPointer, stride: Int, _ rows: PageMask,
        _ body: (_ row: Int, UInt64) -> Void
    ) {
        @inline(__always)
        func read<T: BitwiseCopyable>(_ key: (T) -> UInt64) {
            rows.forEach { body($0, key(start.loadUnaligned(fromByteOffset: $0 &* stride, as: T.self))) }
        }
        @inline(__always)
        func readIntegers<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) {
            read { (value: T) in key(of: Int64(T(littleEndian: value))) }
        }
        switch scalar {
        case .bool: read { (byte: UInt8) in byte <= 1 ? key(of: Int64(byte)) : missing }
        case .int8: readIntegers(Int8.self)
        case .int16: readIntegers(Int16.self)
        case .int32: readIntegers(Int32.self)
        case .int64: readIntegers(Int64.self)
        case .uint8: readIntegers(UInt8.self)
        case .uint16: readIntegers(UInt16.self)
        case .uint32: readIntegers(UInt32.self)
        case .uint64: read { (value: UInt64) in key(of: Int128(UInt64(littleEndian: value))) }
        case .float:
            read { (bits: UInt32) in
                let value = Float(bitPattern: UInt32(littleEndian: bits))
                return value.isNaN ? missing : key(of: Double(value))
            }
        case .double:
            read { (bits: UInt64) in
                let value = Double(bitPattern: UInt64(littleEndian: bits))
                return value.isNaN ? missing : key(of: value)
            }
        }
    }

    /// Reads the keys of some rows of a page.
    /// - Parameters:
    ///   - rows: Of which to read them.
    ///   - keys: By row of the page, of which it has ``RowSet/pageRows``; those of other rows are left as they are.
    /// - Complexity: O(rows × length of the way to the field).
    package func readKeys(of rows: PageMask, onPage page: Int, in store: ComponentStore, into keys: inout [UInt64]) {
        precondition(keys.count == RowSet.pageRows, "there is room for the keys of a page")
        keys.withUnsafeMutableBufferPointer { keys in
            forEachKey(of: rows, on: store[column].page(at: page)) { keys[$0] = $1 }
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

    private static func key(of integer: Int64) -> UInt64 {
        max(keys.lowerBound, UInt64(bitPattern: integer) ^ 1 << 63)
    }

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
    fileprivate func range(_ comparison: Comparison, _ value: ComparedValue) -> (ClosedRange<UInt64>, isExact: Bool)? {
        let key = Self.key(of: value)
        let isWhole = if case .integer(_, isExact: false) = value { false } else { true }
        // The first and the last key are of several values.
        let isInside = Self.keys.lowerBound < key && key < Self.keys.upperBound
        return switch (comparison, value) {
        // Different texts may have one key.
        case (.equal, .text): (key...key, false)
        case (.equal, _): (key...key, isInside && isWhole)
        case (.notEqual, _), (_, .text), (_, .entity), (_, .bool): nil
        case (.less, _): (Self.keys.lowerBound...(isInside && isWhole ? key - 1 : key), isInside)
        case (.lessOrEqual, _): (Self.keys.lowerBound...key, isInside)
        case (.greater, _): ((isInside ? key + 1 : key)...Self.keys.upperBound, isInside)
        case (.greaterOrEqual, _): ((isInside && !isWhole ? key + 1 : key)...Self.keys.upperBound, isInside)
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

    fileprivate func intersection(_ other: KeyRange) -> KeyRange? {
        let (low, high) = (
            max(keys.lowerBound, other.keys.lowerBound), min(keys.upperBound, other.keys.upperBound)
        )
        return low <= high ? KeyRange(field: field, keys: low...high) : nil
    }
}

/// Ranges of which each row that matches is in one, so that the change of a row that was and is in none changes
/// nothing.
struct KeyRanges {
    var ranges: [KeyRange]
    /// Whether each row that is in one of them matches.
    var areExact: Bool

    /// The field of all of them; `nil` if there are several or none.
    var field: IndexedField? {
        ranges.first.flatMap { first in ranges.allSatisfy { $0.field == first.field } ? first.field : nil }
    }
}

extension Condition {
    /// - Returns: `nil` if none are known.
    func keyRanges(_ table: ComponentTable) -> KeyRanges? {
        switch self {
        case .comparison(let operand, let comparison, let constant):
            guard let field = IndexedField(operand, table),
                let (keys, isExact) = field.range(comparison, ComparedValue(constant))
            else { return nil }
            return KeyRanges(ranges: [KeyRange(field: field, keys: keys)], areExact: isExact)
        case .range(let operand, let low, let high):
            return Self.narrowest([
                Condition.comparison(operand, .greaterOrEqual, low).keyRanges(table),
                Condition.comparison(operand, .lessOrEqual, high).keyRanges(table),
            ])
        case .list(let operand, let constants):
            return Self.together(constants.map { Condition.comparison(operand, .equal, $0).keyRanges(table) })
        case .all(let operands): return Self.narrowest(operands.map { $0.keyRanges(table) })
        case .any(let operands): return Self.together(operands.map { $0.keyRanges(table) })
        default: return nil
        }
    }

    /// Of conditions that all hold, the ranges that have the fewest keys.
    private static func narrowest(_ choices: [KeyRanges?]) -> KeyRanges? {
        var (several, single) = ([[KeyRange]](), [KeyRange]())
        for case let choice? in choices {
            guard choice.ranges.count == 1 else {
                several.append(choice.ranges)
                continue
            }
            // Both ends of an interval are often two conditions.
            let range = choice.ranges[0]
            guard let position = single.firstIndex(where: { $0.field == range.field }) else {
                single.append(range)
                continue
            }
            guard let both = single[position].intersection(range) else { return KeyRanges(ranges: [], areExact: true) }
            single[position] = both
        }
        let narrowest = (several + single.map { [$0] }).min { left, right in
            left.reduce(0) { $0 + $1.width } < right.reduce(0) { $0 + $1.width }
        }
        let areExact = choices.allSatisfy { $0?.areExact ?? false } && several.count + single.count == 1
        return narrowest.map { KeyRanges(ranges: $0, areExact: areExact) }
    }

    private static func together(_ parts: [KeyRanges?]) -> KeyRanges? {
        var result = KeyRanges(ranges: [], areExact: true)
        for part in parts {
            guard let part, result.ranges.count + part.ranges.count <= KeyRange.countMax else { return nil }
            result.ranges += part.ranges
            result.areExact = result.areExact && part.areExact
        }
        return result
    }
}
