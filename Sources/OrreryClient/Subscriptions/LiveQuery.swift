public import OrreryQuery
public import OrrerySchema
import OrreryStore
import OrrerySync
import OrreryWire
import Synchronization

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
    /// A query that was granted.
    struct Granted {
        let text: String
        let subscription: Subscription
        /// The subscription of the protocol that it had then.
        let id: SubscriptionID
        /// Passes the end of the subscription on.
        var fateObserver = 0
    }

    let session: ClientSession
    private let current: Mutex<Granted>
    private let fate = Subscription.Fate()
    private let fit: Fit
    /// Whose turn it is to ask for something else.
    private let turn = NewestTurn()

    /// - Parameter fit: What the components must satisfy, also in a later epoch.
    init(_ session: ClientSession, _ granted: consuming sending Granted, _ fit: Fit = Fit()) {
        self.session = session
        self.fit = fit
        granted.fateObserver = granted.subscription.fate.addObserver { [fate] in fate.finish($0) }
        current = Mutex(granted)
    }

    /// The subscription of the protocol that it has now, or had at the end: what it showed then is there after it.
    var id: SubscriptionID {
        let (subscription, id) = current.withLock { ($0.subscription, $0.id) }
        return subscription.interest.flatMap { session.subscription(of: $0) } ?? id
    }

    /// The text of the query, as it was written last, without its list of entities.
    public var text: String { current.withLock { $0.text } }

    /// Why the query ended; `nil` while it lasts.
    public var end: ClientError? { fate.end }

    /// Whether the query is not being updated: it has ended, there is no connection, or nothing of a new epoch has
    /// arrived yet.
    public var isStale: Bool { current.withLock { $0.subscription }.isStale }

    /// The entities that match, in the order of the query, or ascending; with `limit` in the query only so many. None
    /// for a query of a resource.
    /// - Complexity: O(n), and O(n log n) with an order.
    public var entities: [Entity] { members.filter { $0 != .none } }

    /// How many entities match: with `limit` or `count` in the query perhaps more than are here.
    /// - Complexity: O(1) with `limit` or `count`, else O(n).
    public var total: Int {
        let id = id
        return session.withCore { $0.extent(of: id)?.total ?? $0.members(of: id).count { $0 != .none } }
    }

    /// Whether the entity that `from` names in the query matches, or has matched: only then the members begin there.
    /// True without `from`.
    /// - Complexity: O(1).
    public var beginsAtItsEntity: Bool {
        let id = id
        return session.withCore { $0.extent(of: id)?.beginsAtItsEntity ?? true }
    }

    /// Whether the entity around which the query's region lies is gone, hidden, or nowhere. The region stays where that
    /// was last, and goes on with it when it is seen again; if it was never seen, there are no members.
    /// - Complexity: O(1).
    public var isCentreLost: Bool {
        let id = id
        return session.withCore { $0.isCentreLost(id) }
    }

    /// The same as ``entities``; `Entity.none` for a resource that matches.
    package var members: [Entity] {
        let id = id
        return session.withCore { $0.members(of: id) }
    }

    /// The resource that the query is of; `nil` if the world has none, if it does not match, or if its bytes are not a
    /// `C`.
    /// - Complexity: O(1).
    public func value<C: Component>(of resource: C.Type) -> C? {
        values(of: resource).first { $0.entity == .none }?.value
    }

    /// The component of every matching entity that has it, of one tick, in the order of ``entities``. Values that
    /// cannot be decoded as `C` are left out, and so are components that the query does not show.
    /// - Complexity: As ``entities``.
    public func values<C: Component>(of type: C.Type) -> [(entity: Entity, value: C)] {
        let id = id
        return session.withCore { core in
            guard let reader = session.bindings.reader(of: type, in: core.store),
                let entry = core.store.table[reader.cell.column], core.granted(id)?.shows(entry) ?? false
            else { return [] }
            return core.members(of: id).compactMap { entity in
                (try? reader.value(of: entity, in: core.store)).flatMap { $0 }.map { (entity, $0) }
            }
        }
    }

    /// The batches from now on, with who joined and left, and the changes of what the query shows. The first contains
    /// what is shown now.
    public var batches: BatchSequence { BatchSequence(session, self, fate, id) }

    /// Asks for something else instead: at one moment the old members leave and the new ones join, and whoever matches
    /// both stays. Until the first state of the new query is there, the old one goes on.
    ///
    /// Its ``batches`` go on too: one of them says what has changed by this. What both queries show is not sent again.
    ///
    /// One replacement is under way at a time. Of those that are asked for meanwhile, as while a filter is being typed,
    /// only the newest is made. One that is under way finishes, also if the task is cancelled.
    /// - Throws: As ``ClientConnection/query(_:for:)``, or ``ClientError`` of code `superseded` if another replacement
    ///   was asked for before it was the turn of this one. Then the old query stays.
    public func replace(with text: QueryText, for entities: [Entity]? = nil) async throws(ClientError) {
        try await turn.begin()
        defer { turn.end() }
        if let end { throw end }
        let replaced = current.withLock { $0.subscription }
        var next = try await session.granted(text, for: entities, fitting: fit, replacing: replaced.interest)
        next.fateObserver = next.subscription.fate.addObserver { [fate] in fate.finish($0) }
        let new = next
        let old = current.withLock { current in
            defer { current = new }
            return current
        }
        old.subscription.fate.removeObserver(old.fateObserver)
        session.observe(new.subscription, insteadOf: old.subscription, of: ObjectIdentifier(self))
        old.subscription.cancel()
        // It may have ended meanwhile.
        if let end = fate.end {
            new.subscription.cancel()
            throw end
        }
    }

    /// Compares all that the query shows with what the server has, as ``Subscription/verify()``.
    @discardableResult
    public func verify() async throws(ClientError) -> Tick {
        while true {
            let subscription = current.withLock { $0.subscription }
            do throws(ClientError) {
                return try await subscription.verify()
            } catch {
                // What was replaced meanwhile ends; the query goes on.
                guard error.code == .closed, end == nil, current.withLock({ $0.subscription !== subscription }) else {
                    throw error
                }
            }
        }
    }

    /// Ends the query. May be called at any time, and repeatedly.
    public func cancel() {
        fate.finish(ClientError(.closed, "the query was cancelled", phase: .subscribe))
        current.withLock { $0.subscription }.cancel()
    }
}

extension ClientConnection {
    /// Asks for the entities that match a query, and waits until their first state has arrived. docs/QUERIES.md
    /// describes the language.
    ///
    /// The server decides who matches, and sends only what matches and changes.
    /// - Parameters:
    ///   - text: The query. Interpolated values are quoted; a `String` variable as a whole is `QueryText(text)`.
    ///   - entities: The only entities that may match, as `entity in (…)` says; `nil` for no such list.
    ///     With a list the text may be empty: everything is shown then.
    /// - Throws: ``ClientError`` of code `query` for a text that is no query of this server, with the place in
    ///   ``ClientError/query``; of code `unknownEntity` if none of the listed entities is alive; `limitReached`,
    ///   `cancelled`, and the errors of a lost connection.
    public func query(_ text: QueryText, for entities: [Entity]? = nil) async throws(ClientError) -> LiveQuery {
        LiveQuery(session, try await session.granted(text, for: entities))
    }
}

extension ClientSession {
    /// Asks for a query, and waits for its first state.
    /// - Parameter old: The interest in a query whose place it takes.
    func granted(
        _ text: QueryText, for entities: [Entity]?, fitting fit: Fit = Fit(),
        replacing old: SubscriptionPool.InterestID? = nil
    ) async throws(ClientError) -> sending LiveQuery.Granted {
        let text = try ClientError.checking(text)
        let fate = Subscription.Fate()
        let interest = join(
            try request(text, for: entities, phase: .subscribe), of: nil, fate, fit, replacing: old)
        let subscription = Subscription(self, interest, fate, BatchFilter())
        // What takes the place of another may have done so when its end arrives at the server: then both would be over.
        try await fate.started.value(isCancellable: old == nil)
        guard let id = interest.flatMap(self.subscription) else {
            throw fate.end ?? ClientError(.closed, "the query was cancelled", phase: .subscribe)
        }
        return LiveQuery.Granted(text: text, subscription: subscription, id: id)
    }

    /// A query without entities that no server has.
    func request(
        _ text: String, for entities: [Entity]?, phase: ClientError.Phase
    ) throws(ClientError) -> QueryRequest {
        let possible = entities.map { $0.filter(mayLive) }
        guard possible?.isEmpty != true || entities?.isEmpty != false else {
            throw ClientError(
                .unknownEntity, "none of the entities is alive: no server has an entity of that index", phase: phase)
        }
        return QueryRequest(text, entities: possible)
    }
}
