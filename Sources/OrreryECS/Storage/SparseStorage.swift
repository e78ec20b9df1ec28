public import OrrerySchema

@usableFromInline typealias SparsePointer = UnsafeMutablePointer<SparseStorage>

/// All values of one sparse component: its own table, and for each entity slot the row in that table.
///
/// An entity gains and loses the component without moving in the table of its other components. Values, marks, stamps
/// and the drain work as in any table.
@usableFromInline
struct SparseStorage: BitwiseCopyable {
    @usableFromInline let table: TablePointer
    /// The row of an entity, by its slot.
    @usableFromInline
    struct Link: BitwiseCopyable {
        /// `UInt32.max` for none.
        @usableFromInline var row: UInt32
        /// The generation of the entity that has the row.
        @usableFromInline var generation: UInt32

        @inlinable @inline(__always)
        init(row: UInt32, generation: UInt32) {
            self.row = row
            self.generation = generation
        }

        @inlinable static var none: Link { Link(row: .max, generation: 0) }
    }

    @usableFromInline var links: UnsafeMutablePointer<Link>
    @usableFromInline var capacity = 0

    init(component: ComponentID, world: UnsafeMutablePointer<WorldStorage>) {
        table = .allocate(capacity: 1)
        table.initialize(to: TableStorage(at: table, index: -1, signature: [component], world: world))
        links = .allocate(capacity: 1)
    }

    /// The only column.
    @inlinable @inline(__always)
    var column: ColumnPointer { table.pointee.columns }

    /// Whether the component's writes are logged.
    @inlinable @inline(__always)
    var isTracked: Bool { column.pointee.marks != nil }

    /// The row of an entity, or -1.
    /// - Complexity: O(1).
    @inlinable @inline(__always)
    func row(of entity: Entity) -> Int {
        let index = Int(truncatingIfNeeded: entity.index)
        guard index < capacity, links[index].generation == entity.generation, links[index].row != .max else {
            return -1
        }
        return Int(truncatingIfNeeded: links[index].row)
    }

    /// Adds a row for an entity that has none; the caller initialises its value.
    /// - Complexity: amortised O(1).
    @inlinable @inline(__always)
    mutating func append(_ entity: Entity) -> Int {
        let index = Int(truncatingIfNeeded: entity.index)
        if index >= capacity { grow(toHold: index &+ 1) }
        let row = table.pointee.append(entity)
        links[index] = Link(row: UInt32(truncatingIfNeeded: row), generation: entity.generation)
        return row
    }

    /// Closes the gap of a row whose value is gone.
    @inlinable @inline(__always)
    func removeRow(_ row: Int, of entity: Entity) {
        links[Int(truncatingIfNeeded: entity.index)] = .none
        // The last row leaves no gap.
        if row &+ 1 == table.pointee.rowCount, !table.pointee.keepsMarks {
            table.pointee.removeLast()
        } else {
            closeGap(at: row)
        }
    }

    @usableFromInline
    func closeGap(at row: Int) {
        let offset = row - table.pointee.firstRow(ofChunkWith: row)
        if let moved = table.pointee.closeGap(at: row, table.pointee.memory(row: row), offset) {
            links[Int(moved.index)].row = UInt32(row)
        }
    }

    func deallocate() {
        table.pointee.deallocate()
        table.deinitialize(count: 1)
        table.deallocate()
        links.deallocate()
    }

    @usableFromInline
    mutating func grow(toHold count: Int) {
        let larger = max(count, capacity * 2, 64)
        links = links.grown(from: capacity, to: larger, repeating: .none)
        capacity = larger
    }
}
