public import OrrerySchema

/// Where one value of one entity is, until the structure changes.
@usableFromInline
struct Place: BitwiseCopyable {
    @usableFromInline let column: ColumnPointer
    /// The memory of the row's chunk.
    @usableFromInline let chunk: UnsafeMutableRawPointer
    /// The row of the table that the chunk begins with.
    @usableFromInline let firstRow: Int
    /// The row in the chunk.
    @usableFromInline let offset: Int

    @inlinable @inline(__always)
    init(column: ColumnPointer, row: Int) {
        self.column = column
        let table = column.pointee.table
        chunk = table.pointee.memory(row: row)
        firstRow = table.pointee.firstRow(ofChunkWith: row)
        offset = row &- firstRow
    }

    @inlinable @inline(__always)
    init(column: ColumnPointer, _ row: EntityRow) {
        self.column = column
        chunk = row.page.memory
        firstRow = Int(truncatingIfNeeded: row.page.firstRow)
        offset = row.offset
    }

    @inlinable @inline(__always)
    var row: Int { firstRow &+ offset }

    @inlinable @inline(__always)
    var table: TablePointer { column.pointee.table }

    @inlinable @inline(__always)
    var address: UnsafeMutableRawPointer { address(stride: column.pointee.stride) }

    @inlinable @inline(__always)
    func address(stride: Int) -> UnsafeMutableRawPointer {
        chunk + (column.pointee.offset &+ offset &* stride)
    }

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
        guard let row = pointee.entities.find(entity), let column = row.page.columnOfComponent[component.index] else {
            return nil
        }
        return Place(column: column, row)
    }

    @inlinable
    func sparse(_ component: ComponentID) -> SparsePointer? { pointee.components[component.index].sparse }

    /// The column of a component that entities of a table have, or that is sparse.
    func column(of component: ComponentID, in table: TablePointer) -> ColumnPointer {
        guard let column = sparse(component)?.pointee.column ?? table.pointee.column(of: component) else {
            preconditionFailure("the table has no column of \(component)")
        }
        return column
    }

    /// Where a new entity's value is to be.
    func place(for component: ComponentID, of entity: Entity, in table: TablePointer, row: Int) -> Place {
        let column = column(of: component, in: table)
        return Place(column: column, row: sparse(component).map { $0.pointee.append(entity) } ?? row)
    }

    /// Gives an entity a component that it does not have. The value is left for the caller to initialise.
    /// - Returns: Where the value is to be; `nil` if the entity does not live.
    func extend(_ entity: Entity, byAny component: ComponentID) -> Place? {
        guard let row = pointee.entities.find(entity) else { return nil }
        if let sparse = sparse(component) { return extend(entity, in: row.table, bySparse: sparse) }
        return extend(entity, at: row, by: component)
    }

    /// Takes a component from a living entity; its value has been moved out or destroyed already.
    func shrink(_ entity: Entity, byAny component: ComponentID, at place: Place) {
        if let sparse = sparse(component) { return shrink(entity, bySparse: sparse, row: place.row) }
        shrink(entity, by: component, at: place)
    }

    @usableFromInline
    func extend(_ entity: Entity, at row: EntityRow, by component: ComponentID) -> Place {
        let table = row.table
        let target = self.table(adding: component, to: table)
        guard let odd = target.pointee.column(of: component) else { preconditionFailure("a table has what was added") }
        if odd.pointee.marks != nil { pointee.journal.gaining(entity, in: table) }
        return Place(column: odd, row: move(entity, from: table, row: row.index, to: target, odd: odd))
    }

    @usableFromInline
    func shrink(_ entity: Entity, by component: ComponentID, at place: Place) {
        let table = place.table
        if place.column.pointee.marks != nil { pointee.journal.losing(component, entity, in: table) }
        let target = self.table(removing: component, from: table)
        _ = move(entity, from: table, row: place.row, to: target, odd: place.column)
    }

    @inlinable @inline(__always)
    func extend(_ entity: Entity, in table: TablePointer, bySparse sparse: SparsePointer) -> Place {
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

    /// Moves an entity's row to a table that has one component more or one less. The odd value is left for the caller to
    /// initialise, or is gone already.
    @inline(__always)
    private func move(_ entity: Entity, from table: TablePointer, row: Int, to target: TablePointer, odd: ColumnPointer)
        -> Int
    {
        let targetRow = target.pointee.append(entity)
        table.moveValues(row: row, to: target, targetRow: targetRow, odd: odd)
        removeRow(row, of: table)
        pointee.entities.settle(entity, at: target.pointee.place(row: targetRow))
        return targetRow
    }
}
