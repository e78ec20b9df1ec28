internal import OrrerySchema

/// How a table grows and shrinks: chunks and pages are added and removed at the end.
extension TableStorage {
    /// A table's only chunk shrinks to a quarter when at most this share of it is used. So three quarters of it must be
    /// filled or emptied before the rows move again.
    static let emptyShare = 16

    /// Makes room for one more row, when the page of the last row is full.
    @usableFromInline
    mutating func makeRoom() {
        let row = rowCount
        if row == reservedRows { reserve(rows: row + 1) }
        if row == chunkCount * chunkCapacity {
            if chunkCount == 1, chunkCapacity < chunkRowCount {
                resizeChunk(to: chunkCapacity * 4)
            } else {
                addChunk()
            }
        }
        moveTail(to: row)
    }

    /// Makes room for at least `count` rows: in the lists of chunks and page numbers, in marks and stamps, and in the
    /// first chunk.
    mutating func reserve(rows count: Int) {
        guard count > reservedRows else { return }
        var rows = max(reservedRows, Self.chunkCapacityMin)
        while rows < count { rows = rows < pageRowCount ? rows * 4 : rows * 2 }
        chunks = chunks.grown(from: chunkCount, to: rows &>> chunkShift, repeating: tail.memory)
        pages = pages.grown(from: pageCount, to: rows >> pageShift, repeating: 0)
        for position in 0..<columnCount { columns[position].reserve(rows: rows, oldRows: reservedRows) }
        reservedRows = rows
        var capacity = chunkCapacity
        while capacity < min(count, chunkRowCount) { capacity *= 4 }
        if chunkCount < 2, capacity > chunkCapacity { resizeChunk(to: capacity) }
    }

    /// Frees spare memory, when the page of the last row is empty or the only chunk nearly is. One empty chunk stays
    /// until half of the one before is empty as well, so that a count that moves back and forth across a border does
    /// not allocate.
    @usableFromInline
    mutating func giveBack() {
        while pageCount > max(1, usedPageCount) {
            pageCount -= 1
            world.pointee.entities.pages.remove(pages[pageCount])
        }
        while rowCount <= sufficientRowCount { releaseLastChunk() }
        if chunkCount == 1 {
            var capacity = chunkCapacity
            while capacity > pageRowCount, rowCount <= capacity / Self.emptyShare { capacity /= 4 }
            if capacity < chunkCapacity { resizeChunk(to: capacity) }
        }
        if chunkCount > 0 { moveTail(to: max(0, rowCount - 1)) }
    }

    /// With at most this many rows, the last of several chunks is freed.
    var sufficientRowCount: Int { chunkCount > 1 ? (chunkCount - 1) * chunkRowCount - chunkRowCount / 2 : -1 }

    /// Whether the rows belong to entities, and not to a sparse component.
    private var holdsEntities: Bool { index >= 0 }

    /// Moves the tail to the page of a row.
    private mutating func moveTail(to row: Int) {
        let page = row >> pageShift
        if holdsEntities, page == pageCount {
            let table = world.pointee.tables[index]
            pages[page] = world.pointee.entities.pages.add(row: page << pageShift, of: table, self)
            pageCount += 1
        }
        let first = firstRow(ofChunkWith: row)
        let spare =
            chunkCount > 1
            ? sufficientRowCount - first : chunkCapacity > pageRowCount ? chunkCapacity / Self.emptyShare : -1
        tail = Tail(
            memory: memory(row: row), count: rowCount - first,
            limit: min((page + 1) << pageShift, chunkCount * chunkCapacity) - first,
            spare: page > 0 ? max(page << pageShift - first, spare) : spare, firstRow: first,
            placeOfChunk: holdsEntities ? place(row: row) &- UInt32(truncatingIfNeeded: row - first) : 0)
    }

    private mutating func addChunk() {
        chunks[chunkCount] = makeChunk(chunkCapacity)
        chunkCount += 1
    }

    mutating func releaseLastChunk() {
        chunkCount -= 1
        chunks[chunkCount].deallocate()
    }

    /// The first chunk is not in huge pages, since it may stay nearly empty.
    private func makeChunk(_ capacity: Int) -> UnsafeMutableRawPointer {
        let byteCount =
            rowStride * capacity + columnCount * ColumnStorage.gapSize(inChunkOf: capacity) + TableEdge.pieceSizeMax
        return chunkCount > 0
            ? LargeMemory.allocate(byteCount: byteCount) : .allocate(byteCount: byteCount, alignment: 64)
    }

    /// Moves the rows of the only chunk, if there is one, into a longer or a shorter one.
    private mutating func resizeChunk(to capacity: Int) {
        let (rowCount, old) = (rowCount, chunkCount > 0 ? chunks[0] : nil)
        chunkCount = 0
        chunkCapacity = capacity
        if let old {
            let new = makeChunk(capacity)
            new.copyMemory(from: old, byteCount: rowCount * MemoryLayout<Entity>.stride)
            for position in 0..<columnCount {
                let column = columns[position]
                let (source, target) = (old + column.offset, new + column.offset(inChunkOf: capacity))
                if column.isBitwise {
                    target.copyMemory(from: source, byteCount: rowCount * column.stride)
                } else {
                    world.pointee.components[column.component.index].operations.moveRun(target, source, rowCount)
                }
            }
            old.deallocate()
            chunks[0] = new
            chunkCount = 1
            for page in 0..<pageCount { world.pointee.entities.pages.entries[Int(pages[page])].memory = new }
            moveTail(to: max(0, rowCount - 1))
        }
        locateColumns()
        refreshEdges()
    }
}
