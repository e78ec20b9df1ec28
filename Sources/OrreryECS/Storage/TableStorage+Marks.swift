extension UnsafeMutablePointer<TableStorage> {
    /// Marks one value as written. Does nothing if nobody observes its component.
    /// - Complexity: O(1): a bit and a byte, and once per table and drain an entry in the world's list.
    @inlinable @inline(__always)
    func mark(column: Int, row: Int) {
        let column = pointee.columns + column
        if let marks = column.pointee.marks {
            marks.set(row: row)
            if !pointee.isDirty { enlist() }
        }
        if let changed = column.pointee.changed { changed.set(row: row, to: pointee.world.pointee.stamp) }
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
        let column = pointee.columns + column
        if let marks = column.pointee.marks {
            marks.set(rows)
            if !pointee.isDirty { enlist() }
        }
        if let changed = column.pointee.changed { changed.set(rows, to: pointee.world.pointee.stamp) }
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
        if let marks = source.marks, marks.isSet(row: sourceRow) {
            target.pointee.marks?.set(row: row)
            if !pointee.isDirty { enlist() }
        }
        if let old = source.changed { target.pointee.changed?.set(row: row, to: old.rows[sourceRow]) }
        if let old = source.added { target.pointee.added?.set(row: row, to: old.rows[sourceRow]) }
    }
}
