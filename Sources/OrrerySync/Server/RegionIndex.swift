import OrreryQuery
import OrrerySchema
import OrreryStore

/// The queries whose regions lie in one grid: finds out who is in them by where entities are.
///
/// A class, since queries lead to it, and tables by the component.
final class RegionIndex {
    private(set) var grid: SpatialGrid
    private(set) var slots: [QueryTable.Slot] = []
    /// The components on which the members of its queries depend, ascending.
    private(set) var columns: [ColumnID] = []
    private var readerCounts: [ColumnID: Int] = [:]
    /// What the last look at a region has found.
    private(set) var found = RegionLook()

    init(_ places: PlaceReader) {
        grid = SpatialGrid(places)
    }

    /// The component that says where entities are.
    var column: ColumnID { grid.places.column }

    func insert(_ slot: QueryTable.Slot, _ query: Query) {
        slots.append(slot)
        for column in query.membershipColumns { readerCounts[column, default: 0] += 1 }
        columns = readerCounts.keys.sorted()
    }

    func remove(_ slot: QueryTable.Slot, _ query: Query) {
        slots.removeUnordered(slot)
        for column in query.membershipColumns {
            let count = readerCounts[column] ?? 0
            readerCounts[column] = count > 1 ? count - 1 : nil
        }
        columns = readerCounts.keys.sorted()
    }

    /// Adds the places of some more pages.
    func build(_ pageCount: Int, in store: ComponentStore) { grid.build(pageCount, in: store) }

    /// Takes over what changed.
    /// - Parameters:
    ///   - changedColumns: The components that changed.
    ///   - tick: The tick that was evaluated before.
    /// - Complexity: O(changed rows).
    func update(
        _ changedColumns: [ColumnID], _ changed: inout ChangedRows, after tick: Tick, in store: ComponentStore
    ) {
        let place = column
        guard grid.tick >= tick else {
            // The world has gone on without a look at it.
            grid.rebuild(in: store)
            return
        }
        grid.update(
            changedColumns.contains(place) ? changed.rows(of: [place], life: false, in: store) : RowSet(), in: store)
        let others = columns.filter { $0 != place && changedColumns.contains($0) }
        if !others.isEmpty { grid.touch(changed.rows(of: others, life: false, in: store)) }
    }

    /// Goes with the centre of a region, and looks who is in it, if it has moved or something has changed where it
    /// lies.
    /// - Returns: Whether it has looked: then ``found`` says who is in it.
    /// - Complexity: O(rows in its cells).
    func look(at entry: QueryTable.Entry, in store: ComponentStore) -> Bool {
        let hasMoved = entry.region?.follow(in: store) ?? false
        guard grid.isComplete, let area = entry.region?.area(RowSet()), let centre = area.centre,
            found.findCells(of: grid, around: centre, area.staying) || hasMoved
        else { return false }
        found.look(at: entry, area, around: centre, in: grid)
        return true
    }
}

/// What a look at a region finds: who of those who were in it still is, and who has come. Kept for its memory.
struct RegionLook {
    private var cells: [Int] = []
    private var near = SpatialGrid.Near()
    /// By row: the mark of the last region that it was in, or the next number if it still was.
    private var marks: [UInt32] = []
    private var mark: UInt32 = 0
    /// The rows of others who have come, ascending.
    private(set) var others: [UInt32] = []
    /// How many were in it, and how many of them still are.
    private(set) var insiderCount = 0
    private(set) var stayedCount = 0

    /// Whether nobody is in the region, and nobody was.
    var isEmpty: Bool { others.isEmpty && insiderCount == 0 }

    /// Whether the row is one of somebody who still is in the region.
    @inline(__always)
    func hasStayed(_ row: UInt32) -> Bool { Int(row) < marks.count && marks[Int(row)] == mark + 1 }

    /// Finds the cells of a region.
    /// - Returns: Whether something has changed in one of them.
    fileprivate mutating func findCells(of grid: SpatialGrid, around centre: Point, _ radius: Double) -> Bool {
        cells.removeAll(keepingCapacity: true)
        var hasChanged = false
        grid.forEachCell(around: centre, radius) { cell in
            cells.append(cell)
            hasChanged = hasChanged || grid.hasChanged(cell)
        }
        return hasChanged
    }

    fileprivate mutating func look(
        at entry: QueryTable.Entry, _ area: Area, around centre: Point, in grid: SpatialGrid
    ) {
        entry.lookedAtCount += grid.collect(cells, within: area.staying * area.staying, of: centre, to: &near)
        if mark > .max - 4 {
            mark = 0
            marks = []
        }
        mark += 2
        if marks.count < grid.rowCount {
            marks.append(contentsOf: repeatElement(0, count: grid.rowCount - marks.count))
        }
        // Elements of properties would be checked one by one for being shared.
        var others: [UInt32] = []
        swap(&others, &self.others)
        others.removeAll(keepingCapacity: true)
        let (mark, joining) = (mark, area.joining * area.joining)
        (insiderCount, stayedCount) = marks.withUnsafeMutableBufferPointer { marks in
            var (insiderCount, stayedCount) = (0, 0)
            entry.forEachInsider { row in
                insiderCount += 1
                if Int(row) < marks.count { marks[Int(row)] = mark }
            }
            near.forEach { row, distance in
                if marks[Int(row)] == mark {
                    marks[Int(row)] = mark + 1
                    stayedCount += 1
                } else if distance <= joining {
                    others.append(row)
                }
            }
            return (insiderCount, stayedCount)
        }
        others.sort()
        swap(&others, &self.others)
    }
}

extension SpatialGrid {
    /// The rows of all cells in which others may join a region.
    func rows(near area: Area) -> [UInt32] {
        guard let centre = area.centre else { return [] }
        var found: [UInt32] = []
        forEachCell(around: centre, area.joining) { found += rows(inCell: $0) }
        return found.sorted()
    }

    /// How many those are.
    func rowCount(near area: Area) -> Int {
        var count = 0
        if let centre = area.centre { forEachCell(around: centre, area.joining) { count += rows(inCell: $0).count } }
        return count
    }
}
