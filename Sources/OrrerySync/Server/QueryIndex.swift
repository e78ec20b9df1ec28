import OrreryQuery
import OrrerySchema
import OrreryStore

/// Leads from what changes to the queries that it concerns.
///
/// What decides about the members of a query leads to it by the component; for a query of which ranges are known, by
/// the values of fields (``FieldIndex``); for one with a region, by where entities are (``RegionIndex``).
struct QueryIndex {
    /// By component: the queries that show it.
    private var readers: [[QueryTable.Slot]]
    /// The plain queries that show the existence of entities.
    private var existenceReaders: [QueryTable.Slot] = []
    /// By component: the queries whose members depend on it, of which no ranges are known.
    private var deciders: [[QueryTable.Slot]]
    /// Such queries whose members depend on births and deaths.
    private var lifeDeciders: [QueryTable.Slot] = []
    /// The fields that have ranges.
    private var fields: [IndexedField: FieldIndex] = [:]
    /// By component: the fields of queries whose members depend on it.
    private var fieldsByColumn: [[FieldIndex]]
    /// By the component that says where entities are: the queries with regions.
    private(set) var regions: [ColumnID: RegionIndex] = [:]
    /// How many fields have keys.
    private var keptFieldCount = 0
    /// The rows that concern queries by their fields, in the tick that was evaluated last.
    private var found = ConcernedRows()
    /// The queries that all changes of this tick concern, as far as the index knows.
    private var direct: [QueryTable.Slot] = []
    /// By slot: whether it is one of them.
    private var isDirect: [Bool] = []

    /// Fields whose keys are kept, eight bytes for each row.
    static let keptFieldCountMax = 16

    private let fieldsAreAlwaysUsed: Bool

    init(columnCount: Int, fieldsAreAlwaysUsed: Bool) {
        self.fieldsAreAlwaysUsed = fieldsAreAlwaysUsed
        readers = Array(repeating: [], count: columnCount)
        deciders = readers
        fieldsByColumn = Array(repeating: [], count: columnCount)
    }

    // MARK: Queries

    mutating func insert(_ slot: QueryTable.Slot, _ definition: QueryTable.Definition) {
        while slot >= isDirect.count { isDirect.append(false) }
        concernAll(slot)
        for column in definition.readColumns { readers[column.rawValue].append(slot) }
        if definition.cells.everyEntity { existenceReaders.append(slot) }
        for column in definition.decidingColumns { deciders[column.rawValue].append(slot) }
        if definition.isDecidedByLife { lifeDeciders.append(slot) }
        for name in definition.fields {
            let field = fields[name] ?? FieldIndex(name, isAlwaysUsed: fieldsAreAlwaysUsed)
            fields[name] = field
            change(field) { field.insert(slot, definition.query) }
        }
        if let places = definition.query.places {
            let region = regions[places.column] ?? RegionIndex(places)
            regions[places.column] = region
            region.insert(slot, definition.query)
        }
    }

    /// The index in whose grid the region of a query lies; `nil` without one.
    /// - Precondition: The query is in the index.
    func regions(of query: Query) -> RegionIndex? { query.places.flatMap { regions[$0.column] } }

    mutating func remove(_ slot: QueryTable.Slot, _ definition: QueryTable.Definition) {
        for column in definition.readColumns { readers[column.rawValue].removeUnordered(slot) }
        if definition.cells.everyEntity { existenceReaders.removeUnordered(slot) }
        for column in definition.decidingColumns { deciders[column.rawValue].removeUnordered(slot) }
        if definition.isDecidedByLife { lifeDeciders.removeUnordered(slot) }
        for name in definition.fields {
            guard let field = fields[name] else { preconditionFailure("no field leads to slot \(slot)") }
            change(field) {
                field.remove(slot)
                if field.queries.isEmpty { field.forgetKeys() }
            }
            if field.queries.isEmpty { fields[name] = nil }
        }
        if let column = definition.query.places?.column, let region = regions[column] {
            region.remove(slot, definition.query)
            if region.slots.isEmpty { regions[column] = nil }
        }
    }

    private mutating func change(_ field: FieldIndex, _ body: () -> Void) {
        let (columns, hadKeys) = (field.columns, field.hasKeys)
        body()
        for column in columns where !field.columns.contains(column) {
            fieldsByColumn[column.rawValue].removeAll { $0 === field }
        }
        for column in field.columns where !columns.contains(column) { fieldsByColumn[column.rawValue].append(field) }
        keptFieldCount += (field.hasKeys ? 1 : 0) - (hadKeys ? 1 : 0)
    }

    // MARK: Changes

    /// The world has gone on without having been looked at: what is known of its values is out of date.
    mutating func forget() {
        for field in fields.values { change(field, field.forgetKeys) }
    }

    /// Finds out whom changes may concern.
    /// - Parameter columns: The components that changed.
    /// - Returns: The queries whose members may be others, each once: by any of the changed rows that they read, or by
    ///   these rows.
    mutating func decidersOf(
        _ columns: [ColumnID], _ hasLifeChanged: Bool, _ changed: inout ChangedRows, in store: ComponentStore
    ) -> (direct: [QueryTable.Slot], found: [QueryTable.Slot]) {
        for slot in direct { isDirect[slot] = false }
        found.removeAll()
        direct = hasLifeChanged ? lifeDeciders : []
        for (position, column) in columns.enumerated() {
            direct += deciders[column.rawValue]
            for field in fieldsByColumn[column.rawValue]
            where !columns[..<position].contains(where: field.columns.contains) {
                let rows = changed.rows(of: field.columns, life: false, in: store)
                let (hadKeys, mayKeep) = (field.hasKeys, keptFieldCount < Self.keptFieldCountMax)
                if !field.find(in: rows, of: store, mayKeep: mayKeep, &found) {
                    direct += field.queries.lazy.filter { $0.query.membershipColumns.contains(where: columns.contains) }
                        .map(\.slot)
                }
                keptFieldCount += (field.hasKeys ? 1 : 0) - (hadKeys ? 1 : 0)
            }
        }
        direct.sort()
        for slot in direct { isDirect[slot] = true }
        found.order { isDirect[$0] }
        return (direct, found.slots)
    }

    /// The rows that may concern the members of a query in this tick, ascending, with what became of them; `nil` if any
    /// changed row may.
    func rows(concerning slot: QueryTable.Slot, _ definition: QueryTable.Definition) -> ArraySlice<ConcernedRow>? {
        isDirect[slot] || !definition.isToldByRows ? nil : found[slot]
    }

    /// Calls `body` with the rows that may concern the members of a query in this tick, to note what became of them.
    mutating func update<R>(_ slot: QueryTable.Slot, _ body: (UnsafeMutableBufferPointer<ConcernedRow>) -> R) -> R {
        found.update(slot, body)
    }

    /// Adds the rows that may concern the members of a query with a region in this tick, with what became of them.
    mutating func collect(_ slot: QueryTable.Slot, _ body: (inout [ConcernedRow]) -> Void) {
        found.collect(slot, body)
    }

    /// Any row may concern a query in this tick.
    mutating func concernAll(_ slot: QueryTable.Slot) {
        guard !isDirect[slot] else { return }
        isDirect[slot] = true
        direct.append(slot)
    }

    /// The queries that show something of what changed, whoever their members are.
    func readersOf(_ columns: [ColumnID], _ hasLifeChanged: Bool) -> [QueryTable.Slot] {
        columns.reduce(hasLifeChanged ? existenceReaders : []) { $0 + readers[$1.rawValue] }
    }

    /// Traps if the grids are not what the store has.
    func checkGrids(in store: ComponentStore) {
        for region in regions.values { region.grid.checkInvariants(in: store) }
    }

    /// Traps unless it leads to these queries, and to no other.
    func checkInvariants(_ queries: [QueryTable.Slot: QueryTable.Definition]) {
        func check(_ index: [[QueryTable.Slot]], _ columns: (QueryTable.Definition) -> [ColumnID], _ promise: String) {
            var expected = index.map { _ in [QueryTable.Slot]() }
            for (slot, definition) in queries {
                for column in columns(definition) { expected[column.rawValue].append(slot) }
            }
            assert(index.map { $0.sorted() } == expected.map { $0.sorted() }, promise)
        }
        check(readers, \.readColumns, "a component leads to the queries that show it")
        check(deciders, \.decidingColumns, "a component leads to the queries that it decides")
        assert(
            Set(existenceReaders) == Set(queries.filter(\.value.cells.everyEntity).keys)
                && Set(lifeDeciders) == Set(queries.filter(\.value.isDecidedByLife).keys),
            "births and deaths lead to the queries that they concern")
        assert(Set(fields.keys) == Set(queries.values.flatMap(\.fields)), "each field is there that a query has")
        for (name, field) in fields {
            let expected = queries.filter { $0.value.fields.contains(name) }
            assert(Set(field.queries.map(\.slot)) == Set(expected.keys), "a field leads to the queries that have it")
            assert(
                Set(field.columns) == Set(expected.values.flatMap(\.query.membershipColumns)),
                "a field knows what its queries read")
        }
        for (column, fields) in fieldsByColumn.enumerated() {
            assert(
                Set(fields.map(\.field))
                    == Set(
                        self.fields.values.filter { $0.columns.map(\.rawValue).contains(column) }
                            .map(\.field)), "a component leads to the fields of queries that it decides")
        }
        let regionQueries = queries.filter { $0.value.query.region != nil }
        assert(
            Set(regions.values.flatMap(\.slots)) == Set(regionQueries.keys)
                && Set(regions.keys) == Set(regionQueries.values.compactMap(\.query.places?.column)),
            "a grid leads to the queries whose regions lie in it")
        for region in regions.values {
            let expected = regionQueries.values.filter { $0.query.places?.column == region.column }
            assert(
                Set(region.columns) == Set(expected.flatMap(\.query.membershipColumns)),
                "a grid knows what its queries read")
        }
        assert(keptFieldCount == fields.values.count(where: \.hasKeys), "fields with keys are counted")
    }
}

/// The rows in which something changed after a tick: for queries that read the same, collected once.
struct ChangedRows {
    private struct Key: Hashable {
        var columns: [ColumnID]
        var readsLife: Bool
    }

    private let cursor: Tick
    private var known: [Key: RowSet] = [:]

    init(after cursor: Tick) {
        self.cursor = cursor
    }

    /// The rows in which one of the components changed, or an entity was born or died.
    mutating func rows(of columns: [ColumnID], life readsLife: Bool, in store: ComponentStore) -> RowSet {
        let key = Key(columns: columns, readsLife: readsLife)
        if let rows = known[key] { return rows }
        var rows = readsLife ? store.entities.changedRows(after: cursor) : RowSet()
        for column in columns { rows = rows.union(store[column].changedRows(after: cursor)) }
        known[key] = rows
        return rows
    }
}

extension [Int] {
    /// Removes an element that is there once.
    /// - Complexity: O(n), without moving the others.
    mutating func removeUnordered(_ element: Int) {
        guard let position = firstIndex(of: element) else { preconditionFailure("\(element) is not there") }
        swapAt(position, count - 1)
        removeLast()
    }
}
