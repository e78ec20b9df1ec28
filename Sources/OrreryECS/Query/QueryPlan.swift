internal import OrrerySchema

/// One resolved query of one world: its component numbers and the tables that match. All queries with the same terms
/// and conditions share it. Tables made later are checked once, on the next use.
@usableFromInline
final class QueryPlan {
    struct Term {
        let component: ComponentID
        let isWrite: Bool
        let isOptional: Bool
    }

    /// The maximum number of terms of a query: one bit each.
    static let termCountMax = 64

    let terms: [Term]
    let conditions: QueryConditions
    unowned(unsafe) let world: World
    let storage: UnsafeMutablePointer<WorldStorage>
    let matches: UnsafeMutablePointer<QueryMatches>
    /// The sparse component whose set is all that the query needs to look at, if there is one.
    let onlySparse: SparsePointer?
    /// Sparse components that an entity must have.
    let requiredSparse: [SparsePointer]
    private(set) var positionOfTable: [Int] = []
    private var narrowed: [QueryConditions: QueryPlan] = [:]

    init(_ world: World, terms: [Term], conditions: QueryConditions = QueryConditions()) {
        self.world = world
        self.terms = terms
        self.conditions = conditions
        storage = world.storage
        Self.requireDistinct(terms, world)
        let required = Set(terms.filter { !$0.isOptional }.map(\.component) + conditions.required)
        let mentioned = Set(terms.map(\.component) + conditions.mentioned)
        requiredSparse = required.sorted().compactMap { world.storage.sparse($0) }
        let isRefused = !conditions.without.isEmpty || !conditions.any.isEmpty
        onlySparse = mentioned.count == 1 && required.count == 1 && !isRefused ? requiredSparse.first : nil
        let isSparseFree = mentioned.allSatisfy { world.storage.sparse($0) == nil }
        let written = terms.indices.reduce(UInt64(0)) { $0 | (terms[$1].isWrite ? 1 << UInt64($1) : 0) }
        matches = .allocate(capacity: 1)
        matches.initialize(
            to: QueryMatches(
                of: storage, termCount: terms.count, written: written,
                isPlain: conditions.changes.isEmpty && (isSparseFree || onlySparse != nil)))
        if let onlySparse { append(onlySparse.pointee.table) }
        refreshWatch()
    }

    deinit {
        matches.pointee.deallocate()
        matches.deallocate()
    }

    /// Returns the plan with additional conditions.
    func narrowed(_ change: (inout QueryConditions) -> Void) -> QueryPlan {
        var narrower = conditions
        change(&narrower)
        if narrower == conditions { return self }
        return world.planning {
            if let known = narrowed[narrower] { return known }
            let plan = QueryPlan(world, terms: terms, conditions: narrower)
            plan.refresh()
            narrowed[narrower] = plan
            return plan
        }
    }

    /// Brings this plan and all plans narrowed from it up to date.
    func refreshAll() {
        refresh()
        for plan in narrowed.values { plan.refreshAll() }
    }

    /// Updates whether the query's writes are watched, for this plan and all plans narrowed from it.
    func refreshWatch() {
        matches.pointee.isWatched = terms.contains { $0.isWrite && world.isWriteWatched($0.component) }
        for plan in narrowed.values { plan.refreshWatch() }
    }

    /// Adds the columns that the query may mark to the list that the next drain visits, so that no part has to.
    func enlistWrittenColumns() {
        for term in terms where term.isWrite { world.enlistColumns(of: term.component) }
    }

    /// Checks the tables that were made since the last use.
    /// - Complexity: O(new tables).
    func refresh() {
        guard matches.pointee.isBehind else { return }
        for table in storage.pointee.tables[matches.pointee.tablesSeen...] {
            let isMatch = onlySparse == nil && isMatch(table)
            positionOfTable.append(isMatch ? matches.pointee.count : -1)
            if isMatch { append(table) }
        }
        matches.pointee.tablesSeen = storage.pointee.tables.count
    }

    /// Whether any entity has the required components, judged by tables and sets only: conditions on rows may still
    /// exclude every entity.
    /// - Complexity: O(tables that match and are empty).
    var mayHaveEntities: Bool {
        refresh()
        guard requiredSparse.allSatisfy({ $0.pointee.table.pointee.rowCount > 0 }) else { return false }
        return (0..<matches.pointee.count).contains { matches.pointee.tables[$0].pointee.rowCount > 0 }
    }

    private func append(_ table: TablePointer) {
        matches.pointee.append(
            table,
            columns: terms.map { table.pointee.column(of: $0.component) })
    }

    /// Whether entities of a table can match, judged by the table alone.
    private func isMatch(_ table: TablePointer) -> Bool {
        func mayHave(_ component: ComponentID) -> Bool {
            table.pointee.has(component) || storage.sparse(component) != nil
        }
        return terms.allSatisfy { $0.isOptional || mayHave($0.component) }
            && conditions.required.allSatisfy(mayHave)
            && !conditions.without.contains { table.pointee.has($0) }
            && conditions.any.allSatisfy { $0.contains(where: mayHave) }
    }

    private static func requireDistinct(_ terms: [Term], _ world: World) {
        precondition(terms.count <= termCountMax, "a query has at most \(termCountMax) terms")
        for (position, term) in terms.enumerated() {
            guard let other = terms[..<position].first(where: { $0.component == term.component }) else { continue }
            func kind(_ term: Term) -> String { term.isWrite ? "Write" : term.isOptional ? "Maybe" : "Read" }
            fatalError(
                "World: a query names the component '\(world.componentName(term.component))' twice "
                    + "(\(kind(other)) and \(kind(term))); name it once, as Write if it is written.")
        }
    }
}
