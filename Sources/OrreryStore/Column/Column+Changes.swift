package import OrrerySchema

/// What happened in a column after a cursor, sorted by what a client must be told.
package struct RowChanges: Equatable, Sendable {
    /// Present now, and entered after the cursor.
    package var entered = RowSet()
    /// Present now and at the cursor, with another value.
    package var updated = RowSet()
    /// Absent now. It may have been absent at the cursor too.
    package var left = RowSet()

    package init() {}

    package var isEmpty: Bool { entered.isEmpty && updated.isEmpty && left.isEmpty }

    /// Removes the rows and keeps the memory.
    package mutating func removeAll() {
        entered.removeAll()
        updated.removeAll()
        left.removeAll()
    }
}

extension Column {
    /// What happened after `cursor`.
    /// - Parameter pageRange: The pages to look at; all by default.
    /// - Complexity: O(pages) + O(what changed) for a cursor just before the newest changes, O(rows of the pages that
    ///   changed) for older cursors.
    package func changes(after cursor: Tick, pages pageRange: Range<Int>? = nil) -> RowChanges {
        var result = RowChanges()
        let pageRange = (pageRange ?? 0..<pages.count).clamped(to: 0..<pages.count)
        result.updated.reserve(pageCount: pageRange.count { (pages[$0]?.newestTick ?? .zero) > cursor })
        for number in pageRange {
            guard let page = pages[number], page.newestTick > cursor else { continue }
            for word in 0..<RowSet.pageWords {
                let changed = page.changed(word: word, after: cursor)
                guard changed != 0 else { continue }
                let present = page.presentWord(word)
                let moved = page.membershipChanged(word: word, after: cursor)
                result.entered.append(word: changed & present & moved, at: word, page: UInt32(number))
                result.updated.append(word: changed & present & ~moved, at: word, page: UInt32(number))
                result.left.append(word: changed & ~present, at: word, page: UInt32(number))
            }
        }
        return result
    }

    /// The rows to which anything happened after `cursor`.
    /// - Complexity: As for ``changes(after:pages:)``.
    package func changedRows(after cursor: Tick) -> RowSet {
        var result = RowSet()
        guard newestTick > cursor else { return result }
        let pages = pages
        result.reserve(pageCount: pages.count { ($0?.newestTick ?? .zero) > cursor })
        for (number, page) in pages.enumerated() {
            guard let page, page.newestTick > cursor else { continue }
            result.append(page.changedMask(after: cursor), page: UInt32(number))
        }
        return result
    }

    /// What happened in a row after a cursor.
    enum RowChange { case entered, updated, left }

    /// Calls `body` with what happened to some entities after `cursor`.
    /// - Parameters:
    ///   - listed: Ascending. Those that are not alive are left out: their end takes the component with it.
    ///   - pageRange: The pages to look at; all by default.
    ///   - living: The generations of the living entities; `nil` if the rows are no entities of the world.
    /// - Complexity: O(n); O(1) if nothing in the column has changed since.
    @inline(__always)
    func forEachChange(
        of listed: [Entity], after cursor: Tick, pages pageRange: Range<Int>?, living: Column?,
        _ body: (_ index: UInt32, RowChange, PageStorage) -> Void
    ) {
        guard newestTick > cursor else { return }
        // A property of a class is checked for exclusive access at each use.
        let (pages, lives) = (pages, living?.pages)
        var (number, page, life): (Int, PageStorage?, PageStorage?) = (-1, nil, nil)
        for entity in listed {
            if Int(entity.index) / RowSet.pageRows != number {
                number = Int(entity.index) / RowSet.pageRows
                let isLookedAt = number < pages.count && pageRange?.contains(number) ?? true
                page = isLookedAt ? pages[number] : nil
                life = lives.flatMap { number < $0.count ? $0[number] : nil }
            }
            let row = Self.row(entity.index)
            guard let page, page.isChanged(row, after: cursor) else { continue }
            if lives != nil {
                guard let life, life.contains(row), life.word32(of: row) == entity.generation else { continue }
            }
            let isPresent = page.contains(row)
            body(
                entity.index, !isPresent ? .left : page.hasMoved(row, after: cursor) ? .entered : .updated, page)
        }
    }

    /// Adds what happened to some entities after `cursor`.
    /// - Parameters: As for ``forEachChange(of:after:pages:living:_:)``.
    func addChanges(
        of listed: [Entity], after cursor: Tick, pages: Range<Int>?, living: Column?, to changes: inout RowChanges
    ) {
        forEachChange(of: listed, after: cursor, pages: pages, living: living) { index, change, _ in
            switch change {
            case .entered: changes.entered.append(index)
            case .updated: changes.updated.append(index)
            case .left: changes.left.append(index)
            }
        }
    }

    /// One past the last page.
    package var pageCount: Int { pages.count }

    /// A page for a scan, valid until the column changes; `nil` where no row ever was present.
    /// - Complexity: O(1).
    package func page(at number: Int) -> PageHandle? { scanned[number] }

    /// All pages for a scan, valid until the column changes: for those who look at many.
    package var scanned: ScannedPages { ScannedPages(pages: pages) }
}

/// The pages of a column. A value, of which a page costs no look at the column, which is checked for exclusive access.
package struct ScannedPages {
    fileprivate let pages: [PageStorage?]

    /// `nil` where no row ever was present.
    package subscript(number: Int) -> PageHandle? { number < pages.count ? pages[number]?.handle : nil }

    /// The rows of a page that are present.
    package func present(at number: Int) -> PageMask { self[number]?.presentMask ?? .zero }
}
