/// One component of one table: where its values lie in each chunk, and which rows were written.
///
/// Marks and stamps lie beside the chunks, so that they can begin at any time without moving a row, and a table of
/// twenty rows pays for one word. Marks say what changed since the last drain; stamps say when, for queries that ask
/// "since".
@usableFromInline
struct ColumnStorage: BitwiseCopyable {
    /// Where the column begins in each chunk.
    @usableFromInline var offset = 0
    /// Bytes per row; 0 for a tag.
    @usableFromInline let stride: Int
    /// Which rows were written since the last drain; `nil` while the component is not tracked.
    @usableFromInline var marks: MarkStorage?
    /// A row may be marked; the column is then in the world's list of such columns.
    @usableFromInline var isDirty = false
    var nextDirty: ColumnPointer?
    /// Somebody hears of each value that is written: an observer, or the index of a relation.
    @usableFromInline var isWatched = false
    /// When each row was written; `nil` while no query asks.
    @usableFromInline var changed: StampStorage?
    /// When each row got the component; `nil` while nobody asks.
    @usableFromInline var added: StampStorage?
    /// The table that it is a column of.
    @usableFromInline let table: TablePointer
    /// Bytes per row of all that lies before this column in a chunk.
    let strideBefore: Int
    /// How many columns lie before.
    let position: Int
    @usableFromInline let component: ComponentID
    @usableFromInline let isBitwise: Bool

    init(
        of table: TablePointer, component: ComponentID, stride: Int, isBitwise: Bool, position: Int,
        strideBefore: Int
    ) {
        self.table = table
        self.component = component
        self.stride = stride
        self.isBitwise = isBitwise
        self.position = position
        self.strideBefore = strideBefore
    }

    /// Where the column begins in a chunk of so many rows.
    func offset(inChunkOf rowCount: Int) -> Int {
        strideBefore * rowCount + (position + 1) * Self.gapSize(inChunkOf: rowCount)
    }

    /// The free bytes before each column. Without them the values of a row would have addresses that differ by a
    /// multiple of 4096, and a processor takes one for the other for some time where it writes the one and reads the
    /// other. In short chunks they do not.
    static func gapSize(inChunkOf rowCount: Int) -> Int {
        rowCount < 1024 ? 0 : min(rowCount / 16, 1024) + 64
    }

    /// Somebody wants to know which rows are written, or when.
    @inlinable @inline(__always)
    var keepsMarks: Bool { marks != nil || changed != nil || added != nil }

    /// Makes room for the marks and stamps of `rows` rows, all clear above the `oldRows` that there were.
    mutating func reserve(rows: Int, oldRows: Int) {
        marks?.reserve(rows: rows, oldRows: oldRows)
        changed?.reserve(rows: rows, oldRows: oldRows)
        added?.reserve(rows: rows, oldRows: oldRows)
    }

    func deallocate() {
        marks?.deallocate()
        changed?.deallocate()
        added?.deallocate()
    }
}
