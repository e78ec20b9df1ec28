import Dispatch
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
    /// Where the world is: `ws://host:port`, `wss://host:port`, or `memory://name`.
    public let url: String
    /// The name with which the client introduces itself; for the server's log. At most 128 bytes.
    public var name: String
    /// What happens when the connection is lost.
    public var reconnect: ReconnectPolicy
    /// How much it takes from the server, and how long it waits.
    public var configuration: ClientConfiguration
    private let transport: any ClientTransport
    private let token: String?

    /// - Parameters:
    ///   - url: Where the world is: `ws://host:port`, `wss://host:port`, or `memory://name`.
    ///   - transport: How to get there: `.webSocket`, or a network in memory.
    ///   - name: With which the client introduces itself, for the server's log; at most 128 bytes.
    ///   - token: Shown to the server when connecting (`Authorization: Bearer …`), and nowhere else. Over `ws` everybody
    ///     on the way can read it; use `wss` beyond the own machine.
    ///   - reconnect: What happens when the connection is lost.
    ///   - configuration: How much it takes from the server, and how long it waits.
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
    /// - Throws: ``ClientError`` where no connection can be made, and what `body` throws.
    public func withConnection<R>(
        isolation: isolated (any Actor)? = #isolation, _ body: (ClientConnection) async throws -> R
    ) async throws -> R {
        let connection = try await connect()
        defer { connection.close() }
        return try await body(connection)
    }

    /// Connects, and waits until the server has said which components there are. The connection lasts until it is
    /// closed.
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

    /// Runs one connection after the other until it is over for good.
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
    /// As many of the first characters as fit.
    func cut(toByteCount byteCountMax: Int) -> String {
        var result = self
        while result.utf8.count > byteCountMax { result.removeLast() }
        return result
    }
}
