internal import OrrerySchema

extension TableStorage {
    /// Adds a row for an entity. Its columns are uninitialised and unmarked.
    /// - Complexity: amortised O(1).
    mutating func append(_ entity: Entity) -> Int {
        let row = rowCount
        if row == reservedRows { grow() }
        if row >> 10 == chunkCount {
            chunks[chunkCount] = makeChunk(capacity: chunkCapacity)
            chunkCount += 1
        }
        (entities(chunk: row >> 10) + (row & (chunkRowCount - 1))).initialize(to: entity)
        rowCount += 1
        return row
    }

    /// Closes the gap of a row whose values are gone, by moving the last row and its dirty bits into it.
    /// - Returns: The entity that now has the row's number, if there was one to move.
    /// - Complexity: O(columns).
    mutating func closeGap(at row: Int) -> Entity? {
        let last = rowCount - 1
        for position in 0..<columnCount {
            let column = columns[position]
            if row != last {
                let target = address(column: position, row: row)
                let source = address(column: position, row: last)
                if column.isBitwise {
                    target.copyMemory(from: source, byteCount: column.stride)
                } else {
                    world.pointee.components[column.component.index].operations.moveInitialize(target, source)
                }
                column.clear(row: row)
                if column.isMarked(row: last) { setBits(column: position, row: row) }
            }
            column.clear(row: last)
        }
        var moved: Entity?
        if row != last {
            moved = entity(row: last)
            entities(chunk: row >> 10)[row & (chunkRowCount - 1)] = entity(row: last)
        }
        rowCount = last
        // One empty chunk is kept, so that a count that swings around a border does not allocate.
        if chunkCount > usedChunkCount + 1 {
            chunkCount -= 1
            chunks[chunkCount].deallocate()
        }
        return moved
    }

    /// Destroys the values of a row that are not plain bytes.
    func destroyValues(row: Int) {
        for position in 0..<columnCount where !columns[position].isBitwise {
            let operations = world.pointee.components[columns[position].component.index].operations
            operations.deinitialize(address(column: position, row: row), 1)
        }
    }

    /// Moves the values and dirty bits of a row that both tables have. What this table alone has is neither moved nor
    /// destroyed: the caller has taken it out already.
    func moveSharedValues(row: Int, to target: TablePointer, targetRow: Int) {
        var from = 0
        var to = 0
        while from < columnCount, to < target.pointee.columnCount {
            let source = columns[from]
            let destination = target.pointee.columns[to]
            if source.component < destination.component {
                from += 1
            } else if destination.component < source.component {
                to += 1
            } else {
                let new = target.pointee.address(column: to, row: targetRow)
                let old = address(column: from, row: row)
                if source.isBitwise {
                    new.copyMemory(from: old, byteCount: source.stride)
                } else {
                    world.pointee.components[source.component.index].operations.moveInitialize(new, old)
                }
                if source.isMarked(row: row) { target.mark(column: to, row: targetRow) }
                from += 1
                to += 1
            }
        }
    }

    /// Destroys everything. The table must not be used any more.
    mutating func deallocate() {
        for position in 0..<columnCount where !columns[position].isBitwise {
            let operations = world.pointee.components[columns[position].component.index].operations
            for chunk in 0..<usedChunkCount {
                operations.deinitialize(chunks[chunk] + columns[position].offset, rowCount(chunk: chunk))
            }
        }
        for chunk in 0..<chunkCount { chunks[chunk].deallocate() }
        for position in 0..<columnCount { columns[position].deallocateBits() }
        chunks.deallocate()
        columns.deallocate()
        columnOfComponent.deallocate()
        adding.deallocate()
        removing.deallocate()
    }

    private func makeChunk(capacity: Int) -> UnsafeMutableRawPointer {
        .allocate(byteCount: rowStride * capacity, alignment: 64)
    }

    private mutating func grow() {
        let rows = reservedRows < chunkRowCount ? (reservedRows == 0 ? 64 : chunkRowCount) : reservedRows * 2
        let grownChunks = UnsafeMutablePointer<UnsafeMutableRawPointer>.allocate(
            capacity: max(1, rows / chunkRowCount))
        grownChunks.update(from: chunks, count: chunkCount)
        chunks.deallocate()
        chunks = grownChunks
        if rows == chunkRowCount { widenFirstChunk() }
        for position in 0..<columnCount where columns[position].words != nil {
            columns[position].reserveBits(rows: rows, oldRows: reservedRows)
        }
        reservedRows = rows
    }

    private mutating func widenFirstChunk() {
        let old = chunks[0]
        let new = makeChunk(capacity: chunkRowCount)
        new.copyMemory(from: old, byteCount: rowCount * MemoryLayout<Entity>.stride)
        chunkCapacity = chunkRowCount
        for position in 0..<columnCount {
            let column = columns[position]
            let source = old + column.offset
            let target = new + column.strideBefore * chunkRowCount
            if column.isBitwise {
                target.copyMemory(from: source, byteCount: rowCount * column.stride)
            } else {
                world.pointee.components[column.component.index].operations.moveRun(target, source, rowCount)
            }
            columns[position].offset = column.strideBefore * chunkRowCount
        }
        chunks[0] = new
        old.deallocate()
    }
}
