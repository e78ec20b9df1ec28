import OrrerySchema
import OrreryStore
import OrreryTesting

/// What the server showed at each tick of each of its lives.
final class History {
    private var contents: [Revision: Contents] = [:]
    /// The newest of those that were asked for.
    private var stores: [Revision: ComponentStore] = [:]

    subscript(revision: Revision) -> Contents? {
        get { contents[revision] }
        set { contents[revision] = newValue }
    }

    /// A store with what the server showed, in which queries can be evaluated.
    func store(at revision: Revision, _ table: ComponentTable) -> ComponentStore {
        if let store = stores[revision] { return store }
        if stores.count > 8 { stores.removeAll() }
        let store = ComponentStore(table)
        store.advance(to: revision.tick)
        for (entity, values) in contents[revision]?.entities ?? [:] {
            if entity != .none { store.spawn(entity) }
            for entry in table.entries {
                guard let value = values[entry.name], let row = store.row(of: entity, in: store[entry.column]) else {
                    continue
                }
                store[entry.column].set(row, to: value, at: store.tick)
            }
        }
        stores[revision] = store
        return store
    }
}
