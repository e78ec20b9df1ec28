import Logging
import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrrerySync
import OrreryTransport
import OrreryWebSocket
import Testing

struct Position: Component, Equatable { var x: Float = 0, y: Float = 0, z: Float = 0 }
struct Health: Component, Equatable { var current: Int32 = 100, maximum: Int32 = 100 }
struct Label: Component, Codable, Equatable { var text = "" }
struct Frozen: Component, Equatable {}

/// The ways over which the same tests run.
enum Way: CaseIterable, CustomTestStringConvertible {
    case memory, webSocket, webSocketOverTLS

    var testDescription: String {
        switch self {
        case .memory: "in memory"
        case .webSocket: "over a WebSocket"
        case .webSocketOverTLS: "over a WebSocket with TLS"
        }
    }
}

/// A server that runs on its own threads for the time of a test.
struct LiveWorld {
    let server: SimulationServer
    private let clientTransport: any ClientTransport

    var client: SimulationClient { client(token: nil) }

    func client(token: String?) -> SimulationClient {
        SimulationClient(url: server.url, transport: clientTransport, token: token, reconnect: .never)
    }

    /// Runs a server, hands it to `body`, and sees it stop.
    static func run(
        over way: Way, tickRate: Double = 100, configure: (inout SimulationConfiguration) -> Void = { _ in },
        world: sending World = World(), schedule: Schedule = Schedule(),
        logger: Logger = Logger(label: "live") { _ in SwiftLogNoOpLogHandler() },
        _ body: (LiveWorld) async throws -> Void
    ) async throws {
        let network = MemoryNetwork()
        var configuration = SimulationConfiguration(tickRate: .hertz(tickRate))
        configure(&configuration)
        let serverTransport: any ServerTransport
        let clientTransport: any ClientTransport
        switch way {
        case .memory:
            serverTransport = network.server(name: "live")
            clientTransport = network.client
        case .webSocket:
            serverTransport = .webSocket(port: 0)
            clientTransport = WebSocketClientTransport(connectTimeout: .seconds(30))
        case .webSocketOverTLS:
            let files = try TestCertificates.shared()
            serverTransport = .webSocket(port: 0, tls: files.server)
            clientTransport = WebSocketClientTransport(
                connectTimeout: .seconds(30), trustedCertificateFile: files.path("ca.pem"))
        }
        let server = try SimulationServer(
            world: world, schedule: schedule, configuration: configuration, transport: serverTransport,
            logger: logger
        ) { sync in
            try sync.register(Position.self)
            try sync.register(Health.self)
            try sync.register(Label.self)
            try sync.register(Frozen.self)
        }
        let live = LiveWorld(server: server, clientTransport: clientTransport)
        async let running: Void = server.run()
        do {
            try await body(live)
        } catch {
            server.stop()
            try await running
            throw error
        }
        server.stop()
        try await running
    }
}

extension ClientConnection {
    /// Waits until something holds of the state, looking at it after each batch. The time limit of the test is the
    /// deadline.
    func until(_ condition: (Snapshot) throws -> Bool) async throws {
        var batches = batches.makeAsyncIterator()
        while try !withSnapshot(condition) {
            _ = try await batches.next()
        }
    }
}
