import OrrerySchema
import OrreryStore
import OrreryWire

extension StateHash {
    /// The hash of what a query shows.
    /// - Parameters:
    ///   - members: The rows of its members.
    ///   - columns: The components that it shows of them.
    ///   - rowKind: What its rows are: only entities of the world count as members.
    /// - Complexity: O(bytes that it shows).
    init(of members: RowSet, shown columns: [ColumnID], rowKind: RowKind, in store: ComponentStore) {
        self.init()
        if rowKind == .entities {
            members.forEach { row in
                if let entity = store.entity(at: row) { add(member: entity) }
            }
        }
        for column in columns { add(members.intersection(store[column].rows), of: column, in: store) }
    }
}
