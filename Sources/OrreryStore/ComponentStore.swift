package import OrrerySchema

/// The components of all entities as raw bytes: the one structure that server, client and recordings share.
///
/// It stores when each row last changed, entered or left. So for every tick n it can tell what a reader that knows the
/// state at tick n must be told, and keeps nothing per reader.
///
/// Not `Sendable`: it belongs to one thread, or to the holder of its lock.
package final class ComponentStore {
    package private(set) var table: ComponentTable
    /// Counts how often ``table`` was set: what was computed for a table is valid as long as this does not change.
    package private(set) var tableVersion = 0
    /// By number; `nil` in the gaps of the table.
    private var columns: [Column?] = []
    /// The generations of the entities that are alive, 32 bits little-endian.
    package private(set) var entities: Column
    /// The groups of the entities that only some may see, 64 bits little-endian. Never sent, and no component.
    package private(set) var groups: Column
    /// The tick whose state this is.
    package private(set) var tick = Tick.zero
    private var size = StoreSize()
    /// Whether an entity that is gone may come back, as one does that was hidden for a while. In a world none does.
    package let entitiesMayReturn: Bool

    package init(_ table: ComponentTable, entitiesMayReturn: Bool = false) {
        self.entitiesMayReturn = entitiesMayReturn
        self.table = ComponentTable()
        entities = Column(valueSize: 4, countedBy: size)
        groups = Column(valueSize: 8, countedBy: size)
        install(table)
    }

    /// Creates a store of components that are numbered in their order.
    package convenience init(schemas: [ComponentSchema]) {
        self.init(ComponentTable(schemas))
    }

    /// Switches to another table: columns of components that are no longer in it, or have other values there, are
    /// removed with their rows; new ones are empty.
    package func install(_ table: ComponentTable) {
        let old = self.table
        self.table = table
        tableVersion += 1
        for entry in old.entries where !(table[entry.column].map { $0.hasSameValues(as: entry) } ?? false) {
            columns[entry.column.rawValue]?.discard()
            columns[entry.column.rawValue] = nil
        }
        for entry in table.entries {
            while columns.count <= entry.column.rawValue { columns.append(nil) }
            if columns[entry.column.rawValue] == nil {
                columns[entry.column.rawValue] = Column(
                    valueSize: entry.valueSize, rowKind: entry.rowKind, countedBy: size)
            }
        }
    }

    /// Removes everything and begins at tick 0 with another table, for another life of the world.
    package func reset(_ table: ComponentTable) {
        self.table = ComponentTable()
        columns = []
        size = StoreSize()
        entities = Column(valueSize: 4, countedBy: size)
        groups = Column(valueSize: 8, countedBy: size)
        tick = .zero
        install(table)
    }

    /// The bytes that all rows take: pages, including their absent rows, and values of varying size. The overhead of
    /// the allocator is not counted.
    /// - Complexity: O(1).
    package var byteCount: Int { size.byteCount }

    /// - Precondition: the component is in the table.
    package subscript(column: ColumnID) -> Column { columns[column.rawValue]! }

    /// Begins the changes of a tick.
    /// - Precondition: `tick` is not earlier than the store's tick.
    package func advance(to tick: Tick) {
        precondition(tick >= self.tick, "a store does not go back from tick \(self.tick) to \(tick)")
        assert(checkInvariants())
        self.tick = tick
    }

    /// The living entity at an index.
    package func entity(at index: UInt32) -> Entity? {
        entities.fixedValue(of: index).map {
            Entity(index: index, generation: UInt32(littleEndian: $0.loadUnaligned(as: UInt32.self)))
        }
    }

    package func contains(_ entity: Entity) -> Bool { self.entity(at: entity.index) == entity }

    /// Whose value a row of a column has: the living entity's at that index; that of a resource belongs to no entity.
    package func owner(of row: UInt32, in column: Column) -> Entity? {
        switch column.rowKind {
        case .entities: entity(at: row)
        case .resource: Entity.none
        case .status: Entity(statusRow: row)
        }
    }

    /// The row of a living entity in a column, or of no entity in the column of a resource.
    package func row(of entity: Entity, in column: Column) -> UInt32? {
        switch column.rowKind {
        case .entities: contains(entity) ? entity.index : nil
        case .resource: entity == .none ? Entity.resource.index : nil
        case .status: entity.statusRow
        }
    }

    /// Calls `body` with the value of a component of a living entity, or with a resource, for no entity.
    /// - Returns: The closure's result; `nil` if there is no such value.
    @discardableResult
    package func withValue<R, Failure: Error>(
        of entity: Entity, in column: ColumnID, _ body: (UnsafeRawBufferPointer) throws(Failure) -> R
    ) throws(Failure) -> R? {
        guard let row = row(of: entity, in: self[column]) else { return nil }
        return try self[column].withValue(of: row, body)
    }

    /// Asserts what must hold between two ticks; a failed assertion names it.
    /// - Complexity: O(pages).
    private func checkInvariants() -> Bool {
        for column in columns + [entities, groups] { column?.checkInvariants(tick: tick) }
        let held = columns.reduce(entities.heldSize + groups.heldSize) { $0 + ($1?.heldSize ?? 0) }
        assert(size.byteCount == held, "the bytes of all columns are counted")
        return true
    }

    /// One past the last page of any column.
    package var pageCount: Int { columns.reduce(entities.pageCount) { max($0, $1?.pageCount ?? 0) } }

    /// The columns in which an entity has a value; of no entity, the resources that there are.
    package func columns(of entity: Entity) -> [ColumnID] {
        columns.indices.filter { position in
            columns[position].map { column in row(of: entity, in: column).map(column.contains) ?? false } ?? false
        }.map(ColumnID.init)
    }

    /// Adds what happened to a component of some entities after `cursor`.
    /// - Parameters:
    ///   - listed: Ascending. Those that are not alive are left out: their end takes the component with it. Of a
    ///     resource, ``Entity/resource`` alone.
    ///   - pages: The pages to look at; all by default.
    ///   - areAlive: Whether all of them are known to be alive; then their generations are not read.
    ///   - changes: Empty.
    /// - Complexity: O(n); O(1) if nothing in the column has changed since.
    package func addChanges(
        of listed: [Entity], in column: ColumnID, after cursor: Tick, pages: Range<Int>? = nil, areAlive: Bool = false,
        to changes: inout RowChanges
    ) {
        let column = self[column]
        guard !listed.isEmpty else { return }
        guard !column.isResource else {
            changes = column.changes(after: cursor, pages: pages)
            return
        }
        column.addChanges(
            of: listed, after: cursor, pages: pages,
            living: column.rowKind == .entities && !areAlive ? entities : nil, to: &changes)
    }

    /// Spawns an entity. An entity of another generation at the same index is despawned first.
    package func spawn(_ entity: Entity) {
        if let previous = self.entity(at: entity.index) {
            guard previous != entity else { return }
            despawn(previous)
        }
        withUnsafeBytes(of: entity.generation.littleEndian) { _ = entities.set(entity.index, to: $0, at: tick) }
    }

    /// Despawns an entity and removes all its rows; what belongs to no entity stays. Does nothing if it is not alive.
    /// - Complexity: O(columns).
    package func despawn(_ entity: Entity) {
        guard contains(entity) else { return }
        for case let column? in columns where column.rowKind == .entities { column.remove(entity.index, at: tick) }
        groups.remove(entity.index, at: tick)
        entities.remove(entity.index, at: tick)
    }
}
