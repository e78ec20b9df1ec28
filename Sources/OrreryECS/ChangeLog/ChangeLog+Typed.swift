public import OrrerySchema

/// The changes of one component type. A log has no changes of a type that the world does not track.
extension ChangeLog {
    /// Calls a closure with the entities whose value was written and with their values, in the same order; does nothing
    /// if there are none.
    ///
    /// Each entity appears once. A gained component counts as written, and a written value may equal the previous one.
    /// - Complexity: O(components) plus the closure.
    public func withChanges<C: Component>(
        of type: C.Type, _ body: (_ entities: ColumnView<Entity>, _ values: ColumnView<C>) -> Void
    ) {
        guard let changes = changes(of: type), let entities = changes.entities.baseAddress else { return }
        // A tag has no bytes, so any address will do for its values.
        let values = changes.rows ?? UnsafeRawPointer(entities)
        body(
            ColumnView(ColumnHandle(base: UnsafeMutablePointer(mutating: entities), count: changes.count)),
            ColumnView(
                ColumnHandle(
                    base: UnsafeMutableRawPointer(mutating: values).assumingMemoryBound(to: C.self),
                    count: changes.count)))
    }

    /// The living entities that had a component at the previous drain and no longer have it.
    /// - Complexity: O(removals).
    public func removed<C: Component>(_ type: C.Type) -> [Entity] { entities(of: type, in: removed) }

    /// The entities that had a component, lost it and have it again. Their new values are among the changes.
    /// - Complexity: O(replacements).
    public func replaced<C: Component>(_ type: C.Type) -> [Entity] { entities(of: type, in: replaced) }

    private func changes<C: Component>(of type: C.Type) -> ColumnChanges? {
        columns.first { $0.type == type && $0.count > 0 }
    }

    private func entities<C: Component>(of type: C.Type, in changes: [ComponentChange]) -> [Entity] {
        changes.filter { componentTypes[$0.component.index] == type }.map(\.entity)
    }
}
