public import OrrerySchema

/// The rows of a full chunk.
@usableFromInline let chunkRowCount = 1024

@usableFromInline typealias TablePointer = UnsafeMutablePointer<TableStorage>

/// All entities that have exactly the same components, as rows of columns.
///
/// Rows are dense: row r lies in chunk r / 1024. A chunk is one 64-byte aligned allocation: the entities, then one
/// column after the other. The first chunk of a small table holds 64 rows only; capacities are multiples of 64, so
/// every column begins on a 64-byte border. The header lies in raw memory itself: its address is stable, and access
/// pays neither reference counts nor exclusivity checks. It is plain bytes for the same reason: a
/// reference in it would be retained and released by every read.
@usableFromInline
struct TableStorage: BitwiseCopyable {
    @usableFromInline let index: Int
    @usableFromInline let world: UnsafeMutablePointer<WorldStorage>
    @usableFromInline let columns: UnsafeMutablePointer<ColumnStorage>
    @usableFromInline let columnCount: Int
    /// The column of a component, by its number; -1 for none. Shorter than the list of components if those came later.
    @usableFromInline let columnOfComponent: UnsafeMutablePointer<Int32>
    @usableFromInline let componentCount: Int
    let rowStride: Int

    @usableFromInline var rowCount = 0
    @usableFromInline var chunks: UnsafeMutablePointer<UnsafeMutableRawPointer>
    var chunkCount = 0
    /// Rows of each chunk: 64 while that is enough, then 1024.
    var chunkCapacity = 64
    /// Rows for which chunk pointers and dirty bits have room.
    var reservedRows = 0

    /// Some column may have a dirty bit; the table is then in the world's list of such tables.
    @usableFromInline var isDirty = false
    var nextDirty: TablePointer?

    /// The tables reached by adding or removing one component, by its number; filled on first use.
    @usableFromInline var adding = TableEdges()
    @usableFromInline var removing = TableEdges()

    init(index: Int, signature: [ComponentID], world: UnsafeMutablePointer<WorldStorage>) {
        self.index = index
        self.world = world
        columnCount = signature.count
        columns = .allocate(capacity: max(columnCount, 1))
        componentCount = signature.last.map { $0.index + 1 } ?? 0
        columnOfComponent = .allocate(capacity: max(componentCount, 1))
        columnOfComponent.initialize(repeating: -1, count: max(componentCount, 1))
        chunks = .allocate(capacity: 1)
        var stride = MemoryLayout<Entity>.stride
        for (position, component) in signature.enumerated() {
            let entry = world.pointee.components[component.index]
            (columns + position).initialize(
                to: ColumnStorage(
                    component: component, stride: entry.operations.stride, isBitwise: entry.operations.isBitwise,
                    strideBefore: stride, offset: stride * chunkCapacity))
            if entry.isTracked { columns[position].reserveBits(rows: 0, oldRows: 0) }
            columnOfComponent[component.index] = Int32(position)
            stride += entry.operations.stride
        }
        rowStride = stride
    }

    /// The components that each entity of the table has, ascending.
    /// - Complexity: O(components).
    var signature: [ComponentID] { (0..<columnCount).map { columns[$0].component } }

    /// The position of a component's column, or -1.
    /// - Complexity: O(1).
    @inlinable @inline(__always)
    func column(of component: ComponentID) -> Int {
        component.index < componentCount ? Int(columnOfComponent[component.index]) : -1
    }

    @inlinable @inline(__always)
    func has(_ component: ComponentID) -> Bool { column(of: component) >= 0 }

    /// The address of one value.
    @inlinable @inline(__always)
    func address(column: Int, row: Int) -> UnsafeMutableRawPointer {
        let slot = row & (chunkRowCount &- 1)
        return chunks[row >> 10] + (columns[column].offset &+ slot &* columns[column].stride)
    }

    @inlinable @inline(__always)
    func entities(chunk: Int) -> UnsafeMutablePointer<Entity> { chunks[chunk].assumingMemoryBound(to: Entity.self) }

    @inlinable @inline(__always)
    func entity(row: Int) -> Entity { entities(chunk: row >> 10)[row & (chunkRowCount &- 1)] }

    /// The chunks that hold rows.
    @inlinable @inline(__always)
    var usedChunkCount: Int { (rowCount &+ (chunkRowCount &- 1)) >> 10 }

    /// How many rows a chunk holds.
    @inlinable @inline(__always)
    func rowCount(chunk: Int) -> Int { min(chunkRowCount, rowCount &- chunk &* chunkRowCount) }
}

/// The tables that one more, or one less, component leads to.
@usableFromInline
struct TableEdges: BitwiseCopyable {
    @usableFromInline var tables: UnsafeMutablePointer<TablePointer?>?
    @usableFromInline var count = 0

    init() {}

    /// - Complexity: O(1).
    @inlinable
    subscript(_ component: ComponentID) -> TablePointer? {
        guard component.index < count, let tables else { return nil }
        return tables[component.index]
    }

    mutating func set(_ component: ComponentID, _ table: TablePointer) {
        if component.index >= count {
            let grown = UnsafeMutablePointer<TablePointer?>.allocate(capacity: component.index + 1)
            grown.initialize(repeating: nil, count: component.index + 1)
            if let tables { grown.update(from: tables, count: count) }
            tables?.deallocate()
            tables = grown
            count = component.index + 1
        }
        tables?[component.index] = table
    }

    func deallocate() {
        tables?.deallocate()
    }
}
