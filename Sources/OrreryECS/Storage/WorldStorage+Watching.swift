internal import OrrerySchema

extension UnsafeMutablePointer<WorldStorage> {
    /// Sets or removes the watch of a component, and updates the flags of its columns and tables.
    /// - Complexity: O(tables).
    func setWatch(_ watch: (any AnyComponentWatch)?, of component: ComponentID) {
        pointee.components[component.index].watch = watch
        forEachColumn(of: component) { column in
            column.pointee.isWatched = watch != nil
            column.pointee.table.pointee.refreshFlags()
        }
        guard let sparse = sparse(component) else { return }
        pointee.watchedSparse.removeAll { $0 == sparse }
        if watch != nil { pointee.watchedSparse.append(sparse) }
    }

    /// Whether a component of an entity is watched.
    /// - Complexity: O(watched sparse components).
    func isWatched(_ entity: Entity, in table: TablePointer) -> Bool {
        if table.pointee.isWatched { return true }
        guard !pointee.watchedSparse.isEmpty else { return false }
        return pointee.watchedSparse.contains { $0.pointee.row(of: entity) >= 0 }
    }
}
