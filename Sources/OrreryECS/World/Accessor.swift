public import OrrerySchema

/// Fast access to one component of any entity: the type is looked up once, not per access.
///
/// ```swift
/// let positions = world.accessor(Position.self)
/// let distance = positions[ship].map { $0.x - origin.x }
/// ```
/// The accessor stays valid whatever changes in the world, and keeps the world alive.
public struct Accessor<C: Component> {
    private let world: World
    @usableFromInline let handle: ComponentHandle<C>

    @usableFromInline
    init(_ world: World, _ handle: ComponentHandle<C>) {
        self.world = world
        self.handle = handle
    }

    /// A component's value; `nil` if the entity does not live or has none.
    /// - Complexity: O(1).
    @inlinable
    public subscript(_ entity: Entity) -> C? { handle.find(entity)?.value(as: C.self).unheld.pointee }

    /// Whether an entity lives and has the component.
    /// - Complexity: O(1).
    @inlinable
    public func contains(_ entity: Entity) -> Bool { handle.find(entity) != nil }

    /// Adds the component to an entity, or replaces its value if the entity has it already.
    /// - Complexity: O(components) if the component is new to the entity, else O(1); O(1) for a sparse component.
    /// - Precondition: No query iterates.
    /// - Throws: ``WorldError`` `entityDead`.
    @inlinable
    public func insert(_ value: C, on entity: Entity) throws(WorldError) { try handle.insert(value, on: entity) }

    /// Removes the component from an entity.
    /// - Returns: The removed value; `nil` if the entity had none, which is not an error.
    /// - Complexity: O(components); O(1) for a sparse component.
    /// - Precondition: No query iterates.
    /// - Throws: ``WorldError`` `entityDead`.
    @discardableResult
    @inlinable
    public func remove(from entity: Entity) throws(WorldError) -> C? { try handle.remove(from: entity) }

    /// Replaces the value of a component that the entity has, and marks it as changed.
    /// - Complexity: O(1).
    /// - Throws: ``WorldError`` `entityDead` or `componentMissing`.
    @inlinable
    public func set(_ value: C, on entity: Entity) throws(WorldError) { try handle.set(value, on: entity) }

    /// Changes a component in place, and marks it as changed. The structure of the world is locked meanwhile.
    /// - Complexity: O(1).
    /// - Throws: ``WorldError`` `entityDead` or `componentMissing`.
    @inlinable
    public func update<Result>(_ entity: Entity, _ body: (inout C) -> Result) throws(WorldError) -> Result {
        try handle.update(entity, body)
    }
}

/// Belongs to the thread of its world.
@available(*, unavailable)
extension Accessor: Sendable {}

extension World {
    /// Fast access to one component of any entity.
    /// - Complexity: O(1).
    @inlinable
    public func accessor<C: Component>(_ type: C.Type) -> Accessor<C> { Accessor(self, ComponentHandle(self)) }
}

/// Read access to one component of any entity.
public struct ComponentReader<C: Component> {
    @usableFromInline let accessor: Accessor<C>

    /// The component's value; `nil` if the entity does not live or has none.
    /// - Complexity: O(1).
    @inlinable public subscript(_ entity: Entity) -> C? { accessor[entity] }

    /// Whether an entity lives and has the component.
    /// - Complexity: O(1).
    @inlinable public func contains(_ entity: Entity) -> Bool { accessor.contains(entity) }
}

/// Belongs to the thread of its world. ``QueryOf/forEachPart(_:reading:body:)`` gives it to the parts of a query.
@available(*, unavailable)
extension ComponentReader: Sendable {}

extension World {
    /// Fast read access to one component of any entity.
    /// - Complexity: O(1).
    public func reader<C: Component>(_ type: C.Type) -> ComponentReader<C> {
        ComponentReader(accessor: accessor(type))
    }
}
