import OrreryRawPeer
import OrreryTransport
import OrreryWebSocket
import Synchronization
import Testing

/// The transports that the same tests run on.
enum Kind: CaseIterable, Sendable, CustomTestStringConvertible {
    case memory
    case webSocket
    case webSocketOverTLS

    var testDescription: String { "\(self)" }
}

/// A server on its thread, and ways to reach it.
struct Wire {
    let server: Driver
    let url: String
    let serverTransport: any ServerTransport
    let clientTransport: any ClientTransport

    init(
        _ kind: Kind, hooks: Driver.Hooks = .none, limits: TransportLimits = TransportLimits(),
        closeTimeout: Duration = .seconds(5), pingTimes: PingTimes = PingTimes()
    ) throws {
        switch kind {
        case .memory:
            let network = MemoryNetwork()
            serverTransport = network.server(name: "world")
            clientTransport = network.client
        case .webSocket:
            var transport = WebSocketServerTransport(port: 0, closeTimeout: closeTimeout)
            transport.pingTimes = pingTimes
            serverTransport = transport
            clientTransport = WebSocketClientTransport()
        case .webSocketOverTLS:
            let files = try TestCertificates.shared()
            var transport = WebSocketServerTransport(port: 0, closeTimeout: closeTimeout, tls: files.server)
            transport.pingTimes = pingTimes
            serverTransport = transport
            clientTransport = WebSocketClientTransport(trustedCertificateFile: files.path("ca.pem"))
        }
        let (loop, url) = try serverTransport.listen(limits: limits)
        self.url = url
        server = Driver(loop, hooks: hooks)
        server.start()
    }

    /// A peer that says what it likes, over TLS if the server speaks it.
    func peer(takesLittle: Bool = false) throws -> RawPeer {
        let port = try portNumber(url)
        return url.hasPrefix("wss:") ? try RawPeer(tlsPort: port) : try RawPeer(port: port, takesLittle: takesLittle)
    }

    /// A started client, not yet connected.
    func client(
        hooks: Driver.Hooks = .none, token: String? = nil, limits: TransportLimits = TransportLimits()
    ) throws -> Driver {
        let driver = Driver(try clientTransport.connect(to: url, token: token, limits: limits), hooks: hooks)
        driver.start()
        return driver
    }

    /// A client whose connection stands, with the ids of its two ends.
    func connectedClient(
        hooks: Driver.Hooks = .none, limits: TransportLimits = TransportLimits(),
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> (driver: Driver, id: ConnectionID, serverID: ConnectionID) {
        let before = server.snapshot.opened.count
        let driver = try client(hooks: hooks, limits: limits)
        driver.wait("the client opens", sourceLocation: sourceLocation) { !$0.opened.isEmpty }
        server.wait("the server opens", sourceLocation: sourceLocation) { $0.opened.count == before + 1 }
        let id = try #require(driver.snapshot.opened.first, sourceLocation: sourceLocation)
        let serverID = try #require(server.snapshot.opened.last, sourceLocation: sourceLocation)
        return (driver, id, serverID)
    }
}

/// Holds a thread up until it is opened; then it stays open.
final class Gate: Sendable {
    private let lock = Lock()
    private let condition: Condition
    private let isOpen = Mutex(false)

    init() { condition = Condition(of: lock) }

    func open() {
        lock.withLock {
            isOpen.withLock { $0 = true }
            condition.signal()
        }
    }

    /// Gives up after a minute, so that a broken test ends.
    func pass() {
        let deadline = ContinuousClock.now + .seconds(60)
        lock.withLock {
            while !isOpen.withLock({ $0 }), ContinuousClock.now < deadline { condition.wait(atMost: .seconds(1)) }
        }
    }
}

/// Bytes that tell their place, so that a piece that is lost or doubled shows.
func pattern(_ count: Int, seed: Int = 1) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 31) ^ ($0 >> 8) ^ seed) }
}
