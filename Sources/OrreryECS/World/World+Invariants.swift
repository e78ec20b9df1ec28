package import OrrerySchema

extension World {
    /// Checks all that storage promises itself. Traps at the first broken promise.
    /// - Complexity: O(entities × components). For tests.
    package func _checkInvariants() {
        var rowCount = 0
        for table in storage.pointee.tables {
            checkRows(table)
            for position in 0..<table.pointee.columnCount { checkBits(table, column: position) }
            rowCount += table.pointee.rowCount
        }
        precondition(rowCount == entityCount, "each living entity has one row")
        checkSlots()
        checkDirtyList()
        checkJournal()
    }

    private func checkRows(_ table: TablePointer) {
        let header = table.pointee
        precondition(header.rowCount <= header.reservedRows, "rows are reserved")
        precondition(
            header.chunkCount - header.usedChunkCount <= 1 && header.chunkCount >= header.usedChunkCount,
            "at most one chunk is empty")
        precondition(header.chunkCapacity == (header.reservedRows <= 64 ? 64 : 1024), "small tables have small chunks")
        precondition(header.signature == header.signature.sorted(), "columns are in order of components")
        for row in 0..<header.rowCount {
            let found = storage.pointee.entities.find(header.entity(row: row))
            precondition(found?.table == table && found?.row == row, "an entity's slot leads to its row")
        }
    }

    private func checkBits(_ table: TablePointer, column position: Int) {
        let column = table.pointee.columns[position]
        let isTracked = storage.pointee.components[column.component.index].isTracked
        precondition((column.words != nil) == isTracked, "tracked columns, and only they, have bits")
        precondition(column.offset % 64 == 0, "columns begin on a 64-byte border")
        guard let summary = column.summary else { return }
        for row in 0..<table.pointee.reservedRows where column.isMarked(row: row) {
            precondition(row < table.pointee.rowCount, "only rows that exist are marked")
            precondition(summary[row >> 16] & (1 << UInt64((row >> 10) & 63)) != 0, "the summary covers all marks")
            precondition(table.pointee.isDirty, "a table with marks is in the dirty list")
        }
    }

    private func checkSlots() {
        let entities = storage.pointee.entities
        var freeCount = 0
        for head in [entities.firstFree, entities.firstPending] {
            var next = head
            while next != .max {
                precondition(entities.slots[Int(next)].table == nil, "a free slot has no row")
                next = entities.slots[Int(next)].row
                freeCount += 1
                precondition(freeCount <= entities.slotCount, "the free lists end")
            }
        }
        precondition(
            freeCount + entities.livingCount + entities.retiredCount == entities.slotCount,
            "each slot lives, is free or is retired")
    }

    private func checkDirtyList() {
        var listed = 0
        var next = storage.pointee.firstDirtyTable
        while let table = next {
            precondition(table.pointee.isDirty, "the dirty list holds dirty tables")
            listed += 1
            precondition(listed <= storage.pointee.tables.count, "the dirty list ends")
            next = table.pointee.nextDirty
        }
        precondition(
            listed == storage.pointee.tables.count { $0.pointee.isDirty }, "each dirty table is listed once")
    }

    private func checkJournal() {
        let journal = storage.pointee.journal
        for (position, entry) in journal.entries.enumerated() {
            if case .vacant = entry.past { continue }
            if entry.isDespawned {
                precondition(!contains(entry.entity), "a despawned entity is dead")
            } else {
                precondition(contains(entry.entity), "a journaled entity lives")
                precondition(journal.entry(of: entry.entity) == position, "a slot leads to its journal entry")
            }
        }
    }
}

extension World {
    /// Moves a living entity to another life of its slot, to test what happens after 2^32 lives.
    package func _setGeneration(of entity: Entity, to generation: UInt32) -> Entity {
        let renamed = Entity(index: entity.index, generation: generation)
        guard let (table, row) = storage.pointee.entities.find(entity) else { return renamed }
        storage.pointee.entities.slots[Int(entity.index)].generation = generation
        table.pointee.entities(chunk: row >> 10)[row & (chunkRowCount - 1)] = renamed
        return renamed
    }
}

extension World {
    /// How many tables the next drain visits.
    package var dirtyTableCount: Int { storage.pointee.tables.count { $0.pointee.isDirty } }

    /// How many entities the journal of structural changes holds entries for, free entries included.
    package var journaledEntityCount: Int { storage.pointee.journal.entries.count }
}
