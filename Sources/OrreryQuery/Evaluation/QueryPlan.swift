package import OrrerySchema
package import OrreryStore

/// A query, ready to be evaluated.
struct QueryPlan: Sendable {
    private let selection: Selection
    fileprivate let matcher: Matcher?

    init(_ selection: Selection, _ condition: Condition?, _ table: ComponentTable) {
        self.selection = selection
        let shown = selection.shownColumns(in: table)
        matcher = condition.map { Matcher($0, table, shown: shown) }
    }

    /// The rows among which members are: living entities, the row of the resource, or those of what the server shows of
    /// itself that have a component of the first group that must be there.
    func universe(of store: ComponentStore) -> Universe {
        switch selection.shown {
        case .all, .listed: Universe(first: store.entities)
        case .resource(let column): Universe(first: store[column])
        case .status:
            Universe(
                first: store[selection.required[0][0]], others: selection.required[0].dropFirst().map { store[$0] })
        }
    }

    /// The rows of some columns.
    struct Universe {
        let first: Column
        var others: [Column] = []

        var count: Int { others.reduce(first.count) { $0 + $1.count } }
        var pageCount: Int { others.reduce(first.pageCount) { max($0, $1.pageCount) } }
    }

    /// Finds out who has the right components, page by page.
    struct Presence {
        /// Of each, a row has at least one.
        private var groups: [[ScannedPages]]
        private var excluded: [ScannedPages]
        /// If that is all that is asked for.
        private var only: ScannedPages?

        fileprivate init(_ selection: Selection, _ universe: Universe, in store: ComponentStore) {
            // Who has a component lives.
            let required = selection.required.map { $0.map { store[$0].scanned } }
            groups = required.isEmpty ? [[universe.first.scanned]] : required
            excluded = selection.excluded.map { store[$0].scanned }
            only = groups.count == 1 && groups[0].count == 1 && excluded.isEmpty ? groups[0][0] : nil
        }

        /// Which of some rows of a page may be members.
        func mask(_ rows: PageMask, onPage page: Int) -> PageMask {
            if let only { return rows & only.present(at: page) }
            var rest = rows
            for group in groups { rest &= group.reduce(.zero) { $0 | $1.present(at: page) } }
            for column in excluded { rest &= ~column.present(at: page) }
            return rest
        }
    }

    func presence(in store: ComponentStore) -> Presence { Presence(selection, universe(of: store), in: store) }

    /// Which of the rows in `mask`, all of which are in the universe, are members, lists of entities aside.
    func matches(_ mask: PageMask, _ place: Matcher.Place) -> PageMask {
        var rest = mask
        for group in selection.required where !rest.isEmpty {
            rest &= group.dropFirst().reduce(place.present(group[0])) { $0 | place.present($1) }
        }
        for column in selection.excluded where !rest.isEmpty { rest &= ~place.present(column) }
        return matcher.map { $0.matches(rest, place) } ?? rest
    }
}

extension Query {
    /// The rows that a whole evaluation looks at: the listed entities, or all that live.
    /// - Complexity: O(1).
    package func rowCount(in store: ComponentStore) -> Int {
        selection.entities?.count ?? plan.universe(of: store).count
    }

    /// The members: rows of entities, or of what the query is of instead.
    /// - Precondition: The store has the table that the query was made with.
    /// - Complexity: O(rows × nodes); nothing is allocated per row. With a window all who match are put in order.
    package func members(of store: ComponentStore) -> RowSet {
        let matching = matching(in: store)
        return window == nil ? matching : RowSet(members(of: matching, in: store).rows)
    }

    /// The members among all who match.
    /// - Returns: In their order; and whether the window begins at the entity that it names, if it names any.
    package func members(of matching: RowSet, in store: ComponentStore) -> (rows: ArraySlice<UInt32>, isAtStart: Bool) {
        guard let window else { return (rowOrder.sorted(matching, in: store)[...], true) }
        guard window != .nobody else { return ([], true) }
        let sorted = rowOrder.sorted(matching, in: store)
        switch window.start {
        case .offset(let offset): return (sorted.dropFirst(offset).prefix(window.count), true)
        case .entity(let entity):
            let isMember = store.entity(at: entity.index) == entity && matching.contains(entity.index)
            let start = isMember ? sorted.firstIndex(of: entity.index) : nil
            return (sorted.dropFirst(start ?? 0).prefix(window.count), start != nil)
        }
    }

    /// The rows that match, whichever of them the window shows.
    /// - Parameters:
    ///   - rows: The rows to look at; all by default.
    ///   - area: Where the region lies, and who is in it; by default where it lies now, and nobody.
    /// - Precondition: The store has the table that the query was made with.
    /// - Complexity: O(rows looked at × nodes); nothing is allocated per row.
    package func matching(in store: ComponentStore, among rows: RowSet? = nil, within area: Area? = nil) -> RowSet {
        var members = RowSet()
        forEachPage(of: rows, in: store, within: area) { page, _, matching in
            members.append(matching, page: UInt32(page))
        }
        return members
    }

    /// Calls `body` with each page of rows, ascending, of which rows were looked at, and which of them match.
    /// - Parameters:
    ///   - rows: The rows to look at; all by default. Of a query that lists entities, others are passed over.
    ///   - area: As of ``matching(in:among:within:)``.
    /// - Complexity: As ``matching(in:among:within:)``.
    package func forEachPage(
        of rows: RowSet? = nil, in store: ComponentStore, within area: Area? = nil,
        _ body: (_ page: Int, _ rows: PageMask, _ matching: PageMask) -> Void
    ) {
        var (candidates, living) = (rows, RowSet?.none)
        if let entities = selection.entities {
            let listed = RowSet(entities.lazy.map(\.index))
            candidates = candidates?.intersection(listed) ?? listed
            living = RowSet(entities.lazy.filter { self.mayBeMember($0, of: store) }.map(\.index))
        }
        let (presence, places, matcher) = (plan.presence(in: store), places, plan.matcher)
        let area = area ?? presentArea(in: store)
        func scan(page: Int, among rows: PageMask) {
            var mask = presence.mask(rows, onPage: page)
            if let living { mask &= living.mask(ofPage: UInt32(page)) }
            if let places, let area, !mask.isEmpty { mask = places.mask(mask, in: area, onPage: page, of: store) }
            if let matcher, !mask.isEmpty { mask = matcher.matches(mask, Matcher.Place(store: store, page: page)) }
            body(page, rows, mask)
        }
        if let candidates {
            for (position, page) in candidates.pages.enumerated() {
                scan(page: Int(page), among: candidates.mask(at: position))
            }
        } else {
            for page in 0..<plan.universe(of: store).pageCount { scan(page: page, among: .all) }
        }
    }

    /// Whether an entity matches. No entity matches a query of a resource.
    /// - Precondition: The store has the table that the query was made with.
    /// - Complexity: O(nodes), and O(log n) for a list of n entities.
    package func isMember(_ entity: Entity, of store: ComponentStore) -> Bool {
        guard mayBeMember(entity, of: store), matches(entity, of: store) else { return false }
        guard let places, let area = presentArea(in: store) else { return true }
        let (page, row) = (Int(entity.index) / RowSet.pageRows, Int(entity.index) % RowSet.pageRows)
        return !places.mask(PageMask(row: row), in: area, onPage: page, of: store).isEmpty
    }

    /// Where the region lies now, with nobody in it; `nil` without a region.
    private func presentArea(in store: ComponentStore) -> Area? {
        region.map { Area($0, around: centre(in: store), leaveRatio: 1, insiders: RowSet()) }
    }

    /// Whether a living entity matches, wherever it is.
    /// - Precondition: As for ``isMember(_:of:)``; it lives.
    package func matches(_ entity: Entity, of store: ComponentStore) -> Bool {
        guard isListed(entity) else { return false }
        let row = Int(entity.index)
        let place = Matcher.Place(store: store, page: row / RowSet.pageRows)
        return !plan.matches(PageMask(row: row % RowSet.pageRows), place).isEmpty
    }

    /// Whether an entity is of the kind that the members are, and there.
    private func mayBeMember(_ entity: Entity, of store: ComponentStore) -> Bool {
        switch rowKind {
        case .entities: store.contains(entity)
        case .resource: false
        // What it must have says that it is there.
        case .status: entity.statusRow != nil
        }
    }

    private func isListed(_ entity: Entity) -> Bool {
        guard let entities = selection.entities else { return true }
        let position = entities.partitionIndex { $0 >= entity }
        return position < entities.count && entities[position] == entity
    }

    /// The components that the query shows of a living entity, ascending.
    /// - Complexity: O(components).
    package func shownColumns(of entity: Entity, in store: ComponentStore) -> [ColumnID] {
        store.columns(of: entity).filter { column in store.table[column].map(selection.shown.contains) ?? false }
    }
}
