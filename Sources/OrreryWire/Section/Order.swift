import OrreryQuery
import OrrerySchema
import OrreryStore

/// How many match a query, and where its window lies among them.
package struct Extent: Hashable, Sendable {
    /// How many match, of whom the window shows a part.
    package var total: Int
    /// Whether the window begins at the entity that it names, or where that was last. True for others.
    package var beginsAtItsEntity: Bool

    package init(total: Int, beginsAtItsEntity: Bool = true) {
        self.total = total
        self.beginsAtItsEntity = beginsAtItsEntity
    }
}

private enum OrderFlags {
    static let isFolded: UInt8 = 1
    static let isDescending: UInt8 = 2
}

/// What a key of an order reads.
private enum OperandKind {
    static let field: UInt8 = 1
    static let count: UInt8 = 2
    static let length: UInt8 = 3
    static let entity: UInt8 = 4
}

private enum StepKind {
    static let field: UInt8 = 1
    static let lane: UInt8 = 2
    static let payload: UInt8 = 3
    static let index: UInt8 = 4
    static let key: UInt8 = 5
}

/// The types of keys of dictionaries.
private enum KeyKind {
    static let integer: UInt8 = 1
    static let negative: UInt8 = 2
    static let float: UInt8 = 3
    static let double: UInt8 = 4
    static let text: UInt8 = 5
    static let position: UInt8 = 6
    static let entity: UInt8 = 7
    static let bool: UInt8 = 8
}

extension ByteWriter {
    mutating func append(_ extent: Extent) {
        append(varint: extent.total)
        append(extent.beginsAtItsEntity ? 1 : 0)
    }

    mutating func append(_ order: [OrderKey]) {
        append(varint: order.count)
        for key in order {
            append((key.isFolded ? OrderFlags.isFolded : 0) | (key.isDescending ? OrderFlags.isDescending : 0))
            switch key.operand {
            case .field(let path): append(OperandKind.field, path)
            case .count(let path): append(OperandKind.count, path)
            case .length(let path): append(OperandKind.length, path)
            case .entity: append(OperandKind.entity)
            }
        }
    }

    private mutating func append(_ kind: UInt8, _ path: FieldPath) {
        append(kind)
        append(varint: path.column.rawValue)
        append(varint: path.steps.count)
        for step in path.steps {
            switch step {
            case .field(let position):
                append(StepKind.field)
                append(varint: position)
            case .lane(let lane):
                append(StepKind.lane)
                append(varint: lane)
            case .payload(let number, let field):
                append(StepKind.payload)
                append(varint: number)
                append(varint: field)
            case .index(let index):
                append(StepKind.index)
                append(varint: index)
            case .key(let key):
                append(StepKind.key)
                append(key)
            }
        }
    }

    private mutating func append(_ key: Constant) {
        switch key {
        case .exact(let number):
            append(number.isNegative ? KeyKind.negative : KeyKind.integer)
            append(varint: number.magnitude ?? 0)
        case .float(let bits):
            append(KeyKind.float)
            append(integer: bits)
        case .double(let bits):
            append(KeyKind.double)
            append(integer: bits)
        case .text(let text):
            append(KeyKind.text)
            append(varint: text.count)
            append(contentsOf: text)
        case .position(let position):
            append(KeyKind.position)
            append(varint: position)
        case .entity(let entity):
            append(KeyKind.entity)
            append(entity)
        case .bool(let value):
            append(KeyKind.bool)
            append(value ? 1 : 0)
        case .infinity: preconditionFailure("no integer is infinite: such a key is left out of an order")
        }
    }
}

extension ByteReader {
    mutating func readExtent(limits: WireLimits) throws(CodecError) -> Extent {
        let total = try readCount(max: Int(limits.entityIndexMax), "the rows that match")
        return Extent(total: total, beginsAtItsEntity: try readFlag())
    }

    mutating func readOrder(limits: WireLimits) throws(CodecError) -> [OrderKey] {
        var keys: [OrderKey] = []
        for _ in 0..<(try readCount(max: QueryLimits().nodeCountMax, "the keys of an order")) {
            let flags = try readByte()
            guard flags <= OrderFlags.isFolded | OrderFlags.isDescending else {
                throw CodecError(.outOfDomain, at: offset - 1, "\(flags) are no flags of a key")
            }
            keys.append(
                OrderKey(
                    try readOperand(limits: limits), isFolded: flags & OrderFlags.isFolded != 0,
                    isDescending: flags & OrderFlags.isDescending != 0))
        }
        return keys
    }

    private mutating func readOperand(limits: WireLimits) throws(CodecError) -> Operand {
        switch try readByte() {
        case OperandKind.field: return .field(try readPath(limits: limits))
        case OperandKind.count: return .count(try readPath(limits: limits))
        case OperandKind.length: return .length(try readPath(limits: limits))
        case OperandKind.entity: return .entity
        case let other: throw CodecError(.outOfDomain, at: offset - 1, "\(other) is no kind of a key")
        }
    }

    private mutating func readPath(limits: WireLimits) throws(CodecError) -> FieldPath {
        let column = try readColumn(limits: limits)
        var steps: [FieldPath.Step] = []
        for _ in 0..<(try readCount(max: limits.schema.depthMax, "the steps to a field")) {
            steps.append(try readStep(limits: limits))
        }
        return FieldPath(column: column, steps: steps)
    }

    private mutating func readStep(limits: WireLimits) throws(CodecError) -> FieldPath.Step {
        switch try readByte() {
        case StepKind.field: return .field(try readCount(max: limits.schema.fieldCountMax, "a field's position"))
        case StepKind.lane: return .lane(try readCount(max: 3, "a lane"))
        case StepKind.payload:
            let number = try readCount(max: limits.schema.caseCountMax, "a case's position")
            return .payload(
                case: number, field: try readCount(max: limits.schema.fieldCountMax, "a field's position"))
        case StepKind.index: return .index(try readCount(max: .max, "an index"))
        case StepKind.key: return .key(try readKey(limits: limits))
        case let other: throw CodecError(.outOfDomain, at: offset - 1, "\(other) is no kind of a step")
        }
    }

    private mutating func readKey(limits: WireLimits) throws(CodecError) -> Constant {
        let kind = try readByte()
        switch kind {
        case KeyKind.integer, KeyKind.negative:
            return .exact(DecimalNumber(magnitude: try readVarint(), isNegative: kind == KeyKind.negative))
        case KeyKind.float: return .float(bits: try read(UInt32.self))
        case KeyKind.double: return .double(bits: try read(UInt64.self))
        case KeyKind.text: return .text(Array(try readString(byteCountMax: limits.valueSizeMax).utf8))
        case KeyKind.position:
            return .position(try readCount(max: limits.schema.caseCountMax, "a case's position"))
        case KeyKind.entity: return .entity(try readEntity())
        case KeyKind.bool: return .bool(try readFlag())
        default: throw CodecError(.outOfDomain, at: offset - 1, "\(kind) is no kind of a key of a dictionary")
        }
    }
}
