import OrrerySchema
import OrreryStore
import OrreryWire

/// Builds the sections of pending changes: each block once per tick, however many sessions need it.
struct BatchBuilder {
    private struct BlockKey: Hashable {
        var column: ColumnID
        var cursor: Tick
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
    private var blocksTick = Tick.zero
    /// From blocks of earlier ticks, to reuse their memory.
    private var spareSections: [BatchSections] = []
    /// The most blocks kept for other sessions of the same tick. Further ones are built again.
    static let blockCountMax = 4096
    /// The most spare sections; each keeps a bounded number of bytes.
    private static let spareSectionsMax = 16
    /// Rows of a column that cost as much as looking up one cell separately: they are adjacent in memory.
    private static let rowsPerUnit = 16
    /// How often a block was built, for tests that each is built once.
    private(set) var builtBlockCount = 0
    /// Units of work done since the last ``takeWork()``.
    private var work = 0

    var blockCount: Int { blocks.count }

    init(store: ComponentStore, partSizeMax: Int) {
        self.store = store
        self.partSizeMax = partSizeMax
    }

    /// The fewest units of work for a batch of these cells: one for each column, and for each cell that is looked up
    /// separately.
    static func expectedWork(of cells: Cells) -> Int { 1 + cells.columns.count + cells.listedCount }

    /// The units of work since the last call.
    mutating func takeWork() -> Int {
        defer { work = 0 }
        return work
    }

    /// The sections of pending changes, in the order in which they are applied.
    /// - Parameter pages: the pages of 1024 rows to look at, all unless stated.
    mutating func sections(of pending: [PendingChanges], pages: Range<Int>? = nil) -> BatchSections {
        if blocksTick != store.tick { forgetBlocks() }
        work += 1
        var collected: [(ColumnID, Block)] = []
        var gone = RowSet()
        var (entered, spawned) = (RowSet(), RowSet())
        func addEntered(_ rows: RowSet, after cursor: Tick) {
            guard !rows.isEmpty else { return }
            let born = store.bornRows(of: rows, after: cursor)
            spawned = spawned.union(born)
            entered = entered.union(rows.subtracting(born))
        }
        for part in pending {
            if part.cells.everyEntity {
                let changes = store.entities.changes(after: part.cursor, pages: pages)
                work += 1 + changes.entered.count / Self.rowsPerUnit
                addEntered(changes.entered, after: part.cursor)
                if part.cursor > .zero { gone = gone.union(changes.left) }
            }
            for column in part.cells.columns {
                let block = block(of: column, after: part.cursor, pages: pages)
                addEntered(block.entered, after: part.cursor)
                gone = gone.union(block.gone)
                collected.append((column, block))
            }
            let listed = changes(of: part.cells.entities, after: part.cursor, pages: pages)
            addEntered(listed.entered, after: part.cursor)
            gone = gone.union(listed.left)
            for list in part.cells.listed {
                work += list.entities.count
                let changes = store.changes(of: list.entities, in: list.column, after: part.cursor, pages: pages)
                guard !changes.isEmpty else { continue }
                let block = makeBlock(
                    of: list.column, changes, after: part.cursor, in: BatchSections(partSizeMax: partSizeMax))
                addEntered(block.entered, after: part.cursor)
                gone = gone.union(block.gone)
                collected.append((list.column, block))
            }
        }
        var sections = BatchSections(partSizeMax: partSizeMax)
        sections.append(despawned: gone)
        sections.append(entered: entered, spawned: false, of: store)
        sections.append(entered: spawned, spawned: true, of: store)
        for (column, block) in collected { sections.append(removed: block.removed, from: column) }
        for (_, block) in collected { sections.append(contentsOf: block.values) }
        return sections
    }

    /// The births and deaths of listed entities.
    private mutating func changes(of listed: [Entity], after cursor: Tick, pages: Range<Int>?) -> RowChanges {
        var changes = RowChanges()
        work += listed.count
        guard store.entities.newestTick > cursor else { return changes }
        for entity in listed where pages?.contains(Int(entity.index) / RowSet.pageRows) ?? true {
            guard store.entities.tick(of: entity.index) > cursor else { continue }
            if store.contains(entity) {
                store.entities.addChanges(of: entity.index, after: cursor, to: &changes)
            } else if cursor > .zero {
                changes.left.append(entity.index)
            }
        }
        return changes
    }

    private mutating func forgetBlocks() {
        while spareSections.count < Self.spareSectionsMax, let (_, block) = blocks.popFirst() {
            var sections = (consume block).values
            sections.removeAll()
            spareSections.append(consume sections)
        }
        blocks.removeAll(keepingCapacity: true)
        blocksTick = store.tick
    }

    private mutating func block(of column: ColumnID, after cursor: Tick, pages: Range<Int>?) -> Block {
        work += 1
        guard pages == nil else {
            return makeBlock(
                of: column, store[column].changes(after: cursor, pages: pages), after: cursor,
                in: BatchSections(partSizeMax: partSizeMax))
        }
        let key = BlockKey(column: column, cursor: cursor)
        if let block = blocks[key] { return block }
        builtBlockCount += 1
        // Taken before the call, which holds all of `self`: a buffer with two references is copied when it is changed.
        let spare = spareSections.popLast() ?? BatchSections(partSizeMax: partSizeMax)
        let block = makeBlock(of: column, store[column].changes(after: cursor), after: cursor, in: spare)
        if blocks.count < Self.blockCountMax { blocks[key] = block }
        return block
    }

    private mutating func makeBlock(
        of column: ColumnID, _ changes: RowChanges, after cursor: Tick, in sections: consuming BatchSections
    ) -> Block {
        work += (changes.entered.count + changes.updated.count + changes.left.count) / Self.rowsPerUnit
        var block = Block(entered: changes.entered, values: sections)
        // A client that knows nothing yet need not be told of removals.
        if cursor > .zero {
            changes.left.forEach { row in
                // An entity born after the cursor is not the one that the client may know.
                if store.entities.contains(row), store.entities.membershipTick(of: row) <= cursor {
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
}

extension ComponentStore {
    /// The rows whose entities came to life after the cursor, for a cursor at which the client saw the world without
    /// them.
    fileprivate func bornRows(of rows: RowSet, after cursor: Tick) -> RowSet {
        var born = RowSet()
        guard cursor > .zero else { return born }
        rows.forEach { row in
            if entities.membershipTick(of: row) > cursor { born.append(row) }
        }
        return born
    }
}
