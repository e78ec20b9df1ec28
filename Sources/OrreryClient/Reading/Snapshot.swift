public import OrrerySchema
package import OrreryStore
import OrrerySync

/// The state of one tick, as this client knows it. Valid inside the closure that it is handed to; nothing is applied
/// meanwhile.
public struct Snapshot {
    /// The rows themselves, for readers of many cells: nothing is copied.
    package let store: ComponentStore
    private let bindings: Bindings

    /// The tick whose state this is.
    public let tick: Tick
    /// Ticks behind the newest that this client has heard of.
    public let lag: UInt64

    init(_ core: SyncClient, _ bindings: Bindings) {
        store = core.store
        tick = core.tick
        lag = core.serverTick.rawValue - min(core.tick, core.serverTick).rawValue
        self.bindings = bindings
    }

    /// The components that this client can read, in the server's order.
    public var components: [ComponentSchema] { store.table.schemas }
    /// How many entities this client was told of that live.
    public var entityCount: Int { store.entities.count }

    /// The living entities that this client was told of, ascending.
    /// - Complexity: O(n).
    public var entities: [Entity] { store.entities.rows.indexes.compactMap { store.entity(at: $0) } }

    /// The entities that have all of these components, ascending.
    /// - Complexity: O(entities that have the rarest of them) x O(components).
    public func entities(with components: [ComponentSchema]) -> [Entity] {
        let columns = components.compactMap { column(of: $0.name) }
        guard columns.count == components.count else { return [] }
        guard let rarest = columns.min(by: { $0.count < $1.count }) else { return entities }
        return rarest.rows.indexes.filter { row in columns.allSatisfy { $0.contains(row) } }
            .compactMap { store.entity(at: $0) }
    }

    /// A component of an entity; `nil` where the entity does not have it, is not alive, or has bytes that are no `C`.
    /// - Complexity: O(1); decodes a value whose layout is not this client's.
    @inlinable
    public subscript<C: Component>(_ entity: Entity, _ type: C.Type) -> C? {
        withUnsafeTemporaryAllocation(of: C.self, capacity: 1) { memory in
            guard let address = memory.baseAddress else { return nil }
            return switch read(entity, ObjectIdentifier(type), into: UnsafeMutableRawPointer(address)) {
            case .absent: nil
            case .copied: address.pointee
            case .encoded: decoded(entity, type)
            }
        }
    }

    @usableFromInline
    func read(_ entity: Entity, _ type: ObjectIdentifier, into memory: UnsafeMutableRawPointer) -> CellReading {
        guard let reading = bindings.reading(type, in: store) else { return .encoded }
        return reading.cell?.read(entity, in: store, into: memory) ?? .absent
    }

    @usableFromInline
    func decoded<C: Component>(_ entity: Entity, _ type: C.Type) -> C? {
        bindings.reader(of: type, in: store).flatMap { try? $0.value(of: entity, in: store) }
    }

    /// Whether an entity lives, of those that this client was told of.
    public func contains(_ entity: Entity) -> Bool { store.contains(entity) }

    /// The components that an entity has, in the server's order.
    public func components(of entity: Entity) -> [ComponentSchema] {
        store.columns(of: entity).compactMap { store.table[$0]?.schema }
    }

    /// The raw bytes of a component; `nil` where the entity does not have it.
    /// - Complexity: O(1).
    public func bytes(of component: String, of entity: Entity) -> [UInt8]? {
        guard store.contains(entity) else { return nil }
        return column(of: component)?.value(of: entity.index)
    }

    /// A component read by its schema; `nil` where the entity does not have it.
    /// - Throws: `CodecError` for bytes that are no value of the schema.
    public func value(of component: String, of entity: Entity) throws(CodecError) -> DynamicValue? {
        guard store.contains(entity), let entry = store.table[component], let schema = entry.schema else {
            return nil
        }
        return try store[entry.column].withValue(of: entity.index) { (bytes) throws(CodecError) in
            try DynamicValue(decoding: bytes, as: schema.type)
        }
    }

    private func column(of component: String) -> Column? {
        store.table[component].map { store[$0.column] }
    }
}

@available(*, unavailable)
extension Snapshot: Sendable {}
