import OrreryQuery
import OrrerySchema
import OrreryStore
import OrreryWire

/// All rows that match a query with a window, and those that come first in its order: its members are among these.
///
/// Only as many are kept in order as the window reaches, and as many again in reserve, so that a tick costs what
/// changes in that part. If the reserve is used up, all rows that match are looked at anew; where these are too many,
/// the query needs a field that is registered as ordered (``OrderedField``), which says who comes first.
struct Ranking {
    private let query: Query
    private var order: RowOrder { query.rowOrder }
    private let window: Window
    /// By row: whether it matches.
    private var matches = RowBits()
    /// How many match.
    private(set) var extent = Extent(total: 0)
    /// When that was different.
    private(set) var extentTick = Tick.zero
    /// Rows that may come first, of one tick.
    private var new: [RankedRow] = []
    /// The rows that come first, in their order; of an ordered field, only the members.
    private var first: [RankedRow] = []
    /// The rows of the members, ascending.
    private(set) var shown: [UInt32] = []
    /// Whether all that match, from the anchor on, are among them.
    private var hasAll = true
    /// Where the window begins, if it names an entity that has matched.
    private(set) var anchor: RowOrder.Place?
    /// The rows that were looked at to find out who comes first, besides those that were tested.
    private(set) var lookedAtCount = 0

    /// The first field of the order, if it is registered as ordered.
    private let field: OrderedField?
    /// Whether it takes more than that to find out who comes first.
    private(set) var needsIndex = false
    /// The most rows that are looked at for that in a tick.
    private let rowCountMax: Int
    /// The fewest rows in reserve.
    private let reserveMin: Int

    /// - Parameters:
    ///   - anchor: Where the window began when the query was last evaluated.
    ///   - field: The first field of the order, if it is registered as ordered, and all who match have it.
    init(
        _ query: Query, _ window: Window, from anchor: RowOrder.Place?, field: OrderedField?, rowCountMax: Int,
        reserveMin: Int
    ) {
        self.query = query
        self.window = window
        self.anchor = anchor
        self.field = field
        self.rowCountMax = rowCountMax
        self.reserveMin = reserveMin
    }

    /// How far the window reaches.
    private var end: Int {
        // Of nobody, it begins at 0.
        if case .offset(let offset) = window.start { offset + window.count } else { window.count }
    }

    /// The rows that are kept in order, once there are more than that.
    private var keptCount: Int { end == 0 ? 0 : end + max(end, reserveMin) }

    /// Calls `body` with each row that matches.
    func forEachMatch(_ body: (UInt32) -> Void) { matches.rows.forEach(body) }

    /// The rows of the members, in their order.
    var members: ArraySlice<RankedRow> {
        if field == nil, case .offset(let offset) = window.start {
            return first.dropFirst(offset).prefix(window.count)
        }
        return first.prefix(window.count)
    }

    /// Tests some rows anew, and puts those that match in their places.
    /// - Parameters:
    ///   - candidates: The rows to test; `nil` for all.
    ///   - area: Where the region of the query lies, and who is in it.
    /// - Returns: Whether others are in the window, or more or fewer match.
    /// - Complexity: O(candidates × nodes), plus O(rows in order), and O(rows that match) if the reserve is used up.
    mutating func update(
        among candidates: RowSet?, within area: Area? = nil, in store: ComponentStore
    ) -> Bool {
        let before = extent
        let limit = hasAll ? RowOrder.lastRank : first.last?.rank ?? 0
        var isAnchorMoved = false
        new.removeAll(keepingCapacity: true)
        // All rows are also those that have matched.
        let tested = candidates ?? matches.rows.union(query.matching(in: store, within: area))
        let (query, ranks, end, collects) = (query, order.ranks(in: store), end, field == nil && candidates != nil)
        query.forEachPage(of: tested, in: store, within: area) { page, rows, matching in
            extent.total += matches.replace(rows, by: matching, onPage: page)
            guard end > 0, !matching.isEmpty else { return }
            if collects { ranks.append(of: matching, onPage: page, upTo: limit, to: &new) }
            isAnchorMoved = moveAnchor(page, matching, in: store) || isAnchorMoved
        }
        if case .entity = window.start { extent.beginsAtItsEntity = anchor != nil }
        let isExtentNew = extent != before || extentTick == .zero
        if isExtentNew { extentTick = store.tick }
        guard end > 0 else { return isExtentNew }
        // As many would be looked at, sooner or later.
        needsIndex = needsIndex || field == nil && extent.total > rowCountMax && !query.order.isEmpty
        if let field {
            guard field.isComplete else { return isExtentNew }
            select(from: field, in: store)
        } else if isAnchorMoved || candidates == nil {
            refill(in: store)
        } else {
            let count = first.count
            lookedAtCount += count
            first.removeAll { tested.contains($0.row) }
            guard !new.isEmpty || first.count < count else { return isExtentNew }
            insertNew(in: store)
            if !hasAll, first.count < end { refill(in: store) }
        }
        lookedAtCount += Self.workOfSorting(members.count) / 4
        let rows = members.map(\.row).sorted()
        guard rows != shown else { return isExtentNew }
        shown = rows
        return true
    }

    /// Adds those of the new rows to the ones that come first that are before the last of these.
    private mutating func insertNew(in store: ComponentStore) {
        // With nobody left to compare with, all rows are looked at.
        guard hasAll || !first.isEmpty else { return }
        let (order, anchor, last) = (order, anchor, hasAll ? nil : first.last)
        new.removeAll { row in
            if let last, !order.precedes(row, last, in: store) { return true }
            return anchor.map { order.precedes(row.row, $0, in: store) } ?? false
        }
        new.sort { order.precedes($0, $1, in: store) }
        merge(in: store)
        if first.count > keptCount + end { cut() }
    }

    private mutating func merge(in store: ComponentStore) {
        let order = order
        var position = first.count
        first.append(contentsOf: new)
        // From the end, so that each element moves once.
        var next = new.count
        while next > 0 {
            let row = new[next - 1]
            let place = first[..<position].partitionIndex { order.precedes(row, $0, in: store) }
            first.withUnsafeMutableBufferPointer { first in
                guard let base = first.baseAddress else { return }
                (base + place + next).update(from: base + place, count: position - place)
                base[place + next - 1] = row
            }
            position = place
            next -= 1
        }
    }

    /// Rows whose test takes as long as to put so many in order.
    private static func workOfSorting(_ count: Int) -> Int {
        8 * count * (Int.bitWidth - count.leadingZeroBitCount)
    }

    /// Forgets what is beyond the reserve.
    private mutating func cut() {
        first.removeLast(first.count - keptCount)
        hasAll = false
    }

    /// Looks at all rows that match.
    private mutating func refill(in store: ComponentStore) {
        let (order, keptCount) = (order, keptCount)
        lookedAtCount += extent.total + Self.workOfSorting(min(extent.total, 2 * keptCount))
        first.removeAll(keepingCapacity: true)
        hasAll = true
        var last: RankedRow?
        let (all, ranks) = (matches.rows, order.ranks(in: store))
        // Without an order, those who come first are found first.
        for (position, page) in all.pages.enumerated() where !query.order.isEmpty || first.count <= keptCount {
            let limit = last?.rank ?? RowOrder.lastRank
            ranks.forEach(of: all.mask(at: position), onPage: Int(page), upTo: limit) { row in
                if let last, !order.precedes(row, last, in: store) { return }
                if let anchor, order.precedes(row.row, anchor, in: store) { return }
                first.append(row)
                guard first.count > 2 * keptCount else { return }
                first.sort { order.precedes($0, $1, in: store) }
                first.removeLast(first.count - keptCount)
                (last, hasAll) = (first.last, false)
            }
        }
        first.sort { order.precedes($0, $1, in: store) }
        if first.count > keptCount {
            first.removeLast(first.count - keptCount)
            hasAll = false
        }
    }

    // MARK: An ordered field

    /// Selects the members anew. Rows of one rank are put in order by the other keys.
    private mutating func select(from field: OrderedField, in store: ComponentStore) {
        let (order, matches, anchor) = (order, matches, anchor)
        let (parts, passed) = parts(of: field)
        let offset = if case .offset(let offset) = window.start { offset } else { 0 }
        var (selected, group, index, lookedAt) = ([RankedRow](), [RankedRow](), passed, 0)
        /// - Returns: Whether the window is not full.
        func endGroup() -> Bool {
            if group.count > 1 { group.sort { order.precedes($0.row, $1.row, in: store) } }
            for row in group where selected.count < window.count {
                if let anchor, order.precedes(row.row, anchor, in: store) { continue }
                if index >= offset { selected.append(row) }
                index += 1
            }
            group.removeAll(keepingCapacity: true)
            return selected.count < window.count
        }
        for (places, isBackwards) in parts {
            field.forEach(in: places, isBackwards: isBackwards) { row in
                if let rank = group.last?.rank, rank != row.rank, !endGroup() { return false }
                lookedAt += 1
                if matches[row.row] { group.append(row) }
                return lookedAt <= rowCountMax
            }
        }
        _ = endGroup()
        needsIndex = needsIndex || lookedAt > rowCountMax
        lookedAtCount += lookedAt
        first = selected
    }

    /// The places of an ordered field among which the members are, and how many who match come before.
    private func parts(of field: OrderedField) -> (parts: [(Range<Int>, isBackwards: Bool)], passed: Int) {
        let isDescending = query.order[0].isDescending
        // What is missing comes last in both directions.
        let missing = field.place(ofRank: RowOrder.lastRank)..<field.count
        func from(_ rank: UInt64) -> [(Range<Int>, isBackwards: Bool)] {
            if rank == RowOrder.lastRank { return [(missing, false)] }
            return isDescending
                ? [(0..<field.place(afterRank: rank), true), (missing, false)]
                : [(field.place(ofRank: rank)..<field.count, false)]
        }
        let all = isDescending ? [(0..<missing.lowerBound, true), (missing, false)] : [(0..<field.count, false)]
        guard case .offset(let offset) = window.start else {
            guard let rank = anchor?.rank else { return (all, 0) }
            return (from(isDescending && rank != RowOrder.lastRank ? ~rank : rank), 0)
        }
        // If all match, those before the window need not be looked at.
        guard offset > 0, extent.total == field.count else { return (all, 0) }
        guard offset < field.count else { return ([], 0) }
        let isBehind = offset >= missing.lowerBound
        let rank = field[isDescending && !isBehind ? missing.lowerBound - 1 - offset : offset].rank
        let rest = from(rank)
        return (rest, field.count - rest.reduce(0) { $0 + $1.0.count })
    }

    // MARK: A window that begins at an entity

    /// - Returns: Whether the window begins elsewhere now.
    private mutating func moveAnchor(_ page: Int, _ matching: PageMask, in store: ComponentStore) -> Bool {
        guard case .entity(let entity) = window.start, Int(entity.index) / RowSet.pageRows == page,
            matching.contains(Int(entity.index) % RowSet.pageRows), store.entity(at: entity.index) == entity
        else { return false }
        let place = order.place(of: entity.index, in: store)
        defer { anchor = place }
        return place != anchor
    }

    /// The rows that were looked at to find out who comes first, since the last call.
    mutating func takeLookedAt() -> Int {
        defer { lookedAtCount = 0 }
        return lookedAtCount
    }

    /// Traps if it is not what a whole evaluation finds.
    func checkInvariants(within area: Area?, in store: ComponentStore) {
        let matching = query.matching(in: store, within: area)
        assert(matches.rows.indexes == matching.indexes && extent.total == matching.count, "those who match are known")
        assert(members.map(\.row).sorted() == shown, "it is known whom the window shows")
        let sorted = order.sorted(matching, in: store).filter { row in
            anchor.map { !order.precedes(row, $0, in: store) } ?? true
        }
        if end > 0 {
            if field == nil {
                assert(first.map(\.row) == Array(sorted.prefix(first.count)), "those who come first are in their order")
                assert(
                    first.count >= min(end, sorted.count) && (!hasAll || first.count == sorted.count), "none is missing"
                )
            } else if field?.isComplete ?? false {
                let offset = if case .offset(let offset) = window.start { offset } else { 0 }
                assert(
                    first.map(\.row) == Array(sorted.dropFirst(offset).prefix(window.count)), "the members are in order"
                )
            }
        }
    }
}
