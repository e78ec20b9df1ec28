public import OrreryClient
public import OrrerySchema
package import OrrerySync
import OrreryStore
import OrreryTransport
package import OrreryWire
import Synchronization

/// A client of a ``JoinedWorld``: the real one, but moved on by hand.
public final class JoinedClient {
    /// A stalled client does not read: what is sent to it stays in the network, and then with the server.
    public var isStalled = false
    /// A slow reader takes at most so many messages in each ``JoinedWorld/deliver()``; `nil` for no limit.
    public var messagesPerDeliveryMax: Int?
    /// What the network between this client and the server does, to what is under way and to what is sent from now on,
    /// over all its connections.
    public var link = LinkCondition() {
        didSet { loop.setConditions(toServer: link.toServer.lane, toClient: link.toClient.lane) }
    }
    package let session: ClientSession
    /// The typed client, as a program has it. What waits goes on inside ``JoinedWorld/run(ticksMax:_:)``.
    public let connection: ClientConnection
    private var loop: MemoryLoop
    private let network: MemoryNetwork
    private let limits: TransportLimits
    private let url: String
    private let clock: SimulatedClock
    private var generator = SeededGenerator(seed: 1)
    /// When the next attempt at a connection is due.
    private var retryAt: Duration?
    private var comesBackAtOnce = false
    /// An attempt at a connection that has come to nothing by then has failed, as one over a socket has.
    private var attemptEndsAt: Duration
    private static let connectTimeout: Duration = .seconds(5)
    private var takenMessageCount = 0
    /// With which it introduces itself.
    public let name: String
    private let loss: BatchLoss
    private let applied: AppliedLog

    /// What a client was told, in order.
    private final class AppliedLog: Sendable {
        let state = Mutex<(batches: [AppliedBatch], errors: [ClientError], end: ClientError?)>(([], [], nil))
    }

    init(
        network: MemoryNetwork, url: String, clock: SimulatedClock, name: String,
        configuration: ClientConfiguration = .init()
    ) throws {
        self.network = network
        self.name = name
        self.url = url
        self.clock = clock
        limits = configuration.transportLimits
        attemptEndsAt = clock.now + Self.connectTimeout
        loop = try Self.makeLoop(network, url, limits)
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
        _ network: MemoryNetwork, _ url: String, _ limits: TransportLimits
    ) throws -> MemoryLoop {
        guard let loop = try network.client.connect(to: url, limits: limits) as? MemoryLoop else {
            preconditionFailure("a memory network makes memory loops")
        }
        return loop
    }

    /// A delivery begins.
    func beginDelivery() { takenMessageCount = 0 }

    /// - Returns: whether anything was handled.
    func poll() -> Bool {
        guard !isStalled else { return false }
        if let due = retryAt {
            guard clock.now >= due, let next = try? Self.makeLoop(network, url, limits), session.attach(next) else {
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

    /// Breaks the connection. It is made anew after a while. What is under way is lost.
    /// - Parameter serverNotices: otherwise the server finds out by itself.
    public func cut(serverNotices: Bool = true) {
        loop.cut(tellsPeers: serverNotices)
    }

    /// Loses one of the next batches, as a bad relay might: the first of which the loss can be noticed by the one that
    /// follows it.
    public func loseBatch() { loss.isDue = true }

    /// Leaves its connection as it is and makes another one, so that the server has two of one client: the old one is
    /// half open, and what the client sent on it and is still under way (see ``link``) arrives later.
    /// - Parameters:
    ///   - link: what the network does from now on.
    ///   - lateness: after which time the rest of the old one arrives, at the earliest.
    public func connectAnew(over link: LinkCondition = LinkCondition(), oldArrivesAfter lateness: Duration = .zero) {
        guard retryAt == nil else { return }
        loop.cut(tellsPeers: false, sentArrivesAfter: lateness)
        self.link = link
        comesBackAtOnce = true
    }

    /// Closes the connection from this side, for good.
    public func close() { session.close() }

    /// Wants something changed. The outcome comes with a later delivery.
    package func mutate(
        _ operation: Mutation.Operation, _ answer: @escaping @Sendable (Result<MutationOutcome, ClientError>) -> Void
    ) {
        session.mutate(operation, answer)
    }

    /// The errors that it was told of since it was last asked.
    public func takeErrors() -> [ClientError] {
        applied.state.withLock { state in
            defer { state.errors = [] }
            return state.errors
        }
    }

    /// Asks for components of all entities or of one. The answer comes with the next delivery.
    /// - Parameter components: names; all unless stated.
    @discardableResult
    package func subscribe(_ components: [String]? = nil, of entity: Entity? = nil) -> SubscriptionID? {
        subscribe(components, of: entity.map { .one($0) } ?? .all)
    }

    /// Asks for components of these entities.
    @discardableResult
    package func subscribe(_ components: [String]? = nil, of entities: Selection.Entities) -> SubscriptionID? {
        session.subscribe(
            SubscriptionRequest(entities: entities, components: components.map { .named($0) } ?? .all)
        ) { _ in }
    }

    /// Asks no longer. The answer comes with the next delivery.
    package func unsubscribe(_ id: SubscriptionID) {
        session.unsubscribe(id) { _ in }
    }

    /// What this client knows.
    public var contents: Contents { session.withCore { Contents(of: $0.store) } }

    /// Which life of the world it shows, and the tick.
    public var revision: Revision { session.withCore { Revision(epoch: $0.shownEpoch, tick: $0.tick) } }

    /// Whether there is a connection, and the server has welcomed it.
    public var isWelcomed: Bool { session.withCore { $0.isWelcomed } }

    /// Bytes that its store takes.
    public var storeByteCount: Int { session.withCore { $0.store.byteCount } }

    /// Reads every value by its schema, as a tool does that knows none of the types.
    /// - Returns: how many there are that are no value of their schema.
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

    /// The tick whose state it shows.
    public var tick: Tick { session.withCore { $0.tick } }

    /// The batches that it has applied since it was last asked.
    package func takeBatches() -> [AppliedBatch] {
        applied.state.withLock { state in
            defer { state.batches = [] }
            return state.batches
        }
    }

    /// How many batches it has applied since this was last asked.
    @discardableResult
    public func takeBatchCount() -> Int { takeBatches().count }

    /// What it waits for, in a sentence; `nil` if for nothing.
    var waits: String? {
        let status = session.status
        let subscriptions = session.withCore(\.waitingSubscriptionCount)
        let parts = [
            status.state == .connecting || status.state == .waiting ? "a connection" : nil,
            subscriptions > 0 ? "the first state of \(subscriptions) subscriptions" : nil,
            status.pendingMutationCount > 0 ? "the outcomes of \(status.pendingMutationCount) mutations" : nil,
        ].compactMap(\.self)
        return parts.isEmpty ? nil : "'\(name)' waits for \(parts.joined(separator: ", "))"
    }

    package var occupancies: [Occupancy] { session.withCore(\.occupancies) + loop.occupancies }

    /// Why its connection is over, if it is.
    public var end: ClientError? { applied.state.withLock { $0.end } }

    /// Bytes of all messages that it has received.
    public var receivedByteCount: UInt64 { session.receivedByteCount }
}
