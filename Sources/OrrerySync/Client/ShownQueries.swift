import OrreryQuery
import OrrerySchema
import OrreryStore
import OrreryWire

/// What the started subscriptions of a client show together: which queries have started, and who their members are.
///
/// A cell is shown while a query shows its component and has its entity as a member; an entity is kept while a query
/// has it as a member, or shows one of its components.
struct ShownQueries {
    /// One query, which one or several subscriptions have.
    struct Query {
        fileprivate(set) var granted: GrantedQuery
        /// The started subscriptions that have it.
        fileprivate(set) var subscriptionCount = 0
        /// The members, if the server tells them.
        fileprivate(set) var members = RowSet()
        /// How many match, of whom the members are a part; `nil` if the query has no window.
        fileprivate(set) var extent: Extent?
        /// Whether the entity in the centre of its region is nowhere.
        fileprivate(set) var isCentreLost = false
        /// Before the batch that is being applied.
        fileprivate(set) var membersBefore = RowSet()
        /// Rows that joined again in this batch, though they were members: they left in between.
        fileprivate(set) var rejoined = RowSet()
        /// Whether it begins anew in this batch: who was a member and is one again has stayed, as far as anybody knows.
        fileprivate(set) var isAnew = false
        /// Whether this batch is the first since the query started.
        fileprivate(set) var isNew = true
    }

    /// By number, ascending.
    private(set) var queries: [Query] = []

    func position(of number: QueryNumber) -> Int? {
        let position = position(from: number)
        return position < queries.count && queries[position].granted.number == number ? position : nil
    }

    /// The position of the first query whose number is not lower.
    private func position(from number: QueryNumber) -> Int {
        queries.indices.partitionIndex { queries[$0].granted.number >= number }
    }

    /// The started query with this number.
    subscript(number: QueryNumber) -> Query? { position(of: number).map { queries[$0] } }

    /// A subscription to this query has started.
    mutating func start(_ query: GrantedQuery) { queries[open(query)].subscriptionCount += 1 }

    /// The position of a query, of which a subscription starts in this batch if none did before.
    mutating func open(_ query: GrantedQuery) -> Int {
        let position = position(from: query.number)
        if position == queries.count || queries[position].granted.number != query.number {
            queries.insert(Query(granted: query), at: position)
        }
        return position
    }

    /// The server goes on with a query, perhaps under another number.
    mutating func rename(_ old: GrantedQuery, _ new: GrantedQuery) {
        guard old != new, position(of: new.number) == nil, let position = position(of: old.number) else { return }
        queries[position].granted = new
        queries.sort { $0.granted.number < $1.granted.number }
    }

    /// A started subscription to this query has ended.
    /// - Returns: The query, if it was the last.
    mutating func end(_ query: GrantedQuery) -> Query? {
        guard let position = position(of: query.number) else { return nil }
        queries[position].subscriptionCount -= 1
        return queries[position].subscriptionCount == 0 ? queries.remove(at: position) : nil
    }

    // MARK: Members

    /// - Parameter despawned: The entities that the batch has ended.
    mutating func join(_ rows: RowSet, _ position: Int, despawned: [Entity]) {
        var rejoined = rows.intersection(queries[position].membersBefore)
        // Of a query that begins anew only those have left whose entities are others now.
        if queries[position].isAnew { rejoined = rejoined.intersection(RowSet(despawned.map(\.index))) }
        queries[position].rejoined = queries[position].rejoined.union(rejoined)
        queries[position].members = queries[position].members.union(rows)
    }

    mutating func set(_ extent: Extent, _ position: Int) { queries[position].extent = extent }

    mutating func set(isCentreLost: Bool, _ position: Int) { queries[position].isCentreLost = isCentreLost }

    mutating func leave(_ rows: RowSet, _ position: Int) {
        queries[position].members = queries[position].members.subtracting(rows)
    }

    /// Nothing is known of the members any more.
    /// - Returns: Those that there were.
    mutating func restart(_ position: Int) -> RowSet {
        defer { queries[position].members.removeAll() }
        queries[position].isAnew = true
        return queries[position].members
    }

    /// The entity of a row is gone.
    mutating func forget(_ row: UInt32) {
        for position in queries.indices where !queries[position].granted.isOutsideWorld {
            queries[position].members.remove(row)
        }
    }

    /// A batch was applied.
    mutating func endBatch() {
        for position in queries.indices {
            queries[position].membersBefore = queries[position].members
            queries[position].rejoined.removeAll()
            queries[position].isNew = false
            queries[position].isAnew = false
        }
    }

    // MARK: What is shown

    /// Whether some query brings the component of the entity at a row, or the resource.
    func covers(_ entry: ComponentTable.Entry, _ row: UInt32) -> Bool {
        queries.contains { $0.granted.brings(entry) && (!$0.granted.tellsMembers || $0.members.contains(row)) }
    }

    /// Whether some query has the entity at a row as a member, whatever its components.
    func keeps(_ row: UInt32) -> Bool {
        queries.contains {
            $0.granted.tellsMembers ? !$0.granted.isOutsideWorld && $0.members.contains(row) : $0.granted.shown == .all
        }
    }

    /// Whether the component of a row came into view with this batch, because a query began or an entity joined one,
    /// and not because the world gave the entity the component.
    func comesIntoView(_ entry: ComponentTable.Entry, _ row: UInt32) -> Bool {
        var isNew = false
        for query in queries where query.granted.brings(entry) {
            guard query.granted.tellsMembers else {
                if !query.isNew { return false }
                isNew = true
                continue
            }
            guard query.members.contains(row) else { continue }
            if query.membersBefore.contains(row), !query.rejoined.contains(row) { return false }
            isNew = true
        }
        return isNew
    }
}
