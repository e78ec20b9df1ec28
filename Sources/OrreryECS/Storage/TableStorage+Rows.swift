public import OrrerySchema

extension TableStorage {
    /// Adds a row for an entity. Its columns are uninitialised and unmarked.
    /// - Complexity: amortised O(1).
    @inlinable @inline(__always)
    mutating func append(_ entity: Entity) -> Int {
        if tail.count == tail.limit { makeRoom() }
        let offset = tail.count
        tail.memory.setEntity(entity, row: offset)
        tail.count = offset &+ 1
        return tail.firstRow &+ offset
    }

    /// Forgets the last row, whose values are gone.
    @inlinable @inline(__always)
    mutating func removeLast() {
        tail.count &-= 1
        if tail.count <= tail.spare { giveBack() }
    }

    /// Closes the gap of a row whose values are gone, by moving the last row and its marks into it.
    /// - Parameters:
    ///   - chunk: The memory of the row's chunk.
    ///   - offset: The row in its chunk.
    /// - Returns: The entity that was moved into the row, if there was one to move.
    /// - Complexity: O(columns).
    @inline(__always)
    mutating func closeGap(at row: Int, _ chunk: UnsafeMutableRawPointer, _ offset: Int) -> Entity? {
        let (lastChunk, last) = (tail.memory, tail.count &- 1)
        var moved: Entity?
        if offset != last || chunk != lastChunk {
            for position in 0..<columnCount {
                let column = columns + position
                column.moveValue(lastChunk, last, to: column, chunk, offset)
            }
            let entity = lastChunk.entity(row: last)
            chunk.setEntity(entity, row: offset)
            moved = entity
        }
        if keepsMarks { closeMarks(at: row) }
        removeLast()
        return moved
    }

    @inline(never)
    func closeMarks(at row: Int) {
        let last = rowCount - 1
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

    /// The operations on the values of a column.
    func operations(of column: ColumnPointer) -> ComponentOperations {
        world.pointee.components[column.pointee.component.index].operations
    }

    /// Forgets all rows. Their values are still to be destroyed, and then memory is to be given back.
    /// - Returns: How many rows there were.
    mutating func forgetAllRows() -> Int {
        let count = rowCount
        for position in 0..<columnCount { columns[position].marks?.clearAll(rows: count) }
        tail.firstRow = 0
        tail.count = 0
        return count
    }

    /// Destroys everything. The table must not be used any more.
    mutating func deallocate() {
        destroyValues(ofRows: rowCount)
        while chunkCount > 0 { releaseLastChunk() }
        for position in 0..<columnCount { columns[position].deallocate() }
        chunks.deallocate()
        pages.deallocate()
        columns.deallocate()
        components.deallocate()
    }

    func destroyValues(ofRows rowCount: Int) {
        for position in 0..<columnCount where !columns[position].isBitwise {
            let operations = operations(of: columns + position)
            for chunk in 0..<chunkCount {
                let count = min(chunkRowCount, rowCount - chunk * chunkRowCount)
                guard count > 0 else { break }
                operations.deinitialize(chunks[chunk] + columns[position].offset, count)
            }
        }
    }
}

extension ColumnPointer {
    /// Moves a value, identified by its chunk and the row in it, into uninitialised memory of another column of the
    /// component.
    @inline(__always)
    func moveValue(
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
    func copyWord<Word: BitwiseCopyable>(_ type: Word.Type, at offset: Int) {
        target.storeBytes(of: source.loadUnaligned(fromByteOffset: offset, as: type), toByteOffset: offset, as: type)
    }
    switch count {
    case 0: break
    case 12:
        // Two separate words: a load that spans two recent stores would wait for them.
        copyWord(UInt64.self, at: 0)
        copyWord(UInt32.self, at: 8)
    case 8...16:
        // The two halves may overlap.
        let tail = source.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
        copyWord(UInt64.self, at: 0)
        target.storeBytes(of: tail, toByteOffset: count &- 8, as: UInt64.self)
    case 4..<8:
        let tail = source.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self)
        copyWord(UInt32.self, at: 0)
        target.storeBytes(of: tail, toByteOffset: count &- 4, as: UInt32.self)
    default: target.copyMemory(from: source, byteCount: count)
    }
}
