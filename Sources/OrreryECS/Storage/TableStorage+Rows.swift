public import OrrerySchema

extension TableStorage {
    /// Adds a row for an entity. Its columns are uninitialised and unmarked.
    /// - Complexity: amortised O(1).
    @inlinable @inline(__always)
    mutating func append(_ entity: Entity) -> Int {
        let row = rowCount
        if row == availableRows { makeRoom() }
        (entities(chunk: row >> 10) + (row & (chunkRowCount &- 1))).initialize(to: entity)
        rowCount = row &+ 1
        return row
    }

    /// Closes the gap of a row whose values are gone, by moving the last row and its marks into it.
    /// - Returns: The entity that now has the row's number, if there was one to move.
    /// - Complexity: O(columns).
    mutating func closeGap(at row: Int) -> Entity? {
        let last = rowCount - 1
        var moved: Entity?
        if row != last {
            moveValues(0..<columnCount, row: last, to: columns, chunks[row >> 10].memory, row: row)
            let entity = entity(row: last)
            entities(chunk: row >> 10)[row & (chunkRowCount &- 1)] = entity
            moved = entity
        }
        if isObserved { closeMarks(at: row, last: last) }
        rowCount = last
        // One empty chunk is kept, so that a count that swings around a border does not allocate.
        if chunkCount > usedChunkCount &+ 1 { releaseSpareChunks() }
        return moved
    }

    private func closeMarks(at row: Int, last: Int) {
        for position in 0..<columnCount where columns[position].isObserved {
            let column = columns[position]
            if row != last {
                if let marks = column.marks, marks.isSet(row: last) {
                    marks.set(row: row)
                } else {
                    column.marks?.clear(row: row)
                }
                if let changed = column.changed { changed.set(row: row, to: changed.rows[last]) }
                if let added = column.added { added.set(row: row, to: added.rows[last]) }
            }
            column.marks?.clear(row: last)
        }
    }

    /// Moves values of a row, of some columns that lie one behind the other here and there, into uninitialised memory.
    @inline(__always)
    private func moveValues(
        _ positions: Range<Int>, row: Int, to targetColumns: UnsafeMutablePointer<ColumnStorage>,
        _ targetChunk: UnsafeMutableRawPointer, row targetRow: Int
    ) {
        let chunk = chunks[row >> 10].memory
        let (slot, targetSlot) = (row & (chunkRowCount &- 1), targetRow & (chunkRowCount &- 1))
        var to = targetColumns
        for position in positions {
            let column = columns + position
            let stride = column.pointee.stride
            let source = chunk + (column.pointee.offset &+ slot &* stride)
            let target = targetChunk + (to.pointee.offset &+ targetSlot &* stride)
            if column.pointee.isBitwise {
                copyBytes(to: target, from: source, count: stride)
            } else {
                world.pointee.components[column.pointee.component.index].operations.moveInitialize(target, source)
            }
            to += 1
        }
    }

    /// Destroys the values of a row that are not plain bytes.
    func destroyValues(row: Int) {
        for position in 0..<columnCount where !columns[position].isBitwise {
            let operations = world.pointee.components[columns[position].component.index].operations
            operations.deinitialize(Place(column: columns + position, row: row).address, 1)
        }
    }

    /// Moves the values and marks of a row to a table that has one component more, at this position, or one less. The
    /// odd value is left for the caller to initialise, or is gone already.
    /// - Complexity: O(columns).
    func moveValues(row: Int, to target: TablePointer, targetRow: Int, odd: Int) {
        let gains = target.pointee.columnCount > columnCount
        let (skipped, targetSkipped) = gains ? (0, 1) : (1, 0)
        let chunk = target.pointee.chunks[targetRow >> 10].memory
        let targetColumns = target.pointee.columns
        moveValues(0..<odd, row: row, to: targetColumns, chunk, row: targetRow)
        let rest = odd &+ skipped..<columnCount
        moveValues(rest, row: row, to: targetColumns + (odd &+ targetSkipped), chunk, row: targetRow)
        guard isObserved else { return }
        for from in 0..<columnCount where columns[from].isObserved && (gains || from != odd) {
            let to = from < odd ? from : from &- skipped &+ targetSkipped
            (targetColumns + to).takeMarks(row: targetRow, from: columns[from], sourceRow: row)
        }
    }

    /// Destroys the values of all rows, and forgets the rows. Memory is kept for one chunk.
    mutating func removeAllRows() {
        destroyAllValues()
        for position in 0..<columnCount { columns[position].marks?.clearAll(rows: rowCount) }
        rowCount = 0
        releaseSpareChunks()
    }

    /// Destroys everything. The table must not be used any more.
    mutating func deallocate() {
        destroyAllValues()
        while chunkCount > 0 { releaseLastChunk() }
        for position in 0..<columnCount { columns[position].deallocate() }
        chunks.deallocate()
        columns.deallocate()
        columnOfComponent.deallocate()
        adding.deallocate()
        removing.deallocate()
    }

    private func destroyAllValues() {
        for position in 0..<columnCount where !columns[position].isBitwise {
            let operations = world.pointee.components[columns[position].component.index].operations
            for chunk in 0..<usedChunkCount {
                operations.deinitialize(chunks[chunk].memory + columns[position].offset, rowCount(chunk: chunk))
            }
        }
    }

    /// Makes memory for one row more.
    @usableFromInline
    mutating func makeRoom() {
        if rowCount == reservedRows { reserve(rows: rowCount + 1) }
        if rowCount >> 10 == chunkCount {
            addChunk()
        }
        availableRows = chunkCapacity < chunkRowCount ? chunkCapacity : chunkCount * chunkRowCount
    }

    /// Makes room for the pointers, bits and stamps of at least so many rows.
    mutating func reserve(rows count: Int) {
        guard count > reservedRows else { return }
        var rows = max(reservedRows, 64)
        while rows < count { rows = rows < chunkRowCount ? chunkRowCount : rows * 2 }
        let grownChunks = UnsafeMutablePointer<Chunk>.allocate(
            capacity: max(1, rows / chunkRowCount))
        grownChunks.update(from: chunks, count: chunkCount)
        chunks.deallocate()
        chunks = grownChunks
        if rows >= chunkRowCount, chunkCapacity < chunkRowCount { widenChunks() }
        for position in 0..<columnCount { columns[position].reserve(rows: rows, oldRows: reservedRows) }
        reservedRows = rows
    }

    private mutating func releaseSpareChunks() {
        guard chunkCount > usedChunkCount + 1 else { return }
        while chunkCount > usedChunkCount + 1 { releaseLastChunk() }
        availableRows = chunkCount * chunkRowCount
    }

    /// Its rows are those of entities, and not of a sparse component.
    private var holdsEntities: Bool { index >= 0 }

    /// Chunks of a large table are allocated by so many at once, in one piece.
    private static var slabChunkCount: Int { 64 }

    /// Whether a chunk begins a piece of memory: the first ones are one each.
    private static func isOwner(_ chunk: Int) -> Bool { chunk < slabChunkCount || chunk % slabChunkCount == 0 }

    private mutating func addChunk() {
        let memory: UnsafeMutableRawPointer
        if Self.isOwner(chunkCount) {
            let count = chunkCount < Self.slabChunkCount ? 1 : Self.slabChunkCount
            memory = LargeMemory.allocate(byteCount: rowStride * chunkCapacity * count)
        } else {
            memory = chunks[chunkCount - 1].memory + rowStride * chunkCapacity
        }
        let number =
            holdsEntities
            ? world.pointee.entities.chunks.add(
                world.pointee.tables[index], memory: memory, firstRow: chunkCount * chunkRowCount) : 0
        (chunks + chunkCount).initialize(to: Chunk(memory: memory, number: number))
        chunkCount += 1
    }

    private mutating func releaseLastChunk() {
        chunkCount -= 1
        if holdsEntities { world.pointee.entities.chunks.remove(chunks[chunkCount].number) }
        if Self.isOwner(chunkCount) { chunks[chunkCount].memory.deallocate() }
    }

    /// Leaves small chunks behind, of which there is one at most.
    private mutating func widenChunks() {
        chunkCapacity = chunkRowCount
        let new = chunkCount > 0 ? LargeMemory.allocate(byteCount: rowStride * chunkRowCount) : nil
        if let new { new.copyMemory(from: chunks[0].memory, byteCount: rowCount * MemoryLayout<Entity>.stride) }
        for position in 0..<columnCount {
            let column = columns[position]
            columns[position].offset = column.strideBefore * chunkRowCount
            guard let new else { continue }
            let source = chunks[0].memory + column.offset
            let target = new + columns[position].offset
            if column.isBitwise {
                target.copyMemory(from: source, byteCount: rowCount * column.stride)
            } else {
                world.pointee.components[column.component.index].operations.moveRun(target, source, rowCount)
            }
        }
        guard let new else { return }
        chunks[0].memory.deallocate()
        chunks[0].memory = new
        if holdsEntities { world.pointee.entities.chunks.entries[Int(chunks[0].number)].memory = new }
        availableRows = chunkRowCount
    }
}

/// Copies a value of a few bytes without a call.
@inline(__always)
func copyBytes(to target: UnsafeMutableRawPointer, from source: UnsafeRawPointer, count: Int) {
    switch count {
    case 0: break
    case 8...16:
        // The two halves may overlap.
        let head = source.loadUnaligned(as: UInt64.self)
        let tail = source.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
        target.storeBytes(of: head, as: UInt64.self)
        target.storeBytes(of: tail, toByteOffset: count &- 8, as: UInt64.self)
    case 4..<8:
        let head = source.loadUnaligned(as: UInt32.self)
        let tail = source.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self)
        target.storeBytes(of: head, as: UInt32.self)
        target.storeBytes(of: tail, toByteOffset: count &- 4, as: UInt32.self)
    default: target.copyMemory(from: source, byteCount: count)
    }
}
