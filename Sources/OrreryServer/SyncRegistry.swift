import OrreryECS
import OrreryQuery
public import OrrerySchema
import OrreryStore
import OrrerySync
package import OrreryWire

/// Registers the components and resources of a world that are visible to clients.
///
/// The order of registration is the order of the component table. A component that is not registered never leaves the
/// simulation thread and costs nothing there.
public struct SyncRegistry {
    struct Entry: Sendable {
        let descriptor: ComponentDescriptor
        let makeWriter: @Sendable (World) -> ComponentWriter
        let isWritable: Bool
        let isResource: Bool
        let spatial: SpatialField?
        /// The wire form of `C()`; `nil` if it cannot be sent.
        let defaultValue: [UInt8]?
        let track: @Sendable (World) -> ComponentID
    }

    private(set) var entries: [Entry] = []
    /// As they stand in texts of queries.
    private(set) var orderedFields: [String] = []
    private(set) var visibilityRules: [VisibilityRule] = []

    /// The description of the components that clients get.
    var table: ComponentTable {
        ComponentTable(
            entries.enumerated().map { number, entry in
                .init(
                    ColumnID(number), entry.descriptor.schema, isWritable: entry.isWritable,
                    isResource: entry.isResource, spatial: entry.spatial, defaultValue: entry.defaultValue)
            })
    }

    /// Which clients may spawn entities. The rule is asked last, when each component's own rule has allowed its value.
    public var spawning = ClientRule<ClientSpawn>.byServerOnly
    /// Which clients may despawn entities.
    public var despawning = ClientRule<ClientDespawn>.byServerOnly

    private let limits: WireLimits

    /// - Parameter limits: The limits that the clients accept.
    package init(limits: WireLimits = WireLimits()) {
        self.limits = limits
    }

    /// Makes a component visible to clients.
    /// - Parameters:
    ///   - type: The component. Clients refer to it by its `componentName`.
    ///   - rule: Which clients may write it; by default none.
    ///   - spatial: How entities are found by where this component says that they are.
    ///   - fields: The fields by which clients may order more entities than the server looks at in a tick
    ///     (`windowRowCountMax`): `ordered: \.distance`. While somebody does, each takes 25 bytes for every entity, and
    ///     a change a search.
    /// - Throws: `SchemaError` if the type cannot be reflected (naming field and type), if its name is taken, if there
    ///   would be more components than the server's limits allow, if a field is no stored property, or if there are no
    ///   coordinates for `spatial`.
    public mutating func register<C: Component, each Field>(
        _ type: C.Type, writable rule: WriteRule<C> = .byServerOnly, spatial: SpatialIndex<C>? = nil,
        ordered fields: repeat KeyPath<C, each Field>
    ) throws(SchemaError) {
        let spatial = try spatial.map { index throws(SchemaError) in try index.field() }
        for field in repeat each fields {
            do throws(QueryError) {
                orderedFields.append(try QueryOrder.ascending(field).text.checked())
            } catch {
                throw SchemaError(component: C.componentName, "has no such field to be ordered by: \(error.expected)")
            }
        }
        try add(type, rule, isResource: false, spatial: spatial) { world in
            world.track(type)
            return world.register(type)
        } values: { world in
            EntityValues(component: world.register(type), world: world)
        }
    }

    /// Makes a resource visible to clients: the one value of this type that `World.insertResource(_:)` stores.
    /// - Parameters:
    ///   - type: The resource. Clients refer to it by its `componentName`.
    ///   - rule: Which clients may write it, insert it where there is none, and remove it; by default none.
    /// - Throws: As ``register(_:writable:spatial:ordered:)``. A type is registered once, as a component or as a
    ///   resource.
    public mutating func register<C: Component>(
        resource type: C.Type, writable rule: WriteRule<C> = .byServerOnly
    ) throws(SchemaError) {
        try add(type, rule, isResource: true) { world in
            world.track(resource: type)
        } values: { world in
            ResourceValue<C>(world: world)
        }
    }

    /// Restricts the entities with a component to those clients to whom `isShown` shows them.
    ///
    /// ```swift
    /// try sync.restrict(Card.self) { card, sight in card.owner == sight.client.id }
    /// ```
    /// The rule is for clients whose `Visibility` `isPersonal`. Those who see everything see these entities anyway;
    /// all others do not see them. Where several rules decide about an entity, it is shown if all of them show it. Each
    /// client is shown at most ``SimulationConfiguration/personalEntityCountMax`` of these entities.
    ///
    /// The rule runs on the simulation thread at the end of a tick: when the component or one of `others` comes, goes
    /// or is written, when a client joins, and when `Clients.invalidateVisibility()` asks for it. If it reads other
    /// things, nothing tells it that they have changed. It runs once for each such entity and personal client.
    /// - Parameters:
    ///   - type: The component. It need not be registered.
    ///   - others: Components of the same entity that the rule reads, too.
    ///   - isShown: Whether a client may see an entity with this value.
    /// - Throws: `SchemaError` for a type that is registered as a resource.
    public mutating func restrict<C: Component>(
        _ type: C.Type, reading others: any Component.Type..., to isShown: @escaping @Sendable (C, ClientSight) -> Bool
    ) throws(SchemaError) {
        for type in [type] + others {
            guard !entries.contains(where: { $0.isResource && $0.descriptor.type == type }) else {
                throw SchemaError(component: "\(type)", "is a resource, and no component of an entity")
            }
        }
        visibilityRules.append(VisibilityRule(type, reading: others, to: isShown))
    }

    private mutating func add<C: Component>(
        _ type: C.Type, _ rule: WriteRule<C>, isResource: Bool, spatial: SpatialField? = nil,
        track: @escaping @Sendable (World) -> ComponentID, values: @escaping @Sendable (World) -> any WrittenValues
    ) throws(SchemaError) {
        let coder = try ComponentCoder<C>(limits: limits.schema)
        let descriptor = ComponentDescriptor(coder)
        if let other = entries.first(where: { $0.descriptor.schema.name == descriptor.schema.name }) {
            throw SchemaError(
                component: descriptor.schema.name,
                other.descriptor.type == type
                    ? "is registered twice"
                    : "\(String(reflecting: type)) and \(String(reflecting: other.descriptor.type)) have the same "
                        + "name; state another `componentName` in one (in a generic type: one that names what tells "
                        + "them apart)")
        }
        guard !descriptor.schema.name.hasPrefix(StatusTable.namePrefix) else {
            throw SchemaError(
                component: descriptor.schema.name,
                "has a name that begins with \(StatusTable.namePrefix), as those do with which a server shows itself; "
                    + "state another `componentName`")
        }
        guard !isResource || !visibilityRules.contains(where: { $0.types.contains { $0 == type } }) else {
            throw SchemaError(
                component: descriptor.schema.name, "is a component that a rule of visibility reads, and no resource")
        }
        guard type != VisibilityGroups.self else {
            throw SchemaError(component: descriptor.schema.name, "decides who sees an entity, and is never sent")
        }
        let countMax = limits.componentCountMax - StatusTable.count
        guard entries.count < countMax else {
            throw SchemaError(
                component: descriptor.schema.name,
                "a world shows at most \(countMax) components: the server shows itself with \(StatusTable.count) of "
                    + "componentCountMax, \(limits.componentCountMax)")
        }
        if spatial != nil {
            let entry = ComponentTable.Entry(ColumnID(0), descriptor.schema, spatial: spatial)
            guard entry.hasCoordinates else {
                throw SchemaError(
                    component: descriptor.schema.name,
                    "says nowhere where an entity is: that takes a vector of two or three numbers, or a structure with "
                        + "the numbers x, y and perhaps z, in a component whose values all have one size")
            }
        }
        let defaultValue = defaultValue(coder)
        let access = rule.erased()
        entries.append(
            Entry(
                descriptor: descriptor,
                makeWriter: { world in
                    ComponentWriter(
                        descriptor, world.register(type), values(world), access: access, defaultValue: defaultValue,
                        world: world)
                }, isWritable: rule.isOpen, isResource: isResource, spatial: spatial, defaultValue: defaultValue,
                track: track))
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
