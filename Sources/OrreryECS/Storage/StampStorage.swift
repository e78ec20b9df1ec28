/// When each row of a column was written, or got its component, by the world's stamp; and the newest of each
/// chunk, so that a question skips the chunks in which nothing happened.
@usableFromInline
struct StampStorage: BitwiseCopyable {
    @usableFromInline var rows: UnsafeMutablePointer<UInt64>
    /// At least as new as each row of the chunk.
    @usableFromInline var chunks: UnsafeMutablePointer<UInt64>

    /// All rows with the same stamp.
    init(rows count: Int, stamp: UInt64) {
        rows = .allocate(repeating: stamp, count: count)
        chunks = .allocate(repeating: stamp, count: Self.chunkCount(count))
    }

    @inlinable @inline(__always)
    func set(row: Int, to stamp: UInt64) {
        rows[row] = stamp
        if chunks[row >> chunkShift] < stamp { chunks[row >> chunkShift] = stamp }
    }

    /// Rows of one chunk.
    @inlinable
    func set(_ range: Range<Int>, to stamp: UInt64) {
        guard let last = range.last else { return }
        (rows + range.lowerBound).update(repeating: stamp, count: range.count)
        if chunks[last >> chunkShift] < stamp { chunks[last >> chunkShift] = stamp }
    }

    mutating func reserve(rows count: Int, oldRows: Int) {
        rows = rows.grown(from: oldRows, to: count, repeating: 0)
        chunks = chunks.grown(from: Self.chunkCount(oldRows), to: Self.chunkCount(count), repeating: 0)
    }

    func deallocate() {
        rows.deallocate()
        chunks.deallocate()
    }

    private static func chunkCount(_ rows: Int) -> Int { (rows + chunkRowCount - 1) >> chunkShift }
}
