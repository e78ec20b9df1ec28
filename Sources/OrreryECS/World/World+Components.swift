public import OrrerySchema

extension World {
    /// Adds a component to an entity, or replaces its value if the entity has it already.
    ///
    /// - Complexity: O(components) if the component is new to the entity, else O(1); O(1) for a sparse component.
    /// - Precondition: No query iterates.
    /// - Throws: ``WorldError`` `entityDead`.
    @inlinable @inline(__always)
    public func insert<C: Component>(_ component: C, on entity: Entity) throws(WorldError) {
        try ComponentHandle<C>(self).insert(component, on: entity)
    }

    /// Removes a component from an entity.
    ///
    /// - Returns: The removed value; `nil` if the entity had none, which is not an error.
    /// - Complexity: O(components); O(1) for a sparse component.
    /// - Precondition: No query iterates.
    /// - Throws: ``WorldError`` `entityDead`.
    @discardableResult
    @inlinable @inline(__always)
    public func remove<C: Component>(_ type: C.Type, from entity: Entity) throws(WorldError) -> C? {
        try ComponentHandle<C>(self).remove(from: entity)
    }

    /// Whether an entity lives and has a component.
    /// - Complexity: O(1).
    @inlinable
    public func has<C: Component>(_ type: C.Type, on entity: Entity) -> Bool {
        ComponentHandle<C>(self).find(entity) != nil
    }

    /// A component's value; `nil` if the entity does not live or has none.
    /// - Complexity: O(1). In a loop, ``accessor(_:)`` is faster.
    @inlinable
    public subscript<C: Component>(_ entity: Entity, _ type: C.Type) -> C? {
        ComponentHandle<C>(self).find(entity)?.value(as: C.self).unheld.pointee
    }

    /// A component's value; `nil` if the entity does not live or has none.
    /// - Complexity: O(1). In a loop, ``accessor(_:)`` is faster.
    @inlinable
    public func get<C: Component>(_ type: C.Type, of entity: Entity) -> C? { self[entity, type] }

    /// Replaces the value of a component that the entity has, and marks it as changed.
    /// - Complexity: O(1).
    /// - Throws: ``WorldError`` `entityDead` or `componentMissing`.
    @inlinable
    public func set<C: Component>(_ component: C, on entity: Entity) throws(WorldError) {
        try ComponentHandle<C>(self).set(component, on: entity)
    }

    /// Changes a component in place, and marks it as changed.
    ///
    /// While the closure runs, the structure of the world is locked, as during an iteration.
    /// - Complexity: O(1).
    /// - Throws: ``WorldError`` `entityDead` or `componentMissing`.
    @inlinable
    public func update<C: Component, Result>(
        _ entity: Entity, _ type: C.Type, _ body: (inout C) -> Result
    ) throws(WorldError) -> Result {
        try ComponentHandle<C>(self).update(entity, body)
    }

    /// Changes a component in place without marking it: neither observers nor readers of changes are notified.
    ///
    /// Every other write marks the value. Use this method for values that nobody watches, such as caches. The world
    /// still follows the target of a ``Relation``.
    /// - Complexity: O(1).
    /// - Throws: ``WorldError`` `entityDead` or `componentMissing`.
    @inlinable
    public func updateUnmarked<C: Component, Result>(
        _ entity: Entity, _ type: C.Type, _ body: (inout C) -> Result
    ) throws(WorldError) -> Result {
        try ComponentHandle<C>(self).updateUnmarked(entity, body)
    }
}
