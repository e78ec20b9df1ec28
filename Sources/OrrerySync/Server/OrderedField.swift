import OrreryQuery
import OrrerySchema
import OrreryStore

/// All rows that have a component, in the order of one of its fields: a window anywhere in a world of any size is found
/// without a look at all rows.
///
/// Only for fields that are registered as ordered, while some query with a window needs it. It takes 25 bytes for each
/// row, and a change of the field a search.
///
/// A class, since queries share it.
final class OrderedField {
    /// The field alone, ascending.
    private let order: RowOrder
    let column: ColumnID
    /// Sorted pieces of the list of all rows, none of them empty.
    private var chunks: [[RankedRow]] = []
    /// By row: its rank in the list.
    private var ranks: [UInt64] = []
    /// By row: whether it is in the list.
    private var isListed = RowBits()
    private(set) var count = 0
    /// The pages from this one on are not in it yet.
    private(set) var nextPage = 0
    private(set) var isComplete = false
    /// The queries that need it.
    var holderCount = 0

    /// The most rows of a piece; so many are moved at most when one is inserted.
    private static let chunkSizeMax = 512

    init(_ operand: Operand, _ column: ColumnID, in table: ComponentTable) {
        order = RowOrder([OrderKey(operand)], in: table)
        self.column = column
    }

    // MARK: Changes

    /// Adds the rows of some more pages.
    func build(_ pageCount: Int, in store: ComponentStore) {
        let end = min(store[column].pageCount, nextPage + pageCount)
        take(RowSet(pages: nextPage..<max(nextPage, end)), in: store)
        nextPage = end
        isComplete = end == store[column].pageCount
    }

    /// Takes over what changed.
    /// - Parameter changed: The rows in which the component came, went or changed.
    /// - Complexity: O(changed rows x log rows).
    func update(_ changed: RowSet, in store: ComponentStore) {
        // New pages are taken when they come.
        if isComplete { nextPage = store[column].pageCount }
        take(isComplete ? changed : changed.intersection(RowSet(pages: 0..<nextPage)), in: store)
    }

    private func take(_ rows: RowSet, in store: ComponentStore) {
        let (pages, reader) = (store[column].scanned, order.ranks(in: store))
        for (position, page) in rows.pages.enumerated() {
            let mask = rows.mask(at: position)
            let present = mask & pages.present(at: Int(page))
            let first = page * UInt32(RowSet.pageRows)
            (mask & ~present).forEach { remove(first + UInt32($0)) }
            reader.forEach(of: present, onPage: Int(page)) { set($0) }
        }
    }

    private func set(_ row: RankedRow) {
        if isListed[row.row] {
            guard ranks[Int(row.row)] != row.rank else { return }
            remove(row.row)
        }
        if Int(row.row) >= ranks.count {
            ranks.append(contentsOf: repeatElement(0, count: Int(row.row) + 1 - ranks.count))
        }
        ranks[Int(row.row)] = row.rank
        isListed[row.row] = true
        count += 1
        guard !chunks.isEmpty else { return chunks.append([row]) }
        let chunk = max(0, chunks.partitionIndex { row < $0[0] } - 1)
        chunks[chunk].insert(row, at: chunks[chunk].partitionIndex { row < $0 })
        guard chunks[chunk].count > Self.chunkSizeMax else { return }
        let half = Array(chunks[chunk][(Self.chunkSizeMax / 2)...])
        chunks[chunk].removeLast(half.count)
        chunks.insert(half, at: chunk + 1)
    }

    private func remove(_ row: UInt32) {
        guard isListed[row] else { return }
        let known = RankedRow(rank: ranks[Int(row)], row: row)
        let chunk = chunks.partitionIndex { known < $0[0] } - 1
        chunks[chunk].remove(at: chunks[chunk].partitionIndex { known <= $0 })
        if chunks[chunk].isEmpty { chunks.remove(at: chunk) }
        isListed[row] = false
        count -= 1
    }

    // MARK: Places

    /// The place of the first row of at least this rank.
    /// - Complexity: O(pieces).
    func place(ofRank rank: UInt64) -> Int { place { $0.rank >= rank } }

    /// The place after the last row of this rank.
    func place(afterRank rank: UInt64) -> Int { place { $0.rank > rank } }

    private func place(where isBehind: (RankedRow) -> Bool) -> Int {
        let chunk = max(0, chunks.partitionIndex { isBehind($0[0]) } - 1)
        guard chunk < chunks.count else { return 0 }
        return chunks[..<chunk].reduce(0) { $0 + $1.count } + chunks[chunk].partitionIndex(where: isBehind)
    }

    /// The row at a place.
    /// - Complexity: O(pieces).
    subscript(place: Int) -> RankedRow {
        let (chunk, position) = position(of: place)
        return chunks[chunk][position]
    }

    private func position(of place: Int) -> (chunk: Int, position: Int) {
        var (rest, chunk) = (place, 0)
        while rest >= chunks[chunk].count {
            rest -= chunks[chunk].count
            chunk += 1
        }
        return (chunk, rest)
    }

    /// Calls `body` with the rows at some places, until it returns false.
    /// - Parameter isBackwards: Whether the last one comes first.
    func forEach(in places: Range<Int>, isBackwards: Bool, _ body: (RankedRow) -> Bool) {
        guard !places.isEmpty else { return }
        var (chunk, position) = position(of: isBackwards ? places.upperBound - 1 : places.lowerBound)
        for _ in places {
            guard body(chunks[chunk][position]) else { return }
            position += isBackwards ? -1 : 1
            if position < 0, chunk > 0 {
                chunk -= 1
                position = chunks[chunk].count - 1
            } else if position == chunks[chunk].count {
                (chunk, position) = (chunk + 1, 0)
            }
        }
    }

    /// Traps if it is not what the store has.
    func checkInvariants(in store: ComponentStore) {
        let rows = store[column].rows.intersection(RowSet(pages: 0..<nextPage))
        let all = Array(chunks.joined())
        assert(zip(all, all.dropFirst()).allSatisfy { $0 < $1 } && all.count == count, "the rows are in order")
        assert(Set(all.map(\.row)) == Set(rows.indexes), "every row that has the component is in it")
        assert(all.allSatisfy { ranks[Int($0.row)] == $0.rank }, "the rank of each row is known")
        assert(chunks.allSatisfy { !$0.isEmpty && $0.count <= Self.chunkSizeMax }, "pieces have a limit")
    }
}

extension RankedRow {
    fileprivate static func < (left: RankedRow, right: RankedRow) -> Bool {
        left.rank == right.rank ? left.row < right.row : left.rank < right.rank
    }

    fileprivate static func <= (left: RankedRow, right: RankedRow) -> Bool { !(right < left) }
}

/// The fields that are registered as ordered, and the lists of those that some query needs.
struct OrderedFields {
    private let operands: Set<Operand>
    private var fields: [Operand: OrderedField] = [:]

    /// - Parameter names: As they stand in texts. What a table does not have is passed over.
    init(_ names: [String], in table: ComponentTable) {
        operands = Set(names.compactMap { try? Query("* order by \($0)", in: table).order.first?.operand })
    }

    /// The field by which a query with a window is ordered first, if it is one of these, and all who match have it.
    mutating func hold(_ query: Query, in table: ComponentTable) -> OrderedField? {
        guard query.window.map({ $0 != .nobody }) ?? false, let key = query.order.first, !key.isFolded,
            operands.contains(key.operand), let column = key.column, query.selection.required.contains([column])
        else { return nil }
        let field = fields[key.operand] ?? OrderedField(key.operand, column, in: table)
        fields[key.operand] = field
        field.holderCount += 1
        return field
    }

    /// A query does not need a field any more.
    mutating func release(_ field: OrderedField) {
        field.holderCount -= 1
        if field.holderCount == 0 { fields = fields.filter { $0.value !== field } }
    }

    /// Calls `body` with the fields of some components.
    func forEach(of columns: [ColumnID], _ body: (OrderedField) -> Void) {
        for field in fields.values where columns.contains(field.column) { body(field) }
    }
}
