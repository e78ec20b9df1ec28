public import OrrerySchema

@usableFromInline typealias SparsePointer = UnsafeMutablePointer<SparseStorage>

/// All values of one sparse component: a table of its own, and for each entity slot the row in it.
///
/// An entity gains and loses the component without moving in the table of its other components. Values, marks, stamps
/// and the drain are those of any table.
@usableFromInline
struct SparseStorage: BitwiseCopyable {
    @usableFromInline let table: TablePointer
    /// The row of each entity slot; `UInt32.max` for none.
    @usableFromInline var rows: UnsafeMutablePointer<UInt32>
    @usableFromInline var capacity = 0

    init(component: ComponentID, world: UnsafeMutablePointer<WorldStorage>) {
        table = .allocate(capacity: 1)
        table.initialize(to: TableStorage(at: table, index: -1, signature: [component], world: world))
        rows = .allocate(capacity: 1)
    }

    /// The only column.
    @inlinable @inline(__always)
    var column: ColumnPointer { table.pointee.columns }

    /// Its writes are logged.
    @inlinable @inline(__always)
    var isTracked: Bool { column.pointee.marks != nil }

    /// The row of an entity, or -1.
    /// - Complexity: O(1).
    @inlinable @inline(__always)
    func row(of entity: Entity) -> Int {
        let index = Int(truncatingIfNeeded: entity.index)
        guard index < capacity, rows[index] != .max else { return -1 }
        let row = Int(truncatingIfNeeded: rows[index])
        return table.pointee.entity(row: row) == entity ? row : -1
    }

    /// Adds a row for an entity that has none; its value is left for the caller to initialise.
    /// - Complexity: amortised O(1).
    @inlinable @inline(__always)
    mutating func append(_ entity: Entity) -> Int {
        let index = Int(truncatingIfNeeded: entity.index)
        if index >= capacity { grow(toHold: index &+ 1) }
        let row = table.pointee.append(entity)
        rows[index] = UInt32(truncatingIfNeeded: row)
        return row
    }

    /// Closes the gap of a row whose value is gone.
    @inlinable @inline(__always)
    func removeRow(_ row: Int, of entity: Entity) {
        rows[Int(truncatingIfNeeded: entity.index)] = .max
        // The last row leaves no gap; its chunk is the one that is kept.
        if row &+ 1 == table.pointee.rowCount, row & (chunkRowCount &- 1) != 0, !table.pointee.isObserved {
            table.pointee.rowCount = row
        } else {
            closeGap(at: row)
        }
    }

    @usableFromInline
    func closeGap(at row: Int) {
        if let moved = table.pointee.closeGap(at: row) { rows[Int(moved.index)] = UInt32(row) }
    }

    func deallocate() {
        table.pointee.deallocate()
        table.deinitialize(count: 1)
        table.deallocate()
        rows.deallocate()
    }

    @usableFromInline
    mutating func grow(toHold count: Int) {
        let larger = max(count, capacity * 2, 64)
        let grown = UnsafeMutablePointer<UInt32>.allocate(capacity: larger)
        grown.initialize(repeating: .max, count: larger)
        grown.update(from: rows, count: capacity)
        rows.deallocate()
        rows = grown
        capacity = larger
    }
}
