import OrreryQuery
import OrrerySchema
import OrreryStore

/// Finds the queries that a changed row may concern by the value of one field, before the change and after it.
///
/// Used while that is cheaper than a look of each query at all changed rows: with many queries, and few changes.
///
/// A class, since tables lead to it by the field and by what changes.
final class FieldIndex {
    let field: IndexedField
    /// The queries that have ranges of this field.
    private(set) var queries: [(slot: QueryTable.Slot, query: Query)] = []
    /// The components on which their members depend, ascending. No query depends on births and deaths alone: who is in
    /// a range has the component.
    private(set) var columns: [ColumnID] = []
    private var readerCounts: [ColumnID: Int] = [:]
    private var tree = RangeTree()
    /// By row: its key in the tick that was evaluated last; `nil` while it is not kept.
    private var keys: [UInt64]?
    /// What keys would have saved since they were last given up.
    private var missed = 0

    /// Nanoseconds, as measured on a shared Intel Xeon in the world of `bench interest --row many_filters`, whose
    /// changes lie apart: a look of one query at 64 rows of which one has changed; a row whose key is read and looked
    /// up, twice; a row that is tested for one query, which it joins or leaves; the key of a row alone.
    private static let (wordCost, rowCost, testCost, keyCost) = (130, 450, 900, 160)

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
            tree.insert(range.keys, of: slot, decides: query.decidingField != nil)
        }
        for column in query.membershipColumns { readerCounts[column, default: 0] += 1 }
        columns = readerCounts.keys.sorted()
    }

    func remove(_ slot: QueryTable.Slot) {
        guard let position = queries.firstIndex(where: { $0.slot == slot }) else {
            preconditionFailure("the field does not lead to slot \(slot)")
        }
        let query = queries.remove(at: position).query
        tree.remove(slot)
        for column in query.membershipColumns {
            let count = readerCounts[column] ?? 0
            readerCounts[column] = count > 1 ? count - 1 : nil
        }
        columns = readerCounts.keys.sorted()
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
        tree.order()
        // A property of a class would be retained at each use.
        let tree = tree
        guard var kept = keys.take() else { return false }
        var testsLeft = saved / Self.testCost
        field.forEachKey(of: changed, in: store) { row, after in
            if Int(row) >= kept.count {
                kept.append(contentsOf: repeatElement(IndexedField.missing, count: Int(row) + 1 - kept.count))
            }
            let before = kept[Int(row)]
            kept[Int(row)] = after
            // The ranges overlap so much that looking rows up saves nothing.
            guard testsLeft >= 0 else { return }
            tree.forEach(at: before) { range in
                found.append(row, for: range.slot, isMember: range.decides ? range.keys.contains(after) : nil)
                testsLeft -= 1
            }
            guard after != before else { return }
            tree.forEach(at: after) { range in
                found.append(row, for: range.slot, isMember: range.decides ? true : nil)
                testsLeft -= 1
            }
        }
        keys = kept
        if testsLeft < 0 { forgetKeys() }
        return hasKeys
    }

    private func keepKeys(of store: ComponentStore) {
        var kept = Array(repeating: IndexedField.missing, count: store.pageCount * RowSet.pageRows)
        field.forEachKey(of: RowSet(pages: 0..<store.pageCount), in: store) { kept[Int($0)] = $1 }
        keys = kept
    }
}

extension IndexedField {
    /// Calls `body` with each of some rows, ascending, and its key.
    func forEachKey(of rows: RowSet, in store: ComponentStore, _ body: (_ row: UInt32, UInt64) -> Void) {
        var keys = Array(repeating: Self.missing, count: RowSet.pageRows)
        for (position, page) in rows.pages.enumerated() {
            let mask = rows.mask(at: position)
            readKeys(of: mask, onPage: Int(page), in: store, into: &keys)
            mask.forEach { body(page * UInt32(RowSet.pageRows) + UInt32($0), keys[$0]) }
        }
    }
}
