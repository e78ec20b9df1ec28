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
    /// The position of a query in the table. It is used again once nobody has the query.
    typealias Slot = Int

    private var entries: [Entry?] = []
    private var slots: [Query: Slot] = [:]
    private var unused: [Slot] = []
    private var index: QueryIndex
    private var moves = Membership.Moves()
    /// The ticks between which changes were evaluated last.
    private var evaluated: (after: Tick, tick: Tick)?
    private let components: ComponentTable
    private var lastNumber: UInt64 = 0
    /// How often members were determined, for tests that each query is evaluated once, and only if it may have changed.
    private(set) var evaluationCount = 0
    /// The queries whose members are told.
    private(set) var memberQueryCount = 0
    /// Those of them that were not evaluated whole yet.
    var unfinished: [Slot] = []
    /// The work of all queries since ``resetWork()``, each once.
    private(set) var totalWork = 0
    let tuning: Tuning
    /// How many queries each of the components has with which a server shows itself.
    private var statusQueryCounts: [ColumnID: Int] = [:]
    /// All of those together.
    private(set) var statusQueryCount = 0

    private var orderedFields: OrderedFields
    /// The queries that need a field that is not registered as ordered.
    var unindexed: [Slot] = []
    /// The queries of lost connections, of all views.
    private let frozen: FrozenQueries
    /// By which those of this view are known.
    private let epoch: Epoch

    init(
        _ components: ComponentTable, epoch: Epoch = Epoch(0), frozen: FrozenQueries = FrozenQueries(),
        _ configuration: SyncServerConfiguration = .init()
    ) {
        self.components = components
        orderedFields = OrderedFields(configuration.orderedFields, in: components)
        tuning = Tuning(configuration)
        self.epoch = epoch
        self.frozen = frozen
        index = QueryIndex(
            columnCount: (components.columns.last?.rawValue ?? -1) + 1,
            fieldsAreAlwaysUsed: configuration.fieldsAreAlwaysUsed)
    }

    /// Whether the members of some queries are not known yet.
    var isUnfinished: Bool { !unfinished.isEmpty }

    /// How many queries there are.
    var count: Int { entries.count - unused.count }

    subscript(slot: Slot) -> Entry {
        guard let entry = entries[slot] else { preconditionFailure("there is no query in slot \(slot)") }
        return entry
    }

    /// Whether somebody has a query of a component with which the server shows itself.
    func watchesStatus(_ column: ColumnID) -> Bool {
        statusQueryCount > 0 && statusQueryCounts[column, default: 0] > 0
    }

    /// Calls `body` with each query, in the order of slots.
    func forEach(_ body: (Entry) -> Void) { for case let entry? in entries { body(entry) } }

    /// Whether somebody has the query.
    func contains(_ query: Query) -> Bool { slots[query] != nil }

    /// Adds a subscription to a query.
    ///
    /// If it is new and its members are told, they are determined here, or, if that is much work, by
    /// ``evaluateFurther(_:in:)``.
    /// - Parameters:
    ///   - waits: Whether others will come with it, so that it is not evaluated here.
    ///   - replaced: The query that it replaces: who was in the region of that stays in the new one up to the same
    ///     distance.
    /// - Complexity: O(size of the query) to find it.
    mutating func hold(
        _ query: Query, of store: ComponentStore, waits: Bool = false, replacing replaced: Slot? = nil
    ) -> Slot {
        if let slot = slots[query] {
            entries[slot]?.holderCount += 1
            return slot
        }
        // Its members are those of now, not of the tick that was evaluated last.
        if evaluated?.tick != store.tick { index.forget() }
        let entry: Entry
        var (anchor, centre) = (RowOrder.Place?.none, Point?.none)
        if let kept = frozen.take(query, of: epoch) {
            entry = Entry(kept.definition)
            (anchor, centre) = (kept.anchor, kept.centre)
            entry.membership = kept.membership
            entry.unfinished = Unfinished(isNew: false)
        } else {
            lastNumber += 1
            entry = Entry(Definition(query, QueryNumber(lastNumber), in: components))
            if let listed = query.onlyListed {
                entry.membership = Membership(listed, in: store)
            } else if !query.isPlain {
                entry.membership = Membership(of: query, at: store.tick)
                entry.unfinished = Unfinished(isNew: true)
            }
        }
        if let region = query.region {
            let replaced = replaced.map { self[$0] }.flatMap { $0.query.region?.column == region.column ? $0 : nil }
            (replaced ?? entry).membership?.members.forEach { entry.unfinished?.insiders.append($0.index) }
            entry.region = RegionState(query, region, around: centre, leaveRatio: tuning.regionLeaveRatio)
            _ = entry.region?.follow(in: store)
        }
        entry.field = orderedFields.hold(query, in: components)
        entry.ranking = query.window.map {
            Ranking(
                query, $0, from: anchor, field: entry.field, rowCountMax: tuning.windowRowCountMax,
                reserveMin: tuning.reserveMin)
        }
        if !query.isPlain {
            evaluationCount += 1
            memberQueryCount += 1
        }
        let slot = unused.popLast() ?? entries.count
        if slot == entries.count { entries.append(entry) } else { entries[slot] = entry }
        slots[query] = slot
        for column in query.statusColumns(in: components) {
            statusQueryCounts[column, default: 0] += 1
            statusQueryCount += 1
        }
        index.insert(slot, entry.definition)
        entry.regions = index.regions(of: query)
        guard !entry.isFinished else { return slot }
        unfinished.append(slot)
        let fieldPageCount = entry.field.map { $0.isComplete ? 0 : store[$0.column].pageCount } ?? 0
        let gridPageCount = entry.regions.map { $0.grid.isComplete ? 0 : store[$0.column].pageCount } ?? 0
        let work =
            entry.evaluationWork(in: store) + Tuning.work(ofOrdering: fieldPageCount)
            + SpatialGrid.workOfBuilding(pageCount: gridPageCount)
        if !waits, work <= tuning.pieceWorkMax {
            entry.field?.build(fieldPageCount, in: store)
            entry.regions?.build(gridPageCount, in: store)
            entry.testedCount += UInt64(query.rowCount(in: store))
            entry.evaluate(in: store)
            finish(slot, in: store)
        }
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
        for column in entry.query.statusColumns(in: components) {
            statusQueryCounts[column]? -= 1
            statusQueryCount -= 1
        }
        index.remove(slot, entry.definition)
        if let membership = entry.membership {
            memberQueryCount -= 1
            if !entry.isFinished { unfinished.removeUnordered(slot) }
            // Who died of listed entities is known without having been watched.
            if let lostAt, entry.isFinished, entry.query.onlyListed == nil {
                frozen.keep(entry, membership, of: epoch, at: lostAt)
            }
        }
        entry.field.map { orderedFields.release($0) }
        unindexed.removeAll { $0 == slot }
        entries[slot] = nil
        unused.append(slot)
    }

    mutating func enter(_ slot: Slot, into set: Int) { entries[slot]?.sets.append(set) }

    mutating func leave(_ slot: Slot, from set: Int) { entries[slot]?.sets.removeUnordered(set) }

    /// The world has gone on: determines the members anew, of those queries whose members may have changed.
    /// - Parameters:
    ///   - tick: The tick that was evaluated before.
    ///   - changed: Called with each set that has a query whose members or cells may have changed, perhaps repeatedly.
    /// - Complexity: O(components), and for each query that reads what changed O(changed rows x nodes); with many such
    ///   queries less, since those whose members and values did not change are not looked at (``FieldIndex``).
    mutating func advance(after tick: Tick, in store: ComponentStore, _ changed: (_ set: Int) -> Void) {
        if tick != evaluated?.tick { index.forget() }
        evaluated = (tick, store.tick)
        let columns = components.columns.filter { store[$0].newestTick > tick }
        let hasLifeChanged = store.entities.newestTick > tick
        var rows = ChangedRows(after: tick)
        orderedFields.forEach(of: columns) { field in
            field.update(rows.rows(of: [field.column], life: false, in: store), in: store)
        }
        let (direct, found) = index.decidersOf(columns, hasLifeChanged, &rows, in: store)
        func visit(_ slot: Slot) { entries[slot]?.sets.forEach(changed) }
        var last: Slot?
        for slot in direct where slot != last {
            last = slot
            guard let entry = entries[slot] else { continue }
            let query = entry.query
            var candidates = rows.rows(of: query.membershipColumns, life: query.readsLife, in: store)
            if let unfinished = entry.unfinished {
                candidates = candidates.intersection(RowSet(pages: 0..<unfinished.nextPage))
            }
            let hasMoved = entry.evaluate(among: candidates, in: store)
            count(candidates.count + entry.takeLookedAt(), of: entry)
            noteUnindexed(slot)
            if hasMoved || entry.sentColumns.contains(where: columns.contains) { visit(slot) }
        }
        var moves = Membership.Moves()
        swap(&moves, &self.moves)
        for slot in found {
            guard let entry = entries[slot] else { continue }
            let rowEnd = entry.unfinished.map { UInt32($0.nextPage * RowSet.pageRows) } ?? .max
            var rowCount = 0
            let concernsMembers = index.update(slot) { rows in
                rowCount = rows.partitionIndex { $0.row >= rowEnd }
                return entry.membership?.update(
                    UnsafeMutableBufferPointer(rebasing: rows[..<rowCount]), entry.query,
                    hasLifeChanged: hasLifeChanged, in: store, &moves) ?? false
            }
            count(rowCount, of: entry)
            if concernsMembers { visit(slot) }
        }
        for region in index.regions.values {
            region.update(columns, &rows, after: tick, in: store)
            for slot in region.slots {
                guard let entry = entries[slot] else { continue }
                let hasChanged = evaluate(slot, entry, of: region, hasLifeChanged: hasLifeChanged, in: store, &moves)
                if hasChanged || entry.region?.changeTick == store.tick { visit(slot) }
            }
        }
        swap(&moves, &self.moves)
        // Of whom not all was looked at, it is not known what became.
        for slot in unfinished { index.concernAll(slot) }
        for slot in index.readersOf(columns, hasLifeChanged) { visit(slot) }
    }

    /// Determines the members of a query with a region anew.
    /// - Returns: Whether they, or what decides about them, may have changed.
    private mutating func evaluate(
        _ slot: Slot, _ entry: Entry, of region: RegionIndex, hasLifeChanged: Bool, in store: ComponentStore,
        _ moves: inout Membership.Moves
    ) -> Bool {
        guard region.look(at: entry, in: store) else { return false }
        defer { count(entry.takeLookedAt(), of: entry) }
        guard entry.isToldByRows else {
            let hasMoved = entry.evaluate(among: entry.candidates(beside: region.found.others), in: store)
            return hasMoved || entry.sentColumns.contains { store[$0].newestTick == store.tick }
        }
        index.collect(slot) { rows in
            entry.membership?.update(
                region.found, entry.query, hasLifeChanged: hasLifeChanged, in: store, &moves, to: &rows)
        }
        return !region.found.isEmpty
    }

    private mutating func count(_ rowCount: Int, of entry: Entry) {
        evaluationCount += 1
        let work = rowCount * entry.query.nodeCount
        entry.testedCount += UInt64(rowCount)
        entry.work += work
        totalWork += work
    }

    /// Begins to count the work of all queries anew.
    mutating func resetWork() {
        guard totalWork > 0 else { return }
        for entry in entries { entry?.work = 0 }
        totalWork = 0
    }

    /// What the server shows of itself has come between two ticks: determines the members anew of the queries of it.
    mutating func determineMembers(readFrom column: ColumnID, in store: ComponentStore) {
        for case let entry? in entries where entry.query.statusColumns(in: components).contains(column) {
            entry.evaluate(in: store)
        }
    }

    /// The rows in which the members of a query, or of what they have the components that decide about it, may differ
    /// from those of an earlier tick, with what became of them since; `nil` if nothing is known about that.
    func rows(concerning slot: Slot, after cursor: Tick, in store: ComponentStore) -> ArraySlice<ConcernedRow>? {
        // Who begins anew knows of nobody.
        guard cursor > .zero, let evaluated, evaluated == (cursor, store.tick) else { return nil }
        return index.rows(concerning: slot, self[slot].definition)
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
            if tick == store.tick, entry.isFinished { entry.checkInvariants(in: store) }
            assert(entry.isFinished || entry.sets.isEmpty, "a set has queries whose members are known")
        }
        if tick == store.tick { index.checkGrids(in: store) }
        index.checkInvariants(Dictionary(uniqueKeysWithValues: holders.keys.map { ($0, self[$0].definition) }))
        let watched = holders.keys.flatMap { self[$0].query.statusColumns(in: components) }
        assert(
            statusQueryCounts.allSatisfy { column, count in watched.count { $0 == column } == count },
            "queries of what the server shows of itself are counted")
        assert(statusQueryCount == watched.count, "all of them are counted, too")
        assert(
            memberQueryCount == holders.keys.count { self[$0].membership != nil }, "queries with members are counted")
        assert(
            unfinished.sorted() == holders.keys.filter { !self[$0].isFinished }.sorted(), "unfinished queries are known"
        )
        assert(totalWork >= holders.keys.reduce(0) { $0 + self[$1].work }, "the work of all queries is counted")
    }
}
