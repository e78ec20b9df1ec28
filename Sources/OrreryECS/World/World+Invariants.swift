package import OrrerySchema

extension World {
    /// Checks all invariants of the storage. Traps at the first violation.
    /// - Complexity: O(entities × components). For tests.
    package func _checkInvariants() {
        var rowCount = 0
        for table in storage.pointee.tables {
            checkRows(table)
            checkEdges(table)
            for position in 0..<table.pointee.columnCount { checkMarks(table, column: position) }
            rowCount += table.pointee.rowCount
        }
        precondition(rowCount == entityCount, "each living entity has one row")
        for sparse in storage.pointee.sparse {
            checkSparse(sparse)
            checkMarks(sparse.pointee.table, column: 0)
        }
        checkSlots()
        checkDirtyList()
        checkJournal()
        checkWatching()
        for index in referenceIndexes { checkReferences(index) }
    }

    private func checkRows(_ table: TablePointer) {
        checkHeader(table.pointee)
        for row in 0..<table.pointee.rowCount {
            let found = storage.pointee.entities.find(table.pointee.entity(row: row))
            precondition(
                found?.table == table && found?.index == row
                    && found?.memory == table.pointee.memory(row: row)
                    && found?.offset == row - table.pointee.firstRow(ofChunkWith: row)
                    && found?.page.pointee.components == table.pointee.components,
                "an entity's slot leads to its row")
        }
    }

    private func checkSparse(_ sparse: SparsePointer) {
        checkHeader(sparse.pointee.table.pointee)
        for row in 0..<sparse.pointee.table.pointee.rowCount {
            let entity = sparse.pointee.table.pointee.entity(row: row)
            precondition(contains(entity), "only the living have sparse components")
            precondition(sparse.pointee.row(of: entity) == row, "the index leads to the row")
        }
        let indexed = (0..<sparse.pointee.capacity).count { sparse.pointee.links[$0].row != .max }
        precondition(indexed == sparse.pointee.table.pointee.rowCount, "the index leads to nothing else")
    }

    private func checkHeader(_ header: TableStorage) {
        precondition(header.rowCount <= header.reservedRows, "rows are reserved")
        checkChunks(header)
        precondition(header.signature == header.signature.sorted(), "columns are in order of components")
        precondition(
            header.keepsMarks == (0..<header.columnCount).contains { header.columns[$0].keepsMarks },
            "a table knows whether a column is observed")
        precondition(
            header.isWatched == (0..<header.columnCount).contains { header.columns[$0].isWatched },
            "a table knows whether a column is watched")
    }

    private func checkChunks(_ header: TableStorage) {
        guard header.chunkCount > 0 else {
            return precondition(header.tail.limit == 0 && header.rowCount == 0, "rows lie in chunks")
        }
        let isGrown = header.chunkCapacity == header.chunkRowCount
        precondition(header.rowCount <= header.chunkCount * header.chunkCapacity, "rows lie in chunks")
        precondition(isGrown || header.chunkCount == 1, "a table has small chunks or many")
        precondition(header.rowCount > header.sufficientRowCount, "at most one chunk and a half are empty")
        precondition(
            header.chunkCount > 1 || header.rowCount > header.chunkCapacity / TableStorage.emptyShare
                || header.chunkCapacity <= pageRowCount, "a chunk is not nearly empty")
        precondition(header.pageCount == (header.index < 0 ? 0 : max(1, header.usedPageCount)), "pages have rows")
        let last = max(0, header.rowCount - 1)
        let page = last >> pageShift
        let (tail, first) = (header.tail, header.firstRow(ofChunkWith: last))
        precondition(
            tail.memory == header.memory(row: last) && tail.firstRow == first
                && (header.index < 0 || tail.place(row: last - first) == header.place(row: last)),
            "the tail is the page of the last row")
        precondition(
            tail.limit == min((page + 1) * pageRowCount, header.chunkCount * header.chunkCapacity) - first,
            "rows are available to the end of the page")
        precondition(tail.spare < tail.count, "what is to spare is given back")
        precondition(page == 0 || tail.spare >= page * pageRowCount - first, "a page that is empty is given back")
    }

    private func checkEdges(_ table: TablePointer) {
        for component in 0..<storage.pointee.componentCapacity {
            let entry = table.pointee.components[component]
            precondition(entry.offset == entry.column?.pointee.offset ?? 0, "a table knows where its columns begin")
            guard let known = entry.edge else { continue }
            let edge = known.pointee
            let isUp = table == edge.smaller
            let other = isUp ? edge.larger : edge.smaller
            precondition(isUp || table == edge.larger, "an edge joins its tables")
            precondition(other.pointee.components[component].edge == known, "both ends of an edge know it")
            precondition(
                edge.extra.pointee.component.index == component && edge.extra.pointee.table == edge.larger
                    && edge.larger.pointee.signature.filter { $0.index != component } == edge.smaller.pointee.signature,
                "the tables differ by the component")
            precondition(
                edge.extraOffset == edge.extra.pointee.offset && edge.extraStride == edge.extra.pointee.stride,
                "an edge knows its column")
            precondition(
                entry.hasPlainEdge(isUp: true) == (edge.isPlain && isUp)
                    && entry.hasPlainEdge(isUp: false) == (edge.isPlain && !isUp)
                    && (!edge.isPlain || entry.plainTarget(isUp: isUp) == other), "both ends know plain edges")
            checkPieces(known)
        }
    }

    private func checkPieces(_ edge: EdgePointer) {
        var isPlain =
            !edge.pointee.smaller.pointee.keepsMarks && !edge.pointee.larger.pointee.keepsMarks
            && !edge.pointee.extra.pointee.isWatched
        // For each byte of the smaller table's chunks, its offset in the larger table's chunks.
        var expected: [Int: Int] = [:]
        edge.pointee.forEachColumn { column, largerColumn in
            precondition(
                column.pointee.component == largerColumn.pointee.component, "columns of both tables are paired")
            guard TableEdge.hasPieces(column) else { return isPlain = false }
            for byte in 0..<column.pointee.stride {
                expected[column.pointee.offset + byte] = largerColumn.pointee.offset + byte
            }
        }
        precondition(isPlain == edge.pointee.isPlain, "an edge knows what it is")
        var next = edge.groups
        while next != edge.pointee.groupsEnd {
            let group = next.load(as: TableEdge.PieceGroup.self)
            let size = group.size
            precondition(
                size == 0 || (edge.pointee.rowReach - 1) * group.stride >= TableEdge.pieceSizeMax - size,
                "a piece reaches over rows that are free")
            next += MemoryLayout<TableEdge.PieceGroup>.stride
            while next != group.end {
                let piece = next.load(as: TableEdge.Piece.self)
                next += MemoryLayout<TableEdge.Piece>.stride
                for byte in 0..<size {
                    precondition(
                        expected.removeValue(forKey: piece.offset + byte) == piece.largerOffset + byte,
                        "pieces are where the columns are, and share no byte")
                }
            }
        }
        precondition(expected.isEmpty, "pieces are whole values")
    }

    private func checkMarks(_ table: TablePointer, column position: Int) {
        let column = table.pointee.columns[position]
        let entry = storage.pointee.components[column.component.index]
        precondition((column.marks != nil) == entry.isTracked, "tracked columns, and only they, have marks")
        precondition(column.isWatched == (entry.watch != nil), "watched columns, and only they, say so")
        checkStamps(column.changed, table, isKept: entry.hasChangedStamps)
        checkStamps(column.added, table, isKept: entry.hasAddedStamps)
        precondition(column.offset % 64 == 0, "columns begin on a 64-byte border")
        guard let marks = column.marks else { return }
        for row in 0..<table.pointee.reservedRows where marks.isSet(row: row) {
            precondition(row < table.pointee.rowCount, "only rows that exist are marked")
            precondition(marks.isPageSet(of: row), "a page with marks says so")
            precondition(column.isDirty, "a column with marks is in the dirty list")
        }
    }

    private func checkStamps(_ stamps: StampStorage?, _ table: TablePointer, isKept: Bool) {
        precondition((stamps != nil) == isKept, "columns that are asked for, and only they, have stamps")
        guard let stamps else { return }
        for row in 0..<table.pointee.rowCount {
            precondition(stamps.rows[row] <= stamps.pages[row >> pageShift], "a page's stamp covers its rows")
            precondition(stamps.rows[row] > 0 && stamps.rows[row] <= storage.pointee.stamp, "rows have a moment")
        }
    }

    private func checkWatching() {
        precondition(watching.runs.isEmpty && watching.queue.isEmpty, "all steps have been told")
        precondition(watching.ending.isEmpty && watching.removing == nil, "what ends is gone")
        precondition(watching.components == watching.components.sorted(), "watched components are in order")
    }

    private func checkReferences(_ index: ReferenceIndex) {
        var sources: [Entity: Set<Entity>] = [:]
        storage.forEachColumn(of: index.component) { column in
            for row in 0..<column.pointee.table.pointee.rowCount {
                let source = column.pointee.table.pointee.entity(row: row)
                let target = index.readTarget(Place(column: column, row: row).address)
                precondition(index.target(of: source.index) == target, "the index follows the values")
                if contains(target) { sources[target, default: []].insert(source) }
            }
        }
        forEachEntity { entity in
            let referrers = referrers(to: entity, by: index)
            precondition(
                Set(referrers) == sources[entity] ?? [] && referrers.count == Set(referrers).count,
                "those that point at an entity are its referrers")
            precondition(referrers.isEmpty || storage.pointee.targets.mayHold(entity.index), "slots know of referrers")
        }
    }

    private func checkSlots() {
        let entities = storage.pointee.entities
        var freeCount = 0
        for (head, expected) in [(entities.firstFree, nil), (entities.firstPending, entities.pendingCount)] {
            var next = head
            let before = freeCount
            defer {
                precondition(expected.map { $0 == freeCount - before } ?? true, "slots that wait are counted")
            }
            while next != EntityStorage.noLink {
                let slot = EntityStorage.Slot.index(of: next)
                next = entities.slots[slot].place
                precondition(
                    next == EntityStorage.Slot.link(to: EntityStorage.Slot.index(of: next)), "a free slot has no row")
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
        var next = storage.pointee.firstDirtyColumn
        while let column = next {
            precondition(column.pointee.isDirty, "the dirty list holds dirty columns")
            listed += 1
            precondition(listed <= dirtyColumnCount, "the dirty list ends")
            next = column.pointee.nextDirty
        }
        precondition(listed == dirtyColumnCount, "each dirty column is listed once")
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
    /// Gives a living entity another generation, to test what happens after 2^32 generations.
    package func _setGeneration(of entity: Entity, to generation: UInt32) -> Entity {
        let renamed = Entity(index: entity.index, generation: generation)
        guard let row = storage.pointee.entities.find(entity) else { return renamed }
        storage.pointee.entities.slots[Int(entity.index)].generation = generation
        row.table.pointee.entities(from: row.index).pointee = renamed
        return renamed
    }
}

extension World {
    /// How many columns the next drain visits.
    package var dirtyColumnCount: Int {
        var count = 0
        for index in storage.pointee.components.indices {
            storage.forEachColumn(of: ComponentID(UInt32(index))) { count += $0.pointee.isDirty ? 1 : 0 }
        }
        return count
    }

    /// The number of entries in the journal of structural changes, free entries included.
    package var journaledEntityCount: Int { storage.pointee.journal.entries.count }
}
