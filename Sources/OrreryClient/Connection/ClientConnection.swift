public import OrrerySchema
package import OrreryStore
public import OrrerySync
import OrreryWire

/// A live connection to a world. It keeps the subscribed state up to date.
///
/// All methods may be called from any task.
public final class ClientConnection: Sendable {
    /// The URL of the world.
    public let url: String
    package let session: ClientSession

    package init(url: String, session: ClientSession) {
        self.url = url
        self.session = session
    }

    /// The components that the server shows and this client can read, in the server's order.
    public var components: [ComponentSchema] { session.withCore { $0.store.table.schemas(ofResources: false) } }

    /// The resources that the server shows and this client can read, in the server's order.
    public var resources: [ComponentSchema] { session.withCore { $0.store.table.schemas(ofResources: true) } }

    /// What the server shows of itself (`ServerStatus`, `SystemStatus` and others), if this client may look: those
    /// that it can read, in the server's order.
    public var statusComponents: [ComponentSchema] { session.withCore { $0.store.table.statusSchemas } }

    /// The server's components, with their numbers.
    package var componentTable: ComponentTable { session.withCore { $0.table } }

    /// The server's components whose values this client keeps but cannot read, each with a sentence that says why.
    public var unreadableComponents: [(name: String, problem: String)] {
        session.withCore { core in
            core.table.entries.compactMap { entry in entry.problem.map { (entry.name, $0) } }
        }
    }

    /// The epoch (life of the world) that is shown.
    public var epoch: Epoch { session.withCore { $0.shownEpoch } }

    /// What the server lets this client do; nothing until the first connection is made.
    public var rights: AccessRights {
        session.withCore { AccessRights(rawValue: $0.welcome?.session.rights ?? 0) }
    }

    /// What the server's rules know this client by (`client.id`); `nil` until the first connection is made.
    ///
    /// It stays the same while connections are lost and made again. A server that restarts gives new ones.
    public var clientID: ClientID? {
        session.withCore { core in core.welcome.flatMap { $0.session.client > 0 ? ClientID($0.session.client) : nil } }
    }

    /// Ticks per second.
    public var tickRate: Double { session.withCore { Double($0.welcome?.ticksPer1000Seconds ?? 0) / 1000 } }

    /// The tick that is shown.
    public var tick: Tick { session.withCore { $0.tick } }

    /// How many ticks this client is behind the newest tick it has heard of.
    public var lag: UInt64 { session.withCore { $0.serverTick.rawValue - min($0.tick, $0.serverTick).rawValue } }

    /// Why the connection ended; `nil` while it lasts.
    public var end: ClientError? { session.end }

    /// Whether the shown state is not being updated: there is no connection, or nothing of a new epoch has arrived yet.
    public var isStale: Bool { session.isStale }

    /// Bytes received so far.
    public var receivedByteCount: UInt64 { session.receivedByteCount }

    /// The schema of a component.
    /// - Throws: ``ClientError`` of code `component` that lists the available names.
    public func schema(of component: String) throws(ClientError) -> ComponentSchema {
        try serverComponents(phase: .subscribe).readable(component).schema
    }

    /// The current status of the connection.
    public var status: ConnectionStatus { session.status }

    /// The status of the connection: now, and whenever the connection is made, lost, stale or ended. Only the newest
    /// status waits for a reader. Its counts are from that moment; ``status`` has the current ones.
    public var statuses: AsyncStream<ConnectionStatus> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let observer = session.addStatusObserver { status in
                if let status { continuation.yield(status) } else { continuation.finish() }
            }
            continuation.onTermination = { _ in self.session.removeStatusObserver(observer) }
        }
    }

    /// Every error from now on, once: lost connections, failed attempts, and refused mutations whose outcome nobody
    /// awaited. The newest 64 wait for a reader.
    public var errors: AsyncStream<ClientError> {
        AsyncStream(bufferingPolicy: .bufferingNewest(64)) { continuation in
            let observer = session.addErrorObserver { error in
                if let error { continuation.yield(error) } else { continuation.finish() }
            }
            continuation.onTermination = { _ in self.session.removeErrorObserver(observer) }
        }
    }

    /// The batches applied from now on, with the changes of everything subscribed to. The first contains what is shown
    /// now.
    public var batches: BatchSequence { BatchSequence(session, nil) }

    /// Reads several values of one tick, also through views. No batch is applied while `body` runs, so be quick.
    /// - Precondition: `body` only reads: it does not subscribe, make sequences or close.
    public func withSnapshot<R, Failure: Error>(_ body: (Snapshot) throws(Failure) -> R) throws(Failure) -> R {
        try session.withCore { (core) throws(Failure) in try body(Snapshot(core, session.bindings)) }
    }

    /// Closes the connection. Nothing is applied afterwards.
    public func close() { session.close() }

    func serverComponents(phase: ClientError.Phase) -> ServerComponents {
        session.withCore { session.components(of: $0, phase: phase) }
    }
}
