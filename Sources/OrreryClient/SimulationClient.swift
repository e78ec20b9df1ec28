import Foundation
import OrrerySync
public import OrreryTransport
import OrreryWire

/// Connects to a world that runs somewhere else.
///
/// ```swift
/// let client = SimulationClient(url: "ws://127.0.0.1:7600", transport: .webSocket)
/// try await client.withConnection { connection in
///     let positions = try await connection.view(of: Position.self)
///     for (entity, position) in positions.values { print(entity, position) }
/// }
/// ```
public struct SimulationClient: Sendable {
    public let url: String
    /// The name with which the client introduces itself; for the server's log. At most 128 bytes.
    public var name: String
    private let transport: any ClientTransport

    public init(url: String, transport: any ClientTransport, name: String = "orrery-client") {
        self.url = url
        self.transport = transport
        self.name = name
    }

    /// Connects, and closes the connection when `body` is done.
    /// - Throws: ``ClientError`` where no connection can be made, and what `body` throws.
    public func withConnection<R>(
        isolation: isolated (any Actor)? = #isolation, _ body: (ClientConnection) async throws -> R
    ) async throws -> R {
        let connection = try await connect()
        defer { connection.close() }
        return try await body(connection)
    }

    /// Connects, and waits until the server has said which components there are. The connection lasts until it is closed.
    /// - Throws: ``ClientError`` of code `invalidURL`, `cannotConnect` or `protocolViolation`; `CancellationError`.
    public func connect() async throws -> ClientConnection {
        var limits = TransportLimits()
        let wire = WireLimits()
        limits.messageSizeMax = wire.messageSizeMax
        limits.sentMessageSizeMax = 64 << 10
        let loop: any TransportLoop
        do throws(TransportError) {
            loop = try transport.connect(to: url, limits: limits)
        } catch {
            throw ClientError(error.code == .invalidAddress ? .invalidURL : .cannotConnect, error.message)
        }
        let clock = ContinuousClock()
        let started = clock.now
        let session = ClientSession(
            core: SyncClient(clientName: String(name.prefix(32)), limits: wire), loop: loop, url: url,
            now: { clock.now - started })
        let thread = Thread {
            do throws(TransportError) {
                try loop.run(session)
                session.loopEnded(nil)
            } catch {
                session.loopEnded(error)
            }
        }
        thread.name = "orrery-client"
        thread.start()
        do {
            try await ClientConnection.waiting { session.whenWelcomed($0) }
        } catch {
            session.close()
            throw error
        }
        return ClientConnection(url: url, session: session)
    }
}
