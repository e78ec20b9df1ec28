public import OrrerySchema

/// Fast access to one component of any entity: the type is looked up once, not per access.
///
/// ```swift
/// let positions = world.accessor(Position.self)
/// let distance = positions[ship].map { $0.x - origin.x }
/// ```
/// It stays valid however the world changes, and keeps the world alive.
public struct Accessor<C: Component> {
    @usableFromInline let world: World
    /// The world's storage, whose address never changes: one load less than through the class.
    @usableFromInline let storage: UnsafeMutablePointer<WorldStorage>
    @usableFromInline let component: ComponentID

    @inlinable
    init(_ world: World) {
        self.world = world
        storage = world.storage
        component = world.register(C.self)
    }

    /// A component's value; `nil` if the entity does not live or has none.
    /// - Complexity: O(1).
    @inlinable
    public subscript(_ entity: Entity) -> C? {
        guard let (table, row) = storage.pointee.entities.find(entity) else { return nil }
        let column = table.pointee.column(of: component)
        guard column >= 0 else { return nil }
        return table.pointee.address(column: column, row: row).assumingMemoryBound(to: C.self).pointee
    }

    /// Whether an entity lives and has the component.
    /// - Complexity: O(1).
    @inlinable
    public func contains(_ entity: Entity) -> Bool {
        guard let (table, _) = storage.pointee.entities.find(entity) else { return false }
        return table.pointee.has(component)
    }

    /// Replaces the value of a component that the entity has, and marks it as changed.
    /// - Complexity: O(1).
    /// - Throws: ``WorldError`` `entityDead` or `componentMissing`.
    @inlinable
    public func set(_ value: C, on entity: Entity) throws(WorldError) {
        let (table, column, row) = try place(of: entity)
        table.pointee.address(column: column, row: row).assumingMemoryBound(to: C.self).pointee = value
        table.mark(column: column, row: row)
    }

    /// Changes a component in place, and marks it as changed. The structure of the world stands still meanwhile.
    /// - Complexity: O(1).
    /// - Throws: ``WorldError`` `entityDead` or `componentMissing`.
    @inlinable
    public func update<Result>(_ entity: Entity, _ body: (inout C) -> Result) throws(WorldError) -> Result {
        let (table, column, row) = try place(of: entity)
        storage.beginBorrow()
        defer { storage.endBorrow() }
        table.mark(column: column, row: row)
        return body(&table.pointee.address(column: column, row: row).assumingMemoryBound(to: C.self).pointee)
    }

    @inlinable @inline(__always)
    func place(of entity: Entity) throws(WorldError) -> (table: TablePointer, column: Int, row: Int) {
        guard let (table, row) = storage.pointee.entities.find(entity) else {
            throw .entityDead(entity, componentName: C.componentName)
        }
        let column = table.pointee.column(of: component)
        guard column >= 0 else { throw .componentMissing(entity, componentName: C.componentName) }
        return (table, column, row)
    }
}

/// Belongs to the thread of its world.
@available(*, unavailable)
extension Accessor: Sendable {}

extension World {
    /// Fast access to one component of any entity.
    /// - Complexity: O(1).
    @inlinable
    public func accessor<C: Component>(_ type: C.Type) -> Accessor<C> { Accessor(self) }
}
