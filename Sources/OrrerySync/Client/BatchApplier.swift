import OrrerySchema
import OrreryStore
import OrreryTransport
import OrreryWire

/// Takes the sections of batches into a store, and lists what they change: a store and sections in, changes out.
///
/// The store object stays the same over all lives of the world.
struct BatchApplier {
    let store: ComponentStore
    /// Whether changes are listed. Costs a copy of each changed value.
    var recordsChanges = false
    var schemas: SchemaCache
    /// What is asked for, in the numbers of the table.
    private(set) var selections: [SubscriptionID: Selection] = [:]
    /// Those of them whose first state is in the store.
    private(set) var started: Set<SubscriptionID> = []
    /// What the started ones show together.
    private(set) var coverage = Coverage()
    let configuration: SyncClientConfiguration
    /// Entities that lost a component and may have none left.
    private var bareCandidates: [Entity] = []
    /// What was shown before the batch that is being applied, or comes next.
    private var shownBefore = Coverage()
    /// What begins to be shown with it.
    private(set) var entering = Coverage()
    /// Schemas that the batch being applied has to bring.
    var awaitedSchemas: Set<SchemaHash> = []

    init(_ configuration: SyncClientConfiguration, knownSchemas: [ComponentSchema]) {
        store = ComponentStore(schemas: [])
        schemas = SchemaCache(knownSchemas, limits: configuration.limits.schema)
        self.configuration = configuration
    }

    // MARK: What is asked for

    mutating func expect(_ id: SubscriptionID, _ selection: Selection) { selections[id] = selection }

    /// Forgets a subscription, and what no other one shows.
    /// - Returns: what left.
    /// - Complexity: O(what it shows).
    mutating func forget(_ id: SubscriptionID) -> ChangeList {
        guard let selection = selections.removeValue(forKey: id), started.remove(id) != nil else { return ChangeList() }
        coverage = Coverage(of: started.compactMap { selections[$0] }, in: store.table)
        shownBefore = coverage
        return leave(Coverage(of: [selection], in: store.table).subtracting(coverage))
    }

    /// The first state of subscriptions is about to come.
    mutating func start(_ ids: [SubscriptionID]) {
        started.formUnion(ids)
        cover(store.table)
    }

    /// Works out what is shown now, and what of it is new with the batch.
    private mutating func cover(_ table: ComponentTable) {
        coverage = Coverage(of: started.compactMap { selections[$0] }, in: table)
        entering = coverage.subtracting(shownBefore)
    }

    /// A batch was applied: what it began to show is shown.
    mutating func endBatch() {
        shownBefore = coverage
        entering = Coverage()
        awaitedSchemas.removeAll()
    }

    /// Forgets all subscriptions; what is shown stays.
    mutating func forgetSubscriptions() {
        selections.removeAll()
        started.removeAll()
        coverage = Coverage()
        endBatch()
    }

    /// Takes cells out of the store that are shown no more.
    private mutating func leave(_ leaving: Coverage) -> ChangeList {
        var changes = ChangeList()
        for column in leaving.columns {
            for row in store[column].rows.indexes {
                guard let entity = store.entity(at: row), !coverage.covers(column, of: entity) else { continue }
                leave(column, of: entity, .left, &changes)
            }
        }
        for single in leaving.singles where store.contains(single.entity) {
            for column in single.columns { leave(column, of: single.entity, .left, &changes) }
            bareCandidates.append(single.entity)
        }
        if leaving.entities {
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

    /// Forgets entities of which nothing is left that was asked for: the server will not say when they die.
    mutating func forgetBareEntities(_ cause: Change.Cause, _ changes: inout ChangeList) {
        for entity in bareCandidates
        where store.contains(entity) && store.columns(of: entity).isEmpty && !coverage.coversExistence(of: entity) {
            if recordsChanges { changes.append(cause, entity) }
            store.despawn(entity)
        }
        bareCandidates.removeAll(keepingCapacity: true)
    }

    // MARK: The table

    /// Takes the table of a server, in the same life. Components that are in it no more leave.
    /// - Throws: where a number means another component than before.
    mutating func install(_ table: ComponentTable) throws(WireError) -> ChangeList {
        for entry in store.table.entries {
            guard let other = table[entry.column], !other.hasSameValues(as: entry) else { continue }
            throw WireError(
                .protocolError,
                "component \(entry.column) was '\(entry.name)' and is '\(other.name)', of another schema or size, in one life "
                    + "of the world")
        }
        var changes = ChangeList()
        for entry in store.table.entries where table[entry.column] == nil {
            for row in store[entry.column].rows.indexes {
                if let entity = store.entity(at: row) { leave(entry.column, of: entity, .left, &changes) }
            }
        }
        store.install(table)
        cover(table)
        forgetBareEntities(.left, &changes)
        return changes
    }

    /// Begins another life: what is shown is void, and named as such; the store stands at tick 0, empty.
    mutating func reset(_ table: ComponentTable) -> ChangeList {
        var changes = ChangeList()
        if recordsChanges { listGone(in: &changes) }
        store.reset(table)
        return changes
    }

    /// What is shown, as having come into sight.
    /// - Parameters:
    ///   - components: the names of those that are listed; `nil` for all, and for the entities themselves.
    ///   - entities: those that are listed; `nil` for all.
    func shown(of components: Set<String>?, _ entities: Set<Entity>?) -> ChangeList {
        var changes = ChangeList()
        let living = entities.map { entities in entities.filter(store.contains).sorted() }
        if components == nil { listEntities(.entered, living, in: &changes) }
        for entry in store.table.entries where components?.contains(entry.name) ?? true {
            list(.entered, entry, living, in: &changes)
        }
        return changes
    }

    /// All that is shown, as gone: components before their entities.
    private func listGone(in changes: inout ChangeList) {
        for entry in store.table.entries { list(.reset, entry, nil, in: &changes) }
        listEntities(.reset, nil, in: &changes)
    }

    /// A component of these entities, or of all.
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

    /// These entities, or all.
    private func listEntities(_ cause: Change.Cause, _ entities: [Entity]?, in changes: inout ChangeList) {
        for entity in entities ?? store.entities.rows.indexes.compactMap({ store.entity(at: $0) }) {
            changes.append(cause, entity)
        }
    }
}
