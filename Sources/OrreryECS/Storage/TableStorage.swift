public import OrrerySchema

/// The rows of a page, as a power of two. Data kept beside the rows is kept by pages.
@usableFromInline let pageShift = 12
/// The rows of a page.
@usableFromInline let pageRowCount = 1 << pageShift

@usableFromInline typealias TablePointer = UnsafeMutablePointer<TableStorage>

/// All entities that have exactly the same components, as rows of columns; or all that have one sparse component.
///
/// Rows are dense and stored in chunks. Each chunk is one 64-byte aligned allocation: the entities, then one column
/// after the other. A small table has one chunk of 64 rows. The chunk grows to four times its rows whenever it is full,
/// up to 65,536; then more chunks of that length are added. So small tables stay small, and a loop over a large table
/// crosses few chunk borders: at the beginning of each chunk the processor has nothing prefetched. Capacities are
/// multiples of 64, so every column begins on a 64-byte border.
///
/// Entity slots, marks, stamps and the parts of queries count in pages of 4096 rows, which do not depend on the chunks.
///
/// The header itself lies in raw memory: its address is stable, and access pays neither reference counts nor
/// exclusivity checks. The header is plain bytes for the same reason: every read would retain and release a reference
/// in it.
/// reference in it would be retained and released by every read.
@usableFromInline
struct TableStorage: BitwiseCopyable {
    /// The end of the rows: the page of the last row, and its chunk. Rows are counted from the first row of the chunk.
    @usableFromInline
    struct Tail: BitwiseCopyable {
        /// The memory of the chunk.
        @usableFromInline var memory: UnsafeMutableRawPointer
        /// How many rows of the chunk are in use.
        @usableFromInline var count = 0
        /// Where the page ends: at this count, the next row needs ``makeRoom()``.
        @usableFromInline var limit = 0
        /// At this count or below, ``giveBack()`` has something to do.
        @usableFromInline var spare = -1
        /// The table's row that the chunk begins with.
        @usableFromInline var firstRow = 0
        /// Add it to a row to get the row's place (``EntityStorage/Slot/place``).
        @usableFromInline var placeOfChunk: UInt32 = 0

        /// The place of a row of the page.
        @inlinable @inline(__always)
        func place(row: Int) -> UInt32 { placeOfChunk &+ UInt32(truncatingIfNeeded: row) }

        /// The place of the last row.
        @inlinable @inline(__always)
        var lastPlace: UInt32 { place(row: count &- 1) }
    }

    @usableFromInline var tail: Tail
    /// All components of the world, by number. There is room for ``WorldStorage/componentCapacity`` components, so that
    /// no look-up checks the length.
    @usableFromInline var components: UnsafeMutablePointer<TableComponent>
    /// The memory of each chunk.
    @usableFromInline var chunks: UnsafeMutablePointer<UnsafeMutableRawPointer>
    /// The numbers of the pages in the world's directory; none in a table of a sparse component.
    @usableFromInline var pages: UnsafeMutablePointer<UInt32>
    @usableFromInline let columns: UnsafeMutablePointer<ColumnStorage>
    @usableFromInline let world: UnsafeMutablePointer<WorldStorage>
    /// Whether a column has marks or stamps.
    @usableFromInline var keepsMarks = false
    /// Whether a column is watched.
    @usableFromInline var isWatched = false
    /// The rows of a full-grown chunk, as a power of two.
    @usableFromInline let chunkShift: Int

    /// The position in the world's list of tables; -1 for the table of a sparse component.
    @usableFromInline let index: Int
    @usableFromInline let columnCount: Int
    let rowStride: Int
    /// Whether no value needs to be destroyed.
    let isBitwise: Bool
    var chunkCount = 0
    var pageCount = 0
    /// The rows of each chunk: fewer than in a full-grown chunk while that is enough for all rows.
    var chunkCapacity = Self.chunkCapacityMin
    /// The number of rows that the list of chunks, the page numbers, the marks and the stamps have room for.
    var reservedRows = 0

    /// The rows of the smallest chunk.
    static let chunkCapacityMin = 64
    /// The rows of a full-grown chunk, as powers of two, the longest first. A table uses the first that takes no more
    /// than ``chunkSizeMax`` bytes, or else the last.
    private static let chunkShifts = [16, 14, pageShift]
    private static let chunkSizeMax = 1 << 24

    /// - Parameter table: Where the header will be.
    init(at table: TablePointer, index: Int, signature: [ComponentID], world: UnsafeMutablePointer<WorldStorage>) {
        self.index = index
        self.world = world
        columnCount = signature.count
        columns = .allocate(capacity: max(columnCount, 1))
        components = .allocate(repeating: TableComponent(), count: world.pointee.componentCapacity)
        chunks = .allocate(capacity: 1)
        pages = .allocate(capacity: 1)
        tail = Tail(memory: UnsafeMutableRawPointer(chunks))
        var stride = MemoryLayout<Entity>.stride
        for (position, component) in signature.enumerated() {
            let entry = world.pointee.components[component.index]
            (columns + position).initialize(
                to: ColumnStorage(
                    of: table, component: component, stride: entry.operations.stride,
                    isBitwise: entry.operations.isBitwise, position: position, strideBefore: stride))
            components[component.index] = TableComponent(column: columns + position)
            stride += entry.operations.stride
        }
        rowStride = stride
        chunkShift = Self.chunkShifts.first { stride << $0 <= Self.chunkSizeMax } ?? pageShift
        isBitwise = signature.allSatisfy { world.pointee.components[$0.index].operations.isBitwise }
        locateColumns()
        for position in 0..<columnCount {
            let entry = world.pointee.components[columns[position].component.index]
            if entry.isTracked { columns[position].marks = MarkStorage(rows: 0) }
            if entry.hasChangedStamps { columns[position].changed = StampStorage(rows: 0, stamp: world.pointee.stamp) }
            if entry.hasAddedStamps { columns[position].added = StampStorage(rows: 0, stamp: world.pointee.stamp) }
            columns[position].isWatched = entry.watch != nil
        }
        refreshFlags()
    }

    /// Makes room for components that come later.
    mutating func reserveComponents(_ count: Int, oldCount: Int) {
        components = components.grown(from: oldCount, to: count, repeating: TableComponent())
    }

    /// Updates where the columns begin in a chunk.
    func locateColumns() {
        for position in 0..<columnCount {
            columns[position].offset = columns[position].offset(inChunkOf: chunkCapacity)
            components[columns[position].component.index].offset = columns[position].offset
        }
    }

    /// Updates the edges after columns have moved, or have got marks or stamps.
    /// - Complexity: O(components of the world).
    func refreshEdges() {
        for component in 0..<world.pointee.componentCapacity { components[component].edge?.refresh() }
    }

    /// Updates whether columns have marks or stamps, and are watched.
    /// - Complexity: O(components of the world).
    mutating func refreshFlags() {
        keepsMarks = (0..<columnCount).contains { columns[$0].keepsMarks }
        isWatched = (0..<columnCount).contains { columns[$0].isWatched }
        refreshEdges()
    }

    /// The components that each entity of the table has, ascending.
    /// - Complexity: O(components).
    var signature: [ComponentID] { (0..<columnCount).map { columns[$0].component } }

    /// A component's column; `nil` if the entities do not have it.
    /// - Complexity: O(1).
    @inlinable @inline(__always)
    func column(of component: ComponentID) -> ColumnPointer? { components[component.index].column }

    @inlinable @inline(__always)
    func has(_ component: ComponentID) -> Bool { column(of: component) != nil }

    @inlinable @inline(__always)
    var rowCount: Int { tail.firstRow &+ tail.count }

    /// The rows of a full-grown chunk.
    @inlinable @inline(__always)
    var chunkRowCount: Int { 1 &<< chunkShift }

    /// The memory of the chunk that a row is in.
    @inlinable @inline(__always)
    func memory(row: Int) -> UnsafeMutableRawPointer { chunks[row &>> chunkShift] }

    /// The first row of the chunk that contains `row`.
    @inlinable @inline(__always)
    func firstRow(ofChunkWith row: Int) -> Int { row & ~(chunkRowCount &- 1) }

    /// The place of a row (``EntityStorage/Slot/place``).
    @inlinable @inline(__always)
    func place(row: Int) -> UInt32 {
        pages[row >> pageShift] << UInt32(pageShift) | UInt32(truncatingIfNeeded: row & (pageRowCount &- 1))
    }

    /// The entities from a row to the end of its chunk.
    @inlinable @inline(__always)
    func entities(from row: Int) -> UnsafeMutablePointer<Entity> {
        memory(row: row).assumingMemoryBound(to: Entity.self) + (row &- firstRow(ofChunkWith: row))
    }

    @inlinable @inline(__always)
    func entity(row: Int) -> Entity { entities(from: row).pointee }

    /// The number of pages that hold rows.
    @inlinable @inline(__always)
    var usedPageCount: Int { (rowCount &+ (pageRowCount &- 1)) >> pageShift }

    /// The rows of a page that holds some.
    @inlinable @inline(__always)
    func rows(page: Int) -> Range<Int> {
        let first = page &* pageRowCount
        return Range(uncheckedBounds: (first, min(first &+ pageRowCount, rowCount)))
    }
}
