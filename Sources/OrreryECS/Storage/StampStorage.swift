/// The world's stamp at which each row of a column was written, or got its component; and the newest stamp of each
/// page, so that a query skips pages in which nothing happened.
@usableFromInline
struct StampStorage: BitwiseCopyable {
    @usableFromInline var rows: UnsafeMutablePointer<UInt64>
    /// At least as new as each row of the page.
    @usableFromInline var pages: UnsafeMutablePointer<UInt64>

    /// All rows with the same stamp.
    init(rows count: Int, stamp: UInt64) {
        rows = .allocate(repeating: stamp, count: count)
        pages = .allocate(repeating: stamp, count: Self.pageCount(count))
    }

    @inlinable @inline(__always)
    func set(row: Int, to stamp: UInt64) {
        rows[row] = stamp
        setPage(row >> pageShift, to: stamp)
    }

    @inlinable
    func set(_ range: Range<Int>, to stamp: UInt64) {
        guard let last = range.last else { return }
        (rows + range.lowerBound).update(repeating: stamp, count: range.count)
        for page in range.lowerBound >> pageShift...last >> pageShift { setPage(page, to: stamp) }
    }

    @inlinable @inline(__always)
    func setPage(_ page: Int, to stamp: UInt64) {
        if pages[page] < stamp { pages[page] = stamp }
    }

    mutating func reserve(rows count: Int, oldRows: Int) {
        rows = rows.grown(from: oldRows, to: count, repeating: 0)
        pages = pages.grown(from: Self.pageCount(oldRows), to: Self.pageCount(count), repeating: 0)
    }

    func deallocate() {
        rows.deallocate()
        pages.deallocate()
    }

    private static func pageCount(_ rows: Int) -> Int { (rows + pageRowCount - 1) >> pageShift }
}
