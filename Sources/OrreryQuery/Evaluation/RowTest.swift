import OrrerySchema
import OrreryStore

/// Reads an operand of a row.
///
/// A class, since a structure with as many references would be counted up and down for every row.
final class OperandReader: Sendable {
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
            case .length(let path): ValueReader(path, table) { .length(Coordinates($0)!) }
            case .entity: ValueReader(.entity)
            }
    }

    /// The operand in the rows of a page.
    func rows(at place: Matcher.Place) -> OperandRows {
        let column = column.map { place.store[$0] } ?? place.store.entities
        return OperandRows(operand: self, page: column.page(at: place.page), place: place)
    }
}

/// An operand in a page of a store.
struct OperandRows {
    let operand: OperandReader
    let page: PageHandle?
    let place: Matcher.Place

    /// Which of the rows in `mask` have the component, and a reading for which `test` holds.
    @inline(__always)
    func matching(_ mask: PageMask, _ test: (_ row: Int, Reading) -> Bool) -> PageMask {
        matchingBytes(mask) { row, bytes in test(row, read(row, bytes)) }
    }

    /// Which of the rows in `mask` have the component, and bytes for which `test` holds.
    @inline(__always)
    func matchingBytes(_ mask: PageMask, _ test: (_ row: Int, UnsafeRawBufferPointer) -> Bool) -> PageMask {
        page.map { $0.matching(mask, test) } ?? .zero
    }

    /// Whether a row has the component, and a reading for which `test` holds.
    @inline(__always)
    func isTrue(of row: Int, _ test: (Reading) -> Bool) -> Bool {
        guard let page, page.presentMask.contains(row) else { return false }
        return page.isTrue(of: row) { test(read(row, $0)) }
    }

    /// Calls `body` with the reading of a row, unless it does not have the component.
    @inline(__always)
    func read(_ row: Int, _ body: (Reading) -> Void) {
        _ = isTrue(of: row) { reading in
            body(reading)
            return true
        }
    }

    private func read(_ row: Int, _ bytes: UnsafeRawBufferPointer) -> Reading {
        guard operand.column == nil else { return operand.reader.read(bytes) }
        let index = UInt32(place.page * RowSet.pageRows + row)
        return .entity(Entity(index: index, generation: UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self))))
    }
}

extension PageHandle {
    /// Which of the rows in `mask` are present, with bytes for which `test` holds.
    @inline(__always)
    fileprivate func matching(
        _ mask: PageMask, _ test: (_ row: Int, UnsafeRawBufferPointer) -> Bool
    ) -> PageMask {
        (mask & presentMask).filter { row in isTrue(of: row) { test(row, $0) } }
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

    /// Which of the rows in `mask` match.
    func matches(_ mask: PageMask, _ place: Matcher.Place) -> PageMask {
        switch self {
        case .comparison(let operand, let comparison, let value):
            return operand.rows(at: place).matching(mask) { value.order(of: $1).map(comparison.holds) ?? false }
        case .operands(let left, let comparison, let right):
            let (left, right) = (left.rows(at: place), right.rows(at: place))
            return left.matching(mask) { row, left in
                right.isTrue(of: row) { left.order(to: $0).map(comparison.holds) ?? false }
            }
        case .range(let operand, let low, let high):
            return operand.rows(at: place).matching(mask) {
                guard let first = low.order(of: $1), let last = high.order(of: $1) else { return false }
                return first >= 0 && last <= 0
            }
        case .list(let operand, let values):
            return operand.rows(at: place).matching(mask) { Self.contains($1, in: values) }
        case .contains(let operand, let search):
            return operand.rows(at: place).matching(mask) { search.isFound(in: $1) }
        case .elementContains(let operand, let elements, let search):
            return Self.matches(mask, place, operand, elements) { search.isFound(in: $0) }
        case .hasElement(let operand, let elements, let value):
            return Self.matches(mask, place, operand, elements) { value.order(of: $0) == 0 }
        case .isNil(let operand): return operand.rows(at: place).matching(mask) { $1.isNone }
        case .isNaN(let operand): return operand.rows(at: place).matching(mask) { $1.isNaN }
        case .search(let column, let layout, let search):
            guard let page = place.store[column].page(at: place.page) else { return .zero }
            return page.matching(mask) { _, bytes in
                var reader = ByteReader(bytes)
                return (try? reader.contains(search, in: layout)) ?? false
            }
        }
    }

    /// Which rows have an element for which `test` holds.
    private static func matches(
        _ mask: PageMask, _ place: Matcher.Place, _ operand: OperandReader, _ elements: ElementReader,
        _ test: (Reading) -> Bool
    ) -> PageMask {
        operand.rows(at: place).matchingBytes(mask) { _, bytes in
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
