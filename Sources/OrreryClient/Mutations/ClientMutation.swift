public import OrrerySchema
import OrreryStore
import OrreryWire

/// A change that a client requests with ``ClientConnection/enqueue(_:)``.
///
/// ```swift
/// connection.enqueue(.set(Health(current: 90), on: ship))
/// connection.enqueue(.patch(ship, Ammo.self) { $0.set(\.rounds, to: 9) })
/// let shot = connection.enqueue(.spawn(Shot(), Position()))
/// ```
public struct ClientMutation: Sendable {
    /// Resolves this mutation to a server's column numbers and encodings.
    let resolved: @Sendable (ServerComponents) throws(ClientError) -> Mutation.Operation

    /// Writes a component that the entity already has: all fields of `C` together. Fields that only the server knows
    /// keep their values.
    /// - Parameters:
    ///   - value: The new value of the component.
    ///   - entity: The entity that has the component.
    ///   - expected: If given, the server refuses unless those fields have these values (code `compareFailed`).
    public static func set<C: Component>(_ value: C, on entity: Entity, expecting expected: C? = nil) -> ClientMutation
    {
        ClientMutation { server throws(ClientError) in
            try server.component(C.self).set(value, on: entity, expected)
        }
    }

    /// Writes some fields of a component that the entity already has, all or none. The other fields keep their values.
    public static func patch<C: Component>(
        _ entity: Entity, _ type: C.Type, _ body: (inout ComponentPatch<C>) -> Void
    ) -> ClientMutation {
        var patch = ComponentPatch<C>()
        body(&patch)
        return ClientMutation { [fields = patch.fields] server throws(ClientError) in
            let column = try server.component(C.self).column
            var patches: [Mutation.FieldPatch] = []
            for field in fields { patches.append(try field(server)) }
            return .patch(entity, column, patches)
        }
    }

    /// Adds a component to the entity, or overwrites the one it has. Fields that only the server knows get the server's
    /// defaults.
    public static func insert<C: Component>(_ value: C, on entity: Entity) -> ClientMutation {
        ClientMutation { server throws(ClientError) in .insert(entity, try server.new(value)) }
    }

    /// Removes a component from the entity.
    public static func remove<C: Component>(_ type: C.Type, from entity: Entity) -> ClientMutation {
        .remove(C.componentName, from: entity)
    }

    /// Spawns an entity with these components. ``AppliedMutation/entities`` contains the new entity.
    public static func spawn<each C: Component>(_ component: repeat each C) -> ClientMutation {
        var parts: [Part] = []
        for component in repeat each component { parts.append(part(component)) }
        return ClientMutation { [parts] server throws(ClientError) in
            var components: [Mutation.NewComponent] = []
            for part in parts { components.append(try part(server)) }
            return .spawn(components)
        }
    }

    private typealias Part = @Sendable (ServerComponents) throws(ClientError) -> Mutation.NewComponent

    private static func part<C: Component>(_ component: C) -> Part {
        { server throws(ClientError) in try server.new(component) }
    }

    /// Despawns an entity.
    public static func despawn(_ entity: Entity) -> ClientMutation {
        ClientMutation { _ throws(ClientError) in .despawn(entity) }
    }
}

/// The same operations on resources. The server lets clients write a resource by the same kind of rule as a component.
extension ClientMutation {
    /// Writes a resource that the world already has: all fields of `C` together. Fields that only the server knows keep
    /// their values.
    /// - Parameters:
    ///   - value: The new value.
    ///   - expected: If given, the server refuses unless those fields have these values (code `compareFailed`).
    public static func set<C: Component>(resource value: C, expecting expected: C? = nil) -> ClientMutation {
        set(value, on: .none, expecting: expected)
    }

    /// Writes some fields of a resource that the world already has, all or none. The other fields keep their values.
    public static func patch<C: Component>(
        resource type: C.Type, _ body: (inout ComponentPatch<C>) -> Void
    ) -> ClientMutation {
        patch(.none, type, body)
    }

    /// Adds a resource to the world, or overwrites the one it has. Fields that only the server knows get the server's
    /// defaults.
    public static func insert<C: Component>(resource value: C) -> ClientMutation { insert(value, on: .none) }

    /// Removes a resource from the world.
    public static func remove<C: Component>(resource type: C.Type) -> ClientMutation { remove(type, from: .none) }
}

/// The same operations without types, for tools. A resource is a component of `Entity.none` here.
extension ClientMutation {
    /// Writes fields of a component, all or none: `set("Health", on: entity, [(["current"], .signed(50))])`. An empty
    /// path means the whole component.
    /// - Parameters:
    ///   - component: Its name.
    ///   - entity: The entity that has the component.
    ///   - fields: For each field, the names that lead to it, from the outermost, and its new value. A number is
    ///     accepted if the field can hold it exactly.
    public static func set(
        _ component: String, on entity: Entity, _ fields: [(path: [String], value: DynamicValue)]
    ) -> ClientMutation {
        ClientMutation { server throws(ClientError) in
            let (column, fields) = try server.fields(component, fields)
            guard let first = fields.first, first.path.isEmpty else {
                return .patch(entity, column, fields.map { .init(path: $0.path, bytes: $0.bytes) })
            }
            return .set(entity, .init(column, first.bytes), expected: nil)
        }
    }

    /// Adds a component with these fields to the entity; the other fields get the server's defaults.
    public static func insert(
        _ component: String, on entity: Entity, _ fields: [(path: [String], value: DynamicValue)] = []
    ) -> ClientMutation {
        ClientMutation { server throws(ClientError) in .insert(entity, try server.new(component, fields)) }
    }

    /// Spawns an entity with these components, each with some of its fields; the other fields get the server's
    /// defaults.
    public static func spawn(
        _ components: [(name: String, fields: [(path: [String], value: DynamicValue)])]
    ) -> ClientMutation {
        ClientMutation { server throws(ClientError) in
            var parts: [Mutation.NewComponent] = []
            for component in components { parts.append(try server.new(component.name, component.fields)) }
            return .spawn(parts)
        }
    }

    /// Removes a component from the entity.
    public static func remove(_ component: String, from entity: Entity) -> ClientMutation {
        ClientMutation { server throws(ClientError) in .remove(entity, try server.entry(of: component).column) }
    }
}

/// New values of some fields of a component.
///
/// ```swift
/// connection.enqueue(.patch(ship, Ammo.self) {
///     $0.set(\.rounds, to: 9)
///     $0.set(\.isHot, to: true, expecting: false)
/// })
/// ```
public struct ComponentPatch<C: Component> {
    /// The patched fields, each resolved with a server's schema.
    fileprivate var fields: [Resolve] = []

    fileprivate typealias Resolve = @Sendable (ServerComponents) throws(ClientError) -> Mutation.FieldPatch

    /// Sets the new value of one field.
    /// - Parameters:
    ///   - keyPath: A stored property of `C`, or a stored property of such a property.
    ///   - value: The new value.
    ///   - expected: If given, the server refuses the whole patch unless the field has that value (code
    ///     `compareFailed`).
    public mutating func set<V: Sendable>(
        _ keyPath: any WritableKeyPath<C, V> & Sendable, to value: V, expecting expected: V? = nil
    ) {
        fields.append(Self.resolve(keyPath, value, expected))
    }

    private static func resolve<V: Sendable>(
        _ keyPath: any PartialKeyPath<C> & Sendable, _ value: V, _ expected: V?
    ) -> Resolve {
        { server throws(ClientError) in try server.component(C.self).patch(keyPath, value, expected) }
    }
}

@available(*, unavailable)
extension ComponentPatch: Sendable {}
