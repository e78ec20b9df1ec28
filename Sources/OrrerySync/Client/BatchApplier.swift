import OrrerySchema
import OrreryStore
import OrreryTransport
import OrreryWire

/// Applies the sections of batches to a store, and lists the changes: a store and sections in, changes out.
///
/// The store object stays the same in all lives of the world.
struct BatchApplier {
    let store: ComponentStore
    /// Whether changes are listed. Costs a copy of each changed value.
    var recordsChanges = false
    var schemas: SchemaCache
    /// The queries that the server has granted.
    private(set) var granted: [SubscriptionID: GrantedQuery] = [:]
    /// The subscriptions whose first state is in the store.
    private(set) var started: Set<SubscriptionID> = []
    /// Those that have started with the batch being applied.
    private(set) var beginning: Set<SubscriptionID> = []
    /// What the started subscriptions show together.
    var shown = ShownQueries()
    /// The readers of one subscription's own changes, by their numbers.
    var observed: [Int: SubscriptionID] = [:]
    let configuration: SyncClientConfiguration
    /// Entities that lost a component and may have none left.
    var bareCandidates: [Entity] = []
    /// Rows that left a query in the batch being applied, and may show cells that no other query shows.
    var leftRows = RowSet()
    /// Subscriptions whose queries the server was asked to begin anew, and has not yet.
    var restarting: Set<SubscriptionID> = []
    /// What has begun anew in the batch being applied.
    var anew = BegunAnew()
    /// Components that the batch being applied adds to the table.
    var addedColumns: Set<ColumnID> = []
    /// Entities that were born in the batch being applied.
    var spawnedRows = RowSet()
    /// Schemas that the batch being applied must bring.
    var awaitedSchemas: Set<SchemaHash> = []

    init(_ configuration: SyncClientConfiguration, knownSchemas: [ComponentSchema]) {
        store = ComponentStore(schemas: [])
        schemas = SchemaCache(knownSchemas, limits: configuration.limits.schema)
        self.configuration = configuration
    }

    // MARK: What is asked for

    /// The server has granted a subscription, or goes on with one, perhaps under another number.
    mutating func grant(_ id: SubscriptionID, _ query: GrantedQuery) {
        guard let old = granted.updateValue(query, forKey: id), started.contains(id) else { return }
        shown.rename(old, query)
        // Whoever has the same query is told the same next.
        for (other, known) in granted where known.number == old.number { granted[other] = query }
    }

    /// The connection is lost: subscriptions that have not started are asked for anew.
    mutating func forgetUnstarted() { granted = granted.filter { started.contains($0.key) } }

    /// Forgets a subscription, and the cells that no other subscription shows.
    /// - Returns: The removal of these cells.
    /// - Complexity: O(cells that it shows).
    mutating func forget(_ id: SubscriptionID) -> ChangeList {
        restarting.remove(id)
        guard let query = granted.removeValue(forKey: id), started.remove(id) != nil, let ended = shown.end(query)
        else { return ChangeList() }
        var changes = ChangeList()
        for entry in store.table.entries where query.brings(entry) {
            let column = store[entry.column]
            let rows = query.tellsMembers ? ended.members : column.rows
            rows.forEach { if column.contains($0) { leaveIfUncovered(entry, $0, &changes) } }
        }
        (query.tellsMembers ? ended.members : store.entities.rows).forEach { row in
            if let entity = store.entity(at: row) { bareCandidates.append(entity) }
        }
        forgetBareEntities(.left, &changes)
        return changes
    }

    /// The first state of these subscriptions comes with this batch.
    mutating func start(_ ids: [SubscriptionID]) {
        for id in ids {
            guard let query = granted[id], started.insert(id).inserted else { continue }
            shown.start(query)
            beginning.insert(id)
        }
    }

    /// The position among ``shown`` of a query that a batch tells the members of.
    /// - Throws: ``WireError`` if no subscription has a query with this number.
    mutating func position(of number: QueryNumber) throws(WireError) -> Int {
        if let position = shown.position(of: number), shown.queries[position].granted.tellsMembers { return position }
        guard let query = granted.values.first(where: { $0.number == number }), query.tellsMembers else {
            throw WireError(.protocolError, "members of query \(number), which no subscription is told")
        }
        // Its subscription starts with this batch, in a later message.
        return shown.open(query)
    }

    /// A batch was applied: the cells that no query shows any more leave.
    mutating func endBatch(_ batch: inout AppliedBatch) throws(WireError) {
        if let query = shown.queries.first(where: { $0.subscriptionCount == 0 }) {
            throw WireError(
                .protocolError, "members of query \(query.granted.number), of which no subscription has started")
        }
        try dropWhatDidNotCome(&batch)
        listChangesOfQueries(in: &batch)
        leftRows.forEach { leaveWhereUncovered($0, &batch.list) }
        forgetBareEntities(.left, &batch.list)
        endBatch()
    }

    private mutating func endBatch() {
        shown.endBatch()
        beginning.removeAll()
        leftRows.removeAll()
        restarting = restarting.filter { id in !anew.queries.contains { $0 == granted[id]?.number } }
        anew = BegunAnew()
        spawnedRows.removeAll()
        addedColumns.removeAll()
        awaitedSchemas.removeAll()
    }

    /// Forgets all subscriptions; the shown cells stay.
    mutating func forgetSubscriptions() {
        granted.removeAll()
        started.removeAll()
        restarting.removeAll()
        shown = ShownQueries()
        bareCandidates.removeAll()
        endBatch()
    }

    /// Removes the cells of an entity that no query shows.
    mutating func leaveWhereUncovered(_ row: UInt32, _ changes: inout ChangeList) {
        for entry in store.table.entries where store[entry.column].contains(row) {
            leaveIfUncovered(entry, row, &changes)
        }
        if let entity = store.entity(at: row) { bareCandidates.append(entity) }
    }

    private mutating func leaveIfUncovered(
        _ entry: ComponentTable.Entry, _ row: UInt32, _ changes: inout ChangeList
    ) {
        if !shown.covers(entry, row) { leave(entry.column, row, .left, &changes) }
    }

    /// Removes a cell, if it is there.
    mutating func leave(_ column: ColumnID, _ row: UInt32, _ cause: Change.Cause, _ changes: inout ChangeList) {
        guard store[column].contains(row), let entity = store.owner(of: row, in: store[column]) else { return }
        if recordsChanges, let entry = store.table[column] {
            store[column].withValue(of: row) { changes.append(cause, entity, entry, old: $0) }
        }
        store[column].remove(row, at: store.tick)
        bareCandidates.append(entity)
    }

    /// Forgets entities without any requested cell: the server will not report their deaths.
    mutating func forgetBareEntities(_ cause: Change.Cause, _ changes: inout ChangeList) {
        for entity in bareCandidates
        where store.contains(entity) && store.columns(of: entity).isEmpty && !shown.keeps(entity.index) {
            if recordsChanges { changes.append(cause, entity) }
            store.despawn(entity)
        }
        bareCandidates.removeAll(keepingCapacity: true)
    }

    // MARK: The table

    /// Installs the table of a server, in the same life. Components that are no longer in it leave.
    /// - Throws: If a number denotes another component than before.
    mutating func install(_ table: ComponentTable) throws(WireError) -> ChangeList {
        for entry in store.table.entries {
            guard let other = table[entry.column], !other.hasSameValues(as: entry) else { continue }
            throw WireError(
                .protocolError,
                "component \(entry.column) was '\(entry.name)' and is '\(other.name)', of another schema or size, "
                    + "in one life of the world")
        }
        var changes = ChangeList()
        for entry in store.table.entries where table[entry.column] == nil {
            for row in store[entry.column].rows.indexes { leave(entry.column, row, .left, &changes) }
        }
        addedColumns.formUnion(Set(table.columns).subtracting(store.table.columns))
        store.install(table)
        forgetBareEntities(.left, &changes)
        return changes
    }

    /// Begins another life: lists everything shown as void; the store is then empty, at tick 0.
    mutating func reset(_ table: ComponentTable) -> ChangeList {
        var changes = ChangeList()
        if recordsChanges { listGone(in: &changes) }
        store.reset(table)
        return changes
    }

    /// The shown cells, listed as having entered.
    /// - Parameters:
    ///   - components: The names of the components to list; `nil` for all, and for the entities themselves.
    ///   - entities: The entities to list; `nil` for all.
    func shown(of components: Set<String>?, _ entities: Set<Entity>?) -> ChangeList {
        var changes = ChangeList()
        let sorted = entities.map { $0.sorted() }
        if components == nil { listEntities(.entered, sorted?.filter(store.contains), in: &changes) }
        for entry in store.table.entries where components?.contains(entry.name) ?? true {
            list(.entered, entry, sorted, in: &changes)
        }
        return changes
    }

    /// Lists everything shown as gone: components before their entities.
    private func listGone(in changes: inout ChangeList) {
        for entry in store.table.entries { list(.reset, entry, nil, in: &changes) }
        listEntities(.reset, nil, in: &changes)
    }

    /// Lists a component of these entities, or of all.
    private func list(
        _ cause: Change.Cause, _ entry: ComponentTable.Entry, _ entities: [Entity]?, in changes: inout ChangeList
    ) {
        let column = store[entry.column]
        for row in entities?.compactMap({ store.row(of: $0, in: column) }) ?? column.rows.indexes {
            guard let entity = store.owner(of: row, in: column) else { continue }
            column.withValue(of: row) { value in
                changes.append(
                    cause, entity, entry, old: cause.isShown ? nil : value, new: cause.isShown ? value : nil)
            }
        }
    }

    /// Lists these entities, or all.
    private func listEntities(_ cause: Change.Cause, _ entities: [Entity]?, in changes: inout ChangeList) {
        for entity in entities ?? store.entities.rows.indexes.compactMap({ store.entity(at: $0) }) {
            changes.append(cause, entity)
        }
    }
}
