internal import OrrerySchema

extension UnsafeMutablePointer<WorldStorage> {
    /// Destroys the sparse values of an entity, which are not in its table.
    /// - Complexity: O(sparse component types).
    @inline(__always)
    func removeSparseValues(of entity: Entity) {
        for sparse in pointee.sparse {
            let row = sparse.pointee.row(of: entity)
            guard row >= 0 else { continue }
            sparse.pointee.table.pointee.destroyValues(row: row)
            sparse.pointee.removeRow(row, of: entity)
        }
    }

    /// Ends the lives of all entities of a table.
    /// - Complexity: O(entities).
    func removeAllRows(of table: TablePointer) {
        for row in 0..<table.pointee.rowCount {
            let entity = table.pointee.entity(row: row)
            pointee.journal.despawned(entity, in: table)
            removeSparseValues(of: entity)
            pointee.entities.release(entity)
        }
        table.pointee.removeAllRows()
    }
}
