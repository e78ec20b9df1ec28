import OrreryRawPeer
import OrreryTransport
import OrreryWebSocket
import Synchronization
import Testing

@Suite("Heads are the server's own matter, whatever libwebsockets makes of them")
struct ReceptionTests {
    private static var hooks: Driver.Hooks {
        var hooks = Driver.Hooks.echo
        hooks.page = { $0.path == "/page" ? .text(200, "page") : nil }
        return hooks
    }

    private func withServer(
        limits: TransportLimits = TransportLimits(), _ body: (_ server: Driver, _ port: Int) throws -> Void
    ) throws {
        let wire = try Wire(.webSocket, hooks: Self.hooks, limits: limits, closeTimeout: .seconds(1))
        try body(wire.server, try portNumber(wire.url))
        wire.server.stop()
    }

    private func page(_ port: Int, _ fields: [String] = [], host: String = "localhost", method: String = "GET") throws
        -> String
    {
        let peer = try RawPeer(port: port)
        peer.write((["\(method) /page HTTP/1.1", "Host: \(host)"] + fields + ["", ""]).joined(separator: "\r\n"))
        return peer.readToEnd()
    }

    @Test(
        "a field whose name begins a well-known one is a field like any other",
        arguments: [
            "If", "X", "X-Auth", "X-Forwarded", "Auth", "Proxy", "User", "Cache", "Sec-WebSocket-K", "H", "Upgrad",
        ])
    func names(name: String) throws {
        try withServer { server, port in
            #expect(try page(port, ["\(name): a"]).hasSuffix("page\n"))
            let peer = try RawPeer(port: port)
            peer.requestUpgrade(["\(name)": "a"])
            #expect(peer.readHead().hasPrefix("HTTP/1.1 101 "))
            peer.writeFrame(2, [1, 2])
            #expect(try peer.readFrame().payload == [1, 2])
        }
    }

    @Test("what is no head is refused at once, in the server's own words")
    func malformed() throws {
        try withServer { server, port in
            for line in ["no colon", ": no name", " folded: a", "a : b"] {
                let answer = try page(port, [line])
                #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"))
            }
            server.wait("counted") { $0.refusals == Array(repeating: .request(status: 400), count: 4) }
        }
    }

    @Test(arguments: ["GET", "HEAD", "POST", "PUT", "BREW", "TRACE", "CONNECT", "OPTIONS"])
    func everyAnswerHasADateAndAnEnd(method: String) throws {
        try withServer { _, port in
            let answer = try page(port, method: method)
            let isRead = method == "GET" || method == "HEAD"
            #expect(
                answer.hasPrefix(
                    isRead ? "HTTP/1.1 200 OK\r\n" : "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\n"))
            #expect(answer.contains(/\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/))
            #expect(answer.contains("\r\nConnection: close\r\n"))
            #expect(answer.hasSuffix(method == "HEAD" ? "\r\n\r\n" : "\n"))
        }
    }

    /// The message may stand in the same packet as the request.
    @Test func whatFollowsTheRequestIsForTheWebSocket() throws {
        try withServer { server, port in
            for pieces in [1, 2, 7] {
                let peer = try RawPeer(port: port)
                var text = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                text += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                text += "Sec-WebSocket-Protocol: orrery.v1\r\n\r\n"
                var bytes = Array(text.utf8)
                for number in 0..<50 as Range<UInt8> { bytes += [0x82, 0x81, 0, 0, 0, 0, number] }
                let size = (bytes.count + pieces - 1) / pieces
                for start in stride(from: 0, to: bytes.count, by: size) {
                    peer.write(Array(bytes[start..<min(start + size, bytes.count)]))
                }
                #expect(peer.readHead().hasPrefix("HTTP/1.1 101 "))
                for number in 0..<50 as Range<UInt8> { #expect(try peer.readFrame().payload == [number]) }
            }
        }
    }

    @Test func anAnswerIsReadAlsoByWhoGoesOnSending() throws {
        try withServer { _, port in
            let peer = try RawPeer(port: port)
            peer.write("GET /page HTTP/1.1\r\nHost: a\r\n")
            for number in 0..<20 { peer.write("X-\(number): \(String(repeating: "x", count: 5000))\r\n") }
            peer.write("\r\n")
            #expect(peer.readToEnd().hasPrefix("HTTP/1.1 431 "))
            let other = try RawPeer(port: port)
            other.write("POST /page HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n")
            other.write([UInt8](repeating: 0, count: 500_000))
            #expect(other.readToEnd().hasPrefix("HTTP/1.1 405 "))
        }
    }

    @Test func expectations() throws {
        try withServer { (_, port) throws in
            #expect(try page(port, ["Expect: 100-Continue"]).hasPrefix("HTTP/1.1 200 "))
            #expect(
                try page(port, ["Expect: 100-continue", "Content-Length: 5"], method: "POST").hasPrefix("HTTP/1.1 405 ")
            )
            #expect(try page(port, ["Expect: a cake"]).hasPrefix("HTTP/1.1 417 "))
        }
    }

    @Test func aRequestThatStopsInTheMiddleEndsItsConnection() throws {
        try withServer { server, port in
            for text in ["", "GET", "GET /page HTTP/1.1\r\nHost: a\r\n", "\r\n"] {
                let peer = try RawPeer(port: port)
                peer.write(text)
                peer.finishWriting()
                #expect(peer.readToEnd().isEmpty)
            }
            server.wait("counted") { $0.refusals == Array(repeating: .handshake, count: 4) }
            // One that has said all may say that it has.
            let peer = try RawPeer(port: port)
            peer.write("GET /page HTTP/1.1\r\nHost: a\r\n\r\n")
            peer.finishWriting()
            #expect(peer.readToEnd().hasSuffix("page\n"))
        }
    }

    @Test func shutDownEndsThoseWhoAskAndThoseWhoRead() throws {
        let wire = try Wire(.webSocket, hooks: Self.hooks)
        let port = try portNumber(wire.url)
        let (asking, answered) = (try RawPeer(port: port), try RawPeer(port: port))
        asking.write("GET /page HT")
        answered.write("GET /page HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(answered.readHead().hasPrefix("HTTP/1.1 200 "))
        wire.server.stop()
        #expect(asking.isEnded())
        #expect(answered.isEnded())
    }
}

@Suite("Who says nothing keeps nobody out")
struct SilentPeersTests {
    private static var limits: TransportLimits {
        var limits = TransportLimits()
        limits.handshakeCountMax = 8
        limits.handshakeShareMax = 4
        limits.handshakeTimeout = .seconds(300)
        return limits
    }

    private func page(_ wire: Wire) throws -> String {
        let peer = try wire.peer()
        peer.write("GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return peer.readToEnd()
    }

    private static var hooks: Driver.Hooks {
        var hooks = Driver.Hooks.echo
        hooks.page = { $0.path == "/page" ? .text(200, "page") : nil }
        return hooks
    }

    @Test(
        "pages and clients get in, however many are silent", arguments: [Kind.webSocket, .webSocketOverTLS],
        [false, true])
    func honestPeersGetIn(kind: Kind, saysABit: Bool) throws {
        let wire = try Wire(kind, hooks: Self.hooks, limits: Self.limits)
        let port = try portNumber(wire.url)
        var silent: [RawPeer] = []
        for round in 0..<3 {
            for _ in 0..<20 {
                let peer = try RawPeer(port: port)
                if saysABit { peer.write(kind == .webSocket ? "GET / HTTP/1.1\r\nHost: a\r\n" : "\u{16}\u{3}\u{1}") }
                silent.append(peer)
            }
            #expect(try page(wire).hasSuffix("page\n"))
            let (client, id, _) = try wire.connectedClient()
            client.perform { $0.send(Frame([UInt8(round)]), to: id) }
            client.wait("echo") { $0.messages[id] == [[UInt8(round)]] }
            client.stop()
        }
        // Who came first was sent away first, and has no place for its bytes now and then.
        wire.server.wait("some went") { $0.refusals.filter { $0 == .handshake }.count >= 52 }
        #expect(silent[0].isEnded())
        wire.server.stop()
    }

    @Test("a place is not kept by saying a byte now and then", arguments: [Kind.webSocket, .webSocketOverTLS])
    func aByteNowAndThen(kind: Kind) throws {
        var limits = Self.limits
        limits.handshakeTimeout = .seconds(1)
        let wire = try Wire(kind, hooks: Self.hooks, limits: limits)
        let peer = try RawPeer(port: try portNumber(wire.url))
        let text = kind == .webSocket ? Array("GET /".utf8) : [0x16, 3, 1]
        let start = ContinuousClock.now
        peer.write(text)
        var count = 0
        while wire.server.snapshot.refusals.isEmpty, ContinuousClock.now - start < .seconds(20) {
            let before = wire.server.snapshot.timerCount
            wire.server.wait("a while") { $0.timerCount > before }
            peer.write([UInt8(ascii: "a")])
            count += 1
        }
        #expect(wire.server.snapshot.refusals == [.handshake])
        #expect(count > 0)
        #expect(peer.isEnded())
        wire.server.stop()
    }

    /// What comes from this machine may be a proxy with many peers behind it, unnamed.
    @Test func peersOfThisMachineHaveNoShare() throws {
        let wire = try Wire(.webSocket, hooks: Self.hooks, limits: Self.limits)
        let silent = try (0..<9).map { _ in try RawPeer(port: try portNumber(wire.url)) }
        wire.server.wait("one too many is sent away") { $0.refusals == [.handshake] }
        #expect(silent[0].isEnded())
        #expect(try page(wire).hasSuffix("page\n"))
        wire.server.wait("and one for the honest") { $0.refusals == [.handshake, .handshake] }
        wire.server.stop()
    }

    @Test func readersOfPagesDoNotKeepEachOtherOut() throws {
        let wire = try Wire(.webSocket, hooks: Self.hooks, limits: Self.limits, closeTimeout: .seconds(300))
        // They are answered, and never end their side.
        let peers = try (0..<30).map { _ in
            let peer = try RawPeer(port: try portNumber(wire.url))
            peer.write("GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return peer
        }
        for peer in peers { #expect(peer.readHead().hasPrefix("HTTP/1.1 200 ")) }
        #expect(try page(wire).hasSuffix("page\n"))
        wire.server.stop()
    }
}
