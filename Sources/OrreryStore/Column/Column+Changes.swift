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
        for (number, page) in pages.enumerated() {
            guard let page, page.newestTick > cursor else { continue }
            for word in 0..<RowSet.pageWords {
                result.append(word: page.changed(word: word, after: cursor), at: word, page: UInt32(number))
            }
        }
        return result
    }

    /// Adds what happened to some entities after `cursor`.
    /// - Parameters:
    ///   - listed: Ascending. Those that are not alive are left out: their end takes the component with it.
    ///   - pageRange: The pages to look at; all by default.
    ///   - living: The generations of the living entities; `nil` if the rows are no entities of the world.
    /// - Complexity: O(n); O(1) if nothing in the column has changed since.
    func addChanges(
        of listed: [Entity], after cursor: Tick, pages pageRange: Range<Int>?, living: Column?,
        to changes: inout RowChanges
    ) {
        guard newestTick > cursor else { return }
        // A property of a class is checked for exclusive access at each use.
        let (pages, lives) = (pages, living?.pages)
        for entity in listed {
            let (number, row) = (Int(entity.index) / RowSet.pageRows, Self.row(entity.index))
            guard pageRange?.contains(number) ?? true, number < pages.count, let page = pages[number],
                page.isChanged(row, after: cursor)
            else { continue }
            if let lives {
                guard number < lives.count, let life = lives[number], life.contains(row),
                    life.word32(of: row) == entity.generation
                else { continue }
            }
            if !page.contains(row) {
                changes.left.append(entity.index)
            } else if page.hasMoved(row, after: cursor) {
                changes.entered.append(entity.index)
            } else {
                changes.updated.append(entity.index)
            }
        }
    }

    /// One past the last page.
    package var pageCount: Int { pages.count }

    /// A page for a scan, valid until the column changes; `nil` where no row ever was present.
    /// - Complexity: O(1).
    package func page(at number: Int) -> PageHandle? {
        guard number < pages.count, let page = pages[number] else { return nil }
        return page.handle
    }
}
