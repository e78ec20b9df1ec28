public import OrreryQuery
public import OrrerySchema
import OrreryStore
package import OrrerySync
public import OrreryWire

/// The entities that matched a query at one tick, and what the query shows of them. It never changes.
///
/// ```swift
/// let hurt = try await connection.rows("Health, Position? where Health.current < 50")
/// for (entity, health) in hurt.values(of: Health.self) {
///     print(hurt.tick, entity, health.current, hurt[entity, Position.self]?.x ?? 0)
/// }
/// ```
public struct Rows: Sendable {
    package let answer: QueryAnswer
    private let bindings: Bindings

    init(_ answer: QueryAnswer, _ bindings: Bindings) {
        self.answer = answer
        self.bindings = bindings
    }

    private var snapshot: Snapshot { Snapshot(answer.store, tick: tick, lag: 0, bindings) }

    /// The epoch (life of the world) in which the query was answered.
    public var epoch: Epoch { answer.revision.epoch }

    /// The tick at which the query was answered: all of it is of this tick.
    public var tick: Tick { answer.revision.tick }

    /// What the evaluation cost.
    public var cost: QueryCost { answer.cost }

    /// The number of entities.
    public var count: Int { entities.count }

    /// How many entities matched: with `limit` or `count` in the query perhaps more than are here.
    public var total: Int { answer.head.extent.total }

    /// The entities that matched, in the order of the query, or ascending; with `limit` in the query only so many.
    public var entities: [Entity] { answer.shown.resource == nil ? answer.members : [] }

    /// The same; `Entity.none` for a resource that matched.
    package var members: [Entity] { answer.members }

    /// The resource that the query is of; `nil` if it did not match, or if its bytes are not a `C`.
    /// - Complexity: O(1).
    public func value<C: Component>(of resource: C.Type) -> C? { snapshot[resource: C.self] }

    /// The component of an entity; `nil` if the entity did not match or does not have it, if the query does not show
    /// it, or if its bytes are not a `C`.
    /// - Complexity: O(1).
    public subscript<C: Component>(entity: Entity, type: C.Type) -> C? { snapshot[entity, type] }

    /// The component of every entity that has it, in the order of ``entities``. Values that cannot be decoded as `C`
    /// are left out, and so are components that the query does not show.
    /// - Complexity: O(n).
    public func values<C: Component>(of type: C.Type) -> [(entity: Entity, value: C)] {
        snapshot.values(of: type, for: entities)
    }

    /// The components that an entity has and the query shows, in the server's order.
    public func components(of entity: Entity) -> [ComponentSchema] { snapshot.components(of: entity) }

    /// A component decoded by its schema; `nil` if the entity does not have it or the query does not show it.
    /// - Throws: `CodecError` if the bytes are not a value of the schema.
    public func value(of component: String, of entity: Entity) throws(CodecError) -> DynamicValue? {
        try snapshot.value(of: component, of: entity)
    }

    /// The raw bytes of a component; `nil` if the entity does not have it or the query does not show it.
    /// - Complexity: O(1).
    public func bytes(of component: String, of entity: Entity) -> [UInt8]? {
        snapshot.bytes(of: component, of: entity)
    }
}

extension ClientConnection {
    /// Asks a query once: who matches it at one tick, and what it shows of them. Nothing is kept up to date afterwards;
    /// ``query(_:for:)`` does that. docs/QUERIES.md describes the language.
    ///
    /// The server answers the queries of a client one after the other. If the connection is lost, the query is asked
    /// again with the next one. Cancelling the task cancels the query.
    /// - Parameters:
    ///   - text: The query.
    ///   - entities: The only entities that may match, as `entity in (…)` says; `nil` for no such list. With a list the
    ///     text may be empty: everything is shown then.
    ///   - tick: The query is answered once the world has reached this tick.
    /// - Throws: ``ClientError`` of code `query` for a text that is no query of this server, or that looks at more rows
    ///   or has a longer answer than the server allows, with the place in ``ClientError/query``; of code
    ///   `unknownEntity` if none of the listed entities is alive; `limitReached` if too many queries wait, or the tick
    ///   did not come in time; `cancelled`, and the errors of a lost connection.
    public func rows(
        _ text: QueryText, for entities: [Entity]? = nil, atLeast tick: Tick = .zero
    ) async throws(ClientError) -> Rows {
        let text = try ClientError.checking(text, phase: .query)
        let request = try session.request(text, for: entities, phase: .query)
        return try await rows(OneShotQuery(request, atLeast: tick))
    }

    package func rows(_ query: OneShotQuery) async throws(ClientError) -> Rows {
        let promise = Promise<QueryAnswer>()
        let id = session.ask(query) { promise.keep($0) }
        do throws(ClientError) {
            return Rows(try await promise.value(), session.bindings)
        } catch {
            if let id, error.code == .cancelled { session.cancelQuery(id) }
            throw error
        }
    }
}
