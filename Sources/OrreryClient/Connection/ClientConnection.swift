public import OrrerySchema
package import OrreryStore
import OrrerySync
import OrreryWire

/// A live connection to a world: what it has, kept up to date as it is subscribed to.
///
/// All methods may be called from any task.
public final class ClientConnection: Sendable {
    /// Where the world is.
    public let url: String
    package let session: ClientSession

    package init(url: String, session: ClientSession) {
        self.url = url
        self.session = session
    }

    /// The components that the server shows and this client can read, in the server's order.
    public var components: [ComponentSchema] { session.withCore { $0.store.table.schemas } }

    /// The components of the server, with their numbers.
    package var componentTable: ComponentTable { session.withCore { $0.table } }

    /// The components of the server whose values this client keeps but cannot read, with a sentence that says why.
    public var unreadableComponents: [(name: String, problem: String)] {
        session.withCore { core in
            core.table.entries.compactMap { entry in entry.problem.map { (entry.name, $0) } }
        }
    }

    /// Which life of which world is shown.
    public var epoch: Epoch { session.withCore { $0.shownEpoch } }

    /// Ticks per second.
    public var tickRate: Double { session.withCore { Double($0.welcome?.ticksPer1000Seconds ?? 0) / 1000 } }

    /// The tick whose state is shown.
    public var tick: Tick { session.withCore { $0.tick } }

    /// How far this client is behind the newest tick that it has heard of.
    public var lag: UInt64 { session.withCore { $0.serverTick.rawValue - min($0.tick, $0.serverTick).rawValue } }

    /// Why the connection is over; `nil` while it lasts.
    public var end: ClientError? { session.end }

    /// Whether what is shown is not kept up to date: there is no connection, or nothing of a new life of the world has
    /// come yet.
    public var isStale: Bool { session.isStale }

    /// Bytes received so far.
    public var receivedByteCount: UInt64 { session.receivedByteCount }

    /// The schema of a component.
    /// - Throws: ``ClientError`` of code `component` that lists the names there are.
    public func schema(of component: String) throws(ClientError) -> ComponentSchema {
        try serverComponents(phase: .subscribe).readable(component).schema
    }

    /// How the connection stands.
    public var status: ConnectionStatus { session.status }

    /// How the connection stands: now, and then whenever it is made, lost, stale or over. Only the newest waits for a
    /// reader. Its counts are those of that moment; ``status`` has the present ones.
    public var statuses: AsyncStream<ConnectionStatus> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let observer = session.addStatusObserver { status in
                if let status { continuation.yield(status) } else { continuation.finish() }
            }
            continuation.onTermination = { _ in self.session.removeStatusObserver(observer) }
        }
    }

    /// Every error from now on, once: lost connections, attempts that failed, mutations that were refused and for whose
    /// outcome nobody waited. The newest 64 wait for a reader.
    public var errors: AsyncStream<ClientError> {
        AsyncStream(bufferingPolicy: .bufferingNewest(64)) { continuation in
            let observer = session.addErrorObserver { error in
                if let error { continuation.yield(error) } else { continuation.finish() }
            }
            continuation.onTermination = { _ in self.session.removeErrorObserver(observer) }
        }
    }

    /// The batches that are applied from now on, with the changes of all that is subscribed to. The first brings what
    /// is shown now.
    public var batches: BatchSequence { BatchSequence(session, nil) }

    /// Reads several things of one tick, views too. Nothing is applied meanwhile, so be quick.
    /// - Precondition: `body` only reads: it does not subscribe, make sequences or close.
    public func withSnapshot<R, Failure: Error>(_ body: (Snapshot) throws(Failure) -> R) throws(Failure) -> R {
        try session.withCore { (core) throws(Failure) in try body(Snapshot(core, session.bindings)) }
    }

    /// Closes the connection. Nothing is applied after it.
    public func close() { session.close() }

    func serverComponents(phase: ClientError.Phase) -> ServerComponents {
        session.withCore { session.components(of: $0, phase: phase) }
    }
}
