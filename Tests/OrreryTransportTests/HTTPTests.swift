import Glibc
import OrreryRawPeer
import OrreryTransport
import OrreryWebSocket
import Synchronization
import Testing

@Suite("A server answers plain HTTP from its own port")
struct HTTPTests {
    private static let page = HTTPResponse.text(200, "hello")

    /// Pages at /hello and /long (a MiB; longer ones are all the same byte); everything else is not found.
    private static func hooks(longPage: Int = 1 << 20) -> Driver.Hooks {
        let body = longPage > 1 << 20 ? Array(repeating: 7, count: longPage) : pattern(longPage)
        let long = HTTPResponse(status: 200, contentType: "application/octet-stream", body: body)
        var hooks = Driver.Hooks.echo
        hooks.page = { request in
            switch request.path {
            case "/hello": page
            case "/long": long
            case "/unwell": .text(503, "no tick", isRefusal: false)
            default: .text(404, "not here")
            }
        }
        return hooks
    }

    private func get(
        _ wire: Wire, _ target: String, method: String = "GET", fields: String = ""
    ) throws -> String {
        let peer = try wire.peer()
        peer.write("\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n\(fields)\r\n")
        return peer.readToEnd()
    }

    @Test(arguments: [Kind.webSocket, .webSocketOverTLS])
    func pagesAreRead(kind: Kind) throws {
        let wire = try Wire(kind, hooks: Self.hooks())
        let head = """
            HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 6\r\nCache-Control: no-store\r
            X-Content-Type-Options: nosniff\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nConnection: close\r\n\r

            """
        /// With a date that is known.
        func page(_ target: String, method: String = "GET") throws -> String {
            try get(wire, target, method: method)
                .replacing(
                    /Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/, with: "Date: Thu, 01 Jan 1970 00:00:00 GMT")
        }
        #expect(try page("/hello") == head + "hello\n")
        #expect(try page("/hello?which=one&a=b") == head + "hello\n")
        #expect(try page("/hello", method: "HEAD") == head)
        #expect(try page("/none").hasPrefix("HTTP/1.1 404 Not Found\r\n"))
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
            let answer = try page("/hello", method: method)
            #expect(answer.hasPrefix("HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\n"), "\(method): \(answer)")
        }
        // WebSockets go on as ever.
        let (client, id, _) = try wire.connectedClient()
        client.perform { $0.send(Frame([1]), to: id) }
        client.wait("echo") { $0.messages[id] == [[1]] }
        client.stop()
        wire.server.stop()
        let statuses = wire.server.snapshot.refusals
        #expect(statuses == [.request(status: 404)] + Array(repeating: .request(status: 405), count: 5))
    }

    @Test func pagesAreReadInMemoryToo() throws {
        let wire = try Wire(.memory, hooks: Self.hooks())
        let loop = try #require(wire.server.loop as? MemoryLoop)
        func status(_ path: String, _ method: String) -> Int? {
            let answer = Mutex<HTTPResponse??>(nil)
            let isThere = Gate()
            loop.requestPage(HTTPRequest(path: path), method: method) { response in
                answer.withLock { $0 = response }
                isThere.open()
            }
            isThere.pass()
            return answer.withLock { $0??.status }
        }
        #expect(status("/hello", "GET") == 200)
        #expect(status("/none", "GET") == 404)
        #expect(status("/hello", "POST") == 405)
        #expect(status("/unwell", "GET") == 503)
        #expect(wire.server.snapshot.refusals == [.request(status: 404), .request(status: 405)])
        wire.server.stop()
    }

    /// Who asks how the server is was not turned away.
    @Test(arguments: [Kind.webSocket, .webSocketOverTLS])
    func aPageMayHaveAnyStatus(kind: Kind) throws {
        let wire = try Wire(kind, hooks: Self.hooks())
        let answer = try get(wire, "/unwell")
        #expect(answer.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n") && answer.hasSuffix("\r\n\r\nno tick\n"))
        #expect(try get(wire, "/none").hasPrefix("HTTP/1.1 404 "))
        wire.server.stop()
        #expect(wire.server.snapshot.refusals == [.request(status: 404)])
    }

    @Test(arguments: [Kind.webSocket, .webSocketOverTLS])
    func aLongPageArrivesWhole(kind: Kind) throws {
        let wire = try Wire(kind, hooks: Self.hooks())
        let peer = try wire.peer()
        peer.write("GET /long HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(peer.readHead().contains("Content-Length: \(1 << 20)\r\n"))
        #expect(peer.readBytesToEnd() == pattern(1 << 20))
        wire.server.stop()
    }

    @Test(arguments: [Kind.webSocket, .webSocketOverTLS])
    func aPageOverTheLimitIsNotServed(kind: Kind) throws {
        var limits = TransportLimits()
        limits.pageSizeMax = 1000
        let wire = try Wire(kind, hooks: Self.hooks(longPage: 1001), limits: limits)
        #expect(try get(wire, "/long").hasPrefix("HTTP/1.1 500 "))
        wire.server.stop()
    }

    /// Pages that are longer than all that the systems on both sides hold.
    private static let hugePage = 24 << 20

    private static var hugeLimits: TransportLimits {
        var limits = TransportLimits()
        limits.pageSizeMax = hugePage
        limits.waitingPageByteCountMax = hugePage * 5 / 2
        return limits
    }

    private static let hugeRequest = "GET /long HTTP/1.1\r\nHost: localhost\r\n\r\n"

    @Test(arguments: [Kind.webSocket, .webSocketOverTLS])
    func readersThatTakeNothingCostALimitedAmountAndTime(kind: Kind) throws {
        let wire = try Wire(
            kind, hooks: Self.hooks(longPage: Self.hugePage), limits: Self.hugeLimits, closeTimeout: .seconds(2))
        let slow = try (0..<2).map { _ in
            let peer = try wire.peer(takesLittle: true)
            peer.write(Self.hugeRequest)
            #expect(peer.readHead().hasPrefix("HTTP/1.1 200 "))
            return peer
        }
        // Two wait: another long page has no room, a small one has.
        #expect(try get(wire, "/long").hasPrefix("HTTP/1.1 503 "))
        #expect(try get(wire, "/hello").hasSuffix("hello\n"))
        // The slow ones are cut off, and room is room again.
        let rounds = wire.server.snapshot.timerCount
        wire.server.wait("longer than a page may take") { $0.timerCount > rounds + 25 }
        for peer in slow {
            #expect(peer.readBytesToEnd().count < Self.hugePage)
            #expect(peer.isEnded())
        }
        let peer = try wire.peer(takesLittle: true)
        peer.write(Self.hugeRequest)
        #expect(peer.readHead().hasPrefix("HTTP/1.1 200 "))
        wire.server.stop()
    }

    /// Behind TLS libwebsockets would have the loop spin on what such a peer sends.
    @Test(arguments: [true, false])
    func aPeerThatSendsMoreBeforeItHasReadIsCutBehindTLS(comesWithTheRequest: Bool) throws {
        let wire = try Wire(
            .webSocketOverTLS, hooks: Self.hooks(longPage: Self.hugePage), limits: Self.hugeLimits,
            closeTimeout: .seconds(60))
        let (peer, waiting) = (try wire.peer(takesLittle: true), try wire.peer(takesLittle: true))
        let more = "and another thing"
        peer.write(comesWithTheRequest ? Self.hugeRequest + more : Self.hugeRequest)
        #expect(peer.readHead().hasPrefix("HTTP/1.1 200 "))
        waiting.write(Self.hugeRequest)
        #expect(waiting.readHead().hasPrefix("HTTP/1.1 200 "))
        if !comesWithTheRequest { peer.write(more) }
        let before = wire.server.snapshot.timerCount
        wire.server.wait("some rounds pass") { $0.timerCount >= before + 10 }
        // Its page waits no longer, so that there is room for another.
        let other = try wire.peer(takesLittle: true)
        other.write(Self.hugeRequest)
        #expect(other.readHead().hasPrefix("HTTP/1.1 200 "))
        // Who only reads slowly was not cut with it: a third page has no room.
        #expect(try get(wire, "/long").hasPrefix("HTTP/1.1 503 "))
        wire.server.stop()
    }

    @Test(arguments: [Kind.webSocket, .webSocketOverTLS])
    func requestsBehindTheFirstAreNotAnswered(kind: Kind) throws {
        let wire = try Wire(kind, hooks: Self.hooks())
        let peer = try wire.peer()
        peer.write(String(repeating: "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n", count: 20))
        let answers = peer.readToEnd()
        #expect(answers.components(of: "HTTP/1.1 200 OK") == 1, "\(answers)")
        wire.server.stop()
    }

    /// Behind TLS libwebsockets cuts the line, as docs/OPERATIONS.md says.
    @Test(
        arguments: [
            "Authorization: Bearer \(String(repeating: "x", count: 3000))\r\n",
            "X-Long: \(String(repeating: "x", count: 20_000))\r\n", String(repeating: "X-Many: 1\r\n", count: 2000),
        ], [Kind.webSocket, .webSocketOverTLS])
    func headersAreLimited(fields: String, kind: Kind) throws {
        let wire = try Wire(kind, hooks: Self.hooks())
        let answer = try get(wire, "/hello", fields: fields)
        if kind == .webSocket {
            #expect(answer.hasPrefix("HTTP/1.1 431 Request Header Fields Too Large\r\n"), "\(answer)")
        } else {
            #expect(!answer.contains("hello\n") || fields.hasPrefix("X-Many"), "\(answer)")
        }
        #expect(try get(wire, "/hello").hasSuffix("hello\n"), "the server still serves")
        wire.server.stop()
    }
}

extension String {
    fileprivate func components(of text: String) -> Int { ranges(of: text).count }
}

@Suite("A server decides who may connect")
struct UpgradeTests {
    private static let token = "s3cret-token"

    /// Lets in who has the token.
    private static var hooks: Driver.Hooks {
        var hooks = Driver.Hooks.echo
        hooks.refusal = { request in
            switch request.bearerToken {
            case token: nil
            case nil: .text(401, "A token is needed.")
            default: .text(403, "Not you.")
            }
        }
        return hooks
    }

    @Test("with the token, and not without", arguments: Kind.allCases)
    func token(kind: Kind) throws {
        let wire = try Wire(kind, hooks: Self.hooks)
        let good = try wire.client(token: Self.token)
        good.wait("opened") { $0.opened.count == 1 }
        good.stop()
        for (token, status) in [(nil, 401), ("another", 403)] as [(String?, Int)] {
            let client = try wire.client(token: token)
            client.wait("refused") { $0.closureCount == 1 }
            let closure = client.snapshot.closures.values.first
            #expect(closure?.wasEstablished == false)
            #expect(closure?.refusalStatus == status)
            #expect(closure?.reason.contains("\(status)") == true)
            #expect(closure?.reason.contains(Self.token) == false)
            #expect(client.snapshot.opened.isEmpty)
            client.stop()
        }
        wire.server.stop()
        let heard = wire.server.snapshot
        #expect(heard.opened.count == 1)
        #expect(heard.refusals == [.request(status: 401), .request(status: 403)])
    }

    @Test func theRequestIsSeenAsItWas() throws {
        let seen = Mutex<HTTPRequest?>(nil)
        var hooks = Driver.Hooks.none
        hooks.refusal = { request in
            seen.withLock { $0 = request }
            return .text(403, "No.", fields: [.init("X-Why", "because")])
        }
        let wire = try Wire(.webSocket, hooks: hooks)
        let peer = try RawPeer(port: try portNumber(wire.url))
        peer.requestUpgrade(["Origin": "https://example.com", "Authorization": "Bearer abc"], path: "/world?x=1")
        let answer = peer.readToEnd()
        #expect(answer.hasPrefix("HTTP/1.1 403 Forbidden\r\nX-Why: because\r\n"))
        #expect(answer.hasSuffix("\r\n\r\nNo.\n"))
        let request = try #require(seen.withLock { $0 })
        #expect(request.path == "/world")
        #expect(request.host == "localhost")
        #expect(request.origin == "https://example.com")
        #expect(request.bearerToken == "abc")
        #expect(request.peerAddress == "127.0.0.1")
        #expect(request.localAddress == "127.0.0.1")
        #expect(!request.isEncrypted)
        wire.server.stop()
    }

    @Test func aRequestDoesNotShowItsToken() {
        let request = HTTPRequest(path: "/", authorization: "Bearer \(Self.token)")
        var dumped = ""
        dump(request, to: &dumped)
        for text in ["\(request)", String(describing: request), String(reflecting: request), dumped] {
            #expect(!text.contains(Self.token), "\(text)")
        }
    }

    @Test(
        arguments: [
            ("Bearer abc", "abc"), ("bearer  abc", "abc"), ("Basic abc", nil), ("Bearer", nil), ("Bearer ", nil),
            ("", nil),
        ] as [(String, String?)])
    func bearerTokens(field: String, token: String?) {
        #expect(HTTPRequest(authorization: field).bearerToken == token)
    }

    @Test("a token that cannot be sent is refused without being named", arguments: Kind.allCases)
    func badTokens(kind: Kind) throws {
        let wire = try Wire(kind)
        for token in ["", "two words", "line\r\nX: y", "schön", String(repeating: "x", count: 2049)] {
            let error = #expect(throws: TransportError.self) { _ = try wire.client(token: token) }
            #expect(error?.code == .invalidToken)
            #expect(token.isEmpty || error?.message.contains(token) == false)
        }
        let longest = try wire.client(token: String(repeating: "x", count: 2048))
        longest.wait("opened") { $0.opened.count == 1 }
        longest.stop()
        wire.server.stop()
    }

    @Test("what the transport turned away is told", arguments: Kind.allCases)
    func refusalsAreTold(kind: Kind) throws {
        var limits = TransportLimits()
        limits.messageSizeMax = 1000
        let wire = try Wire(kind, limits: limits)
        let (client, id, _) = try wire.connectedClient()
        client.perform { $0.send(Frame(pattern(1001)), to: id) }
        wire.server.wait("told") { $0.refusals == [.connection(.messageTooBig)] }
        client.stop()
        wire.server.stop()
    }
}
