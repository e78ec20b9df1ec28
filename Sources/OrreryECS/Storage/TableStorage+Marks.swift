extension UnsafeMutablePointer<TableStorage> {
    /// Marks one value as written. Does nothing if nobody observes its component.
    /// - Complexity: O(1): two bits, and once per table and drain an entry in the world's list.
    @inlinable @inline(__always)
    func mark(column: Int, row: Int) {
        let column = pointee.columns + column
        if let words = column.pointee.words, column.pointee.setBit(row: row, words) { markSummary(column, row: row) }
        if let changed = column.pointee.changed { changed.set(row: row, to: pointee.world.pointee.stamp) }
    }

    /// Tells the next drain where to look.
    @usableFromInline
    func markSummary(_ column: UnsafeMutablePointer<ColumnStorage>, row: Int) {
        column.pointee.setSummary(row: row)
        if !pointee.isDirty { enlist() }
    }

    /// Marks one value that the row did not have before.
    @inlinable @inline(__always)
    func markAdded(column: Int, row: Int) {
        guard pointee.columns[column].isObserved else { return }
        mark(column: column, row: row)
        if let added = pointee.columns[column].added { added.set(row: row, to: pointee.world.pointee.stamp) }
    }

    /// Marks some values of one chunk as written.
    /// - Complexity: O(1): at most 16 words; O(rows) if queries ask when.
    @inlinable
    func mark(column: Int, rows: Range<Int>) {
        guard pointee.columns[column].isObserved, !rows.isEmpty else { return }
        markForDrain(column: column, rows: rows)
        if let changed = pointee.columns[column].changed { changed.set(rows, to: pointee.world.pointee.stamp) }
    }

    /// Marks some values of one chunk for the next drain; for queries they count as written no later than before.
    /// - Complexity: O(1): at most 16 words.
    @inlinable @inline(__always)
    func markForDrain(column: Int, rows: Range<Int>) {
        let column = pointee.columns + column
        guard let last = rows.last else { return }
        if let words = column.pointee.words, let summary = column.pointee.summary {
            let (first, final) = (rows.lowerBound >> 6, last >> 6)
            let head = UInt64.max << UInt64(truncatingIfNeeded: rows.lowerBound & 63)
            let tail = UInt64.max >> UInt64(truncatingIfNeeded: 63 &- (last & 63))
            if first == final {
                words[first] |= head & tail
            } else {
                words[first] |= head
                var word = first &+ 1
                while word < final {
                    words[word] = .max
                    word &+= 1
                }
                words[final] |= tail
            }
            summary[last >> 16] |= 1 << UInt64(truncatingIfNeeded: (last >> 10) & 63)
            if !pointee.isDirty { enlist() }
        }
    }

    /// Marks some values of one chunk that the rows did not have before.
    @usableFromInline
    func markAdded(column: Int, rows: Range<Int>) {
        mark(column: column, rows: rows)
        if let added = pointee.columns[column].added { added.set(rows, to: pointee.world.pointee.stamp) }
    }

    /// Puts the table into the world's list of tables that the next drain visits.
    @usableFromInline
    func enlist() {
        pointee.isDirty = true
        pointee.nextDirty = pointee.world.pointee.firstDirtyTable
        pointee.world.pointee.firstDirtyTable = self
    }

    /// Carries over what is known of a row's value from another place.
    func takeMarks(column: Int, row: Int, from source: ColumnStorage, sourceRow: Int) {
        let target = pointee.columns + column
        if source.isMarked(row: sourceRow), let words = target.pointee.words,
            target.pointee.setBit(row: row, words)
        {
            markSummary(target, row: row)
        }
        if let old = source.changed { target.pointee.changed?.set(row: row, to: old.rows[sourceRow]) }
        if let old = source.added { target.pointee.added?.set(row: row, to: old.rows[sourceRow]) }
    }
}
