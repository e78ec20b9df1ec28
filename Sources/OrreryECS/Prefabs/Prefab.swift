public import OrrerySchema

/// Components and values to spawn entities from.
///
/// ```swift
/// let asteroid = Prefab(Position(), Velocity(), Health(current: 10))
/// world.spawn(asteroid)                       // as it is
/// world.spawn(asteroid.with(Position(x: 4)))  // with a value of its own
/// ```
/// A prefab is a value: it belongs to no world, and changing it does not change what was spawned from it.
public struct Prefab: Sendable {
    struct Value: Sendable {
        let type: ObjectIdentifier
        let register: @Sendable (World) -> ComponentID
        /// Copies the value into uninitialised memory.
        let initialize: @Sendable (UnsafeMutableRawPointer) -> Void

        init<C: Component>(_ component: C) {
            type = ObjectIdentifier(C.self)
            register = { $0.register(C.self) }
            initialize = { $0.initializeMemory(as: C.self, to: component) }
        }
    }

    private(set) var values: [Value] = []

    /// A prefab with these components. If a type is named twice, the later value counts.
    public init<each C: Component>(_ component: repeat each C) {
        for component in repeat each component { self = with(component) }
    }

    /// A copy with one more component, or with a new value for a component that the prefab has.
    /// - Complexity: O(components).
    public func with<C: Component>(_ component: C) -> Prefab {
        var prefab = without(C.self)
        prefab.values.append(Value(component))
        return prefab
    }

    /// A copy without a component.
    /// - Complexity: O(components).
    public func without<C: Component>(_ type: C.Type) -> Prefab {
        var prefab = self
        prefab.values.removeAll { $0.type == ObjectIdentifier(type) }
        return prefab
    }
}

extension World {
    /// Makes an entity with the values of a prefab.
    /// - Complexity: O(components), amortised.
    /// - Precondition: Fewer than ``entityCountMax`` entities live (`trySpawn` throws instead); no query iterates.
    @discardableResult
    public func spawn(_ prefab: Prefab) -> Entity {
        do throws(WorldError) {
            return try trySpawn(prefab)
        } catch {
            fatalError("World: \(error)")
        }
    }

    /// Makes an entity with the values of a prefab, if there is room for it.
    /// - Complexity: O(components), amortised.
    /// - Precondition: No query iterates.
    /// - Throws: ``WorldError`` `entityCountExceeded`; nothing has changed then.
    public func trySpawn(_ prefab: Prefab) throws(WorldError) -> Entity {
        try trySpawn(count: prefab.values.count) {
            prefab.values[$0].register(self)
        } initialize: { position, address in
            prefab.values[position].initialize(address)
        }
    }
}

extension Commands {
    /// Makes an entity with the values of a prefab at the flush.
    public func spawn(_ prefab: Prefab) {
        run { world throws(WorldError) in _ = try world.trySpawn(prefab) }
    }
}
