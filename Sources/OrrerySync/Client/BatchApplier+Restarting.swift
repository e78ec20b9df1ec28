import OrreryQuery
import OrrerySchema
import OrreryStore
import OrreryTransport
import OrreryWire

/// The queries that have begun anew in a batch, and what came with it since the first of them.
struct BegunAnew {
    private(set) var queries: [QueryNumber] = []
    /// The rows of entities that entered.
    private(set) var entities = RowSet()
    /// The rows with values that may be new to the client.
    private var cells: [ColumnID: RowSet] = [:]

    mutating func begin(_ query: QueryNumber) { queries.append(query) }

    mutating func came(_ rows: RowSet) {
        if !queries.isEmpty { entities = entities.union(rows) }
    }

    mutating func came(_ rows: RowSet, in column: ColumnID) {
        if !queries.isEmpty { cells[column, default: RowSet()] = (cells[column] ?? RowSet()).union(rows) }
    }

    func cells(of column: ColumnID) -> RowSet { cells[column] ?? RowSet() }
}

/// A query that begins anew: its first state comes with the batch, and is complete.
extension BatchApplier {
    /// - Returns: The rows of the members that there were, if the server tells them.
    mutating func restart(_ number: QueryNumber) throws(WireError) -> RowSet {
        guard let query = granted.values.first(where: { $0.number == number }) else {
            throw WireError(.protocolError, "query \(number) begins anew, which no subscription has")
        }
        anew.begin(number)
        return query.tellsMembers ? shown.restart(try position(of: number)) : RowSet()
    }

    /// Drops what this client had of queries that have begun anew and that did not come with their first states: it is
    /// not in the world, whatever other queries show it.
    mutating func dropWhatDidNotCome(_ batch: inout AppliedBatch) throws(WireError) {
        for number in anew.queries {
            guard let query = shown[number]?.granted else { continue }
            if !query.tellsMembers, query.shown == .all {
                try store.entities.rows.subtracting(anew.entities).forEach { (row) throws(WireError) in
                    try despawn(row, &batch)
                }
            }
            for entry in store.table.entries where query.brings(entry) {
                let rows = store[entry.column].rows.subtracting(anew.cells(of: entry.column))
                let members = query.tellsMembers ? shown[number]?.members ?? RowSet() : rows
                rows.intersection(members).forEach { leave(entry.column, $0, .left, &batch.list) }
            }
        }
        if !anew.queries.isEmpty { forgetBareEntities(.left, &batch.list) }
    }

    /// The hash of what a started subscription shows; `nil` for any other.
    /// - Complexity: O(bytes that it shows).
    func hash(of id: SubscriptionID) -> StateHash? {
        guard started.contains(id), let query = granted[id], let shown = shown[query.number] else { return nil }
        return StateHash(
            of: members(of: query, shown), shown: store.table.entries.filter(query.brings).map(\.column),
            rowKind: query.rowKind, in: store)
    }
}
