public import OrrerySchema
import OrreryStore
import OrrerySync
import OrreryWire
import Synchronization

/// One component of all entities, typed, read from the raw store when it is asked for.
///
/// Values whose layout is this client's are read straight from the column. Others are decoded on first access and remembered until
/// the row changes. A view that nobody reads costs nothing.
public final class ComponentView<C: Component>: Sendable {
    private struct Memory {
        var values: [UInt32: (version: Tick, entity: Entity, value: C)] = [:]
        var decodeCount = 0
    }

    private let session: ClientSession
    let column: ColumnID
    private let binding: ComponentBinding<C>
    private let readsDirectly: Bool
    private let memory = Mutex(Memory())

    init(session: ClientSession, column: ColumnID, schema: ComponentSchema) throws(SchemaError) {
        self.session = session
        self.column = column
        binding = try ComponentBinding<C>(to: schema)
        readsDirectly = binding.isDirect && schema.type.fixedSize != nil
    }

    /// The component of an entity; `nil` where the entity does not have it, is not alive, or has bytes that are no `C`
    /// (``value(of:)`` says why).
    /// - Complexity: O(1); decodes once per change of the row at most.
    public subscript(entity: Entity) -> C? { try? value(of: entity) }

    /// The component of an entity; `nil` where the entity does not have it or is not alive.
    /// - Throws: `CodecError` for bytes that are no value of `C`: a case that this client does not know, say.
    public func value(of entity: Entity) throws(CodecError) -> C? {
        try session.withCore { (core) throws(CodecError) in try value(of: entity, in: core.store) }
    }

    /// The entities that have the component, ascending.
    public var entities: [Entity] {
        session.withCore { core in
            core.store[column].rows.indexes.compactMap { core.store.entity(at: $0) }
        }
    }

    /// How many entities have the component.
    public var count: Int { session.withCore { $0.store[column].count } }

    /// All values with their entities, ascending, of one tick. Values that are no `C` are left out.
    public var values: [(entity: Entity, value: C)] {
        session.withCore { core in
            core.store[column].rows.indexes.compactMap { row in
                guard let entity = core.store.entity(at: row) else { return nil }
                return (try? value(of: entity, in: core.store)).flatMap { $0 }.map { (entity, $0) }
            }
        }
    }

    /// How many values were decoded so far. Direct reads decode nothing.
    package var decodeCount: Int { memory.withLock { $0.decodeCount } }

    /// A value of the peer's; `nil` for bytes that are no `C`.
    func decode(_ bytes: ArraySlice<UInt8>) -> C? {
        bytes.withUnsafeBytes { try? binding.decode($0) }
    }

    private func value(of entity: Entity, in store: ComponentStore) throws(CodecError) -> C? {
        guard store.contains(entity) else { return nil }
        return try store[column].withValue(of: entity.index) { (bytes) throws(CodecError) in
            if readsDirectly { return try binding.decode(bytes) }
            let version = store[column].tick(of: entity.index)
            let known = memory.withLock { $0.values[entity.index] }
            if let known, known.version == version, known.entity == entity { return known.value }
            let value = try binding.decode(bytes)
            memory.withLock { memory in
                memory.decodeCount += 1
                // Rows that are gone leave their values behind; at twice the rows there are, all are forgotten.
                if memory.values.count > 2 * store[column].count + 16 { memory.values.removeAll() }
                memory.values[entity.index] = (version, entity, value)
            }
            return value
        }
    }
}
