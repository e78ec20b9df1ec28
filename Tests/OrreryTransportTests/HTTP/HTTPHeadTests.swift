import OrreryTransport
import Testing

@Suite("Heads are read as RFC 9112 has them, within limits, whatever the bytes are")
struct HTTPHeadTests {
    /// The head as the scanner and the parser find it, the bytes coming in pieces of this size.
    private func read(
        _ bytes: [UInt8], pieceSize: Int = .max, limits: HTTPHeadLimits = HTTPHeadLimits()
    ) throws -> (request: HTTPRequestHead, rest: ArraySlice<UInt8>)? {
        var scanner = HTTPHeadScanner(limits: limits)
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(pieceSize)
            switch scanner.take(piece) {
            case .goesOn: rest = rest.dropFirst(piece.count)
            case .ends(let count):
                let request = try HTTPRequestHead(HTTPHead(scanner.head, limits: limits))
                return (request, rest.dropFirst(count))
            case .fails(let error): throw error
            }
        }
        return nil
    }

    private func read(_ text: String, limits: HTTPHeadLimits = HTTPHeadLimits()) throws -> HTTPRequestHead {
        try #require(try read(Array(text.utf8), limits: limits)).request
    }

    /// The status that a request with this head gets, or 200.
    private func status(_ text: String, limits: HTTPHeadLimits = HTTPHeadLimits()) -> Int {
        do {
            _ = try read(text, limits: limits)
            return 200
        } catch let error as HTTPHeadError {
            #expect(error.message.last == ".")
            return error.status
        } catch {
            return 0
        }
    }

    private static let host = "Host: a\r\n"

    @Test func aRequestIsTakenApart() throws {
        let request = try read(
            "GET /a%20b?c=d HTTP/1.1\r\nhost: [::1]:7600\r\nX-Auth:  b c\t\r\nIf:\r\nx-auth: d\r\n\r\n")
        #expect(request.method == "GET")
        #expect(request.path == "/a b")
        #expect(request.host == "[::1]:7600")
        #expect(request.minorVersion == 1)
        #expect(request.head.values(of: "x-AUTH") == ["b c", "d"])
        #expect(request.head.value(of: "X-Auth") == "b c, d")
        #expect(request.head.value(of: "If") == "")
        #expect(request.head.value(of: "X-Au") == nil)
    }

    @Test("the same however the bytes are cut, and what follows the head is left", arguments: 1...60)
    func pieces(size: Int) throws {
        let text = "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nX-Auth: b\r\n\r\n"
        let rest: [UInt8] = [0x82, 0x80, 0, 0, 0, 0]
        let (request, left) = try #require(try read(Array(text.utf8) + rest, pieceSize: size))
        #expect(try request == read(text))
        #expect(Array(left) == rest)
    }

    @Test(
        "a head that is none",
        arguments: [
            "this is no request", "GET", "GET /", "GET  / HTTP/1.1", "GET / HTTP/1.1 ", " GET / HTTP/1.1",
            "GET / HTTX/1.1",
            "G\u{7}T / HTTP/1.1", "GET /ä HTTP/1.1", "GET a HTTP/1.1", "GET ftp://a/ HTTP/1.1", "GET http:/// HTTP/1.1",
            "GET http://a@b/ HTTP/1.1", "GET /%2 HTTP/1.1", "GET /%zz HTTP/1.1", "GET /%+1 HTTP/1.1",
            "GET /%ff HTTP/1.1",
            "GET /%00 HTTP/1.1", "GET /%0d%0a HTTP/1.1",
        ])
    func badFirstLines(line: String) {
        #expect(status("\(line)\r\n\(Self.host)\r\n") == 400)
    }

    @Test(
        "a field that is none",
        arguments: [
            "no colon", ": no name", "a b: c", "a : b", " folded: a", "\tfolded", "ä: b", "a: b\u{0}c", "a: b\u{7f}",
            "a: b\rc", "Host: a", "Host: b", "a\n b: c",
        ])
    func badFields(line: String) {
        #expect(status("GET / HTTP/1.1\r\n\(Self.host)\(line)\r\n\r\n") == 400)
    }

    @Test(
        "a Host that is none",
        arguments: [
            "a b", "a@b", "a/b", "a:b", "a:123456", "[::1", "::1", "[::1]a", "[a]", "a,b", "ä", "1.2.3.4.5", "a:-1",
        ])
    func badHosts(host: String) {
        #expect(status("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n") == 400)
    }

    @Test func hosts() throws {
        #expect(status("GET / HTTP/1.1\r\n\r\n") == 400)
        #expect(status("GET / HTTP/1.0\r\n\r\n") == 200)
        #expect(try read("GET / HTTP/1.1\r\nHost:\r\n\r\n").host == nil)
        // The target in absolute form wins. Source: RFC 9112, section 3.2.2.
        let absolute = try read("GET HTTP://b.example:80/healthz?x HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(absolute.host == "b.example:80" && absolute.path == "/healthz")
        #expect(try read("GET http://b.example?x HTTP/1.1\r\nHost: a\r\n\r\n").path == "/")
        #expect(try read("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").path == "/")
        #expect(try read("CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n").method == "CONNECT")
    }

    @Test(arguments: ["HTTP/2.0", "HTTP/0.9", "HTTP/1.2", "HTTP/9.9"])
    func anotherVersion(version: String) {
        #expect(status("GET / \(version)\r\n\(Self.host)\r\n") == 505)
    }

    @Test func whatIsTooLong() {
        let limits = HTTPHeadLimits(sizeMax: 1000, lineSizeMax: 100, fieldCountMax: 5)
        func path(_ count: Int) -> String {
            "GET /\(String(repeating: "p", count: count - 15)) HTTP/1.1\r\n\(Self.host)"
        }
        #expect(status(path(99) + "\r\n", limits: limits) == 200)
        #expect(status(path(101) + "\r\n", limits: limits) == 414)
        let field = "x: " + String(repeating: "y", count: 195) + "\r\n"
        let head = path(85) + String(repeating: field, count: 4)
        #expect(status(head + "\r\n", limits: limits) == 200)
        #expect(status(head + field + "\r\n", limits: limits) == 431)
        #expect(status("\(path(20))a:\r\nb:\r\nc:\r\nd:\r\n\r\n", limits: limits) == 200)
        #expect(status("\(path(20))a:\r\nb:\r\nc:\r\nd:\r\ne:\r\n\r\n", limits: limits) == 431)
        // Empty lines before the first count, so that they end too.
        #expect(status(String(repeating: "\r\n", count: 501), limits: limits) == 431)
    }

    @Test func aLineThatEndsOtherwiseIsFoundAtOnce() throws {
        // Not only when the head is whole, for which one would wait.
        for text in ["GET / HTTP/1.1\n", "GET / HTTP/1.1\r\nHost: a\n", "GET /\ra"] {
            let error = try #require(throws: HTTPHeadError.self) { _ = try self.read(Array(text.utf8)) }
            #expect(error.status == 400)
        }
    }

    @Test("random bytes and changed heads are read or refused, the same in pieces", arguments: 0..<300)
    func random(seed: UInt64) throws {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        var bytes = Array(
            "GET http://[::1]:1/%41?b HTTP/1.1\r\nHost: a:1\r\nUpgrade: a, b\r\nConnection:c\r\n\r\n".utf8)
        if seed % 3 == 0 { bytes = (0..<next(400)).map { _ in UInt8(next(256)) } }
        let strange = Array("\r\n :/%[]?\t,\u{0}\u{80}é".utf8)
        for _ in 0..<next(6) where !bytes.isEmpty {
            let position = next(bytes.count)
            switch next(3) {
            case 0: bytes[position] = strange[next(strange.count)]
            case 1: bytes.insert(strange[next(strange.count)], at: position)
            default: bytes.remove(at: position)
            }
        }
        func outcome(_ pieceSize: Int) -> String {
            do {
                guard let (request, rest) = try read(bytes, pieceSize: pieceSize) else { return "goes on" }
                _ = WebSocketOffer(request)?.refusal(subprotocol: "a")
                return "\(request) \(rest.count)"
            } catch {
                return "\(error)"
            }
        }
        #expect(outcome(1 + next(7)) == outcome(.max))
    }
}

@Suite("An answer is read as far as it has come, whatever the bytes are")
struct HTTPAnswerTests {
    private func answer(_ text: String, pieceSize: Int = .max) -> HTTPAnswer {
        var answer = HTTPAnswer()
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            answer.take(rest.prefix(pieceSize))
            rest = rest.dropFirst(pieceSize)
        }
        return answer
    }

    @Test(arguments: 1...40)
    func pieces(size: Int) {
        let text = "HTTP/1.1 421 Misdirected Request\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nno\nso"
        let answer = answer(text, pieceSize: size)
        #expect(answer.status == 421 && answer.sentence == "no" && !answer.isMalformed)
        #expect(answer.beginning == Array(text.utf8.prefix(64)))
    }

    @Test func whatHasNotComeIsNotSaid() {
        let head = "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\n"
        #expect(answer(String(head.dropLast(1))).status == nil)
        #expect(answer(head).status == 403)
        #expect(answer(head + "half a").sentence == nil)
        #expect(answer(head + "not half.").sentence == "not half.")
        #expect(answer(head + String(repeating: "x", count: 2000)).sentence == nil)
        #expect(answer(head.replacing("text/plain", with: "text/html") + "not half.").sentence == nil)
    }

    @Test func anAnswerBeforeTheAnswerIsSkipped() {
        let answer = answer("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 426 Upgrade Required\r\n\r\n")
        #expect(answer.status == 426)
    }

    @Test(arguments: ["220 mail\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/2 200\r\n\r\n", "\u{15}\u{3}\u{1}", "a\n"])
    func whatIsNone(text: String) {
        #expect(answer(text).isMalformed && answer(text).status == nil)
    }
}

@Suite("A request for a WebSocket is told from others, and what is wrong with it")
struct WebSocketOfferTests {
    private func offer(_ fields: [String: String?] = [:], firstLine: String = "GET / HTTP/1.1") throws
        -> WebSocketOffer?
    {
        var all: [String: String?] = [
            "Host": "a", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": "orrery.v1",
        ]
        for (name, value) in fields { all[name] = value }
        let lines = [firstLine] + all.compactMap { name, value in value.map { "\(name): \($0)" } } + ["", ""]
        let head = try HTTPHead(Array(lines.joined(separator: "\r\n").utf8))
        return try WebSocketOffer(HTTPRequestHead(head))
    }

    @Test(
        arguments: [
            [:], ["Upgrade": "h2c, WebSocket"], ["Connection": "keep-alive,  UPGRADE "],
            ["Sec-WebSocket-Protocol": "chat, orrery.v1"],
        ] as [[String: String?]])
    func isGranted(fields: [String: String?]) throws {
        #expect(try #require(try offer(fields)).refusal(subprotocol: "orrery.v1") == nil)
    }

    @Test(
        arguments: [
            ["Upgrade": "h2c"], ["Upgrade": nil], ["Connection": nil], ["Connection": "close"],
            ["Upgrade": "websockets"],
        ] as [[String: String?]])
    func isNone(fields: [String: String?]) throws {
        #expect(try offer(fields) == nil)
        #expect(try offer(firstLine: "GET / HTTP/1.0") == nil)
    }

    @Test(
        arguments: [
            (["Sec-WebSocket-Key": nil], 400), (["Sec-WebSocket-Key": "short=="], 400),
            (["Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=a"], 400),
            (["Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZ\"=="], 400), (["Sec-WebSocket-Version": "8"], 426),
            (["Sec-WebSocket-Version": nil], 426), (["Sec-WebSocket-Protocol": nil], 400),
            (["Sec-WebSocket-Protocol": "orrery.v10"], 400),
        ] as [([String: String?], Int)])
    func isRefused(fields: [String: String?], status: Int) throws {
        #expect(try #require(try offer(fields)).refusal(subprotocol: "orrery.v1")?.status == status)
    }

    @Test func anotherMethodIsRefused() throws {
        #expect(try #require(try offer(firstLine: "POST / HTTP/1.1")).refusal(subprotocol: "orrery.v1")?.status == 400)
    }

    @Test func theCleanHeadAsksForTheSame() throws {
        let offer = try #require(try offer(["Sec-WebSocket-Protocol": "a, orrery.v1", "X-Auth": "b"]))
        let head = offer.head(subprotocol: "orrery.v1")
        #expect(head.utf8.count <= WebSocketOffer.headSizeMax)
        let clean = try #require(try WebSocketOffer(HTTPRequestHead(HTTPHead(Array(head.utf8)))))
        #expect(clean.refusal(subprotocol: "orrery.v1") == nil)
        #expect(clean.key == offer.key)
        #expect(!head.contains("X-Auth"))
    }
}

@Suite("A date is written as HTTP wants it")
struct HTTPTimeTests {
    @Test(
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"), (1_795_910_400, "Sun, 29 Nov 2026 00:00:00 GMT"),
            (-1, "Wed, 31 Dec 1969 23:59:59 GMT"), (1_735_689_599, "Tue, 31 Dec 2024 23:59:59 GMT"),
        ] as [(Int64, String)])
    func dates(seconds: Int64, text: String) {
        #expect(HTTPTime(secondsSince1970: seconds).description == text)
    }
}
