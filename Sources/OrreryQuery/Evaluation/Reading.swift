import OrrerySchema

/// What an operand is in one row. Texts are valid as long as the bytes of the row.
enum Reading {
    /// No such element, key or payload, or bytes that are no value. Every test is false, `is nil` too.
    case missing
    /// nil at the end or on the way, or an entity field that reads as none.
    case none
    case nan
    case integer(Int128)
    /// Never NaN.
    case number(Double)
    case text(UnsafeRawBufferPointer)
    case position(Int)
    case entity(Entity)
    case bool(Bool)
    /// A value that no comparison reads.
    case other

    init(_ double: Double) { self = double.isNaN ? .nan : .number(double) }

    init(_ entity: Entity) { self = entity == .none ? .none : .entity(entity) }

    var isNone: Bool { if case .none = self { true } else { false } }
    var isNaN: Bool { if case .nan = self { true } else { false } }

    /// Which of two readings is the larger: negative if it is the other one; `nil` if one of them is missing.
    func order(to other: Reading) -> Int? {
        switch (self, other) {
        case (.integer(let left), .integer(let right)): Self.order(left, right)
        case (.number(let left), .number(let right)): Self.order(left, right)
        case (.integer(let left), .number(let right)): Self.order(left, exactly: right)
        case (.number(let left), .integer(let right)): -Self.order(right, exactly: left)
        case (.text(let left), .text(let right)): Self.order(left, right)
        case (.position(let left), .position(let right)): Self.order(left, right)
        case (.entity(let left), .entity(let right)): Self.order(left, right)
        case (.bool(let left), .bool(let right)): Self.order(left ? 1 : 0, right ? 1 : 0)
        default: nil
        }
    }

    static func order<T: Comparable>(_ left: T, _ right: T) -> Int { left < right ? -1 : left == right ? 0 : 1 }

    /// Compares bytes as unsigned numbers; a prefix comes first.
    static func order(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
        let count = min(left.count, right.count)
        var position = 0
        // Eight bytes at a time: texts may be long.
        while position + 8 <= count {
            let (first, second) = (
                UInt64(bigEndian: left.loadUnaligned(fromByteOffset: position, as: UInt64.self)),
                UInt64(bigEndian: right.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            )
            if first != second { return first < second ? -1 : 1 }
            position += 8
        }
        while position < count {
            if left[position] != right[position] { return left[position] < right[position] ? -1 : 1 }
            position += 1
        }
        return order(left.count, right.count)
    }

    /// Compares an integer of at most 64 bits with a number, without rounding either.
    static func order(_ left: Int128, exactly right: Double) -> Int {
        // Beyond this every number is larger than every integer, and the conversion below would trap.
        guard abs(right) < 0x1p100 else { return right > 0 ? -1 : 1 }
        let floor = right.rounded(.down)
        let order = order(left, Int128(floor))
        return order == 0 && right > floor ? -1 : order
    }
}

/// A constant, ready to be compared with readings.
enum ComparedValue: Hashable, Sendable {
    /// The integer that is not above the constant, and whether it is the constant.
    case integer(Int128, isExact: Bool)
    case number(Double)
    case text([UInt8])
    case position(Int)
    case entity(Entity)
    case bool(Bool)

    init(_ constant: Constant) {
        switch constant {
        case .exact(let number): self = .integer(number.floor.value, isExact: number.floor.isExact)
        // Beyond all integers of fields.
        case .infinity(let isNegative): self = .integer(isNegative ? -(1 << 120) : 1 << 120, isExact: true)
        case .float(let bits): self = .number(Double(Float(bitPattern: bits)))
        case .double(let bits): self = .number(Double(bitPattern: bits))
        case .text(let text): self = .text(text)
        case .position(let position): self = .position(position)
        case .entity(let entity): self = .entity(entity)
        case .bool(let value): self = .bool(value)
        }
    }

    /// How a reading compares with the constant; `nil` if it is missing.
    func order(of reading: Reading) -> Int? {
        switch (reading, self) {
        case (.integer(let left), .integer(let floor, let isExact)):
            left == floor && !isExact ? -1 : Reading.order(left, floor)
        case (.number(let left), .number(let right)): Reading.order(left, right)
        case (.text(let left), .text(let right)): right.withUnsafeBytes { Reading.order(left, $0) }
        case (.position(let left), .position(let right)): Reading.order(left, right)
        case (.entity(let left), .entity(let right)): Reading.order(left, right)
        case (.bool(let left), .bool(let right)): Reading.order(left ? 1 : 0, right ? 1 : 0)
        default: nil
        }
    }

    /// Whether it comes before another constant of its type.
    static func precedes(_ left: ComparedValue, _ right: ComparedValue) -> Bool {
        switch (left, right) {
        case (.integer(let left, _), .integer(let right, _)): left < right
        case (.number(let left), .number(let right)): left < right
        case (.text(let left), .text(let right)): left.lexicographicallyPrecedes(right)
        case (.position(let left), .position(let right)): left < right
        case (.entity(let left), .entity(let right)): left < right
        case (.bool(let left), .bool(let right)): !left && right
        default: false
        }
    }
}

extension Comparison {
    /// Whether it holds for values in this order.
    func holds(_ order: Int) -> Bool {
        switch self {
        case .equal: order == 0
        case .notEqual: order != 0
        case .less: order < 0
        case .lessOrEqual: order <= 0
        case .greater: order > 0
        case .greaterOrEqual: order >= 0
        }
    }
}
