import OrreryQuery
import OrrerySchema
import OrreryStore

/// All entities that are somewhere, by the cell of a grid in which they are: whoever is near a place is found without a
/// look at the others.
///
/// Only for components that are registered as spatial, while some query with a region needs it. It takes about 40 bytes
/// for each row.
struct SpatialGrid {
    private struct Cell {
        /// Which it is, while it has rows.
        var key: UInt64
        /// In any order; and where each of them is, close together for the look at all of them.
        var rows: [UInt32] = []
        var places: [Point] = []
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

    /// By row: the number of its cell, or one that no cell has; and its position there.
    private var rowCells: [(cell: UInt32, position: UInt32)] = []
    /// Of one page. Kept for its memory.
    private var pagePlaces = Array(repeating: Point.nowhere, count: RowSet.pageRows)
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
    mutating func build(_ pageCount: Int, in store: ComponentStore) {
        let column = store[places.column]
        let end = min(column.pageCount, nextPage + pageCount)
        take(RowSet(pages: nextPage..<max(nextPage, end)), in: store)
        nextPage = end
        isComplete = end == column.pageCount
    }

    /// Begins anew, and takes as many pages as before.
    mutating func rebuild(in store: ComponentStore) {
        let pageCount = isComplete ? store[places.column].pageCount : nextPage
        (cells, numbers, unused, emptied, rowCells, nextPage) = ([], [:], [], [], [], 0)
        build(pageCount, in: store)
    }

    /// The work of adding so many pages: as much as of a query of 16 nodes.
    static func workOfBuilding(pageCount: Int) -> Int { Query.work(pageCount: pageCount, nodeCount: 16) }

    /// Takes over where entities came, went, or moved.
    /// - Parameter changed: The rows in which the component came, went or changed.
    /// - Complexity: O(changed rows).
    mutating func update(_ changed: RowSet, in store: ComponentStore) {
        for cell in emptied where cells[cell].rows.isEmpty && numbers[cells[cell].key] == cell {
            numbers[cells[cell].key] = nil
            unused.append(cell)
        }
        emptied.removeAll(keepingCapacity: true)
        // New pages are taken when they come.
        if isComplete { nextPage = store[places.column].pageCount }
        take(isComplete ? changed : changed.intersection(RowSet(pages: 0..<nextPage)), in: store)
    }

    private mutating func take(_ rows: RowSet, in store: ComponentStore) {
        let pages = store[places.column].scanned
        tick = store.tick
        for (position, page) in rows.pages.enumerated() {
            let first = Int(page) * RowSet.pageRows
            let missing = first + RowSet.pageRows - rowCells.count
            if missing > 0 {
                rowCells.append(contentsOf: repeatElement((cell: Self.nowhere, position: 0), count: missing))
            }
            let mask = rows.mask(at: position)
            places.readPlaces(of: mask, on: pages[Int(page)], into: &pagePlaces)
            mask.forEach { set(first + $0, pagePlaces[$0]) }
        }
    }

    @inline(__always)
    private mutating func set(_ row: Int, _ place: Point) {
        let old = rowCells[row].cell
        guard !place.isNowhere else {
            if old != Self.nowhere { remove(row) }
            return
        }
        let key = key(x: cell(of: place.x), y: cell(of: place.y), z: cell(of: place.z))
        if old != Self.nowhere {
            if cells[Int(old)].key == key {
                cells[Int(old)].places[Int(rowCells[row].position)] = place
                cells[Int(old)].changeTick = tick
                return
            }
            remove(row)
        }
        let number = numbers[key] ?? makeCell(key)
        rowCells[row] = (UInt32(number), UInt32(cells[number].rows.count))
        cells[number].rows.append(UInt32(row))
        cells[number].places.append(place)
        cells[number].changeTick = tick
    }

    private mutating func makeCell(_ key: UInt64) -> Int {
        let number = unused.popLast() ?? cells.count
        if number == cells.count { cells.append(Cell(key: key)) } else { cells[number].key = key }
        numbers[key] = number
        return number
    }

    private mutating func remove(_ row: Int) {
        let (number, position) = (Int(rowCells[row].cell), Int(rowCells[row].position))
        rowCells[row].cell = Self.nowhere
        cells[number].changeTick = tick
        let (last, place) = (cells[number].rows.removeLast(), cells[number].places.removeLast())
        if Int(last) != row {
            cells[number].rows[position] = last
            cells[number].places[position] = place
            rowCells[Int(last)].position = UInt32(position)
        }
        if cells[number].rows.isEmpty { emptied.append(number) }
    }

    /// Something else has changed in some rows, because of which they may belong to a region, or not.
    mutating func touch(_ rows: RowSet) {
        rows.forEach { row in
            guard Int(row) < rowCells.count, rowCells[Int(row)].cell != Self.nowhere else { return }
            cells[Int(rowCells[Int(row)].cell)].changeTick = tick
        }
    }

    // MARK: Places

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
        let limit = radius * radius
        for z in zs {
            let zDistance = places.dimensionCount > 2 ? squaredDistance(ofCell: z, to: centre.z) : 0
            for y in ys {
                let yzDistance = zDistance + squaredDistance(ofCell: y, to: centre.y)
                // Those in the corners may be too far away.
                for x in xs where yzDistance + squaredDistance(ofCell: x, to: centre.x) <= limit {
                    if let number = numbers[key(x: x, y: y, z: z)] { body(number) }
                }
            }
        }
    }

    /// The square of the distance between a coordinate and the nearest one that is certainly in a cell, less what
    /// rounding may make of it.
    @inline(__always)
    private func squaredDistance(ofCell cell: Int, to coordinate: Double) -> Double {
        let (start, end) = (Double(cell) * places.cellSize, Double(cell + 1) * places.cellSize)
        // Coordinates are rounded by less than 2^-32 of a cell, since there are 2^20 cells at most.
        let distance = max(0, max(start - coordinate, coordinate - end) - places.cellSize * 1e-9)
        return distance * distance
    }

    /// All rows that are somewhere are below this one.
    var rowCount: Int { rowCells.count }

    /// The rows in a cell.
    func rows(inCell cell: Int) -> [UInt32] { cells[cell].rows }

    /// Collects the rows in some cells that are near a point, and the squares of their distances to it.
    /// - Parameter limit: The square of the largest distance.
    /// - Returns: How many rows were looked at.
    func collect(_ numbers: [Int], within limit: Double, of centre: Point, to near: inout Near) -> Int {
        let cells = cells
        let count = numbers.reduce(0) { $0 + cells[$1].rows.count }
        near.reserve(count)
        near.count = near.rows.withUnsafeMutableBufferPointer { rows in
            near.distances.withUnsafeMutableBufferPointer { distances in
                var found = 0
                for number in numbers {
                    let cell = (rows: cells[number].rows, places: cells[number].places)
                    for position in cell.rows.indices {
                        let distance = cell.places[position].squaredDistance(to: centre)
                        // Without a branch: who is near is as good as random.
                        rows[found] = cell.rows[position]
                        distances[found] = distance
                        found += distance <= limit ? 1 : 0
                    }
                }
                return found
            }
        }
        return count
    }

    /// Rows that are near a point. Kept for its memory.
    struct Near {
        fileprivate var rows: [UInt32] = []
        fileprivate var distances: [Double] = []
        fileprivate var count = 0

        @inline(__always)
        func forEach(_ body: (_ row: UInt32, _ distance: Double) -> Void) {
            rows.withUnsafeBufferPointer { rows in
                distances.withUnsafeBufferPointer { distances in
                    for position in 0..<count { body(rows[position], distances[position]) }
                }
            }
        }

        fileprivate mutating func reserve(_ count: Int) {
            // One more, which the last row may be written to in vain.
            let missing = count + 1 - rows.count
            guard missing > 0 else { return }
            rows.append(contentsOf: repeatElement(0, count: missing))
            distances.append(contentsOf: repeatElement(0, count: missing))
        }
    }

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
                let place = cell.places[position]
                assert(rowCells[Int(row)] == (UInt32(number), UInt32(position)), "a row leads to its cell")
                assert(rows.contains(row) && places.place(of: row, in: store) == place, "a row is where it is")
                assert(
                    cell.key == key(x: self.cell(of: place.x), y: self.cell(of: place.y), z: self.cell(of: place.z)),
                    "a row is in its cell")
            }
            assert(cell.rows.count == cell.places.count, "each row of a cell is somewhere")
            assert(cell.rows.isEmpty || numbers[cell.key] == number, "a cell is found by its place")
        }
        let somewhere = store[places.column].rows.intersection(rows).indexes.filter {
            places.place(of: $0, in: store) != nil
        }
        assert(cells.reduce(0) { $0 + $1.rows.count } == somewhere.count, "whoever is somewhere is in a cell")
        assert(numbers.count + unused.count == cells.count, "cells that are not used are known")
    }
}
