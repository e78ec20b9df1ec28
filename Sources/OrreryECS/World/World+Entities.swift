public import OrrerySchema

extension World {
    /// Makes an entity with these components; none at all is fine.
    ///
    /// - Complexity: O(components), amortised.
    /// - Precondition: Fewer than ``entityCountMax`` entities live (`trySpawn` throws instead); no type is named
    ///   twice; no query iterates.
    @discardableResult
    @inlinable
    public func spawn<each C: Component>(_ component: repeat each C) -> Entity {
        do throws(WorldError) {
            return try trySpawn(repeat each component)
        } catch {
            fatalError("World: \(error)")
        }
    }

    /// Makes an entity with these components, if there is room for it.
    ///
    /// - Complexity: O(components), amortised.
    /// - Precondition: No type is named twice; no query iterates.
    /// - Throws: ``WorldError`` `entityCountExceeded` if ``entityCountMax`` entities live, or if the only free slots
    ///   belong to entities despawned in this tick; nothing has changed then.
    @inlinable
    public func trySpawn<each C: Component>(_ component: repeat each C) throws(WorldError) -> Entity {
        requireStructureOpen("spawn")
        let shape = shape(repeat (each C).self)
        let (entity, row) = try allocate(in: shape.table)
        var position = 0
        var isWatched = shape.table.pointee.isWatched
        repeat initialize(each component, of: entity, shape, &position, row, &isWatched)
        if isWatched { tellSpawned(entity) }
        return entity
    }

    /// Ends an entity's life and destroys its components. The same `Entity` value is never used again.
    ///
    /// - Complexity: O(components).
    /// - Precondition: No query iterates.
    /// - Throws: ``WorldError`` `entityDead`.
    public func despawn(_ entity: Entity) throws(WorldError) {
        requireStructureOpen("despawn")
        guard let row = storage.pointee.entities.find(entity) else { throw .entityDead(entity) }
        guard storage.pointee.isWatched, isHeard(entity, in: row.table) else { return end(entity, row) }
        despawnHeard(entity)
    }

    @inline(__always)
    func end(_ entity: Entity, _ row: EntityRow) {
        if storage.pointee.journal.isActive { storage.pointee.journal.despawned(entity, in: row.table) }
        var detached = DetachedValues()
        storage.removeSparseValues(of: entity, into: &detached)
        if !row.table.pointee.isBitwise { detached.take(row: row.index, of: row.table) }
        storage.removeRow(row)
        storage.pointee.entities.release(entity)
    }

    /// Ends the lives of all entities. Component types, resources and tracking stay.
    ///
    /// - Complexity: O(entities).
    /// - Precondition: No query iterates.
    public func clear() {
        requireStructureOpen("clear")
        if endUnheard(storage.pointee.tables) { return }
        var entities: [Entity] = []
        forEachEntity { entities.append($0) }
        // Despawning one entity may despawn others of the list.
        for entity in entities { _ = try? despawn(entity) }
    }

    /// Ends the lives of all entities that match a query.
    ///
    /// ```swift
    /// world.despawnAll(world.query(Read<Shot>.self).without(Target.self))
    /// ```
    /// - Returns: The number of entities that matched.
    /// - Complexity: O(entities).
    /// - Precondition: No query iterates.
    @discardableResult
    public func despawnAll<Row>(_ query: QueryOf<Row>) -> Int {
        requireStructureOpen("despawn")
        if let tables = query.wholeTables {
            let count = tables.reduce(0) { $0 + $1.pointee.rowCount }
            if endUnheard(tables) { return count }
        }
        // Despawning one entity may despawn others of the list, and a selection may name an entity twice.
        let entities = query.entities
        for entity in entities { _ = try? despawn(entity) }
        return Set(entities).count
    }

    /// Whether an entity lives.
    /// - Complexity: O(1).
    @inlinable
    public func contains(_ entity: Entity) -> Bool { storage.pointee.entities.find(entity) != nil }

    @inlinable @inline(__always)
    func allocate(in table: TablePointer) throws(WorldError) -> (Entity, row: Int) {
        guard let entity = storage.pointee.entities.allocate() else { throw countExceeded() }
        let row = table.pointee.append(entity)
        storage.pointee.entities.settle(entity, at: table.pointee.tail.lastPlace)
        if storage.pointee.journal.isActive { storage.pointee.journal.spawned(entity) }
        return (entity, row)
    }

    @usableFromInline
    func countExceeded() -> WorldError { .entityCountExceeded(entityCountMax: entityCountMax) }

    /// The table and the columns for entities with these components.
    /// - Complexity: O(1) after the first time.
    @inlinable @inline(__always)
    func shape<each C: Component>(_ type: repeat (each C).Type) -> SpawnShape {
        let key = ObjectIdentifier((repeat each C).self)
        if let known = storage.pointee.shapes.find(key) { return known }
        return learnShape(key, repeat each type)
    }

    /// A separate function keeps the common case small.
    @inlinable @inline(never)
    func learnShape<each C: Component>(_ key: ObjectIdentifier, _ type: repeat (each C).Type) -> SpawnShape {
        var components: [ComponentID] = []
        for type in repeat each type { components.append(register(type)) }
        return insertShape(key, components)
    }

    @usableFromInline
    func insertShape(_ key: ObjectIdentifier, _ components: [ComponentID]) -> SpawnShape {
        for (position, component) in components.enumerated() where components[..<position].contains(component) {
            fatalError(
                "World: spawn names the component '\(componentName(component))' twice; "
                    + "an entity has at most one of each type.")
        }
        let table = storage.table(signature: components.filter { storage.sparse($0) == nil }.sorted())
        return storage.pointee.shapes.insert(
            key, table: table, columns: components.map { storage.column(of: $0, in: table) })
    }

    /// Writes and marks a value of a new entity. `isWatched` already covers the entity's table.
    @inlinable @inline(__always)
    func initialize<C: Component>(
        _ value: C, of entity: Entity, _ shape: SpawnShape, _ position: inout Int, _ row: Int, _ isWatched: inout Bool
    ) {
        let place =
            C.storage == .sparse
            ? extendSparse(entity, by: C.self) : Place(inLastRowOf: shape.columns[position])
        place.value(as: C.self).initialize(to: value)
        place.markAdded()
        if C.storage == .sparse, place.column.pointee.isWatched { isWatched = true }
        position &+= 1
    }

    @inlinable
    func extendSparse<C: Component>(_ entity: Entity, by type: C.Type) -> Place {
        guard let sparse = storage.sparse(register(type)) else {
            preconditionFailure("\(C.componentName): the storage of a component type may not change")
        }
        return Place(column: sparse.pointee.column, row: sparse.pointee.append(entity))
    }
}
