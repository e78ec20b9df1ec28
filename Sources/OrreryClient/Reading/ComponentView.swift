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
    /// Where the component is in one life of the world, and how its values are read.
    struct Bound {
        let epoch: Epoch
        let column: ColumnID
        let binding: ComponentBinding<C>
        let readsDirectly: Bool

    }

    private struct Memory {
        var bound: Bound?
        var values: [UInt32: (version: Tick, entity: Entity, value: C)] = [:]
        var decodeCount = 0
    }

    private let session: ClientSession
    private let memory = Mutex(Memory())

    init(session: ClientSession) {
        self.session = session
    }

    /// - Throws: `SchemaError` where the server's version of the component does not fit `C`.
    func check(_ schema: ComponentSchema) throws(SchemaError) {
        _ = try ComponentBinding<C>(to: schema)
    }

    /// The binding to one life of the world, made once; `nil` where the component is not in it, or does not fit `C`.
    private func bound(in core: SyncClient) -> Bound? {
        memory.withLock { memory in
            if let bound = memory.bound, bound.epoch == core.shownEpoch, core.store.table[bound.column] != nil {
                return bound
            }
            guard let entry = core.store.table[C.componentName], let schema = entry.schema,
                let binding = try? ComponentBinding<C>(to: schema)
            else { return nil }
            let bound = Bound(
                epoch: core.shownEpoch, column: entry.column, binding: binding,
                readsDirectly: binding.isDirect && entry.valueSize != nil)
            memory.bound = bound
            memory.values.removeAll()
            return bound
        }
    }

    /// The component of an entity; `nil` where the entity does not have it, is not alive, or has bytes that are no `C`
    /// (``value(of:)`` says why).
    /// - Complexity: O(1); decodes once per change of the row at most.
    public subscript(entity: Entity) -> C? { try? value(of: entity) }

    /// The component of an entity; `nil` where the entity does not have it or is not alive.
    /// - Throws: `CodecError` for bytes that are no value of `C`: a case that this client does not know, say.
    public func value(of entity: Entity) throws(CodecError) -> C? {
        try session.withCore { (core) throws(CodecError) in
            guard let bound = bound(in: core) else { return nil }
            return try value(of: entity, in: core.store, bound)
        }
    }

    /// The entities that have the component, ascending.
    public var entities: [Entity] {
        session.withCore { core in
            guard let bound = bound(in: core) else { return [] }
            return core.store[bound.column].rows.indexes.compactMap { core.store.entity(at: $0) }
        }
    }

    /// How many entities have the component.
    public var count: Int {
        session.withCore { core in bound(in: core).map { core.store[$0.column].count } ?? 0 }
    }

    /// All values with their entities, ascending, of one tick. Values that are no `C` are left out.
    public var values: [(entity: Entity, value: C)] {
        session.withCore { core in
            guard let bound = bound(in: core) else { return [] }
            return core.store[bound.column].rows.indexes.compactMap { row in
                guard let entity = core.store.entity(at: row) else { return nil }
                return (try? value(of: entity, in: core.store, bound)).flatMap { $0 }.map { (entity, $0) }
            }
        }
    }

    /// How many values were decoded so far. Direct reads decode nothing.
    package var decodeCount: Int { memory.withLock { $0.decodeCount } }

    private func value(
        of entity: Entity, in store: ComponentStore, _ bound: Bound
    ) throws(CodecError) -> C? {
        guard store.contains(entity) else { return nil }
        return try store[bound.column].withValue(of: entity.index) { (bytes) throws(CodecError) in
            if bound.readsDirectly { return try bound.binding.decode(bytes) }
            let version = store[bound.column].tick(of: entity.index)
            let known = memory.withLock { $0.values[entity.index] }
            if let known, known.version == version, known.entity == entity { return known.value }
            let value = try bound.binding.decode(bytes)
            memory.withLock { memory in
                memory.decodeCount += 1
                // Rows that are gone leave their values behind; at twice the rows there are, all are forgotten.
                if memory.values.count > 2 * store[bound.column].count + 16 { memory.values.removeAll() }
                memory.values[entity.index] = (version, entity, value)
            }
            return value
        }
    }
}
