import OrreryQuery
import OrrerySchema
import OrreryStore
import OrreryWire

/// The world as the sessions of one class see it, and what they ask of it.
struct WorldView {
    /// `nil` for a vacant one, which nobody has.
    private(set) var visibility: Visibility?
    /// The only one who has it; `nil` for one that all clients of a class may have.
    let client: ClientID?
    /// Clients that come back to another view begin anew.
    let epoch: Epoch
    /// What they see: nothing else leads to their bytes.
    private(set) var store: ComponentStore
    /// How to hide entities in the values of components that name any.
    let masks: [ColumnID: EntityMask]
    var queries: QueryTable
    var sets = QuerySetTable()
    var builder: BatchBuilder
    /// The sessions that have it.
    var sessionCount = 0
    /// Since when nobody has it.
    var unusedSince = Duration.zero
    /// The hashes of queries that sessions asked for at this tick, one for each query at most.
    private var hashes: [QueryNumber: StateHash] = [:]
    private var hashesTick = Tick.zero
    /// What rules said at the store's tick.
    var (restricted, shown) = (RowSet(), RowSet())
    /// Bytes of values that take as long to hash as sixteen items take besides them.
    private static let hashedBytesPerUnit = 128
    /// By set: the sessions that are sent this tick's batch. Empty outside ``SyncServer/worldAdvanced(now:)``.
    var recipients: [[Int]] = []

    /// The view that sees everything.
    init(
        of world: ComponentStore, epoch: Epoch, _ frozen: FrozenQueries, _ configuration: SyncServerConfiguration
    ) {
        self.init(.everything, nil, epoch, world, [:], frozen, configuration)
    }

    /// The view of a class that does not see everything, or of one client of a personal class, as of now.
    init(
        _ visibility: Visibility, _ client: ClientID?, of world: ComponentStore, _ rows: PersonalRows, epoch: Epoch,
        _ frozen: FrozenQueries, _ configuration: SyncServerConfiguration
    ) {
        let table = Self.table(world.table, for: visibility)
        let masks = table.entries.compactMap { entry in
            entry.schema.flatMap { EntityMask($0.type) }.map { (entry.column, $0) }
        }
        self.init(
            visibility, client, epoch, ComponentStore(table, entitiesMayReturn: true),
            Dictionary(uniqueKeysWithValues: masks), frozen, configuration)
        follow(world, rows, after: .zero)
    }

    private init(
        _ visibility: Visibility?, _ client: ClientID?, _ epoch: Epoch, _ store: ComponentStore,
        _ masks: [ColumnID: EntityMask],
        _ frozen: FrozenQueries, _ configuration: SyncServerConfiguration
    ) {
        self.visibility = visibility
        self.client = client
        self.epoch = epoch
        self.store = store
        self.masks = masks
        queries = QueryTable(store.table, epoch: epoch, frozen: frozen, configuration)
        builder = BatchBuilder(store: store, partSizeMax: configuration.limits.partSizeMax)
    }

    var isVacant: Bool { visibility == nil }

    /// Nobody comes back to it.
    mutating func vacate() {
        self = WorldView(
            nil, nil, epoch, ComponentStore(ComponentTable()), [:], FrozenQueries(), SyncServerConfiguration())
    }

    /// The store is at a new tick: determines whose members and cells have changed.
    mutating func advance(after tick: Tick) {
        while recipients.count < sets.endPosition { recipients.append([]) }
        let now = store.tick
        queries.advance(after: tick, in: store) { sets[$0].changedTick = now }
    }

    /// Adds the sections of what a session was not sent yet.
    mutating func appendSections(
        of pending: [PendingChanges], pages: Range<Int>? = nil, to sections: inout BatchSections
    ) {
        builder.appendSections(of: pending, in: queries, pages: pages, to: &sections)
    }

    /// Moves a session from its set to one with other queries (``QuerySetTable/move(from:adding:removing:at:in:)``).
    mutating func move(
        from set: Int?, adding added: [QueryTable.Slot] = [], removing removed: [QueryTable.Slot] = [], at tick: Tick
    ) -> Int? {
        sets.move(from: set, adding: added, removing: removed, at: tick, in: &queries)
    }

    /// A session leaves its set.
    mutating func leave(_ set: Int) { sets.leave(set, &queries) }

    /// Whether everyone who left these queries after a tick is known.
    func knows(_ pending: [PendingChanges], since tick: Tick) -> Bool {
        pending.allSatisfy { $0.queries.allSatisfy { queries[$0].isKnown(since: tick) } }
    }

    func appendRestarts(of pending: [PendingChanges], to sections: inout BatchSections) {
        for part in pending {
            for slot in part.restarted { sections.append(restarted: queries[slot].number) }
        }
    }

    /// The hash of what a query shows now. Sessions that ask in the same tick share it.
    /// - Returns: The hash, and the units of work that it took.
    mutating func hash(of slot: QueryTable.Slot) -> (StateHash, work: Int) {
        if hashesTick != store.tick { hashes.removeAll(keepingCapacity: true) }
        hashesTick = store.tick
        let entry = queries[slot]
        if let known = hashes[entry.number] { return (known, 1) }
        let members =
            entry.membership.map { RowSet($0.members.lazy.map(\.index)) }
            ?? (entry.cells.everyEntity
                ? store.entities.rows : entry.sentColumns.reduce(RowSet()) { $0.union(store[$1].rows) })
        let hash = StateHash(
            of: members, shown: entry.sentColumns, rowKind: entry.query.rowKind, in: store)
        hashes[entry.number] = hash
        let shown = PendingChanges(
            cells: entry.cells, queries: entry.membership == nil ? [] : [slot], cursor: .zero)
        return (
            hash, BatchBuilder.work(ofRows: hash.itemCount) + estimatedSize(of: shown) / Self.hashedBytesPerUnit
        )
    }

    /// Bytes that pending changes take, roughly, if all of it is new to the client.
    func estimatedSize(of pending: PendingChanges) -> Int {
        let whole = pending.cells.columns.reduce(0) { $0 + store[$1].valuesByteCount + store[$1].count }
        return pending.queries.reduce(whole) { size, slot in
            let entry = queries[slot]
            let memberCount = entry.membership?.members.count ?? 0
            return entry.sentColumns.reduce(size + 5 * memberCount) {
                // As if members were like everybody else.
                let column = store[$1]
                return $0 + (column.count == 0 ? 0 : memberCount * (column.valuesByteCount / column.count + 1))
            }
        }
    }
}

/// Where the set of a session is.
struct SetPlace: Comparable {
    var view: Int
    var set: Int

    static func < (left: SetPlace, right: SetPlace) -> Bool { (left.view, left.set) < (right.view, right.set) }
}
