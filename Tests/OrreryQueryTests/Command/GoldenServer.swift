import Foundation
import OrrerySchema
import OrrerySync
import OrreryTransport
import OrreryWebSocket
import OrreryWire
import Synchronization

@testable import FuzzQueries

/// A server of the golden world, over sockets, on a free port of this machine.
///
/// `@unchecked Sendable`: only the loop's thread uses the core.
final class GoldenServer: TransportHandler, @unchecked Sendable {
    let url: String
    private let loop: any TransportLoop
    private var core: SyncServer
    private let isStopped = Atomic(false)

    /// Runs the server while `body` runs.
    static func run(_ body: (_ url: String) async throws -> Void) async throws {
        let server = try GoldenServer()
        Thread { try? server.loop.run(server) }.start()
        defer {
            server.isStopped.store(true, ordering: .releasing)
            server.loop.wake()
        }
        try await body(server.url)
    }

    private init() throws {
        var last: UInt64 = 0
        core = SyncServer(
            store: try GoldenWorld().store, epoch: Epoch(1), configuration: SyncServerConfiguration(),
            makeRandom: {
                last += 1
                return last
            })
        (loop, url) = try WebSocketServerTransport(port: 0).listen(limits: TransportLimits())
    }

    func connectionOpened(_ connection: ConnectionID, granted: (any Sendable)?) {
        core.open(SessionID(connection.rawValue), now: .zero)
    }

    func connection(_ connection: ConnectionID, received message: UnsafeRawBufferPointer) {
        core.receive(message, from: SessionID(connection.rawValue), now: .zero)
        for action in core.takeActions() {
            switch action {
            case .broadcast(let frame, let sessions):
                for session in sessions { loop.send(frame, to: ConnectionID(session.rawValue)) }
            case .send(let frame, let session): loop.send(frame, to: ConnectionID(session.rawValue))
            case .close(let session, let error):
                loop.close(ConnectionID(session.rawValue), code: error.closeCode, reason: error.message)
            case .setReading(let isReading, let session):
                loop.setReading(isReading, of: ConnectionID(session.rawValue))
            }
        }
    }

    func connectionDrained(_ connection: ConnectionID) {}

    func connectionClosed(_ connection: ConnectionID, _ closure: ConnectionEnd) {
        core.closed(SessionID(connection.rawValue), now: .zero)
    }

    func loopWoken() {
        if isStopped.load(ordering: .acquiring) { loop.shutDown(lingerMax: .zero) }
    }

    /// Renews what clients may ask; no time passes.
    func loopTimerFired() { core.worldAdvanced(now: .zero) }
}
