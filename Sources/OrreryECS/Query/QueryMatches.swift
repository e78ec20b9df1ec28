/// The tables that match a query, in raw memory, for iteration.
@usableFromInline
struct QueryMatches: BitwiseCopyable {
    /// A column of a table; `nil` if the table has no such component.
    @usableFromInline typealias FoundColumn = UnsafeMutablePointer<ColumnStorage>?

    /// The world's storage.
    @usableFromInline let storage: UnsafeMutablePointer<WorldStorage>
    @usableFromInline var tables: UnsafeMutablePointer<TablePointer>
    /// The columns of the terms, table by table.
    @usableFromInline var columns: UnsafeMutablePointer<FoundColumn>
    @usableFromInline var count = 0
    /// The number of the world's tables that were checked.
    @usableFromInline var tablesSeen = 0
    @usableFromInline let termCount: Int
    /// One bit per term, set for written terms.
    @usableFromInline let written: UInt64
    /// Whether all rows of these tables match, and all values are in them.
    @usableFromInline let isPlain: Bool
    /// Whether the query's writes are watched: rows are then visited in runs, and their values compared.
    @usableFromInline var isWatched = false
    private var capacity = 4

    init(of storage: UnsafeMutablePointer<WorldStorage>, termCount: Int, written: UInt64, isPlain: Bool) {
        self.storage = storage
        self.termCount = termCount
        self.written = written
        self.isPlain = isPlain
        tables = .allocate(capacity: capacity)
        columns = .allocate(capacity: max(1, capacity * termCount))
    }

    /// Whether tables were made since the last use.
    @inlinable @inline(__always)
    var isBehind: Bool { tablesSeen < storage.pointee.tableCount }

    mutating func append(_ table: TablePointer, columns new: [FoundColumn]) {
        if count == capacity { grow() }
        (tables + count).initialize(to: table)
        for (term, column) in new.enumerated() { (columns + count * termCount + term).initialize(to: column) }
        count += 1
    }

    func deallocate() {
        tables.deallocate()
        columns.deallocate()
    }

    private mutating func grow() {
        let grownTables = UnsafeMutablePointer<TablePointer>.allocate(capacity: capacity * 2)
        let grownColumns = UnsafeMutablePointer<FoundColumn>.allocate(capacity: max(1, capacity * 2 * termCount))
        grownTables.moveInitialize(from: tables, count: count)
        grownColumns.moveInitialize(from: columns, count: count * termCount)
        deallocate()
        tables = grownTables
        columns = grownColumns
        capacity *= 2
    }
}
