public import OrrerySchema

extension World {
    /// Gives an entity a component, or replaces the value of the one that it has.
    ///
    /// - Complexity: O(components) if the component is new to the entity, else O(1).
    /// - Precondition: No query iterates.
    /// - Throws: ``WorldError`` `entityDead`.
    @inlinable
    public func insert<C: Component>(_ component: C, on entity: Entity) throws(WorldError) {
        requireStructureOpen("insert a component")
        guard let (table, row) = storage.pointee.entities.find(entity) else {
            throw .entityDead(entity, componentName: C.componentName)
        }
        let id = register(C.self)
        let column = table.pointee.column(of: id)
        if column >= 0 {
            table.pointee.address(column: column, row: row).assumingMemoryBound(to: C.self).pointee = component
            table.mark(column: column, row: row)
        } else {
            let (target, targetRow) = extend(entity, in: table, row: row, by: id)
            initialize(component, target, targetRow)
        }
    }

    /// Takes a component from an entity.
    ///
    /// - Returns: The value that it had; `nil` if it had none, which is no error.
    /// - Complexity: O(components).
    /// - Precondition: No query iterates.
    /// - Throws: ``WorldError`` `entityDead`.
    @discardableResult
    @inlinable
    public func remove<C: Component>(_ type: C.Type, from entity: Entity) throws(WorldError) -> C? {
        requireStructureOpen("remove a component")
        guard let (table, row) = storage.pointee.entities.find(entity) else {
            throw .entityDead(entity, componentName: C.componentName)
        }
        let id = register(C.self)
        let column = table.pointee.column(of: id)
        guard column >= 0 else { return nil }
        let value = table.pointee.address(column: column, row: row).assumingMemoryBound(to: C.self).move()
        shrink(entity, in: table, row: row, by: id)
        return value
    }

    /// Whether an entity lives and has a component.
    /// - Complexity: O(1).
    @inlinable
    public func has<C: Component>(_ type: C.Type, on entity: Entity) -> Bool {
        guard let (table, _) = storage.pointee.entities.find(entity) else { return false }
        return table.pointee.has(register(type))
    }

    /// A component's value; `nil` if the entity does not live or has none.
    /// - Complexity: O(1). In a loop, ``accessor(_:)`` is faster.
    @inlinable
    public subscript<C: Component>(_ entity: Entity, _ type: C.Type) -> C? { accessor(type)[entity] }

    /// A component's value; `nil` if the entity does not live or has none.
    /// - Complexity: O(1). In a loop, ``accessor(_:)`` is faster.
    @inlinable
    public func get<C: Component>(_ type: C.Type, of entity: Entity) -> C? { accessor(type)[entity] }

    /// Replaces the value of a component that the entity has, and marks it as changed.
    /// - Complexity: O(1).
    /// - Throws: ``WorldError`` `entityDead` or `componentMissing`.
    @inlinable
    public func set<C: Component>(_ component: C, on entity: Entity) throws(WorldError) {
        try accessor(C.self).set(component, on: entity)
    }

    /// Changes a component in place, and marks it as changed.
    ///
    /// While the closure runs, the structure of the world stands still, as during an iteration.
    /// - Complexity: O(1).
    /// - Throws: ``WorldError`` `entityDead` or `componentMissing`.
    @inlinable
    public func update<C: Component, Result>(
        _ entity: Entity, _ type: C.Type, _ body: (inout C) -> Result
    ) throws(WorldError) -> Result {
        try accessor(type).update(entity, body)
    }

    /// Changes a component in place without marking it: observers do not hear of it.
    ///
    /// The only write that is not marked; for values that nobody watches, such as caches.
    /// - Complexity: O(1).
    /// - Throws: ``WorldError`` `entityDead` or `componentMissing`.
    @inlinable
    public func updateUnmarked<C: Component, Result>(
        _ entity: Entity, _ type: C.Type, _ body: (inout C) -> Result
    ) throws(WorldError) -> Result {
        let (table, column, row) = try accessor(type).place(of: entity)
        storage.beginBorrow()
        defer { storage.endBorrow() }
        return body(&table.pointee.address(column: column, row: row).assumingMemoryBound(to: C.self).pointee)
    }

    /// Moves an entity to the table that has one component more; its value is left for the caller to initialise.
    @usableFromInline
    func extend(
        _ entity: Entity, in table: TablePointer, row: Int, by component: ComponentID
    ) -> (table: TablePointer, row: Int) {
        if storage.pointee.components[component.index].isTracked {
            storage.pointee.journal.gaining(entity, in: table)
        }
        let target = storage.table(adding: component, to: table)
        return (target, storage.move(entity, from: table, row: row, to: target))
    }

    /// Moves an entity to the table that has one component less; its value has been moved out or destroyed already.
    @usableFromInline
    func shrink(_ entity: Entity, in table: TablePointer, row: Int, by component: ComponentID) {
        if storage.pointee.components[component.index].isTracked {
            storage.pointee.journal.losing(component, entity, in: table)
        }
        _ = storage.move(entity, from: table, row: row, to: storage.table(removing: component, from: table))
    }
}
