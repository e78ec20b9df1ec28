public import OrrerySchema

extension World {
    /// Makes an entity with these components; none at all is fine.
    ///
    /// - Complexity: O(components), amortised.
    /// - Precondition: Fewer than ``entityCountMax`` entities live (``trySpawn(_:)`` throws instead); no type is named
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
    /// - Throws: ``WorldError`` `entityCountExceeded` if ``entityCountMax`` entities live, or the free slots are those
    /// of
    ///   entities despawned in this tick; nothing has changed then.
    @inlinable
    public func trySpawn<each C: Component>(_ component: repeat each C) throws(WorldError) -> Entity {
        requireStructureOpen("spawn")
        var table = storage.pointee.emptyTable
        repeat widen(&table, by: (each C).self)
        let (entity, row) = try allocate(in: table)
        repeat initialize(each component, table, row)
        if storage.pointee.isWatched { notifySpawned(entity) }
        return entity
    }

    /// Ends an entity's life and destroys its components. Its name is never given out again.
    ///
    /// - Complexity: O(components).
    /// - Precondition: No query iterates.
    /// - Throws: ``WorldError`` `entityDead`.
    public func despawn(_ entity: Entity) throws(WorldError) {
        requireStructureOpen("despawn")
        guard contains(entity) else { throw .entityDead(entity) }
        var ending = [entity]
        while let entity = ending.popLast() {
            guard contains(entity) else { continue }
            if storage.pointee.isWatched {
                notifyDespawning(entity)
                ending += releaseReferrers(of: entity)
            }
            end(entity)
        }
    }

    private func end(_ entity: Entity) {
        guard let (table, row) = storage.pointee.entities.find(entity) else { return }
        storage.pointee.journal.despawned(entity, in: table)
        table.pointee.destroyValues(row: row)
        storage.removeRow(row, of: table)
        storage.pointee.entities.release(entity)
    }

    /// Whether an entity lives.
    /// - Complexity: O(1).
    @inlinable
    public func contains(_ entity: Entity) -> Bool { storage.pointee.entities.find(entity) != nil }

    @usableFromInline
    func allocate(in table: TablePointer) throws(WorldError) -> (Entity, row: Int) {
        guard let entity = storage.pointee.entities.allocate() else {
            throw .entityCountExceeded(entityCountMax: entityCountMax)
        }
        let row = table.pointee.append(entity)
        let index = Int(entity.index)
        storage.pointee.entities.slots[index].table = table
        storage.pointee.entities.slots[index].row = UInt32(row)
        storage.pointee.journal.spawned(entity)
        return (entity, row)
    }

    @inlinable
    func widen<C: Component>(_ table: inout TablePointer, by type: C.Type) {
        let component = register(type)
        guard !table.pointee.has(component) else { trapNamedTwice(C.componentName) }
        table = storage.table(adding: component, to: table)
    }

    /// Fills and marks a value of a new row.
    @inlinable
    func initialize<C: Component>(_ value: C, _ table: TablePointer, _ row: Int) {
        let column = table.pointee.column(of: register(C.self))
        table.pointee.address(column: column, row: row).initializeMemory(as: C.self, to: value)
        table.mark(column: column, row: row)
    }

    @usableFromInline
    func trapNamedTwice(_ name: String) -> Never {
        fatalError("World: spawn names the component '\(name)' twice; an entity has at most one of each type.")
    }
}
