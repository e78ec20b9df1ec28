import Glibc
import OrreryTransport
import OrreryWebSocket
import Testing

@Suite("A client says why it cannot connect")
struct WebSocketClientTests {
    private func closure(
        of url: String, transport: WebSocketClientTransport = WebSocketClientTransport()
    ) throws -> Closure? {
        let client = Driver(try transport.connect(to: url, limits: TransportLimits()))
        client.start()
        client.wait("the attempt ends") { $0.closureCount == 1 }
        client.stop()
        #expect(client.snapshot.opened.isEmpty)
        #expect(client.snapshot.closures.values.first?.wasEstablished == false)
        return client.snapshot.closures.values.first
    }

    @Test func aServerThatIsNoWebSocketServer() throws {
        let server = try RawServer(answer: "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        #expect(
            try closure(of: server.url)?.reason == "\(server.url) answered with HTTP status 404 and not as a WebSocket")
    }

    @Test func aRedirectIsNotFollowed() throws {
        let server = try RawServer(
            answer: "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
        #expect(try closure(of: server.url)?.reason.contains("302") == true)
    }

    @Test func aServerOfAnotherKind() throws {
        let server = try RawServer(answer: "220 mail.example ESMTP\r\n")
        #expect(try closure(of: server.url)?.reason.contains(server.url) == true)
    }

    @Test func aServerThatSaysNothing() throws {
        let server = try RawServer(answer: "")
        let transport = WebSocketClientTransport(connectTimeout: .milliseconds(300))
        let start = ContinuousClock.now
        #expect(try closure(of: server.url, transport: transport)?.reason.contains("did not answer within") == true)
        #expect(ContinuousClock.now - start < .seconds(3))
    }

    @Test func aShutDownWhileConnecting() throws {
        let server = try RawServer(answer: "")
        let client = Driver(try WebSocketClientTransport().connect(to: server.url, limits: TransportLimits()))
        client.start()
        client.stop()
        let expected = Closure(code: .goingAway, reason: "shut down while connecting", wasEstablished: false)
        #expect(client.snapshot.closures.values.first == expected)
    }

    @Test func anotherSubprotocol() throws {
        let wire = try Wire(.webSocket)
        let reason = try closure(of: wire.url, transport: WebSocketClientTransport(subprotocol: "chat"))?.reason
        #expect(reason == "\(wire.url) answered with HTTP status 400 and not as a WebSocket")
        wire.server.stop()
    }

    @Test func aHostThatDoesNotExist() throws {
        let reason = try closure(of: "ws://no-such-host.invalid:7600")?.reason
        #expect(reason?.contains("the host \"no-such-host.invalid\" is not known") == true)
    }

    @Test(arguments: [
        ("http://localhost:1", "\"http\""),
        ("localhost:7600", "ws://"),
        ("ws://", "host is missing"), ("ws://:80", "host is missing"), ("ws://a:0", "1 to 65535"),
        ("ws://a:65536", "1 to 65535"), ("ws://a:-1", "1 to 65535"), ("ws://a:", "1 to 65535"),
        ("ws://::1:80", "brackets"), ("ws://[::1:80", "]"), ("ws://u:p@a", "password"), ("ws://a/#b", "fragment"),
        ("ws://a/\r\nX: y", "printable"), ("ws://a b", "printable"), ("", "ws://"),
    ])
    func aURLThatCannotBeUsed(url: String, hint: String) {
        let error = #expect(throws: TransportError.self) {
            _ = try WebSocketClientTransport().connect(to: url, limits: TransportLimits())
        }
        #expect(error?.code == .invalidAddress)
        #expect(error?.message.contains(hint) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains(url) == true)
    }

    @Test(arguments: ["127.0.0.1", "::1", "localhost", "0.0.0.0", "::"])
    func hosts(host: String) throws {
        let (loop, url) = try WebSocketServerTransport(host: host, port: 0).listen(limits: TransportLimits())
        #expect(url.hasPrefix(host.contains(":") ? "ws://[\(host)]:" : "ws://\(host):"))
        let server = Driver(loop, hooks: .echo)
        server.start()
        for target in [url, url + "/any/path?query=1"] {
            let client = Driver(try WebSocketClientTransport().connect(to: target, limits: TransportLimits()))
            client.start()
            client.wait("opened") { !$0.opened.isEmpty }
            client.stop()
        }
        server.stop()
    }

    @Test func aNameWithSeveralAddressesIsTriedToTheEnd() throws {
        // "localhost" is ::1 first where there is IPv6; the server is at the other one.
        let wire = try Wire(.webSocket)
        let url = "ws://localhost:\(try portNumber(wire.url))"
        let client = Driver(try WebSocketClientTransport().connect(to: url, limits: TransportLimits()))
        client.start()
        client.wait("opened") { !$0.opened.isEmpty }
        client.stop()
        wire.server.stop()
        #expect(try closure(of: url)?.reason == "nothing listens at \(url) (connection refused)")
    }

    @Test(arguments: [("192.0.2.1", 0), ("no-such-host.invalid", 0), ("127.0.0.1", 65536), ("127.0.0.1", -1)])
    func anAddressThatIsNotOurs(host: String, port: Int) {
        let error = #expect(throws: TransportError.self) {
            _ = try WebSocketServerTransport(host: host, port: port).listen(limits: TransportLimits())
        }
        #expect(error?.code == .invalidAddress)
        #expect(error?.message.contains(host) == true)
    }
}

@Suite("A process keeps what is its own")
struct ProcessTests {
    @Test func noDescriptorAndNoLoopIsLeft() throws {
        func cycle() throws -> () -> Bool {
            let wire = try Wire(.webSocket, hooks: .echo)
            let (client, _, _) = try wire.connectedClient()
            client.stop()
            wire.server.stop()
            weak let loop = wire.server.loop
            return { loop == nil }
        }
        let isGone = try cycle()
        let deadline = ContinuousClock.now + .seconds(5)
        while !isGone(), ContinuousClock.now < deadline { sched_yield() }
        #expect(isGone())
    }

    @Test func signalsStayAsTheyWere() throws {
        // libwebsockets ignores SIGPIPE while it makes a context, and other tests make some: so not "equal at once".
        func isDefault() -> Bool {
            var action = sigaction()
            sigaction(SIGPIPE, nil, &action)
            return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 0
        }
        let deadline = ContinuousClock.now + .seconds(10)
        let wire = try Wire(.webSocket)
        wire.server.stop()
        while !isDefault(), ContinuousClock.now < deadline { sched_yield() }
        #expect(isDefault())
    }
}
