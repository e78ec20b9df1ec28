extension TableStorage {
    /// Sets a row's bit and its summary bit, in a table that is in the dirty list or is put there by the caller.
    @inlinable @inline(__always)
    func setBits(column: Int, row: Int) {
        guard let words = columns[column].words, let summary = columns[column].summary else { return }
        words[row >> 6] |= 1 << UInt64(truncatingIfNeeded: row & 63)
        summary[row >> 16] |= 1 << UInt64(truncatingIfNeeded: (row >> 10) & 63)
    }
}

extension UnsafeMutablePointer<TableStorage> {
    /// Marks one value as written. Does nothing if its component is not tracked.
    /// - Complexity: O(1): two bits, and once per table and drain an entry in the world's list.
    @inlinable @inline(__always)
    func mark(column: Int, row: Int) {
        guard pointee.columns[column].words != nil else { return }
        pointee.setBits(column: column, row: row)
        if !pointee.isDirty { enlist() }
    }

    /// Marks all values of a chunk as written.
    /// - Complexity: O(1): at most 16 words.
    @inlinable
    func mark(column: Int, chunk: Int) {
        guard let words = pointee.columns[column].words, let summary = pointee.columns[column].summary else { return }
        let rows = pointee.rowCount(chunk: chunk)
        let first = chunk &* (chunkRowCount / 64)
        let full = rows >> 6
        for word in first..<first &+ full { words[word] = .max }
        if rows & 63 != 0 { words[first &+ full] = (1 << UInt64(truncatingIfNeeded: rows & 63)) &- 1 }
        summary[chunk >> 6] |= 1 << UInt64(truncatingIfNeeded: chunk & 63)
        if !pointee.isDirty { enlist() }
    }

    /// Puts the table into the world's list of tables that the next drain visits.
    @usableFromInline
    func enlist() {
        pointee.isDirty = true
        pointee.nextDirty = pointee.world.pointee.firstDirtyTable
        pointee.world.pointee.firstDirtyTable = self
    }
}
