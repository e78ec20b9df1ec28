/// One component of one table: where its values lie in each chunk, and which rows were written.
///
/// Dirty bits and stamps lie beside the chunks, so that they can begin at any time without moving a row, and a table of
/// twenty rows pays for one word. Dirty bits say what changed since the last drain, one bit per row and one summary bit
/// per 1024 rows; stamps say when, for queries that ask "since".
@usableFromInline
struct ColumnStorage: BitwiseCopyable {
    /// Where the column begins in each chunk: `strideBefore` times the rows of a chunk.
    @usableFromInline var offset: Int
    /// Bytes per row; 0 for a tag.
    @usableFromInline let stride: Int
    /// A bit per reserved row; `nil` while the component is not tracked.
    @usableFromInline var words: UnsafeMutablePointer<UInt64>?
    /// A bit per 1024 rows: set if one of their bits may be set.
    @usableFromInline var summary: UnsafeMutablePointer<UInt64>?
    /// When each row was written; `nil` while no query asks.
    @usableFromInline var changed: StampStorage?
    /// When each row got the component; `nil` while nobody asks.
    @usableFromInline var added: StampStorage?
    /// Bytes per row of all that lies before this column in a chunk.
    let strideBefore: Int
    @usableFromInline let component: ComponentID
    @usableFromInline let isBitwise: Bool

    init(component: ComponentID, stride: Int, isBitwise: Bool, strideBefore: Int, chunkCapacity: Int) {
        self.component = component
        self.stride = stride
        self.isBitwise = isBitwise
        self.strideBefore = strideBefore
        offset = strideBefore * chunkCapacity
    }

    /// Somebody wants to know which rows are written, or when.
    @inlinable @inline(__always)
    var isObserved: Bool { words != nil || changed != nil || added != nil }

    static func wordCount(rows: Int) -> Int { (rows + 63) >> 6 }
    static func summaryCount(rows: Int) -> Int { (rows + 65535) >> 16 }

    /// Begins to keep dirty bits.
    mutating func beginBits(rows: Int) {
        words = grown(nil, from: 0, to: Self.wordCount(rows: rows))
        summary = grown(nil, from: 0, to: Self.summaryCount(rows: rows))
    }

    /// Makes room for the bits and stamps of `rows` rows, all clear above the `oldRows` that there were.
    mutating func reserve(rows: Int, oldRows: Int) {
        if words != nil {
            words = grown(words, from: Self.wordCount(rows: oldRows), to: Self.wordCount(rows: rows))
            summary = grown(summary, from: Self.summaryCount(rows: oldRows), to: Self.summaryCount(rows: rows))
        }
        changed?.reserve(rows: rows, oldRows: oldRows)
        added?.reserve(rows: rows, oldRows: oldRows)
    }

    func deallocate() {
        words?.deallocate()
        summary?.deallocate()
        changed?.deallocate()
        added?.deallocate()
    }

    func isMarked(row: Int) -> Bool {
        guard let words else { return false }
        return words[row >> 6] & (1 << UInt64(row & 63)) != 0
    }

    func clear(row: Int) {
        words?[row >> 6] &= ~(1 << UInt64(row & 63))
    }

    /// Sets a row's bit. Wherever a word is not 0, the summary bit is set and the table is in the dirty list.
    /// - Returns: Whether its word was 0 before, so that the caller must see to that.
    @inlinable @inline(__always)
    func setBit(row: Int, _ words: UnsafeMutablePointer<UInt64>) -> Bool {
        let old = words[row >> 6]
        words[row >> 6] = old | 1 << UInt64(truncatingIfNeeded: row & 63)
        return old == 0
    }

    @usableFromInline
    func setSummary(row: Int) {
        summary?[row >> 16] |= 1 << UInt64(truncatingIfNeeded: (row >> 10) & 63)
    }
}

/// When each row of a column was written, or got its component, by the world's stamp; and the newest of each 1024
/// rows, so that a question skips the chunks in which nothing happened.
@usableFromInline
struct StampStorage: BitwiseCopyable {
    @usableFromInline var rows: UnsafeMutablePointer<UInt64>
    /// At least as new as each row of the chunk.
    @usableFromInline var chunks: UnsafeMutablePointer<UInt64>

    /// All rows with the same stamp.
    init(rows count: Int, stamp: UInt64) {
        rows = .allocate(capacity: max(count, 1))
        rows.initialize(repeating: stamp, count: max(count, 1))
        chunks = .allocate(capacity: max(Self.chunkCount(count), 1))
        chunks.initialize(repeating: stamp, count: max(Self.chunkCount(count), 1))
    }

    @inlinable @inline(__always)
    func set(row: Int, to stamp: UInt64) {
        rows[row] = stamp
        if chunks[row >> 10] < stamp { chunks[row >> 10] = stamp }
    }

    @inlinable
    func set(_ range: Range<Int>, to stamp: UInt64) {
        guard let last = range.last else { return }
        (rows + range.lowerBound).update(repeating: stamp, count: range.count)
        for chunk in range.lowerBound >> 10...last >> 10 where chunks[chunk] < stamp { chunks[chunk] = stamp }
    }

    mutating func reserve(rows count: Int, oldRows: Int) {
        rows = grown(rows, from: oldRows, to: count)
        chunks = grown(chunks, from: Self.chunkCount(oldRows), to: Self.chunkCount(count))
    }

    func deallocate() {
        rows.deallocate()
        chunks.deallocate()
    }

    private static func chunkCount(_ rows: Int) -> Int { (rows + 1023) >> 10 }
}

/// A longer copy of an array of words, the rest 0; the old one is gone.
private func grown(
    _ old: UnsafeMutablePointer<UInt64>?, from oldCount: Int, to count: Int
) -> UnsafeMutablePointer<UInt64> {
    let new = UnsafeMutablePointer<UInt64>.allocate(capacity: max(count, 1))
    new.initialize(repeating: 0, count: max(count, 1))
    if let old {
        new.update(from: old, count: oldCount)
        old.deallocate()
    }
    return new
}
