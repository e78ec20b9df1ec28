import OrrerySchema
import OrreryStore

/// Reads an operand of a row.
struct OperandReader: Sendable {
    /// The component; `nil` for the entity of the row.
    let column: ColumnID?
    let reader: ValueReader
    /// Whether all values of the component have one size.
    let isOfFixedSize: Bool

    init(_ operand: Operand, _ table: ComponentTable) {
        column = operand.column
        isOfFixedSize = operand.column.flatMap { table[$0]?.valueSize } != nil
        reader =
            switch operand {
            case .field(let path): ValueReader(path, table)
            case .count(let path): ValueReader(path, table) { _ in .count }
            case .length(let path): ValueReader(path, table) { .length(LengthLayout($0)!) }
            case .entity: ValueReader(.entity)
            }
    }

    /// Calls `body` with the operand; texts are valid for the call.
    /// - Returns: What `body` returns, or false where the component is absent.
    func withReading(_ place: RowPlace, _ body: (Reading) -> Bool) -> Bool {
        guard let column else { return place.entity.map { body(.entity($0)) } ?? false }
        return place.isTrue(of: column) { body(reader.read($0)) }
    }
}

/// A row of a store.
struct RowPlace {
    let store: ComponentStore
    let page: Int
    /// Within the page.
    let row: Int

    /// The living entity of the row.
    var entity: Entity? { store.entity(at: UInt32(page * RowSet.pageRows + row)) }

    /// Whether `body` holds for the bytes that the row has in a column; false where the component is absent.
    func isTrue(of column: ColumnID, _ body: (UnsafeRawBufferPointer) -> Bool) -> Bool {
        guard let page = store[column].page(at: page), page.present[row / 64] & 1 << UInt64(row % 64) != 0 else {
            return false
        }
        return page.isTrue(of: row, body)
    }
}

extension ValueReader {
    init(_ path: FieldPath, _ table: ComponentTable, end: ((FieldType) -> End)? = nil) {
        guard let type = table[path.column]?.schema?.type else {
            preconditionFailure("a path was resolved with another table")
        }
        self.init(type, steps: path.steps, end: end)
    }
}

/// The elements of an array or set, or the keys of a dictionary.
struct ElementReader: Sendable {
    private let element: ValueReader
    private let elementLayout: Layout
    /// What follows each element: the value of a key.
    private let valueLayout: Layout

    /// - Returns: `nil` for a type without elements.
    init?(_ type: FieldType) {
        switch type {
        case .array(let type), .set(let type):
            (element, elementLayout, valueLayout) = (ValueReader(type), Layout(type), .fixed(0))
        case .dictionary(let key, let value):
            (element, elementLayout, valueLayout) = (ValueReader(key), Layout(key), Layout(value))
        default: return nil
        }
    }

    func contains(
        _ reader: inout ByteReader, where test: (Reading) -> Bool
    ) throws(CodecError) -> Bool {
        for _ in 0..<(try reader.readElementCount()) {
            var copy = reader
            if test(try element.read(&copy)) { return true }
            try reader.skip(elementLayout)
            try reader.skip(valueLayout)
        }
        return false
    }
}

/// A condition that is tested row by row, because the field's place varies or more than one value is read.
enum RowTest: Sendable {
    case comparison(OperandReader, Comparison, ComparedValue)
    case operands(OperandReader, Comparison, OperandReader)
    case range(OperandReader, ComparedValue, ComparedValue)
    /// Sorted by value.
    case list(OperandReader, [ComparedValue])
    case contains(OperandReader, FoldedSearch)
    case elementContains(OperandReader, ElementReader, FoldedSearch)
    case hasElement(OperandReader, ElementReader, ComparedValue)
    case isNil(OperandReader)
    case isNaN(OperandReader)
    case search(ColumnID, Layout, LeafSearch)

    func holds(_ place: RowPlace) -> Bool {
        switch self {
        case .comparison(let operand, let comparison, let value):
            return operand.withReading(place) { value.order(of: $0).map(comparison.holds) ?? false }
        case .operands(let left, let comparison, let right):
            return left.withReading(place) { left in
                right.withReading(place) { left.order(to: $0).map(comparison.holds) ?? false }
            }
        case .range(let operand, let low, let high):
            return operand.withReading(place) { reading in
                guard let first = low.order(of: reading), let last = high.order(of: reading) else { return false }
                return first >= 0 && last <= 0
            }
        case .list(let operand, let values):
            return operand.withReading(place) { Self.contains($0, in: values) }
        case .contains(let operand, let search):
            return operand.withReading(place) {
                if case .text(let text) = $0 { search.isFound(in: text) } else { false }
            }
        case .elementContains(let operand, let elements, let search):
            return holdsForElement(operand, elements, place) {
                if case .text(let text) = $0 { search.isFound(in: text) } else { false }
            }
        case .hasElement(let operand, let elements, let value):
            return holdsForElement(operand, elements, place) { value.order(of: $0) == 0 }
        case .isNil(let operand): return operand.withReading(place, \.isNone)
        case .isNaN(let operand): return operand.withReading(place, \.isNaN)
        case .search(let column, let layout, let search):
            return place.isTrue(of: column) { bytes in
                var reader = ByteReader(bytes)
                return (try? reader.contains(search, in: layout)) ?? false
            }
        }
    }

    private func holdsForElement(
        _ operand: OperandReader, _ elements: ElementReader, _ place: RowPlace, _ test: (Reading) -> Bool
    ) -> Bool {
        guard let column = operand.column else { return false }
        return place.isTrue(of: column) { bytes in
            operand.reader.withReader(at: bytes) { reader throws(CodecError) in
                try elements.contains(&reader, where: test)
            }
        }
    }

    /// - Complexity: O(log n).
    private static func contains(_ reading: Reading, in values: [ComparedValue]) -> Bool {
        var (low, high) = (0, values.count)
        while low < high {
            let middle = (low + high) / 2
            guard let order = values[middle].order(of: reading) else { return false }
            if order == 0 { return true }
            if order > 0 { low = middle + 1 } else { high = middle }
        }
        return false
    }
}
