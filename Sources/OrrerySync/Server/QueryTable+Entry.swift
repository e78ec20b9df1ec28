import OrreryQuery
import OrrerySchema
import OrreryStore
import OrreryWire

extension QueryTable {
    /// A query and its members. A class, so that it is read without being copied. The table alone changes it.
    final class Entry {
        let definition: Definition
        /// Whom it matches; `nil` for a plain query, whose members are those who have what it shows.
        var membership: Membership?
        /// Of a query with a window: all who match, of whom the members are a part.
        var ranking: Ranking?
        /// The ordered field that it uses.
        var field: OrderedField?
        /// Where its region lies.
        var region: RegionState?
        /// The index in whose grid that is.
        var regions: RegionIndex?
        /// How far it was evaluated, until all rows were; `nil` after that. Changes are followed in the pages before.
        var unfinished: Unfinished?
        /// The rows that were tested since ``QueryTable/resetWork()``, times its nodes.
        var work = 0
        /// The rows in the cells of its region that were looked at, and are not counted yet.
        var lookedAtCount = 0
        /// The rows that were tested since it began.
        var testedCount: UInt64 = 0
        /// The bytes that were encoded for it since then.
        private(set) var encodedByteCount: UInt64 = 0
        /// The subscriptions that have it.
        var holderCount = 1
        /// The positions of the sets that have it.
        var sets: [Int] = []

        init(_ definition: Definition) {
            self.definition = definition
        }

        /// Whether all its members are known.
        var isFinished: Bool { unfinished == nil }
        func noteEncoded(byteCount: Int) { encodedByteCount += UInt64(byteCount) }

        var query: Query { definition.query }
        var number: QueryNumber { definition.number }
        var cells: Cells { definition.cells }
        var sentColumns: [ColumnID] { definition.sentColumns }
    }

    /// An evaluation that is done in parts.
    struct Unfinished {
        var nextPage = 0
        /// Whether nothing was known of the members when it began.
        var isNew: Bool
        /// The rows of those who are in the region although nothing else is known of them: the members of the query
        /// that it replaces, or of before it was kept for lost connections.
        var insiders: [UInt32] = []
    }

    /// What does not change about a query. An object, so that an entry is copied at little cost.
    final class Definition {
        let query: Query
        /// Never used again in this life of the world.
        let number: QueryNumber
        /// The whole components that it shows; empty if its members are told.
        let cells: Cells
        /// The components that are sent of its members, ascending.
        let sentColumns: [ColumnID]
        /// Those whose changes concern it whoever its members are: changes of the others are found with its members.
        let readColumns: [ColumnID]
        /// The components that decide about its members, if no fields lead to it.
        let decidingColumns: [ColumnID]
        /// Whether births and deaths decide about its members too, beyond the components that come and go with them.
        let isDecidedByLife: Bool
        /// The fields that lead to it.
        let fields: Set<IndexedField>
        /// Whether the rows in which something changed of which its members depend are found one by one.
        let isToldByRows: Bool

        init(_ query: Query, _ number: QueryNumber, in components: ComponentTable) {
            self.query = query
            self.number = number
            sentColumns = query.sentColumns
            guard !query.isPlain else {
                cells = Cells(everyEntity: query.readsLife, columns: sentColumns)
                (readColumns, decidingColumns, isDecidedByLife, fields) = (sentColumns, [], false, [])
                isToldByRows = false
                return
            }
            cells = Cells()
            readColumns = sentColumns.filter { !query.membershipColumns.contains($0) }
            let isFound = query.keyRanges != nil || query.region != nil
            decidingColumns = isFound ? [] : query.membershipColumns
            isDecidedByLife = !isFound && query.readsLife
            isToldByRows = isFound && query.window == nil
            fields = Set(query.keyRanges?.lazy.map(\.field) ?? [])
        }
    }
}

extension QueryTable.Entry {
    /// Determines the members anew, or which of some rows are members.
    /// - Returns: Whether anybody joined or left, or others match whom the window does not show.
    @discardableResult
    func evaluate(among candidates: RowSet? = nil, in store: ComponentStore) -> Bool {
        let area = area
        let candidates = candidates ?? area.flatMap(nearby)
        guard ranking != nil else {
            let matching = query.matching(in: store, among: candidates, within: area)
            return membership?.update(among: candidates, matching: matching, in: store) ?? false
        }
        let isNew = ranking?.update(among: candidates, within: area, in: store) ?? false
        // In a part of the rows nobody knows who comes first.
        return isNew && isFinished && showWindow(in: store)
    }

    /// The rows among which all are who may be in the region; `nil` if any row may be one of them.
    private func nearby(_ area: Area) -> RowSet? {
        guard let grid = regions?.grid, grid.isComplete else { return nil }
        return RowSet(grid.rows(near: area)).union(area.insiders)
    }

    /// Where the region lies, and who is in it.
    private var area: Area? {
        guard let region else { return nil }
        var rows: [UInt32] = []
        forEachInsider { rows.append($0) }
        return region.area(RowSet(rows.sorted()))
    }

    /// Whether what became of its members is known row by row.
    var isToldByRows: Bool { definition.isToldByRows && isFinished }

    /// The rows of those who are in the region, and of others, as far as it was evaluated.
    func candidates(beside others: [UInt32]) -> RowSet {
        var rows = others
        forEachInsider { rows.append($0) }
        let all = RowSet(Set(rows).sorted())
        return unfinished.map { all.intersection(RowSet(pages: 0..<$0.nextPage)) } ?? all
    }

    /// The rows that were looked at in the cells of its region, or to find out who comes first, and are not counted
    /// yet.
    func takeLookedAt() -> Int {
        defer { lookedAtCount = 0 }
        return lookedAtCount + (ranking?.takeLookedAt() ?? 0)
    }

    /// Calls `body` with the row of each who is in the region.
    @inline(__always)
    func forEachInsider(_ body: (UInt32) -> Void) {
        if let ranking { ranking.forEachMatch(body) } else { membership?.members.forEach { body($0.index) } }
        unfinished?.insiders.forEach(body)
    }

    /// The work of determining all members.
    func evaluationWork(in store: ComponentStore) -> Int {
        guard let region, let grid = regions?.grid, grid.isComplete else { return query.evaluationWork(in: store) }
        return 1 + grid.rowCount(near: region.area(RowSet())) * query.nodeCount / Query.rowsPerUnit
    }

    /// All rows were evaluated.
    func finish(in store: ComponentStore) {
        unfinished = nil
        guard ranking != nil else { return }
        // An ordered field may have become whole after the last rows were tested.
        if field != nil { _ = ranking?.update(among: RowSet(), in: store) }
        // First evaluations have a budget of their own.
        _ = ranking?.takeLookedAt()
        _ = showWindow(in: store)
    }

    private func showWindow(in store: ComponentStore) -> Bool {
        guard let ranking else { return false }
        let hasMoved = membership?.update(among: nil, matching: RowSet(ranking.shown), in: store) ?? false
        return hasMoved || ranking.extentTick == store.tick
    }

    /// What a client is told about it.
    var granted: GrantedQuery {
        GrantedQuery(
            number, shown: query.selection.shown, tellsMembers: membership != nil, order: query.order)
    }

    /// Whether the entity at a row is a member that clients are told of.
    func hasMember(at row: UInt32, in store: ComponentStore) -> Bool {
        guard let membership, let candidate = membership.candidate(at: row, in: store) else { return false }
        return membership.contains(candidate)
    }

    /// Whether everyone who left it after a tick is known.
    func isKnown(since tick: Tick) -> Bool { membership.map { $0.knownSince <= tick } ?? true }

    /// The fewest units of work for a batch of its members.
    var expectedWork: Int { (membership?.members.count ?? 0) * sentColumns.count }

    /// Traps if the members are not those of a whole evaluation.
    func checkInvariants(in store: ComponentStore) {
        ranking?.checkInvariants(within: area, in: store)
        membership?.checkInvariants(
            ranking.map { RowSet($0.shown) } ?? query.matching(in: store, within: area), of: query, in: store)
    }
}
