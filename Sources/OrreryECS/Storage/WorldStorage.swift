internal import OrrerySchema

/// All hot state of a world, in raw memory behind one pointer. Every read, write and query uses it.
@usableFromInline
struct WorldStorage {
    /// What a world knows of one component type.
    @usableFromInline
    struct ComponentEntry {
        @usableFromInline let operations: ComponentOperations
        let name: String
        /// Whether the component's writes are logged.
        @usableFromInline var isTracked = false
        /// Whether tracking began after the last drain: readers of changes know nothing of the component yet, so there
        /// is nothing to take back.
        var isFresh = false
        /// Whether a query asks which rows changed since a stamp, or gained the component.
        var hasChangedStamps = false
        var hasAddedStamps = false
        /// The sparse set with the values; `nil` if they are in the tables of the entities.
        @usableFromInline var sparse: SparsePointer?
        /// Receives the component's writes; `nil` if nothing does.
        var watch: (any AnyComponentWatch)?
    }

    /// The world that has this storage, for its observers.
    var owner: Unmanaged<World>?

    @usableFromInline var entities: EntityStorage
    /// The current stamp, which every write carries. It counts runs of systems, change marks and
    /// drains.
    @usableFromInline var stamp: UInt64 = 1
    /// The stamp of the running system's previous run; 0 outside of systems and in a first run.
    var readerStamp: UInt64 = 0
    /// The stamp of the last drain.
    var drainStamp: UInt64 = 0
    /// How many iterations and updates are under way; the structure is locked until it is 0.
    @usableFromInline var borrowCount = 0
    /// Whether several systems run on the world in parallel: the state that they share must not change.
    @usableFromInline var isShared = false
    /// Whether a component is watched.
    var isWatched = false
    /// Slots of entities that relations point at.
    var targets = TargetSlots()
    @usableFromInline var types = TypeIndexStorage()
    @usableFromInline var shapes = SpawnShapes()
    @usableFromInline var components: [ComponentEntry] = []
    /// The number of components that the tables have room for.
    var componentCapacity = 32
    /// The sparse components.
    var sparse: [SparsePointer] = []
    /// The watched sparse components.
    var watchedSparse: [SparsePointer] = []
    var tables: [TablePointer] = [] {
        didSet { tableCount = tables.count }
    }
    @usableFromInline private(set) var tableCount = 0
    var tableOfSignature: [[ComponentID]: TablePointer] = [:]
    /// The table of entities without components.
    @usableFromInline var emptyTable: TablePointer
    /// The columns that the next drain visits: the head of a list through `nextDirty`.
    var firstDirtyColumn: ColumnPointer?
    @usableFromInline var journal = StructureJournal()

    static func make(entityCountMax: Int) -> UnsafeMutablePointer<WorldStorage> {
        let pointer = UnsafeMutablePointer<WorldStorage>.allocate(capacity: 1)
        let empty = TablePointer.allocate(capacity: 1)
        pointer.initialize(
            to: WorldStorage(entities: EntityStorage(entityCountMax: entityCountMax), emptyTable: empty))
        empty.initialize(to: TableStorage(at: empty, index: 0, signature: [], world: pointer))
        pointer.pointee.tables.append(empty)
        pointer.pointee.tableOfSignature[[]] = empty
        return pointer
    }
}

extension UnsafeMutablePointer<WorldStorage> {
    /// Locks the structure. While the world is shared it is locked anyway, and nothing is counted.
    @inlinable @inline(__always)
    func beginBorrow() {
        if !pointee.isShared { pointee.borrowCount &+= 1 }
    }

    @inlinable @inline(__always)
    func endBorrow() {
        if !pointee.isShared { pointee.borrowCount &-= 1 }
    }

    /// Closes the gap of a row whose values are gone.
    @inline(__always)
    func removeRow(_ row: EntityRow) {
        if let moved = row.table.pointee.closeGap(at: row.index, row.memory, row.offset) {
            pointee.entities.settle(moved, at: row.place)
        }
    }

    /// Calls a closure with every column of a component.
    func forEachColumn(of component: ComponentID, _ body: (ColumnPointer) -> Void) {
        if let sparse = pointee.components[component.index].sparse { return body(sparse.pointee.column) }
        for table in pointee.tables { table.pointee.column(of: component).map(body) }
    }

    /// Makes room for one component more.
    /// - Complexity: amortised O((tables + pages) / components).
    func reserveComponent() {
        let old = pointee.componentCapacity
        guard pointee.components.count == old else { return }
        pointee.componentCapacity = old * 2
        for table in pointee.tables + pointee.sparse.map(\.pointee.table) {
            table.pointee.reserveComponents(old * 2, oldCount: old)
        }
        pointee.entities.pages.refreshComponents()
    }

    /// Advances the stamp.
    /// - Returns: The previous stamp.
    func advanceStamp() -> UInt64 {
        pointee.stamp += 1
        return pointee.stamp - 1
    }

    /// Destroys all values and frees all memory, this header included.
    func destroy() {
        for table in pointee.tables {
            for component in 0..<pointee.componentCapacity {
                guard let edge = table.pointee.components[component].edge, edge.pointee.larger == table else {
                    continue
                }
                edge.deallocate()
            }
            table.pointee.deallocate()
            table.deinitialize(count: 1)
            table.deallocate()
        }
        for sparse in pointee.sparse {
            sparse.pointee.deallocate()
            sparse.deallocate()
        }
        pointee.entities.deallocate()
        pointee.types.deallocate()
        pointee.shapes.deallocate()
        pointee.targets.deallocate()
        deinitialize(count: 1)
        deallocate()
    }

    func table(signature: [ComponentID]) -> TablePointer {
        if let known = pointee.tableOfSignature[signature] { return known }
        let table = TablePointer.allocate(capacity: 1)
        table.initialize(to: TableStorage(at: table, index: pointee.tables.count, signature: signature, world: self))
        pointee.tables.append(table)
        pointee.tableOfSignature[signature] = table
        return table
    }
}
