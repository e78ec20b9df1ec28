import OrreryECS
public import OrrerySchema
import OrreryStore
package import OrreryWire

/// Says which components of a world are visible to clients.
///
/// The order of registration is the order of the component table. What is not registered never leaves the simulation
/// thread and costs nothing there.
public struct SyncRegistry {
    struct Entry: Sendable {
        let descriptor: ComponentDescriptor
        let makeWriter: @Sendable (World) -> ComponentWriter
        let isWritable: Bool
        /// The wire form of `C()`; `nil` where it has none that can be sent.
        let defaultValue: [UInt8]?
        let track: @Sendable (World) -> ComponentID
    }

    private(set) var entries: [Entry] = []

    /// What clients are told of the components.
    var table: ComponentTable {
        ComponentTable(
            entries.enumerated().map { number, entry in
                .init(
                    ColumnID(number), entry.descriptor.schema, isWritable: entry.isWritable,
                    defaultValue: entry.defaultValue)
            })
    }

    /// Whether clients may make entities. They may give them components that they may write.
    public var spawning = LifeRule.byServerOnly
    /// Whether clients may end entities.
    public var despawning = LifeRule.byServerOnly

    private let limits: WireLimits

    /// - Parameter limits: what the clients take.
    package init(limits: WireLimits = WireLimits()) {
        self.limits = limits
    }

    /// Makes a component visible.
    /// - Parameters:
    ///   - type: The component. Clients call it by its `componentName`.
    ///   - rule: Which clients may write it; none unless stated.
    /// - Throws: `SchemaError` where the type cannot be reflected (naming field and type), where its name is taken,
    ///   or where there are more than the limits of the server allow.
    public mutating func register<C: Component>(
        _ type: C.Type, writable rule: WriteRule<C> = .byServerOnly
    ) throws(SchemaError) {
        let coder = try ComponentCoder<C>(limits: limits.schema)
        let descriptor = ComponentDescriptor(coder)
        if let other = entries.first(where: { $0.descriptor.schema.name == descriptor.schema.name }) {
            throw SchemaError(
                component: descriptor.schema.name,
                other.descriptor.type == type
                    ? "is registered twice"
                    : "\(String(reflecting: type)) and \(String(reflecting: other.descriptor.type)) have the same name; state "
                        + "another `componentName` in one (in a generic type: one that names what tells them apart)")
        }
        guard entries.count < limits.componentCountMax else {
            throw SchemaError(
                component: descriptor.schema.name, "a world shows at most \(limits.componentCountMax) components")
        }
        let defaultValue = defaultValue(coder)
        let access = rule.erased
        entries.append(
            Entry(
                descriptor: descriptor,
                makeWriter: { world in
                    ComponentWriter(
                        descriptor, world.register(type), access: access, defaultValue: defaultValue, world: world)
                }, isWritable: rule.isOpen, defaultValue: defaultValue
            ) { world in
                world.track(type)
                return world.register(type)
            })
    }

    private func defaultValue<C: Component>(_ coder: ComponentCoder<C>) -> [UInt8]? {
        var writer = ByteWriter()
        do throws(CodecError) {
            try coder.encode(C(), into: &writer)
        } catch {
            return nil
        }
        return writer.count <= limits.valueSizeMax ? writer.bytes : nil
    }
}
