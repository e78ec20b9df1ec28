public import OrrerySchema
import OrreryStore
import OrrerySync
import Synchronization

/// A typed view of one component of all or some entities. It reads from the raw store on access.
///
/// Values that have this client's memory layout are read directly from the column. Other values are decoded on first
/// access and cached until the row changes. A view that is not read costs nothing.
///
/// Without a connection, the view shows the last received state, and ``isStale`` is true. The view ends when it is
/// released or cancelled.
public final class ComponentView<C: Component>: Sendable {
    private struct Memory {
        /// The component table that the values belong to.
        var tableVersion = 0
        var values: [UInt32: (version: Tick, entity: Entity, value: C)] = [:]
        var decodeCount = 0
    }

    private let subscription: Subscription
    private let memory = Mutex(Memory())
    @usableFromInline let cells: CellSource
    private var session: ClientSession { cells.session }

    init(_ session: ClientSession, _ subscription: Subscription, entities: Set<Entity>?) {
        self.subscription = subscription
        cells = CellSource(session, entities: entities) { [bindings = session.bindings] store in
            bindings.reader(of: C.self, in: store)?.cell
        }
    }

    /// Why the view ended; `nil` while it lasts.
    public var end: ClientError? { subscription.end }

    /// Whether the view is not being updated: it has ended, there is no connection, or nothing of a new epoch has
    /// arrived yet.
    public var isStale: Bool { subscription.isStale }

    /// The batches from now on, with the changes of this view. The first contains what the view shows now.
    public var batches: BatchSequence { subscription.batches }

    /// Compares what the view shows with what the server has, as ``Subscription/verify()``.
    @discardableResult
    public func verify() async throws(ClientError) -> Tick { try await subscription.verify() }

    /// Ends the view. May be called at any time, and repeatedly.
    public func cancel() { subscription.cancel() }

    /// The component of an entity; `nil` if the entity does not have it or is not alive, or if its bytes are not a `C`
    /// (``value(of:)`` says why).
    /// - Complexity: O(1); decodes at most once per change of the row.
    @inlinable
    public subscript(entity: Entity) -> C? {
        CellReading.value(of: C.self, reading: { cells.read(entity, into: $0) }, decoding: { try? value(of: entity) })
    }

    /// The component of an entity; `nil` if the entity does not have it or is not alive.
    /// - Throws: `CodecError` if the bytes are not a value of `C`, for example an enumeration case that this client
    ///   does not know.
    public func value(of entity: Entity) throws(CodecError) -> C? {
        guard cells.shows(entity) else { return nil }
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

    /// The number of entities that have the component.
    public var count: Int {
        session.withCore { core in
            guard let reader = reader(of: core.store) else { return 0 }
            return cells.chosen == nil ? core.store[reader.cell.column].count : entities(in: core.store, reader).count
        }
    }

    /// All values of one tick with their entities, ascending. Values that cannot be decoded as `C` are left out.
    public var values: [(entity: Entity, value: C)] {
        session.withCore { core in
            guard let reader = reader(of: core.store) else { return [] }
            return entities(in: core.store, reader).compactMap { entity in
                (try? value(of: entity, in: core.store, reader)).flatMap { $0 }.map { (entity, $0) }
            }
        }
    }

    /// The number of values decoded so far. Direct reads decode nothing.
    package var decodeCount: Int { memory.withLock { $0.decodeCount } }

    private func reader(of store: ComponentStore) -> ComponentReader<C>? {
        memory.withLock { memory in
            // Ticks of different epochs cannot be compared, so cached values are dropped.
            guard memory.tableVersion != store.tableVersion else { return }
            memory.tableVersion = store.tableVersion
            memory.values.removeAll()
        }
        return session.bindings.reader(of: C.self, in: store)
    }

    private func entities(in store: ComponentStore, _ reader: ComponentReader<C>) -> [Entity] {
        let column = store[reader.cell.column]
        guard let chosen = cells.chosen else {
            return column.isResource ? [] : column.rows.indexes.compactMap { store.owner(of: $0, in: column) }
        }
        return chosen.filter { store.row(of: $0, in: column).map(column.contains) ?? false }.sorted()
    }

    private func value(
        of entity: Entity, in store: ComponentStore, _ reader: ComponentReader<C>
    ) throws(CodecError) -> C? {
        if reader.cell.isDirect { return try reader.value(of: entity, in: store) }
        let column = store[reader.cell.column]
        guard let row = store.row(of: entity, in: column), column.contains(row) else { return nil }
        let version = column.tick(of: row)
        let known = memory.withLock { $0.values[row] }
        if let known, known.version == version, known.entity == entity { return known.value }
        guard let value = try reader.value(of: entity, in: store) else { return nil }
        memory.withLock { memory in
            memory.decodeCount += 1
            // Deleted rows leave values in the cache; at twice the number of rows, the cache is emptied.
            if memory.values.count > 2 * column.count + 16 { memory.values.removeAll() }
            memory.values[row] = (version, entity, value)
        }
        return value
    }
}

/// A typed view of one component of one entity.
///
/// It ends when the entity is despawned, when the view is released or cancelled, or when the server refuses it.
public final class EntityView<C: Component>: Sendable {
    /// The entity that has the component.
    public let entity: Entity
    @usableFromInline let view: ComponentView<C>

    init(_ session: ClientSession, _ subscription: Subscription, _ entity: Entity) {
        self.entity = entity
        view = ComponentView(session, subscription, entities: [entity])
    }

    /// Why the view ended; `nil` while it lasts.
    public var end: ClientError? { view.end }

    /// Whether the view is not being updated: it has ended, there is no connection, or nothing of a new epoch has
    /// arrived yet.
    public var isStale: Bool { view.isStale }

    /// The component; `nil` if the entity does not have it or is not alive, or if its bytes are not a `C`.
    /// - Complexity: O(1); decodes at most once per change.
    @inlinable public var value: C? { view[entity] }

    /// The batches from now on, with the changes of the component. The first contains what is shown now.
    public var batches: BatchSequence { view.batches }

    /// Compares what the view shows with what the server has, as ``Subscription/verify()``.
    @discardableResult
    public func verify() async throws(ClientError) -> Tick { try await view.verify() }

    /// Ends the view. May be called at any time, and repeatedly.
    public func cancel() { view.cancel() }
}

/// A typed view of a resource: one value of the world, which belongs to no entity.
///
/// It ends when it is released or cancelled, or when the server refuses it or no longer has the resource.
public final class ResourceView<C: Component>: Sendable {
    @usableFromInline let view: ComponentView<C>

    init(_ session: ClientSession, _ subscription: Subscription) {
        view = ComponentView(session, subscription, entities: [.none])
    }

    /// Why the view ended; `nil` while it lasts.
    public var end: ClientError? { view.end }

    /// Whether the view is not being updated: it has ended, there is no connection, or nothing of a new epoch has
    /// arrived yet.
    public var isStale: Bool { view.isStale }

    /// The resource; `nil` if the world has none, or if its bytes are not a `C`.
    /// - Complexity: O(1); decodes at most once per change.
    @inlinable public var value: C? { view[.none] }

    /// The batches from now on, with the changes of the resource. The first contains what is shown now.
    public var batches: BatchSequence { view.batches }

    /// Compares what the view shows with what the server has, as ``Subscription/verify()``.
    @discardableResult
    public func verify() async throws(ClientError) -> Tick { try await view.verify() }

    /// Ends the view. May be called at any time, and repeatedly.
    public func cancel() { view.cancel() }
}

/// Reads single values of a view: the part that is not generic.
@usableFromInline
final class CellSource: Sendable {
    let session: ClientSession
    /// `nil` for all entities.
    let chosen: Set<Entity>?
    private let makeCell: @Sendable (ComponentStore) -> CellReader?
    /// Guard: the session's lock.
    nonisolated(unsafe) private var known: (tableVersion: Int, cell: CellReader?)?

    init(
        _ session: ClientSession, entities: Set<Entity>?, makeCell: @escaping @Sendable (ComponentStore) -> CellReader?
    ) {
        self.session = session
        chosen = entities
        self.makeCell = makeCell
    }

    func shows(_ entity: Entity) -> Bool { chosen?.contains(entity) ?? true }

    @usableFromInline
    func read(_ entity: Entity, into memory: UnsafeMutableRawPointer) -> CellReading {
        guard shows(entity) else { return .absent }
        return session.withStore { store in
            if known?.tableVersion != store.tableVersion { known = (store.tableVersion, makeCell(store)) }
            return known?.cell?.read(entity, in: store, into: memory) ?? .absent
        }
    }
}
