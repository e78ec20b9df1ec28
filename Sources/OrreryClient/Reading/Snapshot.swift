public import OrrerySchema
package import OrreryStore
import OrrerySync

/// The state of one tick, as this client knows it. It is valid only inside the closure that receives it; nothing is
/// applied while the closure runs.
public struct Snapshot {
    /// The store itself, for code that reads many cells without copying.
    package let store: ComponentStore
    private let bindings: Bindings

    /// The tick of this state.
    public let tick: Tick
    /// How many ticks this state is behind the newest tick the client has heard of.
    public let lag: UInt64

    init(_ core: SyncClient, _ bindings: Bindings) {
        self.init(
            core.store, tick: core.tick, lag: core.serverTick.rawValue - min(core.tick, core.serverTick).rawValue,
            bindings)
    }

    init(_ store: ComponentStore, tick: Tick, lag: UInt64, _ bindings: Bindings) {
        self.store = store
        self.tick = tick
        self.lag = lag
        self.bindings = bindings
    }

    /// The components that this client can read, in the server's order.
    public var components: [ComponentSchema] { store.table.schemas(ofResources: false) }
    /// The number of living entities that this client knows.
    public var entityCount: Int { store.entities.count }

    /// The living entities that this client knows, ascending.
    /// - Complexity: O(n).
    public var entities: [Entity] { store.entities.rows.indexes.compactMap { store.entity(at: $0) } }

    /// The entities that have all of these components, ascending.
    /// - Complexity: O(entities that have the rarest component) x O(components).
    public func entities(with components: [ComponentSchema]) -> [Entity] {
        let columns = components.compactMap { column(of: $0.name) }.filter { $0.rowKind == .entities }
        guard columns.count == components.count else { return [] }
        guard let rarest = columns.min(by: { $0.count < $1.count }) else { return entities }
        return rarest.rows.indexes.filter { row in columns.allSatisfy { $0.contains(row) } }
            .compactMap { store.entity(at: $0) }
    }

    /// The component of an entity; `nil` if the entity does not have it or is not alive, or if its bytes are not a `C`.
    /// - Complexity: O(1); decodes values that do not have this client's memory layout.
    @inlinable
    public subscript<C: Component>(_ entity: Entity, _ type: C.Type) -> C? {
        CellReading.value(
            of: type, reading: { read(entity, ObjectIdentifier(type), into: $0) }, decoding: { decoded(entity, type) })
    }

    /// A resource; `nil` if the world has none that this client knows, or if its bytes are not a `C`.
    /// - Complexity: As for a component.
    @inlinable
    public subscript<C: Component>(resource type: C.Type) -> C? { self[.none, type] }

    @usableFromInline
    func read(_ entity: Entity, _ type: ObjectIdentifier, into memory: UnsafeMutableRawPointer) -> CellReading {
        guard let reading = bindings.reading(type, in: store) else { return .encoded }
        return reading.cell?.read(entity, in: store, into: memory) ?? .absent
    }

    @usableFromInline
    func decoded<C: Component>(_ entity: Entity, _ type: C.Type) -> C? {
        bindings.reader(of: type, in: store).flatMap { try? $0.value(of: entity, in: store) }
    }

    /// The component of those of these entities that have it, in their order. Values that cannot be decoded as `C` are
    /// left out.
    func values<C: Component>(of type: C.Type, for entities: [Entity]) -> [(entity: Entity, value: C)] {
        guard let reader = bindings.reader(of: type, in: store) else { return [] }
        return entities.compactMap { entity in
            (try? reader.value(of: entity, in: store)).flatMap { $0 }.map { (entity, $0) }
        }
    }

    /// Whether this client knows the entity and it is alive.
    public func contains(_ entity: Entity) -> Bool { store.contains(entity) }

    /// The components that an entity has, in the server's order; of `Entity.none`, the resources that are shown.
    public func components(of entity: Entity) -> [ComponentSchema] {
        store.columns(of: entity).compactMap { store.table[$0]?.schema }
    }

    /// The raw bytes of a component; `nil` if the entity does not have it.
    /// - Parameters:
    ///   - component: The component's name.
    ///   - entity: The entity; `Entity.none` for a resource.
    /// - Complexity: O(1).
    public func bytes(of component: String, of entity: Entity) -> [UInt8]? {
        store.table[component].flatMap { store.withValue(of: entity, in: $0.column) { Array($0) } }
    }

    /// A component decoded by its schema; `nil` if the entity does not have it.
    /// - Parameters:
    ///   - component: The component's name.
    ///   - entity: The entity; `Entity.none` for a resource.
    /// - Throws: `CodecError` if the bytes are not a value of the schema.
    public func value(of component: String, of entity: Entity) throws(CodecError) -> DynamicValue? {
        guard let entry = store.table[component], let schema = entry.schema else { return nil }
        return try store.withValue(of: entity, in: entry.column) { (bytes) throws(CodecError) in
            try DynamicValue(decoding: bytes, as: schema.type)
        }
    }

    private func column(of component: String) -> Column? {
        store.table[component].map { store[$0.column] }
    }
}

@available(*, unavailable)
extension Snapshot: Sendable {}
