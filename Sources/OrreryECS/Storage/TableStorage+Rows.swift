public import OrrerySchema

extension TableStorage {
    /// Adds a row for an entity. Its columns are uninitialised and unmarked.
    /// - Complexity: amortised O(1).
    @inlinable @inline(__always)
    mutating func append(_ entity: Entity) -> Int {
        let row = rowCount
        if row == availableRows { makeRoom() }
        (entities(chunk: row >> chunkShift) + (row & (chunkRowCount &- 1))).initialize(to: entity)
        rowCount = row &+ 1
        return row
    }

    /// Closes the gap of a row whose values are gone, by moving the last row and its marks into it.
    /// - Returns: The entity that now has the row's number, if there was one to move.
    /// - Complexity: O(columns).
    mutating func closeGap(at row: Int) -> Entity? {
        let last = rowCount &- 1
        var moved: Entity?
        if row != last {
            let (chunk, lastChunk) = (chunks[row >> chunkShift].memory, chunks[last >> chunkShift].memory)
            let (slot, lastSlot) = (row & (chunkRowCount &- 1), last & (chunkRowCount &- 1))
            for position in 0..<columnCount {
                let column = columns + position
                column.moveValue(lastChunk, lastSlot, to: column, chunk, slot)
            }
            let entity = lastChunk.assumingMemoryBound(to: Entity.self)[lastSlot]
            chunk.assumingMemoryBound(to: Entity.self)[slot] = entity
            moved = entity
        }
        if isObserved { closeMarks(at: row, last: last) }
        rowCount = last
        if hasSpareChunks { releaseSpareChunks() }
        return moved
    }

    @inline(never)
    private func closeMarks(at row: Int, last: Int) {
        for position in 0..<columnCount {
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

    /// Destroys the values of a row that are not plain bytes.
    func destroyValues(row: Int) {
        for position in 0..<columnCount where !columns[position].isBitwise {
            let operations = world.pointee.components[columns[position].component.index].operations
            operations.deinitialize(Place(column: columns + position, row: row).address, 1)
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
        if rowCount >> chunkShift == chunkCount {
            addChunk()
        }
        availableRows = chunkCapacity < chunkRowCount ? chunkCapacity : chunkCount * chunkRowCount
    }

    /// Makes room for the pointers, bits and stamps of at least so many rows.
    mutating func reserve(rows count: Int) {
        guard count > reservedRows else { return }
        var rows = max(reservedRows, 64)
        while rows < count { rows = rows < chunkRowCount ? rows * 4 : rows * 2 }
        let grownChunks = UnsafeMutablePointer<Chunk>.allocate(
            capacity: max(1, rows / chunkRowCount))
        grownChunks.update(from: chunks, count: chunkCount)
        chunks.deallocate()
        chunks = grownChunks
        if chunkCapacity < chunkRowCount { widenChunks(to: min(rows, chunkRowCount)) }
        for position in 0..<columnCount { columns[position].reserve(rows: rows, oldRows: reservedRows) }
        reservedRows = rows
    }

    @usableFromInline
    mutating func releaseSpareChunks() {
        guard hasSpareChunks else { return }
        while hasSpareChunks { releaseLastChunk() }
        availableRows = chunkCount * chunkRowCount
    }

    /// Its rows are those of entities, and not of a sparse component.
    private var holdsEntities: Bool { index >= 0 }

    /// Chunks of a large table are allocated by so many at once, in one piece.
    private static var slabChunkCount: Int { 16 }

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

    /// Leaves a smaller chunk behind, of which there is one at most.
    private mutating func widenChunks(to capacity: Int) {
        chunkCapacity = capacity
        let new = chunkCount > 0 ? LargeMemory.allocate(byteCount: rowStride * capacity) : nil
        if let new { new.copyMemory(from: chunks[0].memory, byteCount: rowCount * MemoryLayout<Entity>.stride) }
        for position in 0..<columnCount {
            let column = columns[position]
            columns[position].offset = column.strideBefore * capacity
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
        availableRows = capacity
    }
}

extension TablePointer {
    /// Moves the values and marks of a row to a table that has one component more or one less: its column there, or
    /// here. That value is left for the caller to initialise, or is gone already.
    /// - Complexity: O(columns).
    @inline(__always)
    func moveValues(row: Int, to target: TablePointer, targetRow: Int, odd: ColumnPointer) {
        let (chunk, targetChunk) = (
            pointee.chunks[row >> chunkShift].memory, target.pointee.chunks[targetRow >> chunkShift].memory
        )
        let (slot, targetSlot) = (row & (chunkRowCount &- 1), targetRow & (chunkRowCount &- 1))
        forEachColumn(with: target, except: odd) { column, targetColumn in
            column.moveValue(chunk, slot, to: targetColumn, targetChunk, targetSlot)
        }
        if pointee.isObserved { moveMarks(row: row, to: target, targetRow: targetRow, odd: odd) }
    }

    @inline(never)
    private func moveMarks(row: Int, to target: TablePointer, targetRow: Int, odd: ColumnPointer) {
        forEachColumn(with: target, except: odd) { column, targetColumn in
            targetColumn.takeMarks(row: targetRow, from: column.pointee, sourceRow: row)
        }
    }

    /// Calls a closure with each column that another table has too.
    @inline(__always)
    private func forEachColumn(
        with other: TablePointer, except odd: ColumnPointer,
        _ body: (_ column: ColumnPointer, _ otherColumn: ColumnPointer) -> Void
    ) {
        var (column, otherColumn) = (pointee.columns, other.pointee.columns)
        for _ in 0..<min(pointee.columnCount, other.pointee.columnCount) {
            if column == odd { column += 1 }
            if otherColumn == odd { otherColumn += 1 }
            body(column, otherColumn)
            column += 1
            otherColumn += 1
        }
    }
}

extension ColumnPointer {
    /// Moves a value, named by its chunk and the row in it, into uninitialised memory.
    @inline(__always)
    fileprivate func moveValue(
        _ chunk: UnsafeMutableRawPointer, _ slot: Int, to target: ColumnPointer, _ targetChunk: UnsafeMutableRawPointer,
        _ targetSlot: Int
    ) {
        let stride = pointee.stride
        let source = chunk + (pointee.offset &+ slot &* stride)
        let target = targetChunk + (target.pointee.offset &+ targetSlot &* stride)
        if pointee.isBitwise {
            copyBytes(to: target, from: source, count: stride)
        } else {
            moveInitialize(target, from: source)
        }
    }

    @inline(never)
    private func moveInitialize(_ target: UnsafeMutableRawPointer, from source: UnsafeMutableRawPointer) {
        pointee.table.pointee.world.pointee.components[pointee.component.index].operations
            .moveInitialize(target, source)
    }
}

/// Copies a value of a few bytes without a call.
@inline(__always)
func copyBytes(to target: UnsafeMutableRawPointer, from source: UnsafeRawPointer, count: Int) {
    switch count {
    case 0: break
    case 12:
        // Apart: a load that spans two stores of a moment ago would wait for them.
        target.storeBytes(of: source.loadUnaligned(as: UInt64.self), as: UInt64.self)
        target.storeBytes(
            of: source.loadUnaligned(fromByteOffset: 8, as: UInt32.self), toByteOffset: 8, as: UInt32.self)
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
