import OrrerySchema

/// A set of rows (entity indexes) in ascending order: a bitmap of the pages that have any.
@usableFromInline package struct RowSet: Equatable, Sendable {
    /// The number of rows in one page.
    @inlinable package static var pageRows: Int { 1024 }
    /// The number of words of 64 rows in one page.
    @inlinable package static var pageWords: Int { pageRows / 64 }

    /// The pages that have rows, ascending.
    @usableFromInline package internal(set) var pages: [UInt32] = []
    /// Sixteen words per page, lowest row in the lowest bit.
    @usableFromInline package internal(set) var words: [UInt64] = []
    @usableFromInline package internal(set) var count = 0

    @inlinable package init() {}

    /// - Complexity: O(n log n).
    @inlinable package init(_ indexes: some Sequence<UInt32>) {
        for index in indexes.sorted() { append(index) }
    }

    /// All rows of some pages.
    package init(pages range: Range<Int>) {
        pages = range.map(UInt32.init)
        words = Array(repeating: .max, count: range.count * Self.pageWords)
        count = range.count * Self.pageRows
    }

    @inlinable package var isEmpty: Bool { count == 0 }

    /// Removes the rows and keeps the memory.
    @inlinable package mutating func removeAll() {
        pages.removeAll(keepingCapacity: true)
        words.removeAll(keepingCapacity: true)
        count = 0
    }

    /// Makes room for rows in `pageCount` pages.
    mutating func reserve(pageCount: Int) {
        guard pageCount > 0 else { return }
        pages.reserveCapacity(pageCount)
        words.reserveCapacity(pageCount * Self.pageWords)
    }

    /// Adds one row.
    /// - Precondition: The set has no row of a later page.
    @inlinable package mutating func append(_ index: UInt32) {
        let page = index / UInt32(Self.pageRows)
        open(page)
        let word = words.count - Self.pageWords + Int(index % UInt32(Self.pageRows)) / 64
        let bit = UInt64(1) << UInt64(index % 64)
        count += words[word] & bit == 0 ? 1 : 0
        words[word] |= bit
    }

    /// Adds up to 64 rows of one page at once.
    /// - Precondition: The set has no row of a later page.
    @inlinable package mutating func append(word bits: UInt64, at position: Int, page: UInt32) {
        guard bits != 0 else { return }
        open(page)
        let word = words.count - Self.pageWords + position
        count += (bits & ~words[word]).nonzeroBitCount
        words[word] |= bits
    }

    /// Adds rows of one page at once.
    /// - Precondition: As for ``append(word:at:page:)``.
    @inlinable package mutating func append(_ mask: PageMask, page: UInt32) {
        guard !mask.isEmpty else { return }
        if pages.last ?? 0 < page || pages.isEmpty {
            pages.append(page)
            withUnsafeBytes(of: mask) { words.append(contentsOf: $0.bindMemory(to: UInt64.self)) }
            for word in 0..<Self.pageWords { count += mask[word].nonzeroBitCount }
            return
        }
        open(page)
        let start = words.count - Self.pageWords
        for word in 0..<Self.pageWords {
            count += (mask[word] & ~words[start + word]).nonzeroBitCount
            words[start + word] |= mask[word]
        }
    }

    /// The rows of the page at a position in ``pages``.
    @inlinable package func mask(at position: Int) -> PageMask {
        var mask = PageMask.zero
        for word in 0..<Self.pageWords { mask[word] = words[position * Self.pageWords + word] }
        return mask
    }

    /// The rows of a page.
    package func mask(ofPage page: UInt32) -> PageMask {
        let position = position(of: page)
        return position < pages.count && pages[position] == page ? mask(at: position) : .zero
    }

    @usableFromInline mutating func open(_ page: UInt32) {
        guard pages.last != page else { return }
        precondition((pages.last ?? 0) <= page, "rows are added in ascending order")
        pages.append(page)
        words.append(contentsOf: repeatElement(0, count: Self.pageWords))
    }

    /// The position of a page among ``pages``, or where it would be.
    @inlinable func position(of page: UInt32) -> Int {
        // Without gaps before it, a page is at its own number.
        if page < pages.count, pages[Int(page)] == page { return Int(page) }
        return searchedPosition(of: page)
    }

    @usableFromInline func searchedPosition(of page: UInt32) -> Int { pages.partitionIndex { $0 >= page } }

    /// - Complexity: O(1) without gaps before the row's page, else O(log pages).
    @inlinable package func contains(_ index: UInt32) -> Bool {
        let page = index / UInt32(Self.pageRows)
        let position = position(of: page)
        guard position < pages.count, pages[position] == page else { return false }
        return words[position * Self.pageWords + Int(index % UInt32(Self.pageRows)) / 64] & 1 << UInt64(index % 64) != 0
    }

    /// Removes a row.
    /// - Returns: Whether it was there.
    /// - Complexity: As ``contains(_:)``; O(pages) if it is the last of its page.
    @discardableResult
    package mutating func remove(_ index: UInt32) -> Bool {
        guard contains(index) else { return false }
        let position = position(of: index / UInt32(Self.pageRows))
        let start = position * Self.pageWords
        words[start + Int(index % UInt32(Self.pageRows)) / 64] &= ~(1 << UInt64(index % 64))
        count -= 1
        if words[start..<start + Self.pageWords].allSatisfy({ $0 == 0 }) {
            pages.remove(at: position)
            words.removeSubrange(start..<start + Self.pageWords)
        }
        return true
    }

    /// Calls `body` with each row, ascending.
    @inlinable @inline(__always)
    package func forEach<Failure: Error>(_ body: (UInt32) throws(Failure) -> Void) throws(Failure) {
        for position in words.indices {
            var bits = words[position]
            let start =
                pages[position / Self.pageWords] * UInt32(Self.pageRows) + UInt32(position % Self.pageWords) * 64
            while bits != 0 {
                try body(start + UInt32(bits.trailingZeroBitCount))
                bits &= bits - 1
            }
        }
    }

    /// Calls `body` with each run of consecutive rows, ascending; no run crosses a word of 64 rows.
    @inlinable @inline(__always)
    package func forEachRun<Failure: Error>(
        _ body: (_ first: UInt32, _ count: Int) throws(Failure) -> Void
    ) throws(Failure) {
        for position in words.indices {
            var bits = words[position]
            var start =
                pages[position / Self.pageWords] * UInt32(Self.pageRows) + UInt32(position % Self.pageWords) * 64
            while bits != 0 {
                let gap = bits.trailingZeroBitCount
                bits >>= UInt64(gap)
                let length = (~bits).trailingZeroBitCount
                try body(start + UInt32(gap), length)
                start &+= UInt32(gap + length)
                bits = length == 64 ? 0 : bits >> UInt64(length)
            }
        }
    }

    /// Calls `body` with each word of 64 rows that has any, ascending.
    @inlinable @inline(__always)
    package func forEachWord(_ body: (_ firstRow: UInt32, _ bits: UInt64) -> Void) {
        for position in words.indices where words[position] != 0 {
            body(
                pages[position / Self.pageWords] * UInt32(Self.pageRows) + UInt32(position % Self.pageWords) * 64,
                words[position])
        }
    }

    /// Calls `body` with each word of 64 rows that has any, ascending, and with those of the rows that are in a subset.
    @inlinable @inline(__always)
    package func forEachWord(
        and subset: RowSet, _ body: (_ firstRow: UInt32, _ bits: UInt64, _ subsetBits: UInt64) -> Void
    ) {
        var next = 0
        for position in pages.indices {
            let page = pages[position]
            while next < subset.pages.count, subset.pages[next] < page { next += 1 }
            let hasAny = next < subset.pages.count && subset.pages[next] == page
            for word in 0..<Self.pageWords where words[position * Self.pageWords + word] != 0 {
                body(
                    page * UInt32(Self.pageRows) + UInt32(word) * 64, words[position * Self.pageWords + word],
                    hasAny ? subset.words[next * Self.pageWords + word] : 0)
            }
        }
    }

    /// The lower and the upper half of the rows.
    /// - Precondition: There are at least two rows.
    package var halves: [RowSet] {
        precondition(count >= 2, "a set of one row has no halves")
        var lower = RowSet()
        var upper = RowSet()
        forEach { row in
            if lower.count < count / 2 { lower.append(row) } else { upper.append(row) }
        }
        return [lower, upper]
    }

    @inlinable package var first: UInt32? {
        guard let position = words.firstIndex(where: { $0 != 0 }) else { return nil }
        return pages[position / Self.pageWords] * UInt32(Self.pageRows)
            + UInt32(position % Self.pageWords * 64 + words[position].trailingZeroBitCount)
    }

    @inlinable package var last: UInt32? {
        guard let position = words.lastIndex(where: { $0 != 0 }) else { return nil }
        return pages[position / Self.pageWords] * UInt32(Self.pageRows)
            + UInt32(position % Self.pageWords * 64 + 63 - words[position].leadingZeroBitCount)
    }

    /// The rows, ascending.
    package var indexes: [UInt32] {
        var result: [UInt32] = []
        result.reserveCapacity(count)
        forEach { result.append($0) }
        return result
    }

    /// The rows of both sets together.
    /// - Complexity: O(pages of both).
    package func union(_ other: RowSet) -> RowSet {
        if isEmpty { return other }
        if other.isEmpty { return self }
        var result = RowSet()
        var (left, right) = (0, 0)
        while left < pages.count || right < other.pages.count {
            let page = min(
                left < pages.count ? pages[left] : .max, right < other.pages.count ? other.pages[right] : .max)
            if left < pages.count, pages[left] == page {
                result.append(page: page, of: self, at: left)
                left += 1
            }
            if right < other.pages.count, other.pages[right] == page {
                result.append(page: page, of: other, at: right)
                right += 1
            }
        }
        return result
    }

    /// Adds the rows of another set.
    /// - Complexity: As ``union(_:)``.
    package mutating func formUnion(_ other: RowSet) {
        if !other.isEmpty { self = isEmpty ? other : union(other) }
    }

    /// Adds the rows of another set, whose memory may be used for it; what is left of that set is unspecified.
    package mutating func take(_ other: inout RowSet) {
        if isEmpty { swap(&self, &other) } else { formUnion(other) }
    }

    /// The rows that are not in the other set.
    /// - Complexity: O(pages of both).
    package func subtracting(_ other: RowSet) -> RowSet {
        if other.isEmpty { return self }
        var result = RowSet()
        var position = 0
        for (index, page) in pages.enumerated() {
            while position < other.pages.count, other.pages[position] < page { position += 1 }
            let shared = position < other.pages.count && other.pages[position] == page
            for word in 0..<Self.pageWords {
                let taken = shared ? other.words[position * Self.pageWords + word] : 0
                result.append(word: words[index * Self.pageWords + word] & ~taken, at: word, page: page)
            }
        }
        return result
    }

    /// The rows that are in both sets.
    /// - Complexity: O(pages of both).
    package func intersection(_ other: RowSet) -> RowSet {
        var result = RowSet()
        var position = 0
        for (index, page) in pages.enumerated() {
            while position < other.pages.count, other.pages[position] < page { position += 1 }
            guard position < other.pages.count, other.pages[position] == page else { continue }
            for word in 0..<Self.pageWords {
                result.append(
                    word: words[index * Self.pageWords + word] & other.words[position * Self.pageWords + word],
                    at: word, page: page)
            }
        }
        return result
    }

    private mutating func append(page: UInt32, of other: RowSet, at position: Int) {
        for word in 0..<Self.pageWords {
            append(word: other.words[position * Self.pageWords + word], at: word, page: page)
        }
    }
}
