public import OrrerySchema

/// Where one value of one entity is.
@usableFromInline
struct Place: BitwiseCopyable {
    @usableFromInline let table: TablePointer
    @usableFromInline let column: Int
    @usableFromInline let row: Int

    @inlinable @inline(__always)
    init(table: TablePointer, column: Int, row: Int) {
        self.table = table
        self.column = column
        self.row = row
    }

    @inlinable @inline(__always)
    var address: UnsafeMutableRawPointer { table.pointee.address(column: column, row: row) }

    @inlinable @inline(__always)
    func value<C>(as type: C.Type) -> UnsafeMutablePointer<C> { address.assumingMemoryBound(to: type) }

    @inlinable @inline(__always)
    func mark() { table.mark(column: column, row: row) }

    @inlinable @inline(__always)
    func markAdded() { table.markAdded(column: column, row: row) }
}

extension UnsafeMutablePointer<WorldStorage> {
    /// Where an entity's value is; `nil` if the entity does not live or has none.
    /// - Complexity: O(1).
    @inlinable @inline(__always)
    func find(_ component: ComponentID, sparse: SparsePointer?, of entity: Entity) -> Place? {
        if let sparse {
            let row = sparse.pointee.row(of: entity)
            return row < 0 ? nil : Place(table: sparse.pointee.table, column: 0, row: row)
        }
        guard let (table, row) = pointee.entities.find(entity) else { return nil }
        let column = table.pointee.column(of: component)
        return column < 0 ? nil : Place(table: table, column: column, row: row)
    }

    @inlinable
    func sparse(_ component: ComponentID) -> SparsePointer? { pointee.components[component.index].sparse }

    /// Gives an entity a component that it does not have. The value is left for the caller to initialise.
    /// - Returns: Where the value is to be; `nil` if the entity does not live.
    func extend(_ entity: Entity, byAny component: ComponentID) -> Place? {
        guard let (table, row) = pointee.entities.find(entity) else { return nil }
        if let sparse = sparse(component) { return extend(entity, in: table, bySparse: sparse) }
        return extend(entity, in: table, row: row, by: component)
    }

    /// Takes a component from a living entity; its value has been moved out or destroyed already.
    func shrink(_ entity: Entity, byAny component: ComponentID, at place: Place) {
        if let sparse = sparse(component) { return shrink(entity, bySparse: sparse, row: place.row) }
        shrink(entity, by: component, at: place)
    }

    @usableFromInline
    func extend(_ entity: Entity, in table: TablePointer, row: Int, by component: ComponentID) -> Place {
        let target = self.table(adding: component, to: table)
        let odd = target.pointee.column(of: component)
        if target.pointee.columns[odd].marks != nil { pointee.journal.gaining(entity, in: table) }
        return Place(table: target, column: odd, row: move(entity, from: table, row: row, to: target, odd: odd))
    }

    @usableFromInline
    func shrink(_ entity: Entity, by component: ComponentID, at place: Place) {
        let table = place.table
        if table.pointee.columns[place.column].marks != nil { pointee.journal.losing(component, entity, in: table) }
        let target = self.table(removing: component, from: table)
        _ = move(entity, from: table, row: place.row, to: target, odd: place.column)
    }

    @inlinable @inline(__always)
    func extend(_ entity: Entity, in table: TablePointer, bySparse sparse: SparsePointer) -> Place {
        if sparse.pointee.isTracked { pointee.journal.gaining(entity, in: table) }
        return Place(table: sparse.pointee.table, column: 0, row: sparse.pointee.append(entity))
    }

    @inlinable @inline(__always)
    func shrink(_ entity: Entity, bySparse sparse: SparsePointer, row: Int) {
        if sparse.pointee.isTracked { noteLoss(of: sparse, entity, row: row) }
        sparse.pointee.removeRow(row, of: entity)
    }

    @usableFromInline
    func noteLoss(of sparse: SparsePointer, _ entity: Entity, row: Int) {
        guard let (table, _) = pointee.entities.find(entity) else { return }
        let column = sparse.pointee.table.pointee.columns[0]
        let wasThere = column.added.map { $0.rows[row] <= pointee.drainStamp } ?? true
        pointee.journal.losing(column.component, entity, in: table, wasThere: wasThere)
    }

    /// Moves an entity's row to a table that has one component more, at this column, or one less. The odd value is
    /// left for the caller to initialise, or is gone already.
    @inline(__always)
    private func move(_ entity: Entity, from table: TablePointer, row: Int, to target: TablePointer, odd: Int) -> Int {
        let targetRow = target.pointee.append(entity)
        table.pointee.moveValues(row: row, to: target, targetRow: targetRow, odd: odd)
        removeRow(row, of: table)
        pointee.entities.settle(entity, in: target, row: targetRow)
        return targetRow
    }
}
