import OrreryECS
public import OrrerySchema

/// Says which components of a world are visible to clients.
///
/// The order of registration is the order of the component table. What is not registered never leaves the simulation thread and
/// costs nothing there.
public struct SyncRegistry {
    struct Entry: Sendable {
        let descriptor: ComponentDescriptor
        let track: @Sendable (World) -> ComponentID
    }

    private(set) var entries: [Entry] = []

    package init() {}

    /// Makes a component visible.
    /// - Throws: ``SchemaError`` where the type cannot be reflected (naming field and type), where its name is taken, or where
    ///   there are more than 1024 components.
    public mutating func register<C: Component>(_ type: C.Type) throws(SchemaError) {
        let descriptor = try ComponentDescriptor(type)
        if let other = entries.first(where: { $0.descriptor.schema.name == descriptor.schema.name }) {
            throw SchemaError(
                component: descriptor.schema.name,
                other.descriptor.type == type
                    ? "is registered twice"
                    : "\(type) and \(other.descriptor.type) have the same name; state another `componentName` in one")
        }
        guard entries.count < Self.componentCountMax else {
            throw SchemaError(
                component: descriptor.schema.name, "a world shows at most \(Self.componentCountMax) components")
        }
        entries.append(
            Entry(descriptor: descriptor) { world in
                world.track(type)
                return world.register(type)
            })
    }

    /// As ``WireLimits/componentCountMax`` of every client.
    static let componentCountMax = 1024
}
