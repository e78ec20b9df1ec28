import OrreryQuery
import OrrerySchema
import OrreryStore

/// All entities that are somewhere, by the cell of a grid in which they are: whoever is near a place is found without a
/// look at the others.
///
/// Only for components that are registered as spatial, while some query with a region needs it. It takes about 40 bytes
/// for each row.
///
/// A class, since queries share it.
final class SpatialGrid {
    private struct Cell {
        /// Which it is, while it has rows.
        var key: UInt64
        /// In any order.
        var rows: [UInt32] = []
        /// When something last changed in it.
        var changeTick = Tick.zero
    }

    let places: PlaceReader
    private var cells: [Cell] = []
    /// By key.
    private var numbers: [UInt64: Int] = [:]
    /// The numbers of cells that are not used.
    private var unused: [Int] = []
    /// Cells that have no rows any more. Until the next change, they say that they had some.
    private var emptied: [Int] = []

    /// By row: where it is.
    private var rowPlaces: [Point] = []
    /// By row: the number of its cell, or one that no cell has; and its position there.
    private var rowCells: [(cell: UInt32, position: UInt32)] = []
    private static let nowhere = UInt32.max

    /// The pages from this one on are not in it yet.
    private(set) var nextPage = 0
    private(set) var isComplete = false
    /// Of which it says where everybody is.
    private(set) var tick = Tick.zero

    init(_ places: PlaceReader) {
        self.places = places
    }

    // MARK: Changes

    /// Adds the rows of some more pages.
    func build(_ pageCount: Int, in store: ComponentStore) {
        let column = store[places.column]
        let end = min(column.pageCount, nextPage + pageCount)
        take(RowSet(pages: nextPage..<max(nextPage, end)), in: store)
        nextPage = end
        isComplete = end == column.pageCount
    }

    /// Begins anew, and takes as many pages as before.
    func rebuild(in store: ComponentStore) {
        let pageCount = isComplete ? store[places.column].pageCount : nextPage
        (cells, numbers, unused, emptied, rowCells, nextPage) = ([], [:], [], [], [], 0)
        rowPlaces = []
        build(pageCount, in: store)
    }

    /// The work of adding so many pages: as much as of a query of 16 nodes.
    static func workOfBuilding(pageCount: Int) -> Int { Query.work(pageCount: pageCount, nodeCount: 16) }

    /// Takes over where entities came, went, or moved.
    /// - Parameter changed: The rows in which the component came, went or changed.
    /// - Complexity: O(changed rows).
    func update(_ changed: RowSet, in store: ComponentStore) {
        for cell in emptied where cells[cell].rows.isEmpty && numbers[cells[cell].key] == cell {
            numbers[cells[cell].key] = nil
            unused.append(cell)
        }
        emptied.removeAll(keepingCapacity: true)
        // New pages are taken when they come.
        if isComplete { nextPage = store[places.column].pageCount }
        take(isComplete ? changed : changed.intersection(RowSet(pages: 0..<nextPage)), in: store)
    }

    private func take(_ rows: RowSet, in store: ComponentStore) {
        let pages = store[places.column].scanned
        tick = store.tick
        for (position, page) in rows.pages.enumerated() {
            let first = Int(page) * RowSet.pageRows
            let missing = first + RowSet.pageRows - rowCells.count
            if missing > 0 {
                rowCells.append(contentsOf: repeatElement((cell: Self.nowhere, position: 0), count: missing))
                rowPlaces.append(contentsOf: repeatElement(Point(x: 0, y: 0), count: missing))
            }
            places.forEachPlace(of: rows.mask(at: position), on: pages[Int(page)]) { row, place in
                set(first + row, place)
            }
        }
    }

    @inline(__always)
    private func set(_ row: Int, _ place: Point?) {
        let old = rowCells[row].cell
        guard let place else {
            if old != Self.nowhere { remove(row) }
            return
        }
        rowPlaces[row] = place
        let key = key(x: cell(of: place.x), y: cell(of: place.y), z: cell(of: place.z))
        if old != Self.nowhere {
            if cells[Int(old)].key == key {
                cells[Int(old)].changeTick = tick
                return
            }
            remove(row)
        }
        let number = numbers[key] ?? makeCell(key)
        rowCells[row] = (UInt32(number), UInt32(cells[number].rows.count))
        cells[number].rows.append(UInt32(row))
        cells[number].changeTick = tick
    }

    private func makeCell(_ key: UInt64) -> Int {
        let number = unused.popLast() ?? cells.count
        if number == cells.count { cells.append(Cell(key: key)) } else { cells[number].key = key }
        numbers[key] = number
        return number
    }

    private func remove(_ row: Int) {
        let (number, position) = (Int(rowCells[row].cell), Int(rowCells[row].position))
        rowCells[row].cell = Self.nowhere
        cells[number].changeTick = tick
        let last = cells[number].rows.removeLast()
        if Int(last) != row {
            cells[number].rows[position] = last
            rowCells[Int(last)].position = UInt32(position)
        }
        if cells[number].rows.isEmpty { emptied.append(number) }
    }

    /// Something else has changed in some rows, because of which they may belong to a region, or not.
    func touch(_ rows: RowSet) {
        rows.forEach { row in
            guard Int(row) < rowCells.count, rowCells[Int(row)].cell != Self.nowhere else { return }
            cells[Int(rowCells[Int(row)].cell)].changeTick = tick
        }
    }

    // MARK: Places

    /// Where a row is; `nil` if it is nowhere.
    @inline(__always)
    func place(of row: UInt32) -> Point? {
        Int(row) < rowCells.count && rowCells[Int(row)].cell != Self.nowhere ? rowPlaces[Int(row)] : nil
    }

    /// Calls `body` with each cell that has rows, or had some before the last change, and lies in a circle or ball or
    /// near it.
    /// - Complexity: O(cells in the square or cube around it), at most O(all cells).
    func forEachCell(around centre: Point, _ radius: Double, _ body: (_ cell: Int) -> Void) {
        func range(_ coordinate: Double) -> ClosedRange<Int> {
            cell(of: coordinate - radius)...cell(of: coordinate + radius)
        }
        let (xs, ys, zs) = (range(centre.x), range(centre.y), places.dimensionCount > 2 ? range(centre.z) : 0...0)
        guard xs.count * ys.count * zs.count < numbers.count else {
            numbers.values.forEach(body)
            return
        }
        for z in zs {
            for y in ys {
                for x in xs { if let number = numbers[key(x: x, y: y, z: z)] { body(number) } }
            }
        }
    }

    /// The rows in a cell.
    func rows(inCell cell: Int) -> [UInt32] { cells[cell].rows }

    /// Whether something has changed in a cell in its newest tick.
    func hasChanged(_ cell: Int) -> Bool { cells[cell].changeTick == tick }

    /// - Returns: The first or last cell for what lies beyond the grid.
    @inline(__always)
    private func cell(of coordinate: Double) -> Int {
        let limit = Double(SpatialField.cellCountMax)
        return Int(max(-limit, min((coordinate / places.cellSize).rounded(.down), limit - 1)))
    }

    @inline(__always)
    private func key(x: Int, y: Int, z: Int) -> UInt64 {
        let first = SpatialField.cellCountMax
        return UInt64(x + first) | UInt64(y + first) << 21 | UInt64(z + first) << 42
    }

    /// Traps if it is not what the store has.
    func checkInvariants(in store: ComponentStore) {
        let rows = RowSet(pages: 0..<nextPage)
        for (number, cell) in cells.enumerated() {
            for (position, row) in cell.rows.enumerated() {
                let place = rowPlaces[Int(row)]
                assert(rowCells[Int(row)] == (UInt32(number), UInt32(position)), "a row leads to its cell")
                assert(rows.contains(row) && places.place(of: row, in: store) == place, "a row is where it is")
                assert(
                    cell.key == key(x: self.cell(of: place.x), y: self.cell(of: place.y), z: self.cell(of: place.z)),
                    "a row is in its cell")
            }
            assert(cell.rows.isEmpty || numbers[cell.key] == number, "a cell is found by its place")
        }
        let somewhere = store[places.column].rows.intersection(rows).indexes.filter {
            places.place(of: $0, in: store) != nil
        }
        assert(cells.reduce(0) { $0 + $1.rows.count } == somewhere.count, "whoever is somewhere is in a cell")
        assert(numbers.count + unused.count == cells.count, "cells that are not used are known")
    }
}
