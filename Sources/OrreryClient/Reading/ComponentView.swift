public import OrrerySchema
import OrreryStore
import OrrerySync
import Synchronization

/// One component of all entities, or of some, typed: read from the raw store when it is asked for.
///
/// Values whose layout is this client's are read straight from the column. Others are decoded on first access and
/// remembered until the row changes. A view that nobody reads costs nothing.
///
/// While there is no connection it shows the last state that came, and ``isStale`` is true. What it shows ends when the
/// view is released or cancelled.
public final class ComponentView<C: Component>: Sendable {
    private struct Memory {
        /// The table of the values.
        var tableVersion = 0
        var values: [UInt32: (version: Tick, entity: Entity, value: C)] = [:]
        var decodeCount = 0
    }

    private let session: ClientSession
    private let subscription: Subscription
    /// `nil` for all.
    private let chosen: Set<Entity>?
    private let memory = Mutex(Memory())
    @usableFromInline let cells: CellSource

    init(_ session: ClientSession, _ subscription: Subscription, entities: Set<Entity>?) {
        self.session = session
        self.subscription = subscription
        chosen = entities
        cells = CellSource(session, entities: entities) { [bindings = session.bindings] store in
            bindings.reader(of: C.self, in: store)?.cell
        }
    }

    /// Why it is over; `nil` while it lasts.
    public var end: ClientError? { subscription.end }

    /// Whether what it shows is not kept up to date: it is over, or there is no connection, or nothing of a new life of
    /// the world has come yet.
    public var isStale: Bool { subscription.isStale }

    /// The batches from now on, with the changes of what it shows. The first brings what it shows now.
    public var batches: BatchSequence { subscription.batches }

    /// Ends it. May be called at any time, and again.
    public func cancel() { subscription.cancel() }

    /// The component of an entity; `nil` where the entity does not have it, is not alive, or has bytes that are no `C`
    /// (``value(of:)`` says why).
    /// - Complexity: O(1); decodes once per change of the row at most.
    @inlinable
    public subscript(entity: Entity) -> C? {
        withUnsafeTemporaryAllocation(of: C.self, capacity: 1) { memory in
            guard let address = memory.baseAddress else { return nil }
            return switch cells.read(entity, into: UnsafeMutableRawPointer(address)) {
            case .absent: nil
            case .copied: address.pointee
            case .encoded: try? value(of: entity)
            }
        }
    }

    /// The component of an entity; `nil` where the entity does not have it or is not alive.
    /// - Throws: `CodecError` for bytes that are no value of `C`: a case that this client does not know, say.
    public func value(of entity: Entity) throws(CodecError) -> C? {
        guard shows(entity) else { return nil }
        return try session.withCore { (core) throws(CodecError) in
            guard let reader = reader(of: core.store) else { return nil }
            return try value(of: entity, in: core.store, reader)
        }
    }

    /// The entities that have the component, ascending.
    public var entities: [Entity] {
        session.withCore { core in
            guard let reader = reader(of: core.store) else { return [] }
            return entities(in: core.store, reader)
        }
    }

    /// How many entities have the component.
    public var count: Int {
        session.withCore { core in
            guard let reader = reader(of: core.store) else { return 0 }
            return chosen == nil ? core.store[reader.cell.column].count : entities(in: core.store, reader).count
        }
    }

    /// All values with their entities, ascending, of one tick. Values that are no `C` are left out.
    public var values: [(entity: Entity, value: C)] {
        session.withCore { core in
            guard let reader = reader(of: core.store) else { return [] }
            return entities(in: core.store, reader).compactMap { entity in
                (try? value(of: entity, in: core.store, reader)).flatMap { $0 }.map { (entity, $0) }
            }
        }
    }

    /// How many values were decoded so far. Direct reads decode nothing.
    package var decodeCount: Int { memory.withLock { $0.decodeCount } }

    private func shows(_ entity: Entity) -> Bool { chosen?.contains(entity) ?? true }

    private func reader(of store: ComponentStore) -> ComponentReader<C>? {
        memory.withLock { memory in
            // Values of another life of the world have other ticks.
            guard memory.tableVersion != store.tableVersion else { return }
            memory.tableVersion = store.tableVersion
            memory.values.removeAll()
        }
        return session.bindings.reader(of: C.self, in: store)
    }

    private func entities(in store: ComponentStore, _ reader: ComponentReader<C>) -> [Entity] {
        let column = store[reader.cell.column]
        guard let chosen else { return column.rows.indexes.compactMap { store.entity(at: $0) } }
        return chosen.filter { store.contains($0) && column.contains($0.index) }.sorted()
    }

    private func value(
        of entity: Entity, in store: ComponentStore, _ reader: ComponentReader<C>
    ) throws(CodecError) -> C? {
        if reader.cell.isDirect { return try reader.value(of: entity, in: store) }
        guard store.contains(entity), store[reader.cell.column].contains(entity.index) else { return nil }
        let version = store[reader.cell.column].tick(of: entity.index)
        let known = memory.withLock { $0.values[entity.index] }
        if let known, known.version == version, known.entity == entity { return known.value }
        guard let value = try reader.value(of: entity, in: store) else { return nil }
        memory.withLock { memory in
            memory.decodeCount += 1
            // Rows that are gone leave their values behind; at twice the rows there are, all are forgotten.
            if memory.values.count > 2 * store[reader.cell.column].count + 16 { memory.values.removeAll() }
            memory.values[entity.index] = (version, entity, value)
        }
        return value
    }
}

/// One component of one entity, typed.
///
/// Ends when the entity is despawned, when it is released or cancelled, and where the server refuses it.
public final class EntityView<C: Component>: Sendable {
    /// Whose component it is.
    public let entity: Entity
    @usableFromInline let view: ComponentView<C>

    init(_ session: ClientSession, _ subscription: Subscription, _ entity: Entity) {
        self.entity = entity
        view = ComponentView(session, subscription, entities: [entity])
    }

    /// Why it is over; `nil` while it lasts.
    public var end: ClientError? { view.end }

    /// Whether what it shows is not kept up to date: it is over, or there is no connection, or nothing of a new life of
    /// the world has come yet.
    public var isStale: Bool { view.isStale }

    /// The component; `nil` where the entity does not have it, is not alive, or has bytes that are no `C`.
    /// - Complexity: O(1); decodes once per change at most.
    @inlinable public var value: C? { view[entity] }

    /// The batches from now on, with the changes of the component. The first brings what is shown now.
    public var batches: BatchSequence { view.batches }

    /// Ends it. May be called at any time, and again.
    public func cancel() { view.cancel() }
}

/// Reads single values of a view: all of it that is not generic.
@usableFromInline
final class CellSource: Sendable {
    private let session: ClientSession
    /// `nil` for all.
    private let chosen: Set<Entity>?
    private let makeCell: @Sendable (ComponentStore) -> CellReader?
    /// Guard: the lock of the session.
    nonisolated(unsafe) private var known: (tableVersion: Int, cell: CellReader?)?

    init(
        _ session: ClientSession, entities: Set<Entity>?, makeCell: @escaping @Sendable (ComponentStore) -> CellReader?
    ) {
        self.session = session
        chosen = entities
        self.makeCell = makeCell
    }

    @usableFromInline
    func read(_ entity: Entity, into memory: UnsafeMutableRawPointer) -> CellReading {
        if let chosen, !chosen.contains(entity) { return .absent }
        return session.withStore { store in
            if known?.tableVersion != store.tableVersion { known = (store.tableVersion, makeCell(store)) }
            return known?.cell?.read(entity, in: store, into: memory) ?? .absent
        }
    }
}
