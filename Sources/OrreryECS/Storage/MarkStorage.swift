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
            let eight = UnsafeMutableRawPointer(chunks + first)
            var rest = eight.load(as: UInt64.self)
            eight.storeBytes(of: 0, as: UInt64.self)
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

/// A longer copy of an array, the rest 0; the old one is gone.
func grown<Number: FixedWidthInteger & BitwiseCopyable>(
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
