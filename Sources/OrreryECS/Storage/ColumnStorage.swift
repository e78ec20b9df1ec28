/// One component of one table: where its values lie in each chunk, and which rows were written.
///
/// Marks and stamps are stored outside the chunks. So they can begin at any time without moving a row, and a table of
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
    /// Whether a row may be marked. The column is then in the world's list of such columns.
    @usableFromInline var isDirty = false
    var nextDirty: ColumnPointer?
    /// Whether each write is reported: to an observer, or to the index of a relation.
    @usableFromInline var isWatched = false
    /// When each row was written; `nil` while no query asks.
    @usableFromInline var changed: StampStorage?
    /// When each row got the component; `nil` while nothing asks.
    @usableFromInline var added: StampStorage?
    /// The table of this column.
    @usableFromInline let table: TablePointer
    /// Bytes per row of everything before this column in a chunk.
    let strideBefore: Int
    /// The number of columns before this one.
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

    /// Where the column begins in a chunk of `rowCount` rows.
    func offset(inChunkOf rowCount: Int) -> Int {
        strideBefore * rowCount + (position + 1) * Self.gapSize(inChunkOf: rowCount)
    }

    /// The free bytes before each column. Without them, the addresses of a row's values would differ by a multiple of
    /// 4096. A processor that writes one such address and reads another mistakes one for the other for some time. This
    /// does not happen in short chunks.
    static func gapSize(inChunkOf rowCount: Int) -> Int {
        rowCount < 1024 ? 0 : min(rowCount / 16, 1024) + 64
    }

    /// Whether the column records which rows are written, or when.
    @inlinable @inline(__always)
    var keepsMarks: Bool { marks != nil || changed != nil || added != nil }

    /// Makes room for the marks and stamps of `rows` rows. Those above `oldRows` are clear.
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
