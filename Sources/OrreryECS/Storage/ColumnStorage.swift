/// One component of one table: where its values lie in each chunk, and which rows were written.
///
/// Marks and stamps lie beside the chunks, so that they can begin at any time without moving a row, and a table of
/// twenty rows pays for one word. Marks say what changed since the last drain; stamps say when, for queries that ask
/// "since".
@usableFromInline
struct ColumnStorage: BitwiseCopyable {
    /// Where the column begins in each chunk: `strideBefore` times the rows of a chunk.
    @usableFromInline var offset: Int
    /// Bytes per row; 0 for a tag.
    @usableFromInline let stride: Int
    /// Which rows were written since the last drain; `nil` while the component is not tracked.
    @usableFromInline var marks: MarkStorage?
    /// A row may be marked; the column is then in the world's list of such columns.
    @usableFromInline var isDirty = false
    var nextDirty: ColumnPointer?
    /// When each row was written; `nil` while no query asks.
    @usableFromInline var changed: StampStorage?
    /// When each row got the component; `nil` while nobody asks.
    @usableFromInline var added: StampStorage?
    /// The table that it is a column of.
    @usableFromInline let table: TablePointer
    /// Bytes per row of all that lies before this column in a chunk.
    let strideBefore: Int
    @usableFromInline let component: ComponentID
    @usableFromInline let isBitwise: Bool

    init(
        of table: TablePointer, component: ComponentID, stride: Int, isBitwise: Bool, strideBefore: Int,
        chunkCapacity: Int
    ) {
        self.table = table
        self.component = component
        self.stride = stride
        self.isBitwise = isBitwise
        self.strideBefore = strideBefore
        offset = strideBefore * chunkCapacity
    }

    /// Somebody wants to know which rows are written, or when.
    @inlinable @inline(__always)
    var isObserved: Bool { marks != nil || changed != nil || added != nil }

    /// Makes room for the marks and stamps of `rows` rows, all clear above the `oldRows` that there were.
    mutating func reserve(rows: Int, oldRows: Int) {
        marks?.reserve(rows: rows, oldRows: oldRows)
        changed?.reserve(rows: rows, oldRows: oldRows)
        added?.reserve(rows: rows, oldRows: oldRows)
    }

    func deallocate() {
        marks?.deallocate()
        changed?.deallocate()
        added?.deallocate()
    }
}

/// Which rows of a column were written since the last drain: a bit per row, and a byte per chunk that leads there.
///
/// The byte is stored, never read, by those who mark: a mark waits for nothing but its word, and threads that mark
/// different chunks write to different memory.
@usableFromInline
struct MarkStorage: BitwiseCopyable {
    @usableFromInline var words: UnsafeMutablePointer<UInt64>
    /// 1 for each chunk in which a word may be other than 0.
    @usableFromInline var chunks: UnsafeMutablePointer<UInt8>

    static func wordCount(rows: Int) -> Int { (rows + 63) >> 6 }
    /// A multiple of 8, so that they can be looked at eight at once.
    static func chunkCount(rows: Int) -> Int { (((rows + chunkRowCount - 1) >> chunkShift) + 7) & ~7 }

    /// Nothing is marked.
    init(rows: Int) {
        words = grown(nil, from: 0, to: Self.wordCount(rows: rows))
        chunks = grown(nil, from: 0, to: Self.chunkCount(rows: rows))
    }

    @inlinable @inline(__always)
    func set(row: Int) {
        words[row >> 6] |= 1 << UInt64(truncatingIfNeeded: row & 63)
        chunks[row >> chunkShift] = 1
    }

    /// Marks rows of one chunk.
    @inlinable
    func set(_ rows: Range<Int>) {
        guard let last = rows.last else { return }
        let (first, final) = (rows.lowerBound >> 6, last >> 6)
        chunks[last >> chunkShift] = 1
        if rows.count == chunkRowCount {
            return (words + first).update(repeating: .max, count: chunkRowCount >> 6)
        }
        let head = UInt64.max << UInt64(truncatingIfNeeded: rows.lowerBound & 63)
        let tail = UInt64.max >> UInt64(truncatingIfNeeded: 63 &- (last & 63))
        if first == final {
            words[first] |= head & tail
        } else {
            words[first] |= head
            (words + (first &+ 1)).update(repeating: .max, count: final &- first &- 1)
            words[final] |= tail
        }
    }

    func isSet(row: Int) -> Bool { words[row >> 6] & (1 << UInt64(row & 63)) != 0 }

    func clear(row: Int) { words[row >> 6] &= ~(1 << UInt64(row & 63)) }

    func clearAll(rows: Int) {
        words.update(repeating: 0, count: Self.wordCount(rows: rows))
        chunks.update(repeating: 0, count: Self.chunkCount(rows: rows))
    }

    /// Calls a closure with each chunk in which a row may be marked, and forgets that; not the marks themselves.
    /// - Complexity: O(chunks / 8 + chunks that are marked).
    func drainChunks(rows: Int, _ body: (_ chunk: Int) -> Void) {
        for first in stride(from: 0, to: Self.chunkCount(rows: rows), by: 8) {
            let eight = UnsafeMutableRawPointer(chunks + first).assumingMemoryBound(to: UInt64.self)
            var rest = eight.pointee
            eight.pointee = 0
            while rest != 0 {
                body(first + (rest.trailingZeroBitCount >> 3))
                rest &= rest - 1
            }
        }
    }

    mutating func reserve(rows: Int, oldRows: Int) {
        words = grown(words, from: Self.wordCount(rows: oldRows), to: Self.wordCount(rows: rows))
        chunks = grown(chunks, from: Self.chunkCount(rows: oldRows), to: Self.chunkCount(rows: rows))
    }

    func deallocate() {
        words.deallocate()
        chunks.deallocate()
    }
}

/// When each row of a column was written, or got its component, by the world's stamp; and the newest of each
/// chunk, so that a question skips the chunks in which nothing happened.
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
        if chunks[row >> chunkShift] < stamp { chunks[row >> chunkShift] = stamp }
    }

    @inlinable
    func set(_ range: Range<Int>, to stamp: UInt64) {
        guard let last = range.last else { return }
        (rows + range.lowerBound).update(repeating: stamp, count: range.count)
        for chunk in range.lowerBound >> chunkShift...last >> chunkShift where chunks[chunk] < stamp {
            chunks[chunk] = stamp
        }
    }

    mutating func reserve(rows count: Int, oldRows: Int) {
        rows = grown(rows, from: oldRows, to: count)
        chunks = grown(chunks, from: Self.chunkCount(oldRows), to: Self.chunkCount(count))
    }

    func deallocate() {
        rows.deallocate()
        chunks.deallocate()
    }

    private static func chunkCount(_ rows: Int) -> Int { (rows + chunkRowCount - 1) >> chunkShift }
}

/// A longer copy of an array, the rest 0; the old one is gone.
private func grown<Number: FixedWidthInteger & BitwiseCopyable>(
    _ old: UnsafeMutablePointer<Number>?, from oldCount: Int, to count: Int
) -> UnsafeMutablePointer<Number> {
    let byteCount = max(count, 1) * MemoryLayout<Number>.stride
    let new = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 8)
        .initializeMemory(as: Number.self, repeating: 0, count: max(count, 1))
    if let old {
        new.update(from: old, count: oldCount)
        old.deallocate()
    }
    return new
}
