internal import OrrerySchema

/// All hot state of a world, in raw memory behind one pointer: what every read, write and query goes through.
@usableFromInline
struct WorldStorage {
    /// What a world knows of one component type.
    struct ComponentEntry {
        let operations: ComponentOperations
        let name: String
        /// Its writes are logged.
        var isTracked = false
        /// Tracked since the last drain: observers know nothing of it yet, so there is nothing to take back.
        var isFresh = false
    }

    @usableFromInline var entities: EntityStorage
    @usableFromInline var types = TypeIndexStorage()
    var components: [ComponentEntry] = []
    @usableFromInline var tables: [TablePointer] = []
    var tableOfSignature: [[ComponentID]: TablePointer] = [:]
    /// The table of entities without components.
    @usableFromInline var emptyTable: TablePointer
    /// The tables that the next drain visits: the head of a list through `nextDirty`.
    var firstDirtyTable: TablePointer?
    var journal = StructureJournal()
    /// How many iterations and updates are under way; structure stands still until it is 0.
    @usableFromInline var borrowCount = 0
    /// Whether several systems run on it: what they share stands still.
    @usableFromInline var isShared = false

    static func make(entityCountMax: Int) -> UnsafeMutablePointer<WorldStorage> {
        let pointer = UnsafeMutablePointer<WorldStorage>.allocate(capacity: 1)
        let empty = TablePointer.allocate(capacity: 1)
        pointer.initialize(
            to: WorldStorage(entities: EntityStorage(entityCountMax: entityCountMax), emptyTable: empty))
        empty.initialize(to: TableStorage(index: 0, signature: [], world: pointer))
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

    /// The table that has one component more.
    /// - Complexity: O(1) once the step is known, else O(components).
    @inlinable
    func table(adding component: ComponentID, to table: TablePointer) -> TablePointer {
        if let known = table.pointee.adding[component] { return known }
        return learnTable(adding: component, to: table)
    }

    @usableFromInline
    func learnTable(adding component: ComponentID, to table: TablePointer) -> TablePointer {
        var signature = table.pointee.signature
        signature.insert(component, at: signature.firstIndex { $0 > component } ?? signature.endIndex)
        let target = self.table(signature: signature)
        table.pointee.adding.set(component, target)
        return target
    }

    /// The table that has one component less.
    func table(removing component: ComponentID, from table: TablePointer) -> TablePointer {
        if let known = table.pointee.removing[component] { return known }
        let target = self.table(signature: table.pointee.signature.filter { $0 != component })
        table.pointee.removing.set(component, target)
        return target
    }

    /// Moves an entity's row to another table. Values that only the old table has must be gone already, those that
    /// only the new one has are left for the caller to initialise.
    func move(_ entity: Entity, from table: TablePointer, row: Int, to target: TablePointer) -> Int {
        let targetRow = target.pointee.append(entity)
        table.pointee.moveSharedValues(row: row, to: target, targetRow: targetRow)
        removeRow(row, of: table)
        pointee.entities.slots[Int(entity.index)].table = target
        pointee.entities.slots[Int(entity.index)].row = UInt32(targetRow)
        return targetRow
    }

    /// Closes the gap of a row whose values are gone.
    func removeRow(_ row: Int, of table: TablePointer) {
        if let moved = table.pointee.closeGap(at: row) {
            pointee.entities.slots[Int(moved.index)].row = UInt32(row)
        }
    }

    /// Destroys all values and frees all memory, this header included.
    func destroy() {
        for table in pointee.tables {
            table.pointee.deallocate()
            table.deinitialize(count: 1)
            table.deallocate()
        }
        pointee.entities.deallocate()
        pointee.types.deallocate()
        deinitialize(count: 1)
        deallocate()
    }

    private func table(signature: [ComponentID]) -> TablePointer {
        if let known = pointee.tableOfSignature[signature] { return known }
        let table = TablePointer.allocate(capacity: 1)
        table.initialize(to: TableStorage(index: pointee.tables.count, signature: signature, world: self))
        pointee.tables.append(table)
        pointee.tableOfSignature[signature] = table
        return table
    }
}
