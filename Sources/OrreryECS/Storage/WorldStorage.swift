internal import OrrerySchema

/// All hot state of a world, in raw memory behind one pointer: what every read, write and query goes through.
@usableFromInline
struct WorldStorage {
    /// What a world knows of one component type.
    @usableFromInline
    struct ComponentEntry {
        @usableFromInline let operations: ComponentOperations
        let name: String
        /// Its writes are logged.
        @usableFromInline var isTracked = false
        /// Tracked since the last drain: observers know nothing of it yet, so there is nothing to take back.
        var isFresh = false
        /// Some query asks which rows changed since a moment, or gained the component.
        var hasChangedStamps = false
        var hasAddedStamps = false
        /// Where its values are, if they are not in the tables of the entities.
        @usableFromInline var sparse: SparsePointer?
        /// Who hears of its writes; `nil` for nobody.
        var watch: (any AnyComponentWatch)?
    }

    /// The world that has this storage, for its observers.
    var owner: Unmanaged<World>?

    @usableFromInline var entities: EntityStorage
    /// The moment, counted in runs of systems and marks that were taken: what is written now carries it.
    @usableFromInline var stamp: UInt64 = 1
    /// The moment of the last run of the system that runs now; 0 outside of systems and in a first run.
    var readerStamp: UInt64 = 0
    /// The moment of the last drain.
    var drainStamp: UInt64 = 0
    /// How many iterations and updates are under way; structure stands still until it is 0.
    @usableFromInline var borrowCount = 0
    /// Whether several systems run on it: what they share stands still.
    @usableFromInline var isShared = false
    /// Some component is watched.
    var isWatched = false
    /// Slots of entities that relations point at.
    var targets = TargetSlots()
    @usableFromInline var types = TypeIndexStorage()
    @usableFromInline var shapes = SpawnShapes()
    @usableFromInline var components: [ComponentEntry] = []
    /// For how many components the tables have room.
    var componentCapacity = 32
    /// Those of the components that are sparse.
    var sparse: [SparsePointer] = []
    /// Those of them that are watched.
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
    /// From now on the structure stands still. While the world is shared it does anyway, and nothing is counted.
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

    /// Begins a new moment.
    /// - Returns: The moment that ends.
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
