package import OrrerySchema

/// Components by number and address, for callers that learn the type at run time.
extension World {
    /// Gives an entity a component, or replaces the value of the one that it has.
    /// - Parameter value: The address of an initialised value of the component's type, which is copied; not read for a
    /// tag.
    /// - Precondition: No query iterates.
    /// - Throws: ``WorldError`` `entityDead`.
    package func insert(
        _ component: ComponentID, copying value: UnsafeRawPointer, on entity: Entity
    ) throws(WorldError) {
        requireStructureOpen("insert a component")
        guard let (table, row) = storage.pointee.entities.find(entity) else {
            throw .entityDead(entity, componentName: componentName(component))
        }
        let column = table.pointee.column(of: component)
        if column >= 0 {
            assign(value, component, table, column, row)
        } else {
            let (target, targetRow) = extend(entity, in: table, row: row, by: component)
            let column = target.pointee.column(of: component)
            storage.pointee.components[component.index].operations.copyInitialize(
                target.pointee.address(column: column, row: targetRow), value)
            target.mark(column: column, row: targetRow)
        }
    }

    /// Replaces the value of a component that the entity has, and marks it as changed.
    /// - Parameter value: The address of an initialised value of the component's type, which is copied.
    /// - Throws: ``WorldError`` `entityDead` or `componentMissing`.
    package func set(_ component: ComponentID, copying value: UnsafeRawPointer, on entity: Entity) throws(WorldError) {
        guard let (table, row) = storage.pointee.entities.find(entity) else {
            throw .entityDead(entity, componentName: componentName(component))
        }
        let column = table.pointee.column(of: component)
        guard column >= 0 else { throw .componentMissing(entity, componentName: componentName(component)) }
        assign(value, component, table, column, row)
    }

    /// Takes a component from an entity and destroys its value.
    /// - Returns: Whether it had one.
    /// - Precondition: No query iterates.
    /// - Throws: ``WorldError`` `entityDead`.
    @discardableResult
    package func remove(_ component: ComponentID, from entity: Entity) throws(WorldError) -> Bool {
        requireStructureOpen("remove a component")
        guard let (table, row) = storage.pointee.entities.find(entity) else {
            throw .entityDead(entity, componentName: componentName(component))
        }
        let column = table.pointee.column(of: component)
        guard column >= 0 else { return false }
        storage.pointee.components[component.index].operations.deinitialize(
            table.pointee.address(column: column, row: row), 1)
        shrink(entity, in: table, row: row, by: component)
        return true
    }

    /// Whether an entity lives and has a component.
    package func has(_ component: ComponentID, on entity: Entity) -> Bool {
        storage.pointee.entities.find(entity)?.table.pointee.has(component) ?? false
    }

    /// Reads a component in place.
    /// - Returns: The closure's result; `nil` if the entity does not live or has no such component. The address is
    /// valid only
    ///   in the closure, in which the structure stands still.
    package func withValue<Result>(
        _ component: ComponentID, of entity: Entity, _ body: (UnsafeRawPointer) -> Result
    ) -> Result? {
        guard let (table, row) = storage.pointee.entities.find(entity) else { return nil }
        let column = table.pointee.column(of: component)
        guard column >= 0 else { return nil }
        storage.beginBorrow()
        defer { storage.endBorrow() }
        return body(table.pointee.address(column: column, row: row))
    }

    private func assign(
        _ value: UnsafeRawPointer, _ component: ComponentID, _ table: TablePointer, _ column: Int, _ row: Int
    ) {
        storage.pointee.components[component.index].operations.assign(
            table.pointee.address(column: column, row: row), value)
        table.mark(column: column, row: row)
    }
}
