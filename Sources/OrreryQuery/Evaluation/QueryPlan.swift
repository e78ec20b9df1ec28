package import OrrerySchema
package import OrreryStore

/// A query, ready to be evaluated.
struct QueryPlan: Sendable {
    private let selection: Selection
    private let matcher: Matcher?

    init(_ selection: Selection, _ condition: Condition?, _ table: ComponentTable) {
        self.selection = selection
        let shown = selection.shownColumns(in: table)
        matcher = condition.map { Matcher($0, table, shown: shown) }
    }

    /// The rows among which members are: living entities, or the row of the resource.
    func universe(of store: ComponentStore) -> Column { selection.shown.resource.map { store[$0] } ?? store.entities }

    /// Which of the 64 rows in `mask`, all of which are in the universe, are members, lists of entities aside.
    func matches(_ mask: UInt64, _ place: Matcher.Place) -> UInt64 {
        var rest = mask
        for group in selection.required where rest != 0 {
            rest &= group.reduce(0) { $0 | place.present($1) }
        }
        for column in selection.excluded where rest != 0 { rest &= ~place.present(column) }
        return matcher.map { $0.matches(rest, place) } ?? rest
    }
}

extension Query {
    /// The rows that a whole evaluation looks at: the listed entities, or all that live.
    /// - Complexity: O(1).
    package func rowCount(in store: ComponentStore) -> Int {
        selection.entities?.count ?? plan.universe(of: store).count
    }

    /// The members: rows of entities, or the row of the resource.
    /// - Parameter rows: The rows to look at; all by default.
    /// - Precondition: The store has the table that the query was made with.
    /// - Complexity: O(rows looked at × nodes); nothing is allocated per row.
    package func members(of store: ComponentStore, among rows: RowSet? = nil) -> RowSet {
        var candidates = rows
        if let entities = selection.entities {
            let listed = RowSet(entities.lazy.filter(store.contains).map(\.index))
            candidates = candidates?.intersection(listed) ?? listed
        }
        let universe = plan.universe(of: store)
        var members = RowSet()
        func scan(page: Int, among words: ArraySlice<UInt64>?) {
            guard let handle = universe.page(at: page) else { return }
            for word in 0..<RowSet.pageWords {
                let mask = handle.present[word] & (words.map { $0[$0.startIndex + word] } ?? .max)
                guard mask != 0 else { continue }
                let place = Matcher.Place(store: store, page: page, word: word)
                members.append(word: plan.matches(mask, place), at: word, page: UInt32(page))
            }
        }
        if let candidates {
            for (position, page) in candidates.pages.enumerated() {
                let start = position * RowSet.pageWords
                scan(page: Int(page), among: candidates.words[start..<start + RowSet.pageWords])
            }
        } else {
            for page in 0..<universe.pageCount { scan(page: page, among: nil) }
        }
        return members
    }

    /// Whether an entity is a member. No entity is a member of a query of a resource.
    /// - Precondition: The store has the table that the query was made with.
    /// - Complexity: O(nodes), and O(log n) for a list of n entities.
    package func isMember(_ entity: Entity, of store: ComponentStore) -> Bool {
        guard !isResource, store.contains(entity), isListed(entity) else { return false }
        let row = Int(entity.index)
        let place = Matcher.Place(
            store: store, page: row / RowSet.pageRows, word: row % RowSet.pageRows / 64)
        return plan.matches(1 << UInt64(row % 64), place) != 0
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
