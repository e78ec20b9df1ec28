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
    private let loop: MemoryLoop
    private let applied: AppliedLog

    /// The batches of a client, in order.
    private final class AppliedLog: Sendable {
        let state = Mutex<(batches: [AppliedBatch], end: ClientError?)>(([], nil))
    }

    init(network: MemoryNetwork, url: String, clock: SimulatedClock, name: String) throws {
        guard let loop = try network.client.connect(to: url, limits: TransportLimits()) as? MemoryLoop else {
            preconditionFailure("a memory network makes memory loops")
        }
        self.loop = loop
        let session = ClientSession(core: SyncClient(clientName: name), loop: loop, url: url, now: { clock.now })
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
    }

    /// - Returns: whether anything was handled.
    func poll() -> Bool { loop.poll(session) }

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
