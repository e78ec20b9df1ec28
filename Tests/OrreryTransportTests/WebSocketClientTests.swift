import Glibc
import OrreryTransport
import OrreryWebSocket
import Testing

@Suite("A client says why it cannot connect")
struct WebSocketClientTests {
    private func closure(
        of url: String, transport: WebSocketClientTransport = WebSocketClientTransport()
    ) throws -> ConnectionEnd? {
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

    @Test(
        "a name whose beginning is no answer",
        arguments: ["SSH-2.0-OpenSSH_9.2\r\n", "220 mail.example ESMTP\r\n", "HTTP/1.1 abc\r\n\r\n"])
    func whatItSaysInstead(banner: String) throws {
        let server = try RawServer(answer: banner, staysOpen: true)
        let start = ContinuousClock.now
        let closure = try closure(of: server.url)
        #expect(closure?.code == .protocolError)
        if banner.hasPrefix("HTTP") { #expect(closure?.reason.contains("(it says \"HTTP/1.1 abc\")") == true) }
        #expect(closure?.reason.hasPrefix("\(server.url) does not answer as a WebSocket server") == true)
        // Whose line is not yet known to be none is waited for.
        #expect(!banner.hasPrefix("HTTP") || ContinuousClock.now - start < .seconds(4))
    }

    /// What a server of TLS says to one who does not speak it: an alert.
    @Test func aPortThatSpeaksTLS() throws {
        let server = try RawServer(answer: [0x15, 3, 1, 0, 2, 2, 10])
        let reason = try closure(of: server.url)?.reason
        #expect(
            reason
                == "\(server.url) does not answer without TLS: its port speaks TLS, try wss\(server.url.dropFirst(2))")
    }

    private static let switching = "HTTP/1.1 101 Switching Protocols\r\n"
    private static let handshake =
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
        + "Sec-WebSocket-Protocol: orrery.v1\r\n"

    @Test(
        "an answer on which libwebsockets goes astray ends with a reason at once",
        arguments: [
            switching + handshake + "X-Auth: a\r\n\r\n", switching + "If: a\r\n" + handshake + "\r\n",
            switching + handshake + "X-Forwarded: a\r\nAuth: b\r\n\r\n",
        ], [1000, 7])
    func strayAnswers(answer: String, pieceSize: Int) throws {
        let server = try RawServer(answer: answer, pieceSize: pieceSize, staysOpen: true)
        let start = ContinuousClock.now
        let reason = try closure(of: server.url)?.reason ?? ""
        #expect(ContinuousClock.now - start < .seconds(4))
        #expect(reason.contains("goes astray on"), "\(reason)")
        #expect(["X-Auth", "If", "X-Forwarded, Auth"].contains { reason.contains($0) })
    }

    @Test(
        "what a proxy or server said is passed on",
        arguments: [
            (426, "text/html", "<h1>426</h1>", "a proxy in between does not pass the fields Upgrade and Connection on"),
            (421, "text/plain; charset=utf-8", "call it localhost\n", "(HTTP status 421): call it localhost"),
            (403, "text/plain", "not from here", "does not let this client in (HTTP status 403): not from here"),
            (404, "text/plain", "first\nsecond\n", "answered with HTTP status 404 and not as a WebSocket: first"),
            (404, "text/plain", "\u{1b}[31mred\u{7}", "as a WebSocket: [31mred"),
            (502, "text/html", "<h1>Bad Gateway</h1>", "answered with HTTP status 502 and not as a WebSocket"),
            (404, "text/plain", "", "answered with HTTP status 404 and not as a WebSocket"),
        ] as [(Int, String, String, String)], ["", "X-Auth: a\r\n"])
    func statuses(answered: (Int, String, String, String), strange: String) throws {
        let (status, type, body, words) = answered
        let head =
            "HTTP/1.1 \(status) Whatever\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\(strange)"
        let server = try RawServer(answer: "\(head)\r\n\(body)", staysOpen: true)
        let start = ContinuousClock.now
        let closure = try closure(of: server.url)
        #expect(ContinuousClock.now - start < .seconds(4))
        #expect(closure?.refusalStatus == status)
        #expect(closure?.reason.hasSuffix(words) == true, "\(closure?.reason ?? "")")
    }

    @Test("a server's own sentence reaches its client", arguments: [Kind.webSocket, .webSocketOverTLS])
    func sentences(kind: Kind) throws {
        var hooks = Driver.Hooks.none
        hooks.refusal = { _ in .text(421, "This server is for its own machine.") }
        let wire = try Wire(kind, hooks: hooks)
        let client = try wire.client()
        client.wait("the attempt ends") { $0.closureCount == 1 }
        client.stop()
        let reason = client.snapshot.closures.values.first?.reason ?? ""
        #expect(reason.hasSuffix("(HTTP status 421): This server is for its own machine."), "\(reason)")
        wire.server.stop()
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
        let expected = ConnectionEnd(code: .goingAway, reason: "shut down while connecting", wasEstablished: false)
        #expect(client.snapshot.closures.values.first == expected)
    }

    @Test func anotherSubprotocol() throws {
        let wire = try Wire(.webSocket)
        let reason = try closure(of: wire.url, transport: WebSocketClientTransport(subprotocol: "chat"))?.reason
        let words = "answered with HTTP status 400 and not as a WebSocket"
        #expect(reason == "\(wire.url) \(words): This server speaks the WebSocket subprotocol orrery.v1 only.")
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
