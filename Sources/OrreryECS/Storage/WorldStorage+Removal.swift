internal import OrrerySchema

extension UnsafeMutablePointer<WorldStorage> {
    /// Removes the sparse values of an entity, which are not in its table.
    /// - Complexity: O(sparse component types).
    @inline(__always)
    func removeSparseValues(of entity: Entity, into detached: inout DetachedValues) {
        for sparse in pointee.sparse {
            let row = sparse.pointee.row(of: entity)
            guard row >= 0 else { continue }
            detached.take(row: row, of: sparse.pointee.table)
            sparse.pointee.removeRow(row, of: entity)
        }
    }

    /// Ends the lives of all entities of a table.
    /// - Complexity: O(entities).
    func removeAllRows(of table: TablePointer) {
        beginBorrow()
        defer { endBorrow() }
        for row in 0..<table.pointee.rowCount {
            let entity = table.pointee.entity(row: row)
            pointee.journal.despawned(entity, in: table)
            var detached = DetachedValues()
            removeSparseValues(of: entity, into: &detached)
            pointee.entities.release(entity)
        }
        // Deinits may use the world, for which the rows are gone.
        let count = table.pointee.forgetAllRows()
        table.pointee.destroyValues(ofRows: count)
        table.pointee.giveBack()
    }
}
