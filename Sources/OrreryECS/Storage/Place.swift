public import OrrerySchema

/// Where one value of one entity is. Valid until the structure changes.
@usableFromInline
struct Place: BitwiseCopyable {
    @usableFromInline let column: ColumnPointer
    /// The value in the first row of the chunk.
    @usableFromInline let start: UnsafeMutableRawPointer
    /// The table's row that the chunk begins with.
    @usableFromInline let firstRow: Int
    /// The row in the chunk.
    @usableFromInline let offset: Int

    @inlinable @inline(__always)
    init(column: ColumnPointer, row: Int) {
        self.column = column
        let table = column.pointee.table
        start = table.pointee.memory(row: row) + column.pointee.offset
        firstRow = table.pointee.firstRow(ofChunkWith: row)
        offset = row &- firstRow
    }

    /// The place in the last row.
    @inlinable @inline(__always)
    init(inLastRowOf column: ColumnPointer) {
        self.column = column
        let tail = column.pointee.table.pointee.tail
        start = tail.memory + column.pointee.offset
        firstRow = tail.firstRow
        offset = tail.count &- 1
    }

    /// The place of a component in a row; `nil` if its entity has none.
    @inlinable @inline(__always)
    init?(of component: ComponentID, _ row: EntityRow) {
        let known = row.known(component)
        guard let column = known.pointee.column else { return nil }
        self.column = column
        start = row.memory + known.pointee.offset
        firstRow = Int(truncatingIfNeeded: row.page.pointee.firstRow)
        offset = row.offset
    }

    @inlinable @inline(__always)
    var row: Int { firstRow &+ offset }

    @inlinable @inline(__always)
    var table: TablePointer { column.pointee.table }

    @inlinable @inline(__always)
    var address: UnsafeMutableRawPointer { address(stride: column.pointee.stride) }

    @inlinable @inline(__always)
    func address(stride: Int) -> UnsafeMutableRawPointer { start + offset &* stride }

    /// The address of a value of a known type, whose stride needs no look-up.
    @inlinable @inline(__always)
    func value<C>(as type: C.Type) -> UnsafeMutablePointer<C> {
        address(stride: MemoryLayout<C>.size == 0 ? 0 : MemoryLayout<C>.stride).assumingMemoryBound(to: type)
    }

    @inlinable @inline(__always)
    func mark() { column.mark(row: row) }

    @inlinable @inline(__always)
    func markAdded() { column.markAdded(row: row) }
}

extension UnsafeMutablePointer<WorldStorage> {
    /// Where an entity's value is; `nil` if the entity does not live or has none.
    /// - Complexity: O(1).
    @inlinable @inline(__always)
    func find(_ component: ComponentID, sparse: SparsePointer?, of entity: Entity) -> Place? {
        if let sparse {
            let row = sparse.pointee.row(of: entity)
            return row < 0 ? nil : Place(column: sparse.pointee.column, row: row)
        }
        guard let row = pointee.entities.find(entity) else { return nil }
        return Place(of: component, row)
    }

    @inlinable
    func sparse(_ component: ComponentID) -> SparsePointer? { pointee.components[component.index].sparse }

    /// The column of a component that the entities of a table have, or of a sparse component.
    func column(of component: ComponentID, in table: TablePointer) -> ColumnPointer {
        guard let column = sparse(component)?.pointee.column ?? table.pointee.column(of: component) else {
            preconditionFailure("the table has no column of \(component)")
        }
        return column
    }

    /// The place for a new entity's value.
    func place(for component: ComponentID, of entity: Entity, in table: TablePointer, row: Int) -> Place {
        let column = column(of: component, in: table)
        return Place(column: column, row: sparse(component).map { $0.pointee.append(entity) } ?? row)
    }

    /// Adds a component that the entity does not have. The caller initialises and marks the value.
    /// - Returns: The place for the value; `nil` if the entity has the component or does not live, or the structure is
    ///   locked.
    @usableFromInline
    func extend(_ entity: Entity, byAny component: ComponentID) -> Place? {
        guard let sparse = sparse(component) else { return extend(entity, by: component) }
        return extend(entity, bySparse: sparse)
    }

    /// Removes a component from an entity that has it. The caller has already moved out or destroyed the value.
    func shrink(_ entity: Entity, byAny component: ComponentID, at place: Place) {
        guard let sparse = sparse(component) else { return shrink(entity, by: component) }
        shrink(entity, bySparse: sparse, row: place.row)
    }

    @inlinable @inline(__always)
    func extend(_ entity: Entity, bySparse sparse: SparsePointer) -> Place? {
        guard pointee.borrowCount == 0, sparse.pointee.row(of: entity) < 0,
            let table = pointee.entities.find(entity)?.table
        else { return nil }
        if sparse.pointee.isTracked { pointee.journal.gaining(entity, in: table) }
        return Place(column: sparse.pointee.column, row: sparse.pointee.append(entity))
    }

    @inlinable @inline(__always)
    func shrink(_ entity: Entity, bySparse sparse: SparsePointer, row: Int) {
        if sparse.pointee.isTracked { noteLoss(of: sparse, entity, row: row) }
        sparse.pointee.removeRow(row, of: entity)
    }

    @usableFromInline
    func noteLoss(of sparse: SparsePointer, _ entity: Entity, row: Int) {
        guard let table = pointee.entities.find(entity)?.table else { return }
        let column = sparse.pointee.column.pointee
        let wasThere = column.added.map { $0.rows[row] <= pointee.drainStamp } ?? true
        pointee.journal.losing(column.component, entity, in: table, wasThere: wasThere)
    }
}
