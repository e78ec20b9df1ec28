/// Which rows of a column were written since the last drain: a bit per row, and a byte per chunk that leads there.
///
/// The byte is stored, never read, by those who mark: a mark waits for nothing but its word, and threads that mark
/// different chunks write to different memory.
@usableFromInline
struct MarkStorage: BitwiseCopyable {
    @usableFromInline var words: UnsafeMutablePointer<UInt64>
    /// A byte for each chunk, eight of them a word: 1 where a row may be marked.
    @usableFromInline var chunkBytes: UnsafeMutablePointer<UInt64>

    static func wordCount(rows: Int) -> Int { (rows + 63) >> 6 }
    static func chunkWordCount(rows: Int) -> Int { (rows + chunkRowCount * 8 - 1) >> (chunkShift + 3) }

    /// Nothing is marked.
    init(rows: Int) {
        words = .allocate(repeating: 0, count: Self.wordCount(rows: rows))
        chunkBytes = .allocate(repeating: 0, count: Self.chunkWordCount(rows: rows))
    }

    @inlinable @inline(__always)
    func set(row: Int) {
        words[row >> 6] |= 1 << UInt64(truncatingIfNeeded: row & 63)
        setChunk(of: row)
    }

    @inlinable @inline(__always)
    func setChunk(of row: Int) {
        UnsafeMutableRawPointer(chunkBytes).storeBytes(of: 1, toByteOffset: row >> chunkShift, as: UInt8.self)
    }

    /// Marks rows of one chunk.
    @inlinable
    func set(_ rows: Range<Int>) {
        guard let last = rows.last else { return }
        let (first, final) = (rows.lowerBound >> 6, last >> 6)
        setChunk(of: last)
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

    func isChunkSet(of row: Int) -> Bool {
        UnsafeRawPointer(chunkBytes).load(fromByteOffset: row >> chunkShift, as: UInt8.self) == 1
    }

    func clear(row: Int) { words[row >> 6] &= ~(1 << UInt64(row & 63)) }

    func clearAll(rows: Int) {
        words.update(repeating: 0, count: Self.wordCount(rows: rows))
        chunkBytes.update(repeating: 0, count: Self.chunkWordCount(rows: rows))
    }

    /// Calls a closure with each chunk in which a row may be marked, and forgets that; not the marks themselves.
    /// - Complexity: O(chunks / 8 + chunks that are marked).
    func drainChunks(rows: Int, _ body: (_ chunk: Int) -> Void) {
        for word in 0..<Self.chunkWordCount(rows: rows) {
            var rest = UInt64(littleEndian: chunkBytes[word])
            chunkBytes[word] = 0
            while rest != 0 {
                body((word << 3) + (rest.trailingZeroBitCount >> 3))
                rest &= rest - 1
            }
        }
    }

    mutating func reserve(rows: Int, oldRows: Int) {
        words = words.grown(from: Self.wordCount(rows: oldRows), to: Self.wordCount(rows: rows), repeating: 0)
        chunkBytes = chunkBytes.grown(
            from: Self.chunkWordCount(rows: oldRows), to: Self.chunkWordCount(rows: rows), repeating: 0)
    }

    func deallocate() {
        words.deallocate()
        chunkBytes.deallocate()
    }
}
