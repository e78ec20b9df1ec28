import OrrerySchema

/// Some queries that one or several sessions are kept up to date on together, and so are sent in the same bytes.
struct QuerySet {
    /// Ascending.
    fileprivate(set) var queries: [QueryTable.Slot]
    /// Those of them whose members are told, ascending.
    fileprivate(set) var memberQueries: [QueryTable.Slot] = []
    fileprivate var counts: CellCounts
    fileprivate(set) var sessionCount = 1
    /// No member is at an earlier tick: the base of the next batch.
    var lastBatchTick: Tick
    /// The units of work of its last batch: the estimate for the next one.
    var work: Int
    /// The newest tick in which something that its queries read has changed.
    var changedTick = Tick.zero

    /// What its plain queries show together.
    var cells: Cells { counts.cells }
}

/// The sets of queries that sessions have.
struct QuerySetTable {
    private var sets: [QuerySet] = []
    private var positions: [[QueryTable.Slot]: Int] = [:]
    private var unused: [Int] = []

    /// One past the last position that was ever used.
    var endPosition: Int { sets.count }

    subscript(position: Int) -> QuerySet {
        get { sets[position] }
        _modify { yield &sets[position] }
    }

    /// Moves a session from its set to one with other queries. Somebody who is alone in a set changes it in place.
    /// - Parameters:
    ///   - position: The session's set; `nil` for none, if it has no queries.
    ///   - added: Queries that the set lacks, each once.
    ///   - removed: Queries that the set has, each once.
    ///   - tick: The tick of the session.
    /// - Returns: The position of its set now; `nil` if it has no queries left.
    /// - Complexity: O(queries of the set), and O(cells of the queries added and removed) if nobody has that set yet.
    ///   If others stay in the old set, a copy of its lists is made.
    mutating func move(
        from position: Int?, adding added: [QueryTable.Slot] = [], removing removed: [QueryTable.Slot] = [],
        at tick: Tick, in table: inout QueryTable
    ) -> Int? {
        guard !added.isEmpty || !removed.isEmpty else { return position }
        let old = position.map { sets[$0].queries } ?? []
        let queries = (old.filter { !removed.contains($0) } + added).sorted()
        if queries.isEmpty || positions[queries] != nil {
            if let position { leave(position, &table) }
            guard let found = positions[queries] else { return nil }
            sets[found].sessionCount += 1
            // The last batch of the others may have been of queries that they have left since.
            sets[found].lastBatchTick = min(sets[found].lastBatchTick, tick)
            return found
        }
        let own: Int
        if let position, sets[position].sessionCount == 1 {
            own = position
            positions[old] = nil
        } else {
            own = makeSet(from: position, &table)
        }
        for slot in removed {
            sets[own].counts.remove(table[slot].cells)
            table.leave(slot, from: own)
        }
        for slot in added {
            sets[own].counts.add(table[slot].cells)
            table.enter(slot, into: own)
        }
        sets[own].queries = queries
        sets[own].memberQueries = queries.filter { table[$0].membership != nil }
        sets[own].lastBatchTick = tick
        sets[own].work = sets[own].memberQueries.reduce(BatchBuilder.expectedWork(of: sets[own].cells)) {
            $0 + table[$1].expectedWork
        }
        positions[queries] = own
        return own
    }

    /// A session has gone.
    mutating func leave(_ position: Int, _ table: inout QueryTable) {
        sets[position].sessionCount -= 1
        guard sets[position].sessionCount == 0 else { return }
        positions[sets[position].queries] = nil
        for slot in sets[position].queries { table.leave(slot, from: position) }
        sets[position].queries = []
        sets[position].memberQueries = []
        sets[position].counts = CellCounts()
        unused.append(position)
    }

    /// Makes a set for one member, with the queries of another set, which that member leaves. It is not found by its
    /// queries.
    private mutating func makeSet(from position: Int?, _ table: inout QueryTable) -> Int {
        var set = QuerySet(queries: [], counts: CellCounts(), lastBatchTick: .zero, work: 0)
        if let position {
            set.queries = sets[position].queries
            set.counts = sets[position].counts
            sets[position].sessionCount -= 1
        }
        let made = unused.popLast() ?? sets.count
        if made == sets.count { sets.append(set) } else { sets[made] = set }
        for slot in set.queries { table.enter(slot, into: made) }
        return made
    }

    /// The sets that have members.
    var used: [(position: Int, queries: [QueryTable.Slot])] {
        sets.indices.filter { sets[$0].sessionCount > 0 }.map { ($0, sets[$0].queries) }
    }

    /// Traps if what is counted does not agree with the members.
    func checkInvariants(sessionCounts: [Int], tick: Tick, _ table: QueryTable) {
        for (position, set) in sets.enumerated() {
            assert(set.sessionCount == sessionCounts[position], "set \(position) counts its sessions")
            assert(set.lastBatchTick <= tick, "set \(position) was sent a tick that has not come")
            assert(
                positions[set.queries] == (set.sessionCount > 0 ? position : nil),
                "a set is found while it has sessions")
            assert(
                set.memberQueries == set.queries.filter { table[$0].membership != nil }, "a set knows whom it tells of")
            assert(
                set.cells == CellCounts(set.queries.map { table[$0].cells }).cells, "a set shows what its queries show")
        }
    }
}
