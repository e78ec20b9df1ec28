import OrrerySchema
import OrreryStore
import OrreryWire

/// Changes that a session was not sent yet.
struct PendingChanges: Sendable {
    /// Whole components: their changes after the cursor.
    var cells = Cells()
    /// The queries whose members are told: who joined and left after the cursor, and changes of who stayed.
    var queries: [QueryTable.Slot] = []
    var cursor: Tick
    /// Cells that the client may hold for other queries are as of this tick; 0 if there are none. Usually the cursor.
    var heldSince: Tick
    /// The queries that begin anew: the client drops what it has of them and is not brought by this batch.
    var restarted: [QueryTable.Slot] = []
    /// What other changes of the same batch bring, so that it need not be sent for those who join: whole components,
    /// and what these queries show of their members.
    var otherwise: (cells: Cells, queries: [QueryTable.Slot]) = (Cells(), [])

    init(
        cells: Cells = Cells(), queries: [QueryTable.Slot] = [], cursor: Tick, heldSince: Tick? = nil,
        restarted: [QueryTable.Slot] = []
    ) {
        self.cells = cells
        self.queries = queries
        self.cursor = cursor
        self.heldSince = heldSince ?? cursor
        self.restarted = restarted
    }

    var isEmpty: Bool { cells.isEmpty && queries.isEmpty }

    /// These changes without what others of the batch bring.
    func without(_ others: some Sequence<PendingChanges>) -> PendingChanges {
        var result = self
        for other in others {
            result.otherwise.cells.columns += other.cells.columns
            result.otherwise.queries += other.queries
        }
        return result
    }
}

/// Builds the sections of pending changes: each block once per tick, however many sessions need it.
struct BatchBuilder {
    private struct BlockKey: Hashable {
        var column: ColumnID
        var cursor: Tick
        var heldSince: Tick
    }

    private struct MemberKey: Hashable {
        var query: QueryNumber
        var cursor: Tick
        var heldSince: Tick
    }

    /// The changes of a component after a cursor, with their sections.
    private struct Block {
        var entered = RowSet()
        var gone = RowSet()
        var removed = RowSet()
        var values: BatchSections
    }

    private let store: ComponentStore
    private let partSizeMax: Int
    private var blocks: [BlockKey: Block] = [:]
    private var memberBlocks: [MemberKey: SharedMemberSections] = [:]
    private var writer: MemberWriter
    /// What the batch that is built tells of members.
    private var members: MemberSections
    private var blocksTick = Tick.zero
    /// From blocks of earlier ticks, to reuse their memory.
    private var spareSections: [BatchSections] = []
    /// The most blocks kept for other sessions of the same tick, of all builders of a server. Further ones are built
    /// again.
    static let blockCountMax = 4096
    /// This builder's share of them.
    var blockCountMax = Self.blockCountMax
    /// The most spare sections; each keeps a bounded number of bytes.
    private static let spareSectionsMax = 16
    /// Rows of a column that cost as much as looking up one cell separately: they are adjacent in memory.
    private static let rowsPerUnit = 16
    /// How often a block was built, for tests that each is built once.
    private(set) var builtBlockCount = 0
    /// Units of work done since the last ``takeWork()``.
    private var work = 0

    var blockCount: Int { blocks.count + memberBlocks.count }

    init(store: ComponentStore, partSizeMax: Int) {
        self.store = store
        self.partSizeMax = partSizeMax
        writer = MemberWriter(store: store)
        members = MemberSections(partSizeMax: partSizeMax)
    }

    /// The work of looking at rows of a column.
    static func work(ofRows count: Int) -> Int { 1 + count / rowsPerUnit }

    /// The fewest units of work for a batch of these cells: one for each column.
    static func expectedWork(of cells: Cells) -> Int { 1 + cells.columns.count }

    /// The units of work since the last call.
    mutating func takeWork() -> Int {
        defer { work = 0 }
        return work
    }

    /// Adds the sections of pending changes, in the order in which they are applied.
    /// - Parameter pages: the pages of 1024 rows to look at, all unless stated.
    mutating func appendSections(
        of pending: [PendingChanges], in queries: QueryTable, pages: Range<Int>? = nil,
        to sections: inout BatchSections
    ) {
        if blocksTick != store.tick { forgetBlocks() }
        work += 1
        var collected: [(ColumnID, Block)] = []
        members.removeAll()
        var life = LifeChanges()
        for part in pending {
            if part.cells.everyEntity {
                let changes = store.entities.changes(after: part.cursor, pages: pages)
                work += Self.work(ofRows: changes.entered.count)
                life.enter(changes.entered, after: part.cursor, in: store)
                if part.cursor > .zero { life.gone.formUnion(changes.left) }
            }
            for column in part.cells.columns {
                let block = block(of: column, after: part.cursor, heldSince: part.heldSince, pages: pages)
                life.enter(block.entered, after: part.cursor, in: store)
                life.gone.formUnion(block.gone)
                collected.append((column, block))
            }
            for slot in part.queries { addMembers(of: slot, part, in: queries, pages: pages) }
            // What others bring, too, is written once.
            if pending.count > 1 || !life.isEmpty { members.life = nil }
            guard members.life == nil else { continue }
            life.enter(RowSet(members.entered), after: part.cursor, in: store)
            members.entered.removeAll(keepingCapacity: true)
        }
        let written = members.life
        if let written {
            sections.append(contentsOf: written.gone)
        } else {
            life.gone.formUnion(RowSet(members.gone))
            life.appendGone(to: &sections)
        }
        sections.append(contentsOf: members.left)
        if let written {
            sections.append(contentsOf: written.entered)
        } else {
            life.appendEntered(to: &sections, of: store)
        }
        sections.append(contentsOf: members.joined)
        for (column, block) in collected { sections.append(removed: block.removed, from: column) }
        sections.append(contentsOf: members.removed)
        for (_, block) in collected { sections.append(contentsOf: block.values) }
        sections.append(contentsOf: members.values)
    }

    private mutating func forgetBlocks() {
        while spareSections.count < Self.spareSectionsMax, let (_, block) = blocks.popFirst() {
            var sections = (consume block).values
            sections.removeAll()
            spareSections.append(consume sections)
        }
        blocks.removeAll(keepingCapacity: true)
        memberBlocks.removeAll(keepingCapacity: true)
        blocksTick = store.tick
    }

    // MARK: Whole components

    private mutating func block(
        of column: ColumnID, after cursor: Tick, heldSince: Tick, pages: Range<Int>?
    ) -> Block {
        work += 1
        guard pages == nil else {
            return makeBlock(
                of: column, after: cursor, heldSince: heldSince, pages, in: BatchSections(partSizeMax: partSizeMax))
        }
        let key = BlockKey(column: column, cursor: cursor, heldSince: heldSince)
        if let block = blocks[key] { return block }
        builtBlockCount += 1
        // Taken before the call, which holds all of `self`: a buffer with two references is copied when it is changed.
        let spare = spareSections.popLast() ?? BatchSections(partSizeMax: partSizeMax)
        let block = makeBlock(of: column, after: cursor, heldSince: heldSince, nil, in: spare)
        if blockCount < blockCountMax { blocks[key] = block }
        return block
    }

    private mutating func makeBlock(
        of column: ColumnID, after cursor: Tick, heldSince: Tick, _ pages: Range<Int>?,
        in sections: consuming BatchSections
    ) -> Block {
        let changes = store[column].changes(after: cursor, pages: pages)
        work += (changes.entered.count + changes.updated.count + changes.left.count) / Self.rowsPerUnit
        let isOutsideWorld = store[column].rowKind != .entities
        var block = Block(entered: isOutsideWorld ? RowSet() : changes.entered, values: sections)
        // A client that knows nothing yet need not be told of removals.
        let left =
            heldSince == cursor
            ? changes.left : heldSince > .zero ? store[column].changes(after: heldSince, pages: pages).left : RowSet()
        if heldSince > .zero {
            left.forEach { row in
                // An entity born after the client last heard of the row is not the one that it may know.
                if isOutsideWorld || isHeld(row, since: max(cursor, heldSince)) {
                    block.removed.append(row)
                } else {
                    block.gone.append(row)
                }
            }
        }
        block.values.append(changes.entered, inserted: true, of: column, in: store)
        block.values.append(changes.updated, inserted: false, of: column, in: store)
        return block
    }

    /// Whether the entity at a row lives, and did at a tick.
    private func isHeld(_ row: UInt32, since tick: Tick) -> Bool {
        store.entities.contains(row) && store.entities.membershipTick(of: row) <= tick
    }

    // MARK: Members of queries

    /// Adds what a query brings: encoded by itself, whatever else those who have it are sent, unless it begins for one
    /// session alone.
    private mutating func addMembers(
        of slot: QueryTable.Slot, _ pending: PendingChanges, in queries: QueryTable, pages: Range<Int>?
    ) {
        work += 1
        let entry = queries[slot]
        // What one session alone has, or gets a part of, is needed once.
        let isShared =
            entry.holderCount > 1 && pages == nil && pending.otherwise.queries.isEmpty
            && pending.otherwise.cells.isEmpty
        let key = MemberKey(query: entry.number, cursor: pending.cursor, heldSince: pending.heldSince)
        if isShared, let block = memberBlocks[key] {
            members.append(contentsOf: block.sections)
            return
        }
        guard let membership = entry.membership else { return }
        builtBlockCount += 1
        let rows = queries.rows(concerning: slot, after: pending.cursor, in: store)
        defer {
            work += writer.work
            writer.work = 0
        }
        guard isShared, blockCount < blockCountMax else {
            let before = members.byteCount
            writer.write(entry, membership, among: rows, pending, in: queries, pages: pages, to: &members)
            entry.noteEncoded(byteCount: members.byteCount - before)
            return
        }
        var block = MemberSections(partSizeMax: partSizeMax)
        writer.write(entry, membership, among: rows, pending, in: queries, pages: pages, to: &block)
        block.life = LifeSections(of: block, after: pending.cursor, in: store, partSizeMax: partSizeMax)
        entry.noteEncoded(byteCount: block.byteCount)
        let shared = SharedMemberSections(block)
        memberBlocks[key] = shared
        members.append(contentsOf: shared.sections)
    }
}
