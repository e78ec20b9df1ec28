public import OrrerySchema

/// The rows of a full chunk, as a power of two. Chunks a quarter as long cost a tenth more in loops over many of them: at
/// the beginning of each the processor has nothing prefetched.
@usableFromInline let chunkShift = 12
/// The rows of a full chunk.
@usableFromInline let chunkRowCount = 1 << chunkShift

@usableFromInline typealias TablePointer = UnsafeMutablePointer<TableStorage>

/// All entities that have exactly the same components, as rows of columns; or all that have one sparse component.
///
/// Rows are dense: row r lies in chunk r / 4096. A chunk is one 64-byte aligned allocation: the entities, then one
/// column after the other. The only chunk of a small table holds 64 rows, and four times as many when they are full;
/// capacities are multiples of 64, so every column begins on a 64-byte border. From the 17th on, chunks are allocated 16
/// at once, so that large tables lie in huge pages. The header lies in raw memory itself: its address is stable, and access
/// pays neither reference counts nor exclusivity checks. It is plain bytes for the same reason: a
/// reference in it would be retained and released by every read.
@usableFromInline
struct TableStorage: BitwiseCopyable {
    @usableFromInline
    struct Chunk: BitwiseCopyable {
        @usableFromInline var memory: UnsafeMutableRawPointer
        /// Its number in the directory of the world's chunks; 0 in a table of a sparse component, which is not in it.
        @usableFromInline let number: UInt32
    }

    @usableFromInline var chunks: UnsafeMutablePointer<Chunk>
    @usableFromInline let columns: UnsafeMutablePointer<ColumnStorage>
    /// The column of each component of the world, by number; `nil` for one that the entities do not have. As long as the world has
    /// room for components (``WorldStorage/componentCapacity``), so that no look-up checks the length.
    @usableFromInline var columnOfComponent: UnsafeMutablePointer<ColumnPointer?>
    @usableFromInline var rowCount = 0
    /// Rows for which there is memory.
    @usableFromInline var availableRows = 0
    @usableFromInline let world: UnsafeMutablePointer<WorldStorage>
    /// Some column has marks or stamps.
    @usableFromInline var isObserved = false
    /// Some column is watched.
    @usableFromInline var isWatched = false

    /// The position in the world's list; -1 for that of a sparse component.
    @usableFromInline let index: Int
    @usableFromInline let columnCount: Int
    let rowStride: Int
    /// No value needs to be destroyed.
    let isBitwise: Bool
    @usableFromInline var chunkCount = 0
    /// Rows of each chunk: 64, 256 or 1024 while that is enough for all, then 4096.
    var chunkCapacity = 64
    /// Rows for which chunk pointers, marks and stamps have room.
    var reservedRows = 0

    /// The tables reached by adding or removing one component, by its number; filled on first use.
    @usableFromInline var adding = TableEdges()
    @usableFromInline var removing = TableEdges()

    /// - Parameter table: Where the header will be.
    init(at table: TablePointer, index: Int, signature: [ComponentID], world: UnsafeMutablePointer<WorldStorage>) {
        self.index = index
        self.world = world
        columnCount = signature.count
        columns = .allocate(capacity: max(columnCount, 1))
        columnOfComponent = .allocate(repeating: nil, count: world.pointee.componentCapacity)
        chunks = .allocate(capacity: 1)
        var stride = MemoryLayout<Entity>.stride
        for (position, component) in signature.enumerated() {
            let entry = world.pointee.components[component.index]
            (columns + position).initialize(
                to: ColumnStorage(
                    of: table, component: component, stride: entry.operations.stride,
                    isBitwise: entry.operations.isBitwise,
                    strideBefore: stride, chunkCapacity: chunkCapacity))
            columnOfComponent[component.index] = columns + position
            stride += entry.operations.stride
        }
        rowStride = stride
        isBitwise = signature.allSatisfy { world.pointee.components[$0.index].operations.isBitwise }
        for position in 0..<columnCount {
            let entry = world.pointee.components[columns[position].component.index]
            if entry.isTracked { columns[position].marks = MarkStorage(rows: 0) }
            if entry.hasChangedStamps { columns[position].changed = StampStorage(rows: 0, stamp: world.pointee.stamp) }
            if entry.hasAddedStamps { columns[position].added = StampStorage(rows: 0, stamp: world.pointee.stamp) }
            if columns[position].isObserved { isObserved = true }
            columns[position].isWatched = entry.watch != nil
            if columns[position].isWatched { isWatched = true }
        }
    }

    /// Makes room for the columns of components that come later.
    mutating func reserveComponents(_ count: Int, oldCount: Int) {
        columnOfComponent = columnOfComponent.grown(from: oldCount, to: count, repeating: nil)
    }

    /// The components that each entity of the table has, ascending.
    /// - Complexity: O(components).
    var signature: [ComponentID] { (0..<columnCount).map { columns[$0].component } }

    /// A component's column; `nil` if the entities do not have it.
    /// - Complexity: O(1).
    @inlinable @inline(__always)
    func column(of component: ComponentID) -> ColumnPointer? { columnOfComponent[component.index] }

    @inlinable @inline(__always)
    func has(_ component: ComponentID) -> Bool { column(of: component) != nil }

    @inlinable @inline(__always)
    func entities(chunk: Int) -> UnsafeMutablePointer<Entity> {
        chunks[chunk].memory.assumingMemoryBound(to: Entity.self)
    }

    @inlinable @inline(__always)
    func entity(row: Int) -> Entity { entities(chunk: row >> chunkShift)[row & (chunkRowCount &- 1)] }

    /// The chunks that hold rows.
    @inlinable @inline(__always)
    var usedChunkCount: Int { (rowCount &+ (chunkRowCount &- 1)) >> chunkShift }

    /// More than one chunk is empty: one is kept, so that a count that swings around a border does not allocate.
    @inlinable @inline(__always)
    var hasSpareChunks: Bool { chunkCount > usedChunkCount &+ 1 }

    /// How many rows a chunk holds.
    @inlinable @inline(__always)
    func rowCount(chunk: Int) -> Int { min(chunkRowCount, rowCount &- chunk &* chunkRowCount) }

    /// The rows of a chunk.
    @inlinable @inline(__always)
    func rows(chunk: Int) -> Range<Int> {
        let first = chunk &* chunkRowCount
        return Range(uncheckedBounds: (first, first &+ rowCount(chunk: chunk)))
    }
}
