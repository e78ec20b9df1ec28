package import OrrerySchema

/// Components by number and address, for callers that learn the type at run time.
extension World {
    /// The living entity with an index.
    package func entity(at index: UInt32) -> Entity? { storage.pointee.entities.living(at: index) }

    /// Adds a component to an entity, or replaces its value if the entity has it already.
    /// - Parameter value: The address of an initialised value of the component's type. The value is copied; for a tag
    ///   the address is not read.
    /// - Precondition: No query iterates.
    /// - Throws: ``WorldError`` `entityDead`.
    package func insert(
        _ component: ComponentID, copying value: UnsafeRawPointer, on entity: Entity
    ) throws(WorldError) {
        requireStructureOpen("insert a component")
        if let place = find(component, of: entity) {
            assign(value, component, entity, place)
        } else {
            guard let place = storage.extend(entity, byAny: component) else {
                throw .entityDead(entity, componentName: componentName(component))
            }
            storage.pointee.components[component.index].operations.copyInitialize(place.address, value)
            place.markAdded()
            if place.column.pointee.isWatched { storage.tellAdded(component, entity, place) }
        }
    }

    /// Makes an entity with copies of values, if there is room for it. Observers are told of it when it has all of
    /// them.
    /// - Parameter values: The components, no two the same, with the addresses of values.
    /// - Complexity: O(components), amortised.
    /// - Precondition: No query iterates.
    /// - Throws: ``WorldError`` `entityCountExceeded`; nothing has changed then.
    package func trySpawn(
        copying values: [(component: ComponentID, value: UnsafeRawPointer)]
    ) throws(WorldError) -> Entity {
        try trySpawn(count: values.count) {
            values[$0].component
        } initialize: { position, address in
            let operations = storage.pointee.components[values[position].component.index].operations
            operations.copyInitialize(address, values[position].value)
        }
    }

    /// - Parameters:
    ///   - count: The number of components.
    ///   - component: Each component, by its position; no two are the same.
    ///   - initialize: Writes the value at a position to uninitialised memory.
    /// - Complexity: O(components), amortised.
    /// - Precondition: No query iterates.
    /// - Throws: ``WorldError`` `entityCountExceeded`; nothing has changed then.
    func trySpawn(
        count: Int, component: (Int) -> ComponentID, initialize: (Int, UnsafeMutableRawPointer) -> Void
    ) throws(WorldError) -> Entity {
        requireStructureOpen("spawn")
        // Follows the edges between tables, which allocates nothing once they are known. Tables along the path remain,
        // without rows.
        var table = storage.pointee.emptyTable
        for position in 0..<count {
            let component = component(position)
            if storage.sparse(component) == nil { table = storage.edge(of: component, at: table).pointee.larger }
        }
        let (entity, row) = try allocate(in: table)
        for position in 0..<count {
            let place = storage.place(for: component(position), of: entity, in: table, row: row)
            initialize(position, place.address)
            place.markAdded()
        }
        if storage.isWatched(entity, in: table) { tellSpawned(entity) }
        return entity
    }

    /// Replaces the value of a component that the entity has, and marks it as changed.
    /// - Parameter value: The address of an initialised value of the component's type. The value is copied.
    /// - Throws: ``WorldError`` `entityDead` or `componentMissing`.
    package func set(_ component: ComponentID, copying value: UnsafeRawPointer, on entity: Entity) throws(WorldError) {
        guard contains(entity) else { throw .entityDead(entity, componentName: componentName(component)) }
        guard let place = find(component, of: entity) else {
            throw .componentMissing(entity, componentName: componentName(component))
        }
        assign(value, component, entity, place)
    }

    /// Removes a component from an entity and destroys its value.
    /// - Returns: Whether the entity had one.
    /// - Precondition: No query iterates.
    /// - Throws: ``WorldError`` `entityDead`.
    @discardableResult
    package func remove(_ component: ComponentID, from entity: Entity) throws(WorldError) -> Bool {
        requireStructureOpen("remove a component")
        guard contains(entity) else { throw .entityDead(entity, componentName: componentName(component)) }
        guard let place = find(component, of: entity) else { return false }
        if place.column.pointee.isWatched { storage.tellRemoving(component, entity, place) }
        var detached = DetachedValues()
        let operations = storage.pointee.components[component.index].operations
        if operations.stride > 0 { detached.take(operations, at: place.address) }
        storage.shrink(entity, byAny: component, at: place)
        return true
    }

    /// Whether an entity lives and has a component.
    package func has(_ component: ComponentID, on entity: Entity) -> Bool {
        find(component, of: entity) != nil
    }

    /// Reads a component in place.
    /// - Returns: The closure's result; `nil` if the entity does not live or has no such component. The address is
    ///   valid only inside the closure, in which the structure is locked.
    package func withValue<Result>(
        _ component: ComponentID, of entity: Entity, _ body: (UnsafeRawPointer) -> Result
    ) -> Result? {
        guard let place = find(component, of: entity) else { return nil }
        storage.beginBorrow()
        defer { storage.endBorrow() }
        return body(place.address)
    }

    /// The address of a component of an entity; `nil` if the entity does not live or has no such component. The address
    /// is valid until the next write to the world.
    package func address(_ component: ComponentID, of entity: Entity) -> UnsafeRawPointer? {
        find(component, of: entity).map { UnsafeRawPointer($0.address) }
    }

    private func find(_ component: ComponentID, of entity: Entity) -> Place? {
        guard let place = storage.find(component, sparse: storage.sparse(component), of: entity) else { return nil }
        place.address.requireUnheld(
            byteCount: 1, isBitwise: place.column.pointee.isBitwise, name: componentName(component))
        return place
    }

    private func assign(_ value: UnsafeRawPointer, _ component: ComponentID, _ entity: Entity, _ place: Place) {
        let operations = storage.pointee.components[component.index].operations
        storage.write(component, of: entity, place, isTold: true) {
            operations.assign(place.address, value)
            place.mark()
        }
    }
}
