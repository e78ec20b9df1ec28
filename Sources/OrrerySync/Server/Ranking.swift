import OrreryQuery
import OrrerySchema
import OrreryStore
import OrreryWire

/// All rows that match a query with a window, and those that come first in its order: its members are among these.
///
/// Only as many are kept in order as the window reaches, and as many again in reserve, so that a tick costs what
/// changes in that part. If the reserve is used up, all rows that match are looked at anew.
struct Ranking {
    private let query: Query
    private var order: RowOrder { query.rowOrder }
    private let window: Window
    /// By row: whether it matches.
    private var matches = Bits()
    /// How many match.
    private(set) var extent = Extent(total: 0)
    /// When that was different.
    private(set) var extentTick = Tick.zero
    /// The rows that come first, in their order.
    private var first: [RankedRow] = []
    /// Whether a row is one of them.
    private var isFirst = Bits()
    /// Whether all that match, from the anchor on, are among them.
    private var hasAll = true
    /// Where the window begins, if it names an entity that has matched.
    private var anchor: RowOrder.Place?
    /// The rows that were looked at in search of those that come first, since it was last set.
    var refillRowCount = 0

    /// The fewest rows in reserve.
    private static let reserveMin = 128

    init(_ query: Query, _ window: Window) {
        self.query = query
        self.window = window
    }

    /// How far the window reaches.
    private var end: Int {
        // Of nobody, it begins at 0.
        if case .offset(let offset) = window.start { offset + window.count } else { window.count }
    }

    /// The rows that are kept in order, once there are more than that.
    private var keptCount: Int { end == 0 ? 0 : end + max(end, Self.reserveMin) }

    /// The rows of the members, in their order.
    var members: ArraySlice<RankedRow> {
        if case .offset(let offset) = window.start { return first.dropFirst(offset).prefix(window.count) }
        return first.prefix(window.count)
    }

    /// Takes what an evaluation found.
    /// - Parameters:
    ///   - candidates: The rows that were looked at.
    ///   - matching: Those of them that match.
    /// - Complexity: O(candidates + rows in order, if one of these is a candidate), and O(rows that match) if the
    ///   reserve is used up.
    mutating func update(among candidates: RowSet, matching: RowSet, in store: ComponentStore) {
        let before = extent
        let isAnchorMoved = moveAnchor(among: candidates, matching: matching, in: store)
        var hasLost = false
        candidates.forEachWord(and: matching) { firstRow, candidates, matching in
            let old = matches[word: firstRow] & candidates
            extent.total += matching.nonzeroBitCount - old.nonzeroBitCount
            matches[word: firstRow] = matches[word: firstRow] & ~candidates | matching
            hasLost = hasLost || isFirst[word: firstRow] & candidates != 0
        }
        if case .entity = window.start { extent.beginsAtItsEntity = anchor != nil }
        if extent != before || extentTick == .zero { extentTick = store.tick }
        guard end > 0 else { return }
        guard !isAnchorMoved else { return refill(in: store) }
        if hasLost { removeFirst(among: candidates) }
        insert(matching, in: store)
        if !hasAll, first.count < end { refill(in: store) }
    }

    /// All rows that match.
    var rows: RowSet { matches.rows }

    /// Takes rows that may have other places now out of those that come first.
    private mutating func removeFirst(among candidates: RowSet) {
        first.removeAll { candidates.contains($0.row) }
        candidates.forEachWord { isFirst[word: $0] &= ~$1 }
    }

    /// Adds those rows to the ones that come first that are before the last of these.
    private mutating func insert(_ rows: RowSet, in store: ComponentStore) {
        // With nobody left to compare with, all rows are looked at.
        guard hasAll || !first.isEmpty else { return }
        let (order, last) = (order, hasAll ? nil : first.last)
        var new: [RankedRow] = []
        order.forEachRank(of: rows, in: store) { row in
            if let last {
                guard row.rank <= last.rank, order.precedes(row, last, in: store) else { return }
            }
            if isFromAnchorOn(row, in: store) { new.append(row) }
        }
        guard !new.isEmpty else { return }
        for row in new { isFirst[row.row] = true }
        new.sort { order.precedes($0, $1, in: store) }
        merge(new, in: store)
        if first.count > keptCount + end { cut() }
    }

    private mutating func merge(_ new: [RankedRow], in store: ComponentStore) {
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

    /// Forgets what is beyond the reserve.
    private mutating func cut() {
        for row in first[keptCount...] { isFirst[row.row] = false }
        first.removeLast(first.count - keptCount)
        hasAll = false
    }

    /// Looks at all rows that match.
    private mutating func refill(in store: ComponentStore) {
        let (order, keptCount) = (order, keptCount)
        refillRowCount += extent.total
        for row in first { isFirst[row.row] = false }
        first.removeAll(keepingCapacity: true)
        hasAll = true
        var last: RankedRow?
        order.forEachRank(of: matches.rows, in: store) { row in
            if let last {
                guard row.rank <= last.rank, order.precedes(row, last, in: store) else { return }
            }
            guard isFromAnchorOn(row, in: store) else { return }
            first.append(row)
            guard first.count > 2 * keptCount else { return }
            first.sort { order.precedes($0, $1, in: store) }
            first.removeLast(first.count - keptCount)
            (last, hasAll) = (first.last, false)
        }
        first.sort { order.precedes($0, $1, in: store) }
        if first.count > keptCount {
            first.removeLast(first.count - keptCount)
            hasAll = false
        }
        for row in first { isFirst[row.row] = true }
    }

    // MARK: A window that begins at an entity

    /// - Returns: Whether the window begins elsewhere now.
    private mutating func moveAnchor(among candidates: RowSet, matching: RowSet, in store: ComponentStore) -> Bool {
        guard case .entity(let entity) = window.start, matching.contains(entity.index),
            store.entity(at: entity.index) == entity
        else { return false }
        let place = order.place(of: entity.index, in: store)
        defer { anchor = place }
        return place != anchor
    }

    private func isFromAnchorOn(_ row: RankedRow, in store: ComponentStore) -> Bool {
        anchor.map { !order.precedes(row.row, $0, in: store) } ?? true
    }

    /// The bytes that it takes, as allocated.
    var byteCount: Int {
        matches.byteCount + isFirst.byteCount + first.capacity * MemoryLayout<RankedRow>.stride
    }

    /// Traps if it is not what a whole evaluation finds.
    func checkInvariants(in store: ComponentStore) {
        let matching = query.matching(in: store)
        assert(matches.rows.indexes == matching.indexes && extent.total == matching.count, "those who match are known")
        assert(first.allSatisfy { isFirst[$0.row] } && isFirst.count == first.count, "it is known who comes first")
        let sorted = order.sorted(matching, in: store).filter { row in
            anchor.map { !order.precedes(row, $0, in: store) } ?? true
        }
        if end > 0 {
            assert(first.map(\.row) == Array(sorted.prefix(first.count)), "those who come first are in their order")
            assert(first.count >= min(end, sorted.count) && (!hasAll || first.count == sorted.count), "none is missing")
        }
    }
}

/// One bit for each row.
private struct Bits {
    private var words: [UInt64] = []

    /// The word that has the bit of a row.
    subscript(word row: UInt32) -> UInt64 {
        get {
            let position = Int(row) / 64
            return position < words.count ? words[position] : 0
        }
        set {
            let position = Int(row) / 64
            if position >= words.count {
                guard newValue != 0 else { return }
                words.append(contentsOf: repeatElement(0, count: position + 1 - words.count))
            }
            words[position] = newValue
        }
    }

    subscript(row: UInt32) -> Bool {
        get { self[word: row] & 1 << UInt64(row % 64) != 0 }
        set {
            let bit = UInt64(1) << UInt64(row % 64)
            self[word: row] = newValue ? self[word: row] | bit : self[word: row] & ~bit
        }
    }

    var rows: RowSet {
        var rows = RowSet()
        let pageWords = RowSet.pageRows / 64
        for (position, word) in words.enumerated() where word != 0 {
            rows.append(word: word, at: position % pageWords, page: UInt32(position / pageWords))
        }
        return rows
    }

    var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }
    var byteCount: Int { words.capacity * MemoryLayout<UInt64>.stride }
}
