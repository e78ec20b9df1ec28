internal import OrrerySchema

/// One query of one world, resolved: its component numbers and the tables that match. Shared by all queries that ask
/// the same; tables made later are looked at once, on the next use.
@usableFromInline
final class QueryPlan {
    struct Term {
        let component: ComponentID
        let isWrite: Bool
        let isOptional: Bool
    }

    /// The most terms of a query: one bit each.
    static let termCountMax = 64

    let terms: [Term]
    let conditions: QueryConditions
    unowned(unsafe) let world: World
    let storage: UnsafeMutablePointer<WorldStorage>
    let matches: UnsafeMutablePointer<QueryMatches>
    /// The one sparse component whose set is all that the query looks at.
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

    /// The plan that asks this too.
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

    /// Brings this plan and all that narrow it up to date.
    func refreshAll() {
        refresh()
        for plan in narrowed.values { plan.refreshAll() }
    }

    /// Learns whether somebody hears of what the query writes, for this plan and all that narrow it.
    func refreshWatch() {
        matches.pointee.isWatched = terms.contains { $0.isWrite && world.isWriteWatched($0.component) }
        for plan in narrowed.values { plan.refreshWatch() }
    }

    /// Puts the columns in which the query can mark into the list that the next drain visits, so that no part has to.
    func enlistWrittenColumns() {
        for term in terms where term.isWrite { world.enlistColumns(of: term.component) }
    }

    /// Looks at the tables that were made since the last use.
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

    /// Whether any entity has the components that are asked for, as far as tables and sets tell: narrowed to single
    /// rows, there may be none.
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

    /// Whether entities of a table can match, as far as the table tells.
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
