import OrreryECS
import OrrerySchema
import OrreryWire

/// The values that a ``ComponentWriter`` reads and writes: a component of the entities of a world, or a resource.
protocol WrittenValues {
    var isResource: Bool { get }

    /// Calls `body` with the value of an entity, or with the resource; with `nil` if there is none.
    func withValue<R>(of entity: Entity?, _ body: (UnsafeRawPointer?) throws(Refusal) -> R) throws(Refusal) -> R

    /// Writes a value, or adds it.
    func insert(copying value: UnsafeRawPointer, on entity: Entity?) throws(WorldError)

    func remove(from entity: Entity?) throws(WorldError)
}

/// A component of entities.
struct EntityValues: WrittenValues {
    let component: ComponentID
    let world: World

    var isResource: Bool { false }

    func withValue<R>(of entity: Entity?, _ body: (UnsafeRawPointer?) throws(Refusal) -> R) throws(Refusal) -> R {
        try body(entity.flatMap { world.address(component, of: $0) })
    }

    func insert(copying value: UnsafeRawPointer, on entity: Entity?) throws(WorldError) {
        try world.insert(component, copying: value, on: entity ?? .none)
    }

    func remove(from entity: Entity?) throws(WorldError) { try world.remove(component, from: entity ?? .none) }
}

/// A resource. It belongs to no entity.
struct ResourceValue<C: Component>: WrittenValues {
    let world: World

    var isResource: Bool { true }

    func withValue<R>(of entity: Entity?, _ body: (UnsafeRawPointer?) throws(Refusal) -> R) throws(Refusal) -> R {
        guard let value = world.resource(C.self) else { return try body(nil) }
        return try withUnsafePointer(to: value) { pointer throws(Refusal) in try body(pointer) }
    }

    func insert(copying value: UnsafeRawPointer, on entity: Entity?) {
        world.insertResource(value.assumingMemoryBound(to: C.self).pointee)
    }

    func remove(from entity: Entity?) { world.removeResource(C.self) }
}
