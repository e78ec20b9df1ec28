internal import OrrerySchema

extension UnsafeMutablePointer<WorldStorage> {
    /// Lets columns and tables say that somebody hears of the writes of a component, or that nobody does any more.
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

    /// Whether somebody hears of what an entity has.
    /// - Complexity: O(sparse components that are watched).
    func isWatched(_ entity: Entity, in table: TablePointer) -> Bool {
        if table.pointee.isWatched { return true }
        guard !pointee.watchedSparse.isEmpty else { return false }
        return pointee.watchedSparse.contains { $0.pointee.row(of: entity) >= 0 }
    }
}
