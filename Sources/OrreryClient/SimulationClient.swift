import Dispatch
import Foundation
import OrrerySync
public import OrreryTransport
import OrreryWire

/// Connects to a world that a server offers.
///
/// ```swift
/// let client = SimulationClient(url: "ws://127.0.0.1:7600", transport: .webSocket)
/// try await client.withConnection { connection in
///     let positions = try await connection.view(of: Position.self)
///     for (entity, position) in positions.values { print(entity, position) }
/// }
/// ```
public struct SimulationClient: Sendable {
    /// The URL of the world: `ws://host:port`, `wss://host:port`, or `memory://name`.
    public let url: String
    /// The name that the client sends to the server, for the server's log. At most 128 bytes.
    public var name: String
    /// What happens when the connection is lost.
    public var reconnect: ReconnectPolicy
    /// How much the client accepts from the server, and how long it waits.
    public var configuration: ClientConfiguration
    private let transport: any ClientTransport
    private let token: String?

    /// Creates a client.
    /// - Parameters:
    ///   - url: The URL of the world: `ws://host:port`, `wss://host:port`, or `memory://name`.
    ///   - transport: The transport: `.webSocket`, or an in-memory network.
    ///   - name: The name that the client sends to the server, for the server's log; at most 128 bytes.
    ///   - token: Sent to the server when connecting (`Authorization: Bearer …`), and nowhere else. Over `ws`,
    ///     everybody on the network path can read it; use `wss` to connect to another machine.
    ///   - reconnect: What happens when the connection is lost.
    ///   - configuration: How much the client accepts from the server, and how long it waits.
    public init(
        url: String, transport: any ClientTransport, name: String = "orrery-client", token: String? = nil,
        reconnect: ReconnectPolicy = .automatic, configuration: ClientConfiguration = .init()
    ) {
        self.url = url
        self.transport = transport
        self.name = name
        self.token = token
        self.reconnect = reconnect
        self.configuration = configuration
    }

    /// Connects, and closes the connection when `body` is done.
    /// - Throws: ``ClientError`` if no connection can be made, and any error that `body` throws.
    public func withConnection<R>(
        isolation: isolated (any Actor)? = #isolation, _ body: (ClientConnection) async throws -> R
    ) async throws -> R {
        let connection = try await connect()
        defer { connection.close() }
        return try await body(connection)
    }

    /// Connects, and waits until the server has listed its components. The connection lasts until it is closed.
    /// - Throws: ``ClientError`` of code `invalidURL`, `cannotConnect`, `unauthorized`, `protocolViolation`,
    ///   `limitExceeded` or `cancelled`.
    public func connect() async throws(ClientError) -> ClientConnection {
        let limits = configuration.transportLimits
        let loop: any TransportLoop
        do throws(TransportError) {
            loop = try transport.connect(to: url, token: token, limits: limits)
        } catch {
            throw ClientError(error.code == .invalidAddress ? .invalidURL : .cannotConnect, error.message)
        }
        let clock = ContinuousClock()
        let started = clock.now
        let ended = DispatchSemaphore(value: 0)
        let session = ClientSession(
            core: SyncClient(
                clientName: name.cut(toByteCount: configuration.sync.limits.clientNameSizeMax),
                configuration: configuration.sync), loop: loop, url: url, policy: reconnect,
            configuration: configuration,
            onEnd: { ended.signal() }, now: { clock.now - started })
        let thread = Thread { [url, transport, token, limits] in
            SimulationClient.run(session, from: loop, ended) { () throws(TransportError) in
                try transport.connect(to: url, token: token, limits: limits)
            }
        }
        thread.name = "orrery-client"
        thread.start()
        let welcome = Promise<Void>()
        session.whenWelcomed { welcome.keep($0) }
        do throws(ClientError) {
            try await welcome.value()
        } catch {
            session.close()
            throw error
        }
        return ClientConnection(url: url, session: session)
    }

    /// Runs one connection after another until the session ends.
    private static func run(
        _ session: ClientSession, from first: any TransportLoop, _ ended: DispatchSemaphore,
        _ connect: () throws(TransportError) -> any TransportLoop
    ) {
        var next: (any TransportLoop)? = first
        while true {
            do throws(TransportError) {
                let loop: any TransportLoop
                if let next { loop = next } else { loop = try connect() }
                guard next != nil || session.attach(loop) else { return }
                next = nil
                try loop.run(session)
            } catch {
                session.loopFailed(error)
            }
            guard let delay = session.nextDelay(random: .random(in: 0...1)) else { return }
            let nanoseconds = Int(min(delay, .seconds(3600)) / .nanoseconds(1))
            if ended.wait(timeout: .now() + .nanoseconds(nanoseconds)) == .success { return }
        }
    }
}

extension String {
    /// The longest prefix of whole characters that fits.
    func cut(toByteCount byteCountMax: Int) -> String {
        var result = self
        while result.utf8.count > byteCountMax { result.removeLast() }
        return result
    }
}
