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
            tree.insert(range.keys, of: slot)
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
        guard var kept = keys.take() else { return false }
        var testsLeft = saved / Self.testCost
        do {
            try changed.forEach { row throws(CandidatesExceeded) in
                let after = field.key(of: row, in: store)
                if Int(row) >= kept.count {
                    kept.append(contentsOf: repeatElement(IndexedField.missing, count: Int(row) + 1 - kept.count))
                }
                let before = kept[Int(row)]
                kept[Int(row)] = after
                tree.forEach(at: before) {
                    found.append(row, for: $0)
                    testsLeft -= 1
                }
                if after != before {
                    tree.forEach(at: after) {
                        found.append(row, for: $0)
                        testsLeft -= 1
                    }
                }
                if testsLeft < 0 { throw CandidatesExceeded() }
            }
            keys = kept
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
}

/// The ranges of queries, found by a key that is in them. A tree, whose root is in the middle of the ordered ranges.
private struct RangeTree {
    private struct Node {
        var keys: ClosedRange<UInt64>
        var slot: QueryTable.Slot
        /// The last key of its part of the tree.
        var lastKey: UInt64
    }

    /// Ascending by their first key, once they are in order.
    private var nodes: [Node] = []
    private var isOrdered = true

    mutating func insert(_ keys: ClosedRange<UInt64>, of slot: QueryTable.Slot) {
        nodes.append(Node(keys: keys, slot: slot, lastKey: keys.upperBound))
        isOrdered = false
    }

    mutating func remove(_ slot: QueryTable.Slot) {
        nodes.removeAll { $0.slot == slot }
        isOrdered = false
    }

    /// - Complexity: O(n) if most are in order.
    mutating func order() {
        guard !isOrdered else { return }
        nodes.sort { $0.keys.lowerBound < $1.keys.lowerBound }
        _ = order(0..<nodes.count)
        isOrdered = true
    }

    /// - Returns: The last key in a part of the tree.
    private mutating func order(_ part: Range<Int>) -> UInt64 {
        guard !part.isEmpty else { return 0 }
        let root = (part.lowerBound + part.upperBound) / 2
        nodes[root].lastKey = max(
            nodes[root].keys.upperBound, order(part.lowerBound..<root), order(root + 1..<part.upperBound))
        return nodes[root].lastKey
    }

    /// Calls `body` with the query of each range that has a key.
    /// - Complexity: O(log n) for each of them.
    func forEach(at key: UInt64, _ body: (QueryTable.Slot) -> Void) {
        nodes.withUnsafeBufferPointer { Self.forEach(at: key, in: 0..<$0.count, of: $0, body) }
    }

    private static func forEach(
        at key: UInt64, in part: Range<Int>, of nodes: UnsafeBufferPointer<Node>, _ body: (QueryTable.Slot) -> Void
    ) {
        guard !part.isEmpty else { return }
        let root = (part.lowerBound + part.upperBound) / 2
        guard nodes[root].lastKey >= key else { return }
        forEach(at: key, in: part.lowerBound..<root, of: nodes, body)
        guard nodes[root].keys.lowerBound <= key else { return }
        if nodes[root].keys.upperBound >= key { body(nodes[root].slot) }
        forEach(at: key, in: root + 1..<part.upperBound, of: nodes, body)
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
