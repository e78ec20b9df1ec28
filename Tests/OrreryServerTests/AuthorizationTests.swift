import Logging
import OrreryClient
import OrreryECS
import OrreryTransport
import OrreryWebSocket
import Synchronization
import Testing

@testable import OrreryServer

@Suite("Only those who may reach the world", .timeLimit(.minutes(1)))
struct AuthorizationTests {
    @Test(arguments: Way.allCases)
    func aTokenLetsIn(over way: Way) async throws {
        try await LiveWorld.run(over: way, configure: { $0.authorize = .bearer("open-sesame") }) { live in
            try await live.client(token: "open-sesame").withConnection { connection in
                #expect(connection.components.count == 4)
            }
            for (token, words) in [(nil, "401"), ("open-sesam", "401"), ("open-sesame2", "401")] as [(String?, String)]
            {
                let error = await #expect(throws: ClientError.self) {
                    try await live.client(token: token).connect()
                }
                #expect(error?.code == .unauthorized)
                #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
            }
        }
    }

    @Test func pagesWantTheTokenToo() async throws {
        try await LiveWorld.run(over: .webSocket, configure: { $0.authorize = .bearer("open-sesame") }) { live in
            for path in ["/metrics", "/schema"] {
                let refusal = try await Answer(live, path)
                #expect(refusal.status == 401)
                #expect(refusal.fields["www-authenticate"] == "Bearer realm=\"orrery\"")
                #expect(try await Answer(live, path, token: "close").status == 401)
                #expect(try await Answer(live, path, token: "open-sesame").status == 200)
            }
        }
    }

    @Test func theSecretIsInNoLog() async throws {
        let lines = LogLines()
        let server = try SimulationServer(
            world: World(), schedule: Schedule(), configuration: lines.configuration, transport: .webSocket(port: 0),
            logger: lines.logger
        ) { _ in }
        async let running: Void = server.run()
        for token in ["open-sesame", "wrong-sesame"] {
            let client = SimulationClient(url: server.url, transport: .webSocket, token: token)
            _ = try? await client.withConnection { _ in }
        }
        server.stop()
        try await running
        #expect(lines.all.contains { $0.contains("refusing a connection") })
        #expect(!lines.all.contains { $0.contains("sesame") })
    }

    @Test(arguments: [("0.0.0.0", true), ("127.0.0.1", false), ("localhost", false), ("::1", false)])
    func anOpenDoorIsWarnedOf(host: String, isWarned: Bool) throws {
        let lines = LogLines()
        var configuration = lines.configuration
        configuration.authorize = nil
        _ = try SimulationServer(
            world: World(), schedule: Schedule(), configuration: configuration,
            transport: .webSocket(host: host, port: 0), logger: lines.logger
        ) { _ in }
        #expect(lines.all.contains { $0.contains("everybody who reaches this address") } == isWarned)
    }

    @Test(
        arguments: [
            (nil, true), ("http://localhost:3000", true), ("http://127.0.0.1", true), ("http://[::1]:8080", true),
            ("http://127.9.9.9", true), ("http://192.0.2.7", true), ("https://sim.example", true),
            ("http://10.0.0.1", false), ("https://evil.example", false), ("https://localhost.evil.example", false),
            ("null", false), ("http://127.0.0.1.evil.example", false), ("http://user@localhost", false), ("", false),
            ("http://sim.example:80@evil.example", false), ("http://127.0.0.1, http://evil.example", false),
        ] as [(String?, Bool)])
    func theOwnHostsPagesMayConnect(origin: String?, isAllowed: Bool) {
        // The peer's word for the server counts nothing.
        let request = HTTPRequest(host: "evil.example", origin: origin, localAddress: "192.0.2.7")
        #expect(OriginPolicy.ownHost.allows(request, serverHost: "Sim.Example") == isAllowed)
        #expect(OriginPolicy.any.allows(request, serverHost: ""))
    }

    @Test func listedOriginsMayConnect() {
        let policy = OriginPolicy.list(["https://a.example", "https://b.example:8443"])
        for (origin, isAllowed) in [
            ("https://a.example", true), ("https://A.example", true), ("https://b.example:8443", true),
            ("https://b.example", false), ("http://a.example", false), ("http://localhost", false),
        ] {
            #expect(policy.allows(HTTPRequest(origin: origin), serverHost: "") == isAllowed, "\(origin)")
        }
        #expect(policy.allows(HTTPRequest(), serverHost: ""))
    }

    @Test func tokensAreComparedWhole() {
        let secret = Array("secret".utf8)
        for (text, isEqual) in [
            ("secret", true), ("secre", false), ("secrets", false), ("secretsecret", false), ("", false),
            ("Secret", false), ("secreT", false),
        ] {
            #expect(Authorizer.areEqual(Array(text.utf8), secret) == isEqual, "\(text)")
        }
    }
}

/// What a server logs.
private final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }

    var configuration: SimulationConfiguration {
        var configuration = SimulationConfiguration()
        configuration.authorize = .bearer("open-sesame")
        return configuration
    }

    var logger: Logger {
        var logger = Logger(label: "test") { _ in Handler(lines: self) }
        logger.logLevel = .trace
        return logger
    }

    private struct Handler: LogHandler {
        let lines: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            lines.lines.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") }
        }
    }
}
