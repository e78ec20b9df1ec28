/// A row that may concern a query.
struct ConcernedRow {
    let row: UInt32
    /// Whether it is one of a member; `nil` if that must be tested.
    var isMember: Bool?
    /// What the evaluation found.
    var outcome: Outcome = []

    /// What became of the members at a row in one tick: nothing, one of these, or that one died and another joined.
    struct Outcome: OptionSet {
        let rawValue: UInt8

        static let joined = Outcome(rawValue: 1)
        /// And lives on.
        static let left = Outcome(rawValue: 2)
        static let died = Outcome(rawValue: 4)
        static let stayed = Outcome(rawValue: 8)
    }
}

/// The rows that may concern each query, in one tick. All of them are in one list, so that those of the next query are
/// at hand.
struct ConcernedRows {
    private var found: [(slot: QueryTable.Slot, row: ConcernedRow)] = []
    /// By query, once they are in order.
    private var rows: [ConcernedRow] = []
    /// By slot: where the rows of the query begin, and how many there are.
    private var parts: [(start: Int, count: Int)] = []
    /// The queries that have rows.
    private(set) var slots: [QueryTable.Slot] = []

    /// The rows of a query, ascending, each once.
    /// - Precondition: They are in order.
    subscript(slot: QueryTable.Slot) -> ArraySlice<ConcernedRow> {
        guard slot < parts.count else { return [] }
        let part = parts[slot]
        return rows[part.start..<part.start + part.count]
    }

    /// Calls `body` with the rows of a query, to note what became of them.
    mutating func update<R>(_ slot: QueryTable.Slot, _ body: (UnsafeMutableBufferPointer<ConcernedRow>) -> R) -> R {
        let part = parts[slot]
        return rows.withUnsafeMutableBufferPointer { rows in
            body(UnsafeMutableBufferPointer(rebasing: rows[part.start..<part.start + part.count]))
        }
    }

    mutating func append(_ row: UInt32, for slot: QueryTable.Slot, isMember: Bool?) {
        found.append((slot, ConcernedRow(row: row, isMember: isMember)))
    }

    /// Adds the rows of a query that has none yet, ascending, with what became of them.
    mutating func collect(_ slot: QueryTable.Slot, _ body: (inout [ConcernedRow]) -> Void) {
        while slot >= parts.count { parts.append((0, 0)) }
        let start = rows.count
        body(&rows)
        parts[slot] = (start, rows.count - start)
        slots.append(slot)
    }

    /// Removes everything and keeps the memory.
    mutating func removeAll() {
        found.removeAll(keepingCapacity: true)
        rows.removeAll(keepingCapacity: true)
        for slot in slots { parts[slot] = (0, 0) }
        slots.removeAll(keepingCapacity: true)
    }

    /// Puts in order what was appended.
    /// - Parameter isDropped: The queries whose rows are not needed.
    mutating func order(without isDropped: (QueryTable.Slot) -> Bool) {
        for (slot, _) in found where !isDropped(slot) {
            while slot >= parts.count { parts.append((0, 0)) }
            if parts[slot].count == 0 { slots.append(slot) }
            parts[slot].count += 1
        }
        var count = rows.count
        for slot in slots {
            parts[slot].start = count
            count += parts[slot].count
            parts[slot].count = 0
        }
        rows.append(contentsOf: repeatElement(ConcernedRow(row: 0), count: count - rows.count))
        for (slot, row) in found where !isDropped(slot) {
            rows[parts[slot].start + parts[slot].count] = row
            parts[slot].count += 1
        }
        for slot in slots { parts[slot].count = makeAscending(parts[slot]) }
    }

    /// - Returns: How many different rows there are in a part.
    private mutating func makeAscending(_ part: (start: Int, count: Int)) -> Int {
        let indexes = part.start..<part.start + part.count
        // Several fields may have found them.
        if !indexes.dropFirst().allSatisfy({ rows[$0 - 1].row <= rows[$0].row }) {
            rows[indexes].sort { $0.row < $1.row }
        }
        var last = part.start
        for index in indexes.dropFirst() {
            let next = rows[index]
            if rows[last].row == next.row {
                // It is in one of the ranges, or must be tested for one of them.
                rows[last].isMember = rows[last].isMember.flatMap { isMember in next.isMember.map { isMember || $0 } }
            } else {
                last += 1
                rows[last] = next
            }
        }
        return last - part.start + 1
    }
}
