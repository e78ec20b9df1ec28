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
    /// The requested selections, in the numbers of the table.
    private(set) var selections: [SubscriptionID: Selection] = [:]
    /// The subscriptions whose first state is in the store.
    private(set) var started: Set<SubscriptionID> = []
    /// The cells that the started subscriptions show together.
    private var shown = CellCounts()
    let configuration: SyncClientConfiguration
    /// Entities that lost a component and may have none left.
    private var bareCandidates: [Entity] = []
    /// The cells shown before the batch that is being applied or comes next.
    private var shownBefore = Cells()
    /// The cells that this batch begins to show.
    private(set) var entering = Cells()
    /// Schemas that the batch being applied must bring.
    var awaitedSchemas: Set<SchemaHash> = []

    init(_ configuration: SyncClientConfiguration, knownSchemas: [ComponentSchema]) {
        store = ComponentStore(schemas: [])
        schemas = SchemaCache(knownSchemas, limits: configuration.limits.schema)
        self.configuration = configuration
    }

    // MARK: What is asked for

    mutating func expect(_ id: SubscriptionID, _ selection: Selection) { selections[id] = selection }

    /// Forgets a subscription, and the cells that no other subscription shows.
    /// - Returns: The removal of these cells.
    /// - Complexity: O(cells that it shows).
    mutating func forget(_ id: SubscriptionID) -> ChangeList {
        guard let selection = selections.removeValue(forKey: id), started.remove(id) != nil else { return ChangeList() }
        let gone = shown.remove(Cells(of: selection, in: store.table))
        shownBefore = shown.cells
        return leave(gone)
    }

    /// The first state of these subscriptions is about to arrive.
    mutating func start(_ ids: [SubscriptionID]) {
        for id in ids where started.insert(id).inserted {
            if let selection = selections[id] { shown.add(Cells(of: selection, in: store.table)) }
        }
        entering = shown.cells.subtracting(shownBefore)
    }

    /// A batch was applied: the cells that it began to show are shown now.
    mutating func endBatch() {
        shownBefore = shown.cells
        entering = Cells()
        awaitedSchemas.removeAll()
    }

    /// Forgets all subscriptions; the shown cells stay.
    mutating func forgetSubscriptions() {
        selections.removeAll()
        started.removeAll()
        shown = CellCounts()
        endBatch()
    }

    /// Removes cells from the store that are no longer shown.
    private mutating func leave(_ leaving: Cells) -> ChangeList {
        var changes = ChangeList()
        for column in leaving.columns {
            for row in store[column].rows.indexes {
                guard let entity = store.entity(at: row), !shown.cells.covers(column, of: entity) else { continue }
                leave(column, of: entity, .left, &changes)
            }
        }
        for list in leaving.listed {
            for entity in list.entities where store.contains(entity) { leave(list.column, of: entity, .left, &changes) }
        }
        bareCandidates += leaving.entities
        if leaving.everyEntity {
            for row in store.entities.rows.indexes {
                if let entity = store.entity(at: row) { bareCandidates.append(entity) }
            }
        }
        forgetBareEntities(.left, &changes)
        return changes
    }

    mutating func leave(
        _ column: ColumnID, of entity: Entity, _ cause: Change.Cause, _ changes: inout ChangeList
    ) {
        let index = entity.index
        guard store[column].contains(index) else { return }
        if recordsChanges, let entry = store.table[column] {
            store[column].withValue(of: index) { changes.append(cause, entity, entry, old: $0) }
        }
        store[column].remove(index, at: store.tick)
        bareCandidates.append(entity)
    }

    /// Forgets entities without any requested cell: the server will not report their deaths.
    mutating func forgetBareEntities(_ cause: Change.Cause, _ changes: inout ChangeList) {
        for entity in bareCandidates
        where store.contains(entity) && store.columns(of: entity).isEmpty && !shown.cells.coversExistence(of: entity) {
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
            for row in store[entry.column].rows.indexes {
                if let entity = store.entity(at: row) { leave(entry.column, of: entity, .left, &changes) }
            }
        }
        store.install(table)
        shown = CellCounts(started.compactMap { selections[$0] }.map { Cells(of: $0, in: table) })
        entering = shown.cells.subtracting(shownBefore)
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
        let living = entities.map { entities in entities.filter(store.contains).sorted() }
        if components == nil { listEntities(.entered, living, in: &changes) }
        for entry in store.table.entries where components?.contains(entry.name) ?? true {
            list(.entered, entry, living, in: &changes)
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
        for row in entities?.map(\.index) ?? column.rows.indexes {
            guard let entity = store.entity(at: row) else { continue }
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
