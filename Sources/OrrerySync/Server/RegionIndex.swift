import OrreryQuery
import OrrerySchema
import OrreryStore

/// The queries whose regions lie in one grid: finds whom changes may concern by where they are.
///
/// A class, since tables lead to it by the component and by what changes.
final class RegionIndex {
    let grid: SpatialGrid
    private(set) var slots: [QueryTable.Slot] = []
    /// The components on which the members of its queries depend, ascending.
    private(set) var columns: [ColumnID] = []
    private var readerCounts: [ColumnID: Int] = [:]
    /// By row: the last look in which it was in the region.
    private var marks: [UInt32] = []
    private var look: UInt32 = 0
    /// The cells of a region. Empty between two looks.
    private var cells: [Int] = []

    init(_ places: PlaceReader) {
        grid = SpatialGrid(places)
    }

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

    /// Takes over what changed, and collects the rows that may concern each query.
    /// - Parameters:
    ///   - changedColumns: The components that changed.
    ///   - tick: The tick that was evaluated before.
    ///   - lostAndFound: Takes the queries whose regions have lost or found their centres.
    /// - Complexity: O(changed rows), and for each region that moved, or in whose cells something changed, O(rows in
    ///   its cells).
    func find(
        _ changedColumns: [ColumnID], _ changed: inout ChangedRows, after tick: Tick,
        _ entries: [QueryTable.Entry?], in store: ComponentStore, _ found: inout ConcernedRows,
        _ lostAndFound: inout [QueryTable.Slot]
    ) {
        let place = grid.places.column
        if grid.tick < tick {
            // The world has gone on without a look at it.
            grid.rebuild(in: store)
        } else {
            grid.update(
                changedColumns.contains(place) ? changed.rows(of: [place], life: false, in: store) : RowSet(),
                in: store)
        }
        let others = columns.filter { $0 != place && changedColumns.contains($0) }
        if !others.isEmpty { grid.touch(changed.rows(of: others, life: false, in: store)) }
        for slot in slots {
            guard let entry = entries[slot] else { continue }
            let hasMoved = entry.region?.follow(in: store) ?? false
            if entry.region?.changeTick == store.tick { lostAndFound.append(slot) }
            if let area = entry.region?.area(RowSet()), let centre = area.centre, grid.isComplete {
                find(slot, entry, area, around: centre, hasMoved: hasMoved, &found)
            }
        }
    }

    private func find(
        _ slot: QueryTable.Slot, _ entry: QueryTable.Entry, _ area: Area, around centre: Point, hasMoved: Bool,
        _ found: inout ConcernedRows
    ) {
        var hasChanged = hasMoved
        grid.forEachCell(around: centre, area.staying) { cell in
            cells.append(cell)
            hasChanged = hasChanged || grid.hasChanged(cell)
        }
        defer { cells.removeAll(keepingCapacity: true) }
        guard hasChanged else { return }
        let whoIsIn: Bool? = entry.query.isDecidedByRegion ? true : nil
        let (joining, staying) = (area.joining * area.joining, area.staying * area.staying)
        beginLook()
        entry.forEachInsider { row in
            mark(row)
            let isIn = grid.place(of: row).map { $0.squaredDistance(to: centre) <= staying } ?? false
            found.append(row, for: slot, isMember: isIn ? whoIsIn : false)
        }
        for cell in cells where hasMoved || grid.hasChanged(cell) {
            let rows = grid.rows(inCell: cell)
            entry.lookedAtCount += rows.count
            for row in rows where !isMarked(row) {
                guard let place = grid.place(of: row), place.squaredDistance(to: centre) <= joining else { continue }
                found.append(row, for: slot, isMember: whoIsIn)
            }
        }
    }

    private func beginLook() {
        if look == .max {
            look = 0
            marks.removeAll(keepingCapacity: true)
        }
        look += 1
    }

    private func mark(_ row: UInt32) {
        if Int(row) >= marks.count {
            marks.append(contentsOf: repeatElement(0, count: Int(row) + 1 - marks.count))
        }
        marks[Int(row)] = look
    }

    private func isMarked(_ row: UInt32) -> Bool { Int(row) < marks.count && marks[Int(row)] == look }
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
