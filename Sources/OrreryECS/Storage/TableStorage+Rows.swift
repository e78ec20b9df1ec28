public import OrrerySchema

extension TableStorage {
    /// Adds a row for an entity. Its columns are uninitialised and unmarked.
    /// - Complexity: amortised O(1).
    @inlinable @inline(__always)
    mutating func append(_ entity: Entity) -> Int {
        let row = rowCount
        if row == availableRows { makeRoom() }
        (tail.memory.assumingMemoryBound(to: Entity.self) + (row &- tail.firstRow)).initialize(to: entity)
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
            let (chunk, lastChunk) = (memory(row: row), tail.memory)
            let (offset, lastOffset) = (row &- firstRow(ofChunkWith: row), last &- tail.firstRow)
            for position in 0..<columnCount {
                let column = columns + position
                column.moveValue(lastChunk, lastOffset, to: column, chunk, offset)
            }
            let entity = lastChunk.assumingMemoryBound(to: Entity.self)[lastOffset]
            chunk.assumingMemoryBound(to: Entity.self)[offset] = entity
            moved = entity
        }
        if isObserved { closeMarks(at: row, last: last) }
        rowCount = last
        if last <= spareRows { giveBack() }
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

    /// Destroys the values of all rows, and forgets the rows. Memory is kept for one small chunk.
    mutating func removeAllRows() {
        destroyAllValues()
        for position in 0..<columnCount { columns[position].marks?.clearAll(rows: rowCount) }
        rowCount = 0
        giveBack()
    }

    /// Destroys everything. The table must not be used any more.
    mutating func deallocate() {
        destroyAllValues()
        while chunkCount > 0 { releaseLastChunk() }
        for position in 0..<columnCount { columns[position].deallocate() }
        chunks.deallocate()
        pages.deallocate()
        columns.deallocate()
        columnOfComponent.deallocate()
        adding.deallocate()
        removing.deallocate()
    }

    private func destroyAllValues() {
        for position in 0..<columnCount where !columns[position].isBitwise {
            let operations = world.pointee.components[columns[position].component.index].operations
            for chunk in 0..<chunkCount {
                let count = min(chunkRowCount, rowCount - chunk * chunkRowCount)
                guard count > 0 else { break }
                operations.deinitialize(chunks[chunk] + columns[position].offset, count)
            }
        }
    }
}

extension TablePointer {
    /// Moves the values and marks of a row to a table that has one component more or one less: its column there, or
    /// here. That value is left for the caller to initialise, or is gone already.
    /// - Complexity: O(columns).
    @inline(__always)
    func moveValues(row: Int, to target: TablePointer, targetRow: Int, odd: ColumnPointer) {
        let (chunk, targetChunk) = (pointee.memory(row: row), target.pointee.tail.memory)
        let offset = row &- pointee.firstRow(ofChunkWith: row)
        let targetOffset = targetRow &- target.pointee.tail.firstRow
        forEachColumn(with: target, except: odd) { column, targetColumn in
            column.moveValue(chunk, offset, to: targetColumn, targetChunk, targetOffset)
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
        _ chunk: UnsafeMutableRawPointer, _ offset: Int, to target: ColumnPointer,
        _ targetChunk: UnsafeMutableRawPointer, _ targetOffset: Int
    ) {
        let stride = pointee.stride
        let source = chunk + (pointee.offset &+ offset &* stride)
        let target = targetChunk + (target.pointee.offset &+ targetOffset &* stride)
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
