public import OrreryClient
public import OrrerySchema
public import OrrerySync
import OrreryTransport
import OrreryStore
public import OrreryWire
import Synchronization

/// A client of a ``JoinedWorld``: the real one, but moved on by hand.
public final class JoinedClient {
    /// A stalled client does not read: what is sent to it stays in the network, and then with the server.
    public var isStalled = false
    package let session: ClientSession
    private var loop: MemoryLoop
    private let network: MemoryNetwork
    private let limits: TransportLimits
    private let url: String
    private let clock: SimulatedClock
    private var generator = SeededGenerator(seed: 1)
    /// When the next attempt at a connection is due.
    private var retryAt: Duration?
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
        self.url = url
        self.clock = clock
        limits = configuration.transportLimits
        loop = try Self.makeLoop(network, url, limits)
        let session = ClientSession(
            core: SyncClient(clientName: name, configuration: configuration.sync), loop: loop, url: url,
            policy: .automatic, configuration: configuration, now: { clock.now })
        self.session = session
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

    /// - Returns: whether anything was handled.
    func poll() -> Bool {
        if let due = retryAt {
            guard clock.now >= due, let next = try? Self.makeLoop(network, url, limits), session.attach(next) else {
                return false
            }
            loop = next
            retryAt = nil
            return true
        }
        let handled = loop.poll(session)
        if loop.hasFinished, end == nil {
            guard let delay = session.nextDelay(random: .random(in: 0...1, using: &generator)) else { return handled }
            retryAt = clock.now + delay
        }
        return handled
    }

    /// Breaks the connection. It is made anew after a while.
    /// - Parameter serverNotices: otherwise the server finds out by itself.
    public func cut(serverNotices: Bool = true) {
        loop.cut(tellsPeers: serverNotices)
    }

    /// Closes the connection from this side, for good.
    public func close() { session.close() }

    /// Wants something changed. The outcome comes with a later delivery.
    public func mutate(
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
    public func subscribe(_ components: [String]? = nil, of entity: Entity? = nil) -> SubscriptionID? {
        let numbers = components.map { names in
            session.withCore { core in
                names.compactMap { name in core.store.schemas.firstIndex { $0.name == name } }
            }
        }
        let selection = Selection(
            entities: entity.map { .one($0) } ?? .all,
            components: numbers.map { .some($0.map(ColumnID.init)) } ?? .all)
        return session.subscribe(selection) { _ in }
    }

    /// Asks no longer. The answer comes with the next delivery.
    public func unsubscribe(_ id: SubscriptionID) {
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
            core.store.columns.indices.reduce(0) { count, number in
                let type = core.store.schemas[number].type
                let column = core.store.columns[number]
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
    public func takeBatches() -> [AppliedBatch] {
        applied.state.withLock { state in
            defer { state.batches = [] }
            return state.batches
        }
    }

    /// Why its connection is over, if it is.
    public var end: ClientError? { applied.state.withLock { $0.end } }

    /// Bytes of all messages that it has received.
    public var receivedByteCount: UInt64 { session.receivedByteCount }
}
