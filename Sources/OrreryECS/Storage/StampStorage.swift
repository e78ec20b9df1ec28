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
