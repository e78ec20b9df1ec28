@usableFromInline typealias ColumnPointer = UnsafeMutablePointer<ColumnStorage>

extension ColumnPointer {
    /// Marks one value as written. Does nothing if the writes of its component are not observed.
    /// - Complexity: O(1): a bit and a byte, and once per drain an entry in the world's list.
    @inlinable @inline(__always)
    func mark(row: Int) {
        if let marks = pointee.marks {
            marks.set(row: row)
            if !pointee.isDirty { enlist() }
        }
        if let changed = pointee.changed { changed.set(row: row, to: stamp) }
    }

    /// Marks one value that the row did not have before.
    @inlinable @inline(__always)
    func markAdded(row: Int) {
        guard pointee.keepsMarks else { return }
        mark(row: row)
        if let added = pointee.added { added.set(row: row, to: stamp) }
    }

    /// Marks some values as written.
    /// - Complexity: O(rows / 64); O(rows) if queries ask when values were written.
    @inlinable @inline(__always)
    func mark(_ rows: Range<Int>) {
        markForDrain(rows)
        if let changed = pointee.changed { changed.set(rows, to: stamp) }
    }

    /// Marks some values for the next drain. For queries, the time of their last write stays the same.
    @inlinable @inline(__always)
    func markForDrain(_ rows: Range<Int>) {
        guard let marks = pointee.marks else { return }
        marks.set(rows)
        if !pointee.isDirty { enlist() }
    }

    /// Marks some values that the rows did not have before.
    @usableFromInline
    func markAdded(_ rows: Range<Int>) {
        mark(rows)
        if let added = pointee.added { added.set(rows, to: stamp) }
    }

    /// Copies the marks and stamps of a row's value from another column.
    func takeMarks(row: Int, from source: ColumnStorage, sourceRow: Int) {
        if let marks = source.marks, marks.isSet(row: sourceRow) {
            pointee.marks?.set(row: row)
            if !pointee.isDirty { enlist() }
        }
        if let old = source.changed { pointee.changed?.set(row: row, to: old.rows[sourceRow]) }
        if let old = source.added { pointee.added?.set(row: row, to: old.rows[sourceRow]) }
    }

    /// Begins to mark writes; nothing is marked yet.
    func beginMarks() {
        pointee.marks = MarkStorage(rows: pointee.table.pointee.reservedRows)
        pointee.table.pointee.refreshFlags()
    }

    /// Stops marking writes.
    func endMarks() {
        pointee.marks?.deallocate()
        pointee.marks = nil
        pointee.table.pointee.refreshFlags()
    }

    /// Begins to keep stamps; existing rows count as written now.
    func beginStamps(_ stamps: WritableKeyPath<ColumnStorage, StampStorage?>) {
        pointee[keyPath: stamps] = StampStorage(rows: pointee.table.pointee.reservedRows, stamp: stamp)
        pointee.table.pointee.refreshFlags()
    }

    /// The current stamp.
    @inlinable @inline(__always)
    var stamp: UInt64 { pointee.table.pointee.world.pointee.stamp }

    /// Puts the column into the world's list of columns that the next drain visits.
    @usableFromInline
    func enlist() {
        let world = pointee.table.pointee.world
        pointee.isDirty = true
        pointee.nextDirty = world.pointee.firstDirtyColumn
        world.pointee.firstDirtyColumn = self
    }
}
