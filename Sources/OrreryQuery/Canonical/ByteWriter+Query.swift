import OrrerySchema
import OrreryStore

/// The canonical bytes of queries. They stay within one process, so they may change with any version.
extension ByteWriter {
    mutating func append(_ selection: Selection) {
        append(selection.entities == nil ? 0 : 1)
        if let entities = selection.entities {
            append(varint: entities.count)
            for entity in entities { append(entity) }
        }
        append(varint: selection.required.count)
        for group in selection.required { append(group) }
        append(selection.excluded)
        switch selection.shown {
        case .all: append(0)
        case .listed(let columns):
            append(1)
            append(columns)
        case .resource(let column):
            append(2)
            append(varint: column.rawValue)
        case .status(let columns):
            append(3)
            append(columns)
        }
    }

    mutating func append(_ region: Region?) {
        guard let region else { return append(0) }
        func bits(_ point: Point) -> [UInt64] { [point.x, point.y, point.z].map { ($0 + 0).bitPattern } }
        switch region.centre {
        case .point(let point):
            append(1)
            for bits in bits(point) { append(integer: bits) }
        case .entity(let entity):
            append(2)
            append(entity)
        }
        append(varint: region.column.rawValue)
        append(integer: (region.radius + 0).bitPattern)
    }

    private mutating func append(_ columns: [ColumnID]) {
        append(varint: columns.count)
        for column in columns { append(varint: column.rawValue) }
    }

    mutating func append(_ order: [OrderKey], _ window: Window?) {
        append(varint: order.count)
        for key in order {
            append((key.isFolded ? 1 : 0) | (key.isDescending ? 2 : 0))
            append(key.operand)
        }
        guard let window else { return append(0) }
        switch window.start {
        case .offset(let offset):
            append(1)
            append(varint: offset)
        case .entity(let entity):
            append(2)
            append(entity)
        }
        append(varint: window.count)
    }

    mutating func append(_ condition: Condition) {
        switch condition {
        case .all(let operands):
            append(1)
            append(operands)
        case .any(let operands):
            append(2)
            append(operands)
        case .not(let operand, let times):
            append(3)
            append(varint: times)
            append(operand)
        case .hasComponent(let column):
            append(4)
            append(varint: column.rawValue)
        case .refersTo(let entity):
            append(5)
            append(entity)
        case .anyText(let text):
            append(6)
            append(text)
        case .anyNaN: append(7)
        case .comparison(let operand, let comparison, let constant):
            append(8)
            append(operand)
            append(comparison.rawValue)
            append(constant)
        case .operands(let left, let comparison, let right):
            append(9)
            append(left)
            append(comparison.rawValue)
            append(right)
        case .range(let operand, let low, let high):
            append(10)
            append(operand)
            append(low)
            append(high)
        case .list(let operand, let constants):
            append(11)
            append(operand)
            append(varint: constants.count)
            for constant in constants { append(constant) }
        case .contains(let path, let text):
            append(12)
            append(path)
            append(text)
        case .hasElement(let path, let constant):
            append(13)
            append(path)
            append(constant)
        case .isNil(let path):
            append(14)
            append(path)
        case .isNaN(let operand):
            append(15)
            append(operand)
        }
    }

    private mutating func append(_ conditions: [Condition]) {
        append(varint: conditions.count)
        for condition in conditions { append(condition) }
    }

    private mutating func append(_ bytes: [UInt8]) {
        append(varint: bytes.count)
        append(contentsOf: bytes)
    }

    mutating func append(_ operand: Operand) {
        switch operand {
        case .field(let path):
            append(1)
            append(path)
        case .count(let path):
            append(2)
            append(path)
        case .length(let path):
            append(3)
            append(path)
        case .entity: append(4)
        }
    }

    private mutating func append(_ path: FieldPath) {
        append(varint: path.column.rawValue)
        append(varint: path.steps.count)
        for step in path.steps {
            switch step {
            case .field(let position):
                append(1)
                append(varint: position)
            case .lane(let lane):
                append(2)
                append(varint: lane)
            case .payload(let caseNumber, let field):
                append(3)
                append(varint: caseNumber)
                append(varint: field)
            case .index(let index):
                append(4)
                append(varint: index)
            case .key(let key):
                append(5)
                append(key)
            }
        }
    }

    mutating func append(_ constant: Constant) {
        switch constant {
        case .exact(let number):
            append(1)
            append(number.isNegative ? 1 : 0)
            append(number.digits)
            append(integer: Int64(number.exponent))
        case .infinity(let isNegative):
            append(2)
            append(isNegative ? 1 : 0)
        case .float(let bits):
            append(3)
            append(integer: bits)
        case .double(let bits):
            append(4)
            append(integer: bits)
        case .text(let text):
            append(5)
            append(text)
        case .position(let position):
            append(6)
            append(varint: position)
        case .entity(let entity):
            append(7)
            append(entity)
        case .bool(let value):
            append(8)
            append(value ? 1 : 0)
        }
    }
}

extension Sequence {
    /// The elements in the order of their canonical bytes, each once.
    func canonicallySorted(by append: (inout ByteWriter, Element) -> Void) -> [Element] {
        let keyed = map { element in
            var writer = ByteWriter()
            append(&writer, element)
            return (bytes: writer.bytes, element: element)
        }
        var result: [Element] = []
        var last: [UInt8]?
        for (bytes, element) in keyed.sorted(by: { $0.bytes.lexicographicallyPrecedes($1.bytes) }) where bytes != last {
            result.append(element)
            last = bytes
        }
        return result
    }
}
