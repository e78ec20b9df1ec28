import OrreryQuery
import OrreryStore

/// The first evaluation of a query, which may take several ticks.
extension QueryTable {
    /// Determines the members of a query in some more pages.
    /// - Returns: The work that it was.
    mutating func evaluateFurther(_ slot: Slot, in store: ComponentStore) -> Int {
        guard let page = self[slot].unfinished?.nextPage else { return 0 }
        let query = self[slot].query
        if let field = self[slot].field, !field.isComplete {
            field.build(1, in: store)
            return Tuning.work(ofOrdering: 1)
        }
        if let regions = self[slot].regions, !regions.grid.isComplete {
            regions.build(1, in: store)
            return SpatialGrid.workOfBuilding(pageCount: 1)
        }
        let together = unfinishedTogether(with: query, at: page)
        let isAlone = together.count < tuning.togetherCountMin
        let nodeCount = isAlone ? query.nodeCount : Tuning.togetherNodeCount(together.count)
        let partCount = isAlone ? max(1, Tuning.partSize / nodeCount) : tuning.togetherPageCount
        let pages = page..<min(store.pageCount, page + partCount)
        if isAlone {
            let rows = RowSet(pages: pages)
            _ = self[slot].evaluate(among: rows, in: store)
            evaluated(slot, pages, in: store)
        } else {
            let found = find(together, in: pages, of: store)
            for (position, slot) in together.enumerated() {
                _ = self[slot].membership?.update(found[position], amongPages: pages, in: store)
                evaluated(slot, pages, in: store)
            }
        }
        return Query.work(pageCount: pages.count, nodeCount: nodeCount)
    }

    /// The queries that go on at the same page, about which the same field decides.
    private func unfinishedTogether(with query: Query, at page: Int) -> [Slot] {
        guard let field = query.decidingField else { return [] }
        return unfinished.filter { slot in
            self[slot].unfinished?.nextPage == page && self[slot].query.decidingField == field
        }
    }

    /// The members of queries about which one field decides, in some pages, by their positions.
    private func find(_ slots: [Slot], in pages: Range<Int>, of store: ComponentStore) -> ConcernedRows {
        var ranges = RangeTree()
        for (position, slot) in slots.enumerated() {
            for range in self[slot].query.keyRanges ?? [] { ranges.insert(range.keys, of: position, decides: true) }
        }
        ranges.order()
        var members = ConcernedRows()
        self[slots[0]].query.decidingField?.forEachKey(of: RowSet(pages: pages), in: store) { row, key in
            ranges.forEach(at: key) { members.append(row, for: $0.slot, isMember: true) }
        }
        members.order { _ in false }
        return members
    }

    /// Some pages of a query were evaluated, after the ones before.
    private mutating func evaluated(_ slot: Slot, _ pages: Range<Int>, in store: ComponentStore) {
        let entry = self[slot]
        entry.testedCount += UInt64(pages.count * RowSet.pageRows)
        entry.unfinished?.nextPage = pages.upperBound
        if pages.upperBound >= store.pageCount { finish(slot, in: store) }
    }

    /// All members of a query are known.
    mutating func finish(_ slot: Slot, in store: ComponentStore) {
        if self[slot].unfinished?.isNew ?? false { self[slot].membership?.begin(at: store.tick) }
        self[slot].finish(in: store)
        noteUnindexed(slot)
        unfinished.removeUnordered(slot)
    }

    mutating func noteUnindexed(_ slot: Slot) {
        if self[slot].ranking?.needsIndex ?? false, !unindexed.contains(slot) { unindexed.append(slot) }
    }
}
