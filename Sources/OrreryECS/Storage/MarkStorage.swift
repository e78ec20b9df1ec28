/// The rows of a column that were written since the last drain: a bit per row, and a byte per page that may have marks.
///
/// Marking stores the byte but never reads it. So a mark waits only for its word, and threads that mark different pages
/// write to different memory.
@usableFromInline
struct MarkStorage: BitwiseCopyable {
    @usableFromInline var words: UnsafeMutablePointer<UInt64>
    /// A byte for each page, eight bytes per word: 1 where a row may be marked.
    @usableFromInline var pageBytes: UnsafeMutablePointer<UInt64>

    static func wordCount(rows: Int) -> Int { (rows + 63) >> 6 }
    static func pageWordCount(rows: Int) -> Int { (rows + pageRowCount * 8 - 1) >> (pageShift + 3) }

    /// Starts with no row marked.
    init(rows: Int) {
        words = .allocate(repeating: 0, count: Self.wordCount(rows: rows))
        pageBytes = .allocate(repeating: 0, count: Self.pageWordCount(rows: rows))
    }

    @inlinable @inline(__always)
    func set(row: Int) {
        words[row >> 6] |= 1 << UInt64(truncatingIfNeeded: row & 63)
        setPage(row >> pageShift)
    }

    @inlinable @inline(__always)
    func setPage(_ page: Int) {
        UnsafeMutableRawPointer(pageBytes).storeBytes(of: 1, toByteOffset: page, as: UInt8.self)
    }

    /// Marks rows.
    /// - Complexity: O(rows / 64).
    @inlinable
    func set(_ rows: Range<Int>) {
        guard let last = rows.last else { return }
        let (first, final) = (rows.lowerBound >> 6, last >> 6)
        for page in rows.lowerBound >> pageShift...last >> pageShift { setPage(page) }
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

    func isPageSet(of row: Int) -> Bool {
        UnsafeRawPointer(pageBytes).load(fromByteOffset: row >> pageShift, as: UInt8.self) == 1
    }

    func clear(row: Int) { words[row >> 6] &= ~(1 << UInt64(row & 63)) }

    func clearAll(rows: Int) {
        words.update(repeating: 0, count: Self.wordCount(rows: rows))
        pageBytes.update(repeating: 0, count: Self.pageWordCount(rows: rows))
    }

    /// Calls a closure with each page in which a row may be marked, and clears the page bytes, but not the marks.
    /// - Complexity: O(pages / 8 + marked pages).
    func drainPages(rows: Int, _ body: (_ page: Int) -> Void) {
        for word in 0..<Self.pageWordCount(rows: rows) {
            var rest = UInt64(littleEndian: pageBytes[word])
            pageBytes[word] = 0
            while rest != 0 {
                body((word << 3) + (rest.trailingZeroBitCount >> 3))
                rest &= rest - 1
            }
        }
    }

    mutating func reserve(rows: Int, oldRows: Int) {
        words = words.grown(from: Self.wordCount(rows: oldRows), to: Self.wordCount(rows: rows), repeating: 0)
        pageBytes = pageBytes.grown(
            from: Self.pageWordCount(rows: oldRows), to: Self.pageWordCount(rows: rows), repeating: 0)
    }

    func deallocate() {
        words.deallocate()
        pageBytes.deallocate()
    }
}
