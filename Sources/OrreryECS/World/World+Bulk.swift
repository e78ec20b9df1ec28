public import OrrerySchema

/// Many entities at once.
extension World {
    /// Makes one entity per position in the columns, with the values at that position.
    ///
    /// ```swift
    /// let ships = try world.spawn(columns: positions, velocities)  // [Position], [Velocity]
    /// ```
    /// - Returns: The entities, in the order of the columns.
    /// - Complexity: O(entities × components), at the speed of memory for components without references.
    /// - Precondition: All columns have the same length, no type is named twice, no query iterates.
    /// - Throws: ``WorldError`` `entityCountExceeded` if there is no room for all; nothing has changed then.
    @discardableResult
    @inlinable
    public func spawn<First: Component, each C: Component>(
        columns first: [First], _ rest: repeat [each C]
    ) throws(WorldError) -> [Entity] {
        requireStructureOpen("spawn")
        repeat requireEqual(first.count, (each rest).count)
        let shape = shape(First.self, repeat (each C).self)
        let spawned = try allocate(first.count, in: shape.table)
        var position = 0
        fill(shape, &position, spawned) { target, offset, count in
            first.withUnsafeBufferPointer { copy($0, offset, count, to: target) }
        }
        repeat fill(shape, &position, spawned, each rest)
        tellIfWatched(spawned, shape)
        return spawned.entities
    }

    /// Makes a number of entities that all have these components with these values.
    ///
    /// - Returns: The entities.
    /// - Complexity: O(entities × components).
    /// - Precondition: `count` is not negative, no type is named twice, no query iterates.
    /// - Throws: ``WorldError`` `entityCountExceeded` if there is no room for all; nothing has changed then.
    @discardableResult
    @inlinable
    public func spawn<each C: Component>(
        count: Int, _ component: repeat each C
    ) throws(WorldError) -> [Entity] {
        requireStructureOpen("spawn")
        precondition(count >= 0, "count is negative")
        let shape = shape(repeat (each C).self)
        let spawned = try allocate(count, in: shape.table)
        var position = 0
        repeat fill(shape, &position, spawned, repeating: each component)
        tellIfWatched(spawned, shape)
        return spawned.entities
    }

    /// New rows of a table, still to be filled.
    @usableFromInline
    struct SpawnedRows {
        @usableFromInline let entities: [Entity]
        @usableFromInline let firstRow: Int
    }

    @usableFromInline
    func allocate(_ count: Int, in table: TablePointer) throws(WorldError) -> SpawnedRows {
        guard count <= storage.pointee.entities.vacancyCount else { throw countExceeded() }
        let slots = storage.pointee.entities
        storage.pointee.entities.grow(toHold: min(slots.slotCount + count, slots.entityCountMax))
        let firstRow = table.pointee.rowCount
        table.pointee.reserve(rows: firstRow + count)
        let entities = [Entity](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            for position in 0..<count {
                guard let entity = storage.pointee.entities.allocate() else { break }
                _ = table.pointee.append(entity)
                storage.pointee.entities.settle(entity, at: table.pointee.tail.lastPlace)
                (buffer.baseAddress! + position).initialize(to: entity)
                initializedCount = position + 1
            }
        }
        if storage.pointee.journal.isActive {
            for entity in entities { storage.pointee.journal.spawned(entity) }
        }
        return SpawnedRows(entities: entities, firstRow: firstRow)
    }

    @inlinable
    func fill<C: Component>(_ shape: SpawnShape, _ position: inout Int, _ spawned: SpawnedRows, _ values: [C]) {
        fill(shape, &position, spawned) { target, offset, count in
            values.withUnsafeBufferPointer { copy($0, offset, count, to: target) }
        }
    }

    @inlinable
    func fill<C: Component>(
        _ shape: SpawnShape, _ position: inout Int, _ spawned: SpawnedRows, repeating value: C
    ) {
        fill(shape, &position, spawned) { (target: UnsafeMutablePointer<C>, _, count) in
            target.initialize(repeating: value, count: count)
        }
    }

    /// Calls a closure to fill each run of contiguous places, and marks them.
    @inlinable
    func fill<C: Component>(
        _ shape: SpawnShape, _ position: inout Int, _ spawned: SpawnedRows,
        _ initialize: (_ target: UnsafeMutablePointer<C>, _ offset: Int, _ count: Int) -> Void
    ) {
        var offset = 0
        let count = spawned.entities.count
        while offset < count {
            let place: Place
            var run = 1
            if C.storage == .sparse {
                place = extendSparse(spawned.entities[offset], by: C.self)
            } else {
                let row = spawned.firstRow &+ offset
                place = Place(column: shape.columns[position], row: row)
                run = min(count &- offset, shape.table.pointee.chunkRowCount &- place.offset)
            }
            // A tag has no stored values.
            if MemoryLayout<C>.size > 0 { initialize(place.value(as: C.self), offset, run) }
            place.column.markAdded(place.row..<place.row &+ run)
            offset &+= run
        }
        position &+= 1
    }

    @inlinable
    func copy<C>(
        _ values: UnsafeBufferPointer<C>, _ offset: Int, _ count: Int, to target: UnsafeMutablePointer<C>
    ) {
        guard let source = values.baseAddress else { return }
        target.initialize(from: source + offset, count: count)
    }

    @usableFromInline
    func tellIfWatched(_ spawned: SpawnedRows, _ shape: SpawnShape) {
        if shape.isWatched { tellSpawned(spawned.entities) }
    }

    @usableFromInline
    func requireEqual(_ count: Int, _ other: Int) {
        guard count != other else { return }
        fatalError(
            "World: spawn got columns of \(count) and of \(other) values; each entity needs one of each column.")
    }
}

extension World {
    /// Makes an entity with copies of all components of another.
    ///
    /// - Complexity: O(components).
    /// - Precondition: No query iterates.
    /// - Throws: ``WorldError`` `entityDead`, or `entityCountExceeded` as for `trySpawn`; nothing has changed then.
    @discardableResult
    public func clone(_ entity: Entity) throws(WorldError) -> Entity {
        requireStructureOpen("clone")
        guard let original = storage.pointee.entities.find(entity) else { throw .entityDead(entity) }
        let (table, originalRow) = (original.table, original.index)
        let (copy, copyRow) = try allocate(in: table)
        for position in 0..<table.pointee.columnCount {
            let column = table.pointee.columns + position
            copyValue(from: Place(column: column, row: originalRow), to: Place(column: column, row: copyRow))
        }
        for sparse in storage.pointee.sparse {
            let row = sparse.pointee.row(of: entity)
            guard row >= 0 else { continue }
            let target = Place(column: sparse.pointee.column, row: sparse.pointee.append(copy))
            copyValue(from: Place(column: target.column, row: row), to: target)
        }
        if storage.isWatched(copy, in: table) { tellSpawned(copy) }
        return copy
    }

    private func copyValue(from source: Place, to target: Place) {
        let operations = storage.pointee.components[source.column.pointee.component.index].operations
        // A tag has no stored values.
        if operations.stride > 0 { operations.copyInitialize(target.address, source.address) }
        target.markAdded()
    }
}
