public import OrrerySchema
import OrreryStore
import OrrerySync
import OrreryWire

/// A query that is kept up to date until it ends: who matches it, and what it shows of them.
///
/// ```swift
/// let hurt = try await connection.query("Health, Position where Health.current < 50")
/// print(hurt.entities)
/// for try await batch in hurt.batches {
///     for entity in batch.left { marks[entity] = nil }
///     for entity in batch.joined { marks[entity] = Mark() }
/// }
/// ```
///
/// It ends once: when it is cancelled, when its last reference is released (a sequence of its ``batches`` holds one),
/// when the server refuses it, or with the connection.
public final class LiveQuery: Sendable {
    /// The text of the query, as it was written, without its list of entities.
    public let text: String
    private let session: ClientSession
    private let subscription: Subscription
    private let id: SubscriptionID

    init(_ text: String, _ session: ClientSession, _ subscription: Subscription, _ id: SubscriptionID) {
        self.text = text
        self.session = session
        self.subscription = subscription
        self.id = id
    }

    /// Why the query ended; `nil` while it lasts.
    public var end: ClientError? { subscription.end }

    /// Whether the query is not being updated: it has ended, there is no connection, or nothing of a new epoch has
    /// arrived yet.
    public var isStale: Bool { subscription.isStale }

    /// The entities that match, ascending.
    /// - Complexity: O(n).
    public var entities: [Entity] { session.withCore { $0.members(of: id) } }

    /// The component of every matching entity that has it, of one tick, ascending by entity. Values that cannot be
    /// decoded as `C` are left out, and so are components that the query does not show.
    /// - Complexity: O(n).
    public func values<C: Component>(of type: C.Type) -> [(entity: Entity, value: C)] {
        session.withCore { core in
            guard let reader = session.bindings.reader(of: type, in: core.store),
                core.granted(id)?.shows(reader.cell.column) ?? false
            else { return [] }
            return core.members(of: id).compactMap { entity in
                (try? reader.value(of: entity, in: core.store)).flatMap { $0 }.map { (entity, $0) }
            }
        }
    }

    /// The batches from now on, with who joined and left, and the changes of what the query shows. The first contains
    /// what is shown now.
    public var batches: BatchSequence { BatchSequence(session, subscription, query: id) }

    /// Ends the query. May be called at any time, and repeatedly.
    public func cancel() { subscription.cancel() }
}

extension ClientConnection {
    /// Asks for the entities that match a query, and waits until their first state has arrived. docs/QUERIES.md
    /// describes the language.
    ///
    /// The server decides who matches, and sends only what matches and changes.
    /// - Parameter entities: The only entities that may match, as `entity in (…)` says; `nil` for no such list.
    ///   With a list the text may be empty: everything is shown then.
    /// - Throws: ``ClientError`` of code `query` for a text that is no query of this server, with the place in
    ///   ``ClientError/query``; of code `unknownEntity` if none of the listed entities is alive; `limitReached`,
    ///   `cancelled`, and the errors of a lost connection.
    public func query(_ text: String, for entities: [Entity]? = nil) async throws(ClientError) -> LiveQuery {
        let fate = Subscription.Fate()
        let possible = entities.map { $0.filter(session.mayLive) }
        guard possible?.isEmpty != true || entities?.isEmpty != false else {
            throw ClientError(
                .unknownEntity, "none of the entities is alive: no server has an entity of that index",
                phase: .subscribe)
        }
        let interest = session.join(QueryRequest(text, entities: possible), of: nil, fate, Fit())
        let subscription = Subscription(session, interest, fate, BatchFilter())
        try await fate.started.value()
        guard let id = interest.flatMap(session.subscription) else {
            throw fate.end ?? ClientError(.closed, "the query was cancelled", phase: .subscribe)
        }
        return LiveQuery(text, session, subscription, id)
    }
}
