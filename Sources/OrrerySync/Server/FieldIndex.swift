import OrreryQuery
import OrrerySchema
import OrreryStore

/// Finds the queries that a changed row may concern by the value of one field, before the change and after it.
///
/// Used while that is cheaper than a look of each query at all changed rows: with many queries, and few changes.
///
/// A class, since tables lead to it by the field and by what changes.
final class FieldIndex {
    private struct Entry {
        var keys: ClosedRange<UInt64>
        var slot: QueryTable.Slot
    }

    let field: IndexedField
    /// The queries that have ranges of this field.
    private(set) var queries: [(slot: QueryTable.Slot, query: Query)] = []
    /// The components on which their members depend, ascending. No query depends on births and deaths alone: who is in
    /// a range has the component.
    private(set) var columns: [ColumnID] = []
    private var readerCounts: [ColumnID: Int] = [:]
    /// Ascending by their first key, once ``order()`` was called. Seen as a tree, whose root is in the middle.
    private var ranges: [Entry] = []
    /// By range: the last key in its part of the tree.
    private var lastKeys: [UInt64] = []
    /// By row: its key in the tick that was evaluated last; `nil` while it is not kept.
    private var keys: [UInt64]?
    /// What keys would have saved since they were last given up.
    private var missed = 0

    /// Estimates, in nanoseconds: a look of one query at 64 rows; a row whose key is read and looked up; a row that is
    /// tested for one query; the key of a row, read with its neighbours'.
    private static let (wordCost, rowCost, testCost, keyCost) = (50, 150, 60, 30)

    /// Whether it is used whatever that costs, for tests.
    private let isAlwaysUsed: Bool

    init(_ field: IndexedField, isAlwaysUsed: Bool) {
        self.field = field
        self.isAlwaysUsed = isAlwaysUsed
    }

    var hasKeys: Bool { keys != nil }

    func insert(_ slot: QueryTable.Slot, _ query: Query) {
        queries.append((slot, query))
        for range in query.keyRanges ?? [] where range.field == field {
            ranges.append(Entry(keys: range.keys, slot: slot))
        }
        for column in query.membershipColumns { readerCounts[column, default: 0] += 1 }
        queriesChanged()
    }

    func remove(_ slot: QueryTable.Slot) {
        guard let position = queries.firstIndex(where: { $0.slot == slot }) else {
            preconditionFailure("the field does not lead to slot \(slot)")
        }
        let query = queries.remove(at: position).query
        ranges.removeAll { $0.slot == slot }
        for column in query.membershipColumns {
            let count = readerCounts[column] ?? 0
            readerCounts[column] = count > 1 ? count - 1 : nil
        }
        queriesChanged()
    }

    private func queriesChanged() {
        columns = readerCounts.keys.sorted()
        lastKeys = []
    }

    /// The world may have changed without a look at it.
    func forgetKeys() {
        keys = nil
        missed = 0
    }

    /// Collects the rows that may concern each query.
    /// - Parameters:
    ///   - changed: The rows in which something changed that one of the queries reads.
    ///   - mayKeep: Whether keys may be kept from now on.
    /// - Returns: Whether it did. If not, it is cheaper to look at all changed rows for each query.
    /// - Complexity: O(changed rows x log ranges), plus what is found. Now and then O(rows) to begin.
    func find(in changed: RowSet, of store: ComponentStore, mayKeep: Bool, _ found: inout ConcernedRows) -> Bool {
        // What it saves, in comparison with a look of each query at all changed rows.
        let saved =
            isAlwaysUsed
            ? .max
            : queries.count * changed.words.count { $0 != 0 } * Self.wordCost - changed.count * Self.rowCost
        guard saved > 0 else {
            forgetKeys()
            return false
        }
        guard keys != nil else {
            missed = max(missed, missed &+ saved)
            if mayKeep, missed > store.pageCount * RowSet.pageRows * Self.keyCost { keepKeys(of: store) }
            return false
        }
        order()
        var testsLeft = saved / Self.testCost
        do {
            try changed.forEach { row throws(CandidatesExceeded) in
                let (before, after) = exchangeKey(of: row, in: store)
                func take(_ slot: QueryTable.Slot) {
                    found.append(row, for: slot)
                    testsLeft -= 1
                }
                find(before, among: 0..<ranges.count, take)
                if after != before { find(after, among: 0..<ranges.count, take) }
                if testsLeft < 0 { throw CandidatesExceeded() }
            }
            return true
        } catch {
            forgetKeys()
            return false
        }
    }

    /// The ranges overlap so much that looking rows up saves nothing.
    private struct CandidatesExceeded: Error {}

    private func keepKeys(of store: ComponentStore) {
        keys = (0..<UInt32(store.pageCount * RowSet.pageRows)).map { field.key(of: $0, in: store) }
    }

    /// The key of a row in the tick that was evaluated last, and now, which is kept.
    private func exchangeKey(of row: UInt32, in store: ComponentStore) -> (before: UInt64, after: UInt64) {
        let (row, after) = (Int(row), field.key(of: row, in: store))
        if let count = keys?.count, row >= count {
            keys?.append(contentsOf: repeatElement(IndexedField.missing, count: row + 1 - count))
        }
        let before = keys?[row] ?? IndexedField.missing
        keys?[row] = after
        return (before, after)
    }

    private func order() {
        guard lastKeys.count != ranges.count else { return }
        ranges.sort { $0.keys.lowerBound < $1.keys.lowerBound }
        lastKeys = ranges.map(\.keys.upperBound)
        _ = orderTree(0..<ranges.count)
    }

    /// - Returns: The last key in a part of the tree.
    private func orderTree(_ part: Range<Int>) -> UInt64 {
        guard !part.isEmpty else { return 0 }
        let root = (part.lowerBound + part.upperBound) / 2
        lastKeys[root] = max(
            lastKeys[root], orderTree(part.lowerBound..<root), orderTree(root + 1..<part.upperBound))
        return lastKeys[root]
    }

    /// - Complexity: O(log ranges) for each range that is found.
    private func find(_ key: UInt64, among part: Range<Int>, _ body: (QueryTable.Slot) -> Void) {
        guard !part.isEmpty else { return }
        let root = (part.lowerBound + part.upperBound) / 2
        guard lastKeys[root] >= key else { return }
        find(key, among: part.lowerBound..<root, body)
        guard ranges[root].keys.lowerBound <= key else { return }
        if ranges[root].keys.upperBound >= key { body(ranges[root].slot) }
        find(key, among: root + 1..<part.upperBound, body)
    }
}

/// The rows that may concern each query, in one tick.
struct ConcernedRows {
    /// By slot; the memory is kept.
    private var rows: [[UInt32]] = []
    /// The queries that have rows.
    private(set) var slots: [QueryTable.Slot] = []

    subscript(slot: QueryTable.Slot) -> [UInt32] { slot < rows.count ? rows[slot] : [] }

    mutating func append(_ row: UInt32, for slot: QueryTable.Slot) {
        while slot >= rows.count { rows.append([]) }
        guard rows[slot].last != row else { return }
        if rows[slot].isEmpty { slots.append(slot) }
        rows[slot].append(row)
    }

    mutating func removeAll() {
        for slot in slots { rows[slot].removeAll(keepingCapacity: true) }
        slots.removeAll(keepingCapacity: true)
    }

    /// Drops the rows of some queries.
    mutating func removeAll(where isDropped: (QueryTable.Slot) -> Bool) {
        for slot in slots where isDropped(slot) { rows[slot].removeAll(keepingCapacity: true) }
        slots.removeAll { rows[$0].isEmpty }
    }

    /// Each row once, ascending: several fields may have found them.
    mutating func order() {
        for slot in slots where !zip(rows[slot], rows[slot].dropFirst()).allSatisfy(<) {
            rows[slot] = Set(rows[slot]).sorted()
        }
    }
}
