/// One component of one table: where its values lie in each chunk, and which rows changed since the last drain.
///
/// Dirty bits lie beside the chunks, one bit per row and one summary bit per 1024 rows, so that tracking can begin at
/// any time without moving a row, and a table of twenty rows pays for one word.
@usableFromInline
struct ColumnStorage: BitwiseCopyable {
    @usableFromInline let component: ComponentID
    /// Bytes per row; 0 for a tag.
    @usableFromInline let stride: Int
    @usableFromInline let isBitwise: Bool
    /// Bytes per row of all that lies before this column in a chunk.
    let strideBefore: Int
    /// Where the column begins in each chunk: `strideBefore` times the rows of a chunk.
    @usableFromInline var offset: Int
    /// A bit per reserved row; `nil` while the component is not tracked.
    @usableFromInline var words: UnsafeMutablePointer<UInt64>?
    /// A bit per 1024 rows: set if one of their bits may be set.
    @usableFromInline var summary: UnsafeMutablePointer<UInt64>?

    static func wordCount(rows: Int) -> Int { (rows + 63) >> 6 }
    static func summaryCount(rows: Int) -> Int { (rows + 65535) >> 16 }

    /// Makes room for the bits of `rows` rows, all clear above the `oldRows` that there were.
    mutating func reserveBits(rows: Int, oldRows: Int) {
        words = Self.grown(words, from: Self.wordCount(rows: oldRows), to: Self.wordCount(rows: rows))
        summary = Self.grown(summary, from: Self.summaryCount(rows: oldRows), to: Self.summaryCount(rows: rows))
    }

    func deallocateBits() {
        words?.deallocate()
        summary?.deallocate()
    }

    func isMarked(row: Int) -> Bool {
        guard let words else { return false }
        return words[row >> 6] & (1 << UInt64(row & 63)) != 0
    }

    func clear(row: Int) {
        words?[row >> 6] &= ~(1 << UInt64(row & 63))
    }

    private static func grown(
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
}
