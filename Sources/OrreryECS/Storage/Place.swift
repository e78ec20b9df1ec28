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
    @usableFromInline
    func extend(_ entity: Entity, by component: ComponentID) -> Place? {
        guard let (table, row) = pointee.entities.find(entity) else { return nil }
        if pointee.components[component.index].isTracked { pointee.journal.gaining(entity, in: table) }
        if let sparse = sparse(component) {
            return Place(table: sparse.pointee.table, column: 0, row: sparse.pointee.append(entity))
        }
        let target = self.table(adding: component, to: table)
        let odd = target.pointee.column(of: component)
        return Place(table: target, column: odd, row: move(entity, from: table, row: row, to: target, odd: odd))
    }

    /// Takes a component from a living entity; its value has been moved out or destroyed already.
    @usableFromInline
    func shrink(_ entity: Entity, by component: ComponentID, at place: Place) {
        let isTracked = pointee.components[component.index].isTracked
        if let sparse = sparse(component) {
            if isTracked, let (table, _) = pointee.entities.find(entity) {
                let wasThere = place.table.pointee.columns[0].added.map { $0.rows[place.row] <= pointee.drainStamp }
                pointee.journal.losing(component, entity, in: table, wasThere: wasThere ?? true)
            }
            return sparse.pointee.removeRow(place.row, of: entity)
        }
        if isTracked { pointee.journal.losing(component, entity, in: place.table) }
        let target = self.table(removing: component, from: place.table)
        _ = move(entity, from: place.table, row: place.row, to: target, odd: place.column)
    }

    /// Moves an entity's row to a table that has one component more, at this column, or one less. The odd value is
    /// left for the caller to initialise, or is gone already.
    private func move(_ entity: Entity, from table: TablePointer, row: Int, to target: TablePointer, odd: Int) -> Int {
        let targetRow = target.pointee.append(entity)
        table.pointee.moveValues(row: row, to: target, targetRow: targetRow, odd: odd)
        removeRow(row, of: table)
        pointee.entities.settle(entity, in: target, row: targetRow)
        return targetRow
    }
}
