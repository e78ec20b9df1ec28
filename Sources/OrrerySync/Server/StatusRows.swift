import DequeModule
import OrrerySchema
import OrreryStore

/// The rows in which a server shows itself, and until when somebody looks at them.
///
/// All kinds share one space of rows, so that a row has one component. A row is used again when what it showed is gone,
/// those first that were free the longest.
struct StatusRows {
    private struct Key: Hashable {
        var column: ColumnID
        var subject: UInt64
    }

    /// One component with which the server shows itself.
    private struct Kind {
        /// When its rows were last brought up to date; `nil` while it has none.
        var refreshedAt: Duration?
        /// Until when somebody looks who has asked once.
        var leaseEnd = Duration.zero
    }

    private let store: ComponentStore
    /// The components with which the server shows itself, ascending.
    let columns: [ColumnID]
    /// By component; empty for a table without such components.
    private var kinds: [ColumnID: Kind]
    /// The row of everything that is shown.
    private var rows: [Key: UInt32] = [:]
    private var free: Deque<UInt32> = []
    private var end: UInt32 = 0
    /// The changes of each component when it was last shown, and the tick.
    private var shownChanges: [ColumnID: (count: UInt64, tick: Tick)] = [:]
    /// When the last of those has looked who have asked once.
    private var lastLeaseEnd = Duration.zero
    /// How often rows of a component were brought up to date, for tests that it is done only while somebody looks.
    private(set) var refreshCount = 0

    init(_ store: ComponentStore) {
        self.store = store
        columns = store.table.entries.filter(\.isStatus).map(\.column)
        kinds = Dictionary(uniqueKeysWithValues: columns.map { ($0, Kind()) })
    }

    /// Whether nothing is shown: then there is nothing to keep up to date or to clear.
    var isEmpty: Bool { kinds.values.allSatisfy { $0.refreshedAt == nil } }

    /// When a component was last brought up to date; `nil` while it has no rows.
    func refreshedAt(_ column: ColumnID) -> Duration? { kinds[column]?.refreshedAt }

    /// Somebody asks once, and has looked when this time is over.
    mutating func lease(_ column: ColumnID, until end: Duration) {
        kinds[column]?.leaseEnd = end
        lastLeaseEnd = end
    }

    /// Whether somebody looks who has asked once.
    func isLeased(at now: Duration) -> Bool { now < lastLeaseEnd }

    func isLeased(_ column: ColumnID, at now: Duration) -> Bool { kinds[column].map { now < $0.leaseEnd } ?? false }

    /// Shows what there is of one kind, and nothing else of it.
    /// - Parameter values: Each with a number of its own, in the order in which new ones get rows.
    mutating func show<C: Component>(_ values: [(subject: UInt64, value: C)], at now: Duration) {
        guard let entry = store.table[C.componentName], let coder = try? ComponentCoder<C>() else { return }
        kinds[entry.column]?.refreshedAt = now
        refreshCount += 1
        let column = store[entry.column]
        var gone = column.rows
        var writer = ByteWriter()
        for (subject, value) in values {
            writer.removeAll()
            guard (try? coder.encode(value, into: &writer)) != nil else { continue }
            let row = entry.isResource ? Entity.resource.index : row(of: Key(column: entry.column, subject: subject))
            gone.remove(row)
            column.set(row, to: writer.bytes, at: store.tick)
        }
        remove(gone, from: entry.column)
    }

    private mutating func row(of key: Key) -> UInt32 {
        if let row = rows[key] { return row }
        let row = free.popFirst() ?? end
        if row == end { end += 1 }
        rows[key] = row
        return row
    }

    private mutating func remove(_ gone: RowSet, from id: ColumnID) {
        guard !gone.isEmpty else { return }
        let column = store[id]
        gone.forEach { column.remove($0, at: store.tick) }
        guard !column.isResource else { return }
        rows = rows.filter { $0.key.column != id || !gone.contains($0.value) }
        free.append(contentsOf: gone.indexes)
    }

    /// Shows nothing of a kind any more.
    mutating func clear(_ column: ColumnID) {
        kinds[column]?.refreshedAt = nil
        remove(store[column].rows, from: column)
    }

    /// The changes of a component in a tick, on average since this was last asked.
    mutating func changesPerTick(of column: ColumnID, count: UInt64) -> Double {
        let before = shownChanges[column] ?? (0, .zero)
        shownChanges[column] = (count, store.tick)
        guard store.tick > before.tick, count >= before.count else { return 0 }
        return Double(count - before.count) / Double(store.tick.ticks(since: before.tick))
    }
}
