public import OrreryClient
import OrreryQuery
public import OrrerySchema
package import OrrerySync
import OrreryStore
import OrreryTransport
package import OrreryWire
import Synchronization

/// A client of a ``JoinedWorld``: the real client, but driven by the test.
public final class JoinedClient {
    /// A stalled client does not read: messages for it stay in the network, and then at the server.
    public var isStalled = false
    /// The maximum number of messages that a slow reader takes in each ``JoinedWorld/deliver()``; `nil` for no limit.
    public var messagesPerDeliveryMax: Int?
    /// The condition of the network between this client and the server. It applies to messages already on the way and
    /// to later ones, over all connections of this client.
    public var link = LinkCondition() {
        didSet { loop.setConditions(toServer: link.toServer.lane, toClient: link.toClient.lane) }
    }
    package let session: ClientSession
    /// The typed client, as in a program. Code that waits on it runs inside ``JoinedWorld/run(ticksMax:_:)``.
    public let connection: ClientConnection
    private var loop: MemoryLoop
    private let network: MemoryNetwork
    private let limits: TransportLimits
    private let url: String
    private let token: String?
    private let clock: SimulatedClock
    private var generator = SeededGenerator(seed: 1)
    /// When the next connection attempt is due.
    private var retryAt: Duration?
    private var comesBackAtOnce = false
    /// When an unfinished connection attempt fails, as an attempt over a socket would.
    private var attemptEndsAt: Duration
    private static let connectTimeout: Duration = .seconds(5)
    private var takenMessageCount = 0
    /// The name that the client sends to the server.
    public let name: String
    private let loss: BatchLoss
    private let applied: AppliedLog

    /// The batches and errors that a client received, in order.
    private final class AppliedLog: Sendable {
        let state = Mutex<(batches: [AppliedBatch], errors: [ClientError], end: ClientError?)>(([], [], nil))
    }

    init(
        network: MemoryNetwork, url: String, clock: SimulatedClock, name: String, token: String? = nil,
        configuration: ClientConfiguration = .init()
    ) throws {
        self.network = network
        self.name = name
        self.url = url
        self.token = token
        self.clock = clock
        limits = configuration.transportLimits
        attemptEndsAt = clock.now + Self.connectTimeout
        loop = try Self.makeLoop(network, url, token, limits)
        let session = ClientSession(
            core: SyncClient(clientName: name, configuration: configuration.sync), loop: loop, url: url,
            policy: .automatic, configuration: configuration, now: { clock.now })
        self.session = session
        connection = ClientConnection(url: url, session: session)
        loss = BatchLoss(session)
        let applied = AppliedLog()
        self.applied = applied
        _ = session.addObserver { result in
            applied.state.withLock { state in
                switch result {
                case .success(let batch): state.batches.append(batch)
                case .failure(let error): state.end = error
                }
            }
        }
        _ = session.addErrorObserver { error in
            applied.state.withLock { state in
                if let error { state.errors.append(error) }
            }
        }
    }

    private static func makeLoop(
        _ network: MemoryNetwork, _ url: String, _ token: String?, _ limits: TransportLimits
    ) throws -> MemoryLoop {
        guard let loop = try network.client.connect(to: url, token: token, limits: limits) as? MemoryLoop else {
            preconditionFailure("a memory network makes memory loops")
        }
        return loop
    }

    /// Begins a delivery.
    func beginDelivery() { takenMessageCount = 0 }

    /// - Returns: whether anything was handled.
    func poll() -> Bool {
        guard !isStalled else { return false }
        if let due = retryAt {
            guard clock.now >= due, let next = try? Self.makeLoop(network, url, token, limits), session.attach(next)
            else {
                return false
            }
            loop = next
            loop.setConditions(toServer: link.toServer.lane, toClient: link.toClient.lane)
            retryAt = nil
            attemptEndsAt = clock.now + Self.connectTimeout
            return true
        }
        if session.silence == nil, clock.now >= attemptEndsAt { loop.cut(tellsPeers: false) }
        let handled = pollLoop()
        if loop.hasFinished, end == nil {
            guard let delay = session.nextDelay(random: .random(in: 0...1, using: &generator)) else { return handled }
            retryAt = comesBackAtOnce ? clock.now : clock.now + delay
            comesBackAtOnce = false
        }
        return handled
    }

    private func pollLoop() -> Bool {
        guard let countMax = messagesPerDeliveryMax else { return loop.poll(loss) }
        guard takenMessageCount < countMax else { return false }
        let handled = loop.poll(loss, atMost: 1)
        if handled { takenMessageCount += 1 }
        return handled
    }

    /// Breaks the connection; the client reconnects after a delay. Messages on the way are lost.
    /// - Parameter serverNotices: If `false`, the server has to detect the loss by itself.
    public func cut(serverNotices: Bool = true) {
        loop.cut(tellsPeers: serverNotices)
    }

    /// Drops one of the next batches, as a faulty relay might: the first whose loss the following message reveals.
    public func loseBatch() { loss.isDue = true }

    /// Drops nothing any more, whatever ``loseBatch()`` asked for. Call ``JoinedWorld/deliver()`` afterwards.
    public func loseNoBatch() { loss.stop() }

    /// Abandons the current connection and makes another, so that the server has two connections of one client. The old
    /// connection is half open: what the client sent on it and is still on the way (see ``link``) arrives later.
    /// - Parameters:
    ///   - link: The condition of the network from now on.
    ///   - lateness: The minimum time until the rest of the old connection's messages arrives.
    public func connectAnew(over link: LinkCondition = LinkCondition(), oldArrivesAfter lateness: Duration = .zero) {
        guard retryAt == nil else { return }
        loop.cut(tellsPeers: false, sentArrivesAfter: lateness)
        self.link = link
        comesBackAtOnce = true
    }

    /// Closes the connection from this side, for good.
    public func close() { session.close() }

    /// Requests a mutation. Its outcome arrives with a later delivery.
    package func mutate(
        _ operation: Mutation.Operation, _ answer: @escaping @Sendable (Result<MutationOutcome, ClientError>) -> Void
    ) {
        session.mutate(operation, answer)
    }

    /// The errors received since the last call.
    public func takeErrors() -> [ClientError] {
        applied.state.withLock { state in
            defer { state.errors = [] }
            return state.errors
        }
    }

    /// Subscribes to components of all entities or of one. The answer arrives with the next delivery.
    /// - Parameter components: Component names; all by default.
    @discardableResult
    package func subscribe(_ components: [String]? = nil, of entity: Entity? = nil) -> SubscriptionID? {
        subscribe(components, of: entity.map { [$0] })
    }

    /// Subscribes to components of these entities; of all for `nil`.
    @discardableResult
    package func subscribe(_ components: [String]? = nil, of entities: [Entity]?) -> SubscriptionID? {
        query(
            entities == nil ? components.map(QueryText.any) ?? "*" : QueryText.ofListed(components), of: entities)
    }

    /// Subscribes to a query.
    /// - Parameter old: A subscription whose place it takes once it has started.
    @discardableResult
    package func query(
        _ text: String, of entities: [Entity]? = nil, replacing old: SubscriptionID? = nil
    ) -> SubscriptionID? {
        session.subscribe(QueryRequest(text, entities: entities), replacing: old) { _ in }
    }

    /// Keeps the batches of a query in a log, from what it shows now on.
    /// - Returns: The number by which the batches list its changes.
    @discardableResult
    package func observe(_ id: SubscriptionID, _ log: BatchLog) -> Int {
        session.addObserver(ofQuery: id) { result in
            if case .success(let batch) = result { log.append(batch) }
        }
    }

    /// Ends a subscription. The answer arrives with the next delivery.
    package func unsubscribe(_ id: SubscriptionID) {
        session.unsubscribe(id) { _ in }
    }

    /// The contents of this client's store.
    public var contents: Contents { session.withCore { Contents(of: $0.store) } }

    /// The epoch and the tick that the client shows.
    public var revision: Revision { session.withCore { Revision(epoch: $0.shownEpoch, tick: $0.tick) } }

    /// Whether the client is connected and the server has welcomed it.
    public var isWelcomed: Bool { session.withCore { $0.isWelcomed } }

    /// The size of the client's store in bytes.
    public var storeByteCount: Int { session.withCore { $0.store.byteCount } }

    /// Decodes every value by its schema, as a tool without the types does.
    /// - Returns: The number of values that do not match their schema.
    public func readValues() -> Int {
        session.withCore { core in
            core.store.table.entries.reduce(0) { count, entry in
                guard let type = entry.schema?.type else { return count }
                let column = core.store[entry.column]
                return count
                    + column.rows.indexes.count { row in
                        column.withValue(of: row) { (try? DynamicValue(decoding: $0, as: type)) == nil } ?? false
                    }
            }
        }
    }

    /// The tick that the client shows.
    public var tick: Tick { session.withCore { $0.tick } }

    /// The batches applied since the last call.
    package func takeBatches() -> [AppliedBatch] {
        applied.state.withLock { state in
            defer { state.batches = [] }
            return state.batches
        }
    }

    /// The number of batches applied since the last call of this method or of `takeBatches()`.
    @discardableResult
    public func takeBatchCount() -> Int { takeBatches().count }

    /// What the client waits for, in a sentence; `nil` if it waits for nothing.
    var waits: String? {
        let status = session.status
        let (subscriptions, queries) = session.withCore { ($0.waitingSubscriptionCount, $0.waitingQueryCount) }
        let parts = [
            status.state == .connecting || status.state == .waiting ? "a connection" : nil,
            subscriptions > 0 ? "the first state of \(subscriptions) subscriptions" : nil,
            queries > 0 ? "the answers to \(queries) queries" : nil,
            status.pendingMutationCount > 0 ? "the outcomes of \(status.pendingMutationCount) mutations" : nil,
        ].compactMap(\.self)
        return parts.isEmpty ? nil : "'\(name)' waits for \(parts.joined(separator: ", "))"
    }

    package var occupancies: [Occupancy] { session.withCore(\.occupancies) + loop.occupancies }

    /// Why the connection ended; `nil` while it lasts.
    public var end: ClientError? { applied.state.withLock { $0.end } }

    /// A hash of all messages that it receives from now on, in their order.
    package func hashMessages() { loss.hashesMessages = true }
    package var messageHash: UInt64 { loss.received.value }

    /// The number of bytes of all received messages.
    public var receivedByteCount: UInt64 { session.receivedByteCount }
}

/// Batches in the order in which they were applied.
package final class BatchLog: Sendable {
    private let batches = Mutex<[AppliedBatch]>([])

    package init() {}

    func append(_ batch: AppliedBatch) { batches.withLock { $0.append(batch) } }

    /// Those since the last call.
    package func take() -> [AppliedBatch] {
        batches.withLock { batches in
            defer { batches = [] }
            return batches
        }
    }
}
