import OrreryQuery
import OrrerySchema
import OrreryStore
import OrreryWire

/// The queries of all sessions: each once, whoever asks for it.
///
/// A query is known by its canonical form, and counted by the subscriptions that have it. Indexes lead from a changed
/// component to the queries whose members it may change and to those that show it, and a query leads to the sets of
/// queries that have it.
struct QueryTable {
    /// What does not change about a query. An object, so that an entry is copied at little cost.
    final class Definition {
        let query: Query
        /// Never used again in this life of the world.
        let number: QueryNumber
        /// The whole components that it shows; empty if its members are told.
        let cells: Cells
        /// The components that it shows of its members, ascending.
        let shownColumns: [ColumnID]

        init(_ query: Query, _ number: QueryNumber, in components: ComponentTable) {
            self.query = query
            self.number = number
            shownColumns = query.selection.shownColumns(in: components)
            cells =
                query.isPlain
                ? Cells(everyEntity: query.readsLife, columns: shownColumns) : Cells()
        }
    }

    struct Entry {
        let definition: Definition
        /// Whom it matches; `nil` for a plain query, whose members are those who have what it shows.
        fileprivate(set) var membership: Membership?
        /// The subscriptions that have it.
        fileprivate(set) var holderCount = 1
        /// The positions of the sets that have it.
        fileprivate(set) var sets: [Int] = []

        init(_ definition: Definition) {
            self.definition = definition
        }

        var query: Query { definition.query }
        var number: QueryNumber { definition.number }
        var cells: Cells { definition.cells }
        var shownColumns: [ColumnID] { definition.shownColumns }

        /// What a client is told about it.
        var granted: GrantedQuery {
            GrantedQuery(number, shown: query.selection.shown, tellsMembers: membership != nil)
        }

        /// Whether the entity at a row is a member that clients are told of.
        func hasMember(at row: UInt32, in store: ComponentStore) -> Bool {
            guard let membership, let candidate = membership.candidate(at: row, in: store) else { return false }
            return membership.contains(candidate)
        }

        /// The fewest units of work for a batch of its members.
        var expectedWork: Int { (membership?.members.count ?? 0) * shownColumns.count }
    }

    /// The position of a query in the table. It is used again once nobody has the query.
    typealias Slot = Int

    private var entries: [Entry?] = []
    private var slots: [Query: Slot] = [:]
    private var unused: [Slot] = []
    /// By component: the queries that show it.
    private var readers: [[Slot]] = []
    /// The plain queries that show the existence of entities.
    private var existenceReaders: [Slot] = []
    /// By component: the queries whose members depend on it.
    private var deciders: [[Slot]] = []
    /// The queries whose members depend on births and deaths alone.
    private var lifeDeciders: [Slot] = []
    private let components: ComponentTable
    private var lastNumber: UInt64 = 0
    /// How often members were determined, for tests that each query is evaluated once, and only if it may have changed.
    private(set) var evaluationCount = 0
    /// The queries whose members are told.
    private(set) var memberQueryCount = 0

    init(_ components: ComponentTable) {
        self.components = components
        readers = Array(repeating: [], count: (components.columns.last?.rawValue ?? -1) + 1)
        deciders = readers
    }

    /// How many queries there are.
    var count: Int { entries.count - unused.count }

    subscript(slot: Slot) -> Entry {
        guard let entry = entries[slot] else { preconditionFailure("there is no query in slot \(slot)") }
        return entry
    }

    /// Whether somebody has the query.
    func contains(_ query: Query) -> Bool { slots[query] != nil }

    /// The queries of lost connections.
    var frozen = FrozenQueries()

    /// Adds a subscription to a query.
    /// - Complexity: O(size of the query) to find it; a whole evaluation if it is new and its members are told.
    mutating func hold(_ query: Query, of store: ComponentStore) -> Slot {
        if let slot = slots[query] {
            entries[slot]?.holderCount += 1
            return slot
        }
        var entry: Entry
        if let (definition, membership) = frozen.take(query) {
            entry = Entry(definition)
            entry.membership = membership
            _ = entry.membership?.update(among: nil, matching: query.members(of: store), in: store)
        } else {
            lastNumber += 1
            entry = Entry(Definition(query, QueryNumber(lastNumber), in: components))
            if !query.isPlain { entry.membership = Membership(query, of: store) }
        }
        if !query.isPlain {
            evaluationCount += 1
            memberQueryCount += 1
        }
        let slot = unused.popLast() ?? entries.count
        if slot == entries.count { entries.append(entry) } else { entries[slot] = entry }
        slots[query] = slot
        for column in entry.shownColumns { readers[column.rawValue].append(slot) }
        if entry.cells.everyEntity { existenceReaders.append(slot) }
        for column in entry.decidingColumns { deciders[column.rawValue].append(slot) }
        if entry.isDecidedByLife { lifeDeciders.append(slot) }
        return slot
    }

    /// A subscription to the query has ended. The last one takes the query with it.
    /// - Parameter lostAt: When the connection of the subscription was lost, whose client may come back; `nil` if the
    ///   client has ended it.
    /// - Precondition: Then no set has it.
    mutating func release(_ slot: Slot, lostAt: Duration? = nil) {
        let entry = self[slot]
        guard entry.holderCount == 1 else {
            entries[slot]?.holderCount -= 1
            return
        }
        precondition(entry.sets.isEmpty, "a set has a query that nobody asks for")
        slots[entry.query] = nil
        for column in entry.shownColumns { readers[column.rawValue].removeUnordered(slot) }
        if entry.cells.everyEntity { existenceReaders.removeUnordered(slot) }
        for column in entry.decidingColumns { deciders[column.rawValue].removeUnordered(slot) }
        if entry.isDecidedByLife { lifeDeciders.removeUnordered(slot) }
        if let membership = entry.membership {
            memberQueryCount -= 1
            // Who died of listed entities is known without having been watched.
            if let lostAt, entry.query.onlyListed == nil { frozen.keep(entry.definition, membership, at: lostAt) }
        }
        entries[slot] = nil
        unused.append(slot)
    }

    mutating func enter(_ slot: Slot, into set: Int) { entries[slot]?.sets.append(set) }

    mutating func leave(_ slot: Slot, from set: Int) { entries[slot]?.sets.removeUnordered(set) }

    /// The world has gone on: determines the members anew, of those queries whose members may have changed.
    /// - Parameters:
    ///   - tick: The tick that was evaluated before.
    ///   - changed: Called with each set that has a query whose members or cells may have changed, perhaps repeatedly.
    /// - Complexity: O(components), and O(rows that changed x nodes) for each query that reads them.
    mutating func advance(after tick: Tick, in store: ComponentStore, _ changed: (_ set: Int) -> Void) {
        let columns = components.columns.filter { store[$0].newestTick > tick }
        let hasLifeChanged = store.entities.newestTick > tick
        guard hasLifeChanged || !columns.isEmpty else { return }
        evaluate(columns, hasLifeChanged, after: tick, in: store)
        func visit(_ slots: [Slot]) {
            for slot in slots { entries[slot]?.sets.forEach(changed) }
        }
        for column in columns { visit(readers[column.rawValue]) }
        if hasLifeChanged { visit(existenceReaders) }
        visit(moved)
    }

    /// The queries whose members changed in the last evaluation.
    private var moved: [Slot] = []

    private mutating func evaluate(
        _ columns: [ColumnID], _ hasLifeChanged: Bool, after tick: Tick, in store: ComponentStore
    ) {
        moved.removeAll(keepingCapacity: true)
        guard memberQueryCount > 0 else { return }
        var due = hasLifeChanged ? lifeDeciders : []
        for column in columns { due += deciders[column.rawValue] }
        guard !due.isEmpty else { return }
        due.sort()
        var candidates = ChangedRows(after: tick)
        var last: Slot?
        for slot in due where slot != last {
            last = slot
            guard let query = entries[slot]?.query else { continue }
            let rows = candidates.rows(for: query, in: store)
            evaluationCount += 1
            let matching = query.members(of: store, among: rows)
            if entries[slot]?.membership?.update(among: rows, matching: matching, in: store) ?? false {
                moved.append(slot)
            }
        }
    }

    /// Traps if counts or indexes do not agree with these subscriptions and sets.
    /// - Parameters:
    ///   - held: The queries of all subscriptions.
    ///   - sets: The queries of each set, by its position.
    func checkInvariants(
        held: [Slot], sets: [(position: Int, queries: [Slot])], evaluatedAt tick: Tick, in store: ComponentStore
    ) {
        var holders: [Slot: Int] = [:]
        for slot in held { holders[slot, default: 0] += 1 }
        assert(count == holders.count && slots.count == count, "a query lasts while somebody asks for it")
        var positions: [Slot: Set<Int>] = [:]
        for set in sets { for slot in set.queries { positions[slot, default: []].insert(set.position) } }
        for (slot, count) in holders {
            let entry = self[slot]
            assert(entry.holderCount == count, "the subscriptions to a query are counted")
            assert(slots[entry.query] == slot, "a query is found by its form")
            assert(
                entry.sets.count == positions[slot]?.count ?? 0 && Set(entry.sets) == positions[slot] ?? [],
                "a query leads to the sets that have it")
            for column in components.columns {
                assert(
                    readers[column.rawValue].count { $0 == slot } == (entry.shownColumns.contains(column) ? 1 : 0),
                    "a component leads to the queries that show it")
                assert(
                    deciders[column.rawValue].count { $0 == slot } == (entry.decidingColumns.contains(column) ? 1 : 0),
                    "a component leads to the queries that it decides")
            }
            assert(
                existenceReaders.count { $0 == slot } == (entry.cells.everyEntity ? 1 : 0)
                    && lifeDeciders.count { $0 == slot } == (entry.isDecidedByLife ? 1 : 0),
                "births and deaths lead to the queries that they concern")
            if tick == store.tick { entry.membership?.checkInvariants(entry.query, in: store) }
        }
        assert(
            (readers + deciders + [existenceReaders, lifeDeciders]).allSatisfy { $0.allSatisfy { holders[$0] != nil } },
            "an index has no query that is gone")
        assert(
            memberQueryCount == holders.keys.count { self[$0].membership != nil }, "queries with members are counted")
    }
}

extension QueryTable.Entry {
    /// The components whose changes may change the members.
    fileprivate var decidingColumns: [ColumnID] { membership == nil ? [] : query.membershipColumns }

    /// Whether births and deaths may change the members, beyond the components that come and go with them.
    fileprivate var isDecidedByLife: Bool { membership != nil && query.readsLife }
}

/// The rows in which something changed after a tick: for queries that read the same, collected once.
private struct ChangedRows {
    private struct Key: Hashable {
        var columns: [ColumnID]
        var readsLife: Bool
    }

    private let cursor: Tick
    private var known: [Key: RowSet] = [:]

    init(after cursor: Tick) {
        self.cursor = cursor
    }

    /// The rows in which the members of a query may have changed.
    mutating func rows(for query: Query, in store: ComponentStore) -> RowSet {
        let key = Key(columns: query.membershipColumns, readsLife: query.readsLife)
        if let rows = known[key] { return rows }
        var rows = query.readsLife ? store.entities.changedRows(after: cursor) : RowSet()
        for column in query.membershipColumns { rows = rows.union(store[column].changedRows(after: cursor)) }
        known[key] = rows
        return rows
    }
}

extension [Int] {
    /// Removes an element that is there once.
    /// - Complexity: O(n), without moving the others.
    fileprivate mutating func removeUnordered(_ element: Int) {
        guard let position = firstIndex(of: element) else { preconditionFailure("\(element) is not there") }
        swapAt(position, count - 1)
        removeLast()
    }
}
