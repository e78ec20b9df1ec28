import OrreryRawPeer
import OrreryTransport
import OrreryWebSocket
import Testing

@Suite("What a stranger sends closes its own connection at most")
struct WebSocketServerTests {
    /// A server that echoes, and still does after `body`.
    private func withServer(
        limits: TransportLimits = TransportLimits(), _ body: (_ server: Driver, _ port: Int) throws -> Void
    ) throws {
        let wire = try Wire(.webSocket, hooks: .echo, limits: limits, closeTimeout: .seconds(1))
        try body(wire.server, try portNumber(wire.url))
        let (client, id, _) = try wire.connectedClient()
        client.perform { $0.send(Frame([42]), to: id) }
        client.wait("the server still serves") { $0.messages[id] == [[42]] }
        client.stop()
        wire.server.stop()
        // What opened has closed, and nothing else.
        let heard = wire.server.snapshot
        #expect(Set(heard.opened) == Set(heard.closures.keys))
    }

    private func established(_ port: Int, _ server: Driver) throws -> RawPeer {
        let before = server.snapshot.opened.count
        let peer = try RawPeer(port: port)
        peer.requestUpgrade()
        let head = peer.readHead()
        #expect(head.hasPrefix("HTTP/1.1 101 "))
        #expect(head.lowercased().contains("sec-websocket-protocol: orrery.v1\r\n"))
        // Source of the value: RFC 6455, section 1.3.
        #expect(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
        server.wait("opened") { $0.opened.count == before + 1 }
        return peer
    }

    @Test func textIsRefusedWith1003() throws {
        try withServer { server, port in
            let peer = try established(port, server)
            peer.writeFrame(1, Array("hello".utf8))
            #expect(try peer.readCloseCode() == 1003)
            peer.writeFrame(8, [0x03, 0xEB])
            #expect(peer.isEnded())
            server.wait("closed") { $0.closures[$0.opened[0]]?.code == .unsupportedData }
        }
    }

    @Test func aPeerThatDoesNotAnswerTheCloseIsCut() throws {
        try withServer { server, port in
            let peer = try established(port, server)
            peer.writeFrame(1, [])
            #expect(try peer.readCloseCode() == 1003)
            server.wait("cut", atMost: .seconds(4)) { $0.closureCount == 1 }
            #expect(peer.isEnded())
        }
    }

    @Test func fragmentsBecomeOneMessage() throws {
        try withServer { server, port in
            let peer = try established(port, server)
            peer.writeFrame(2, [1, 2], isFinal: false)
            peer.writeFrame(0, [], isFinal: false)
            peer.writeFrame(9, Array("are you there".utf8))
            peer.writeFrame(0, [3], isFinal: false)
            peer.writeFrame(0, [], isFinal: true)
            // The two may come in either order.
            let answers = try [peer.readFrame(), peer.readFrame()].sorted { $0.opcode < $1.opcode }
            #expect(answers.map(\.opcode) == [2, 10])
            #expect(answers.map(\.payload) == [[1, 2, 3], Array("are you there".utf8)])
        }
    }

    @Test func aMessageOfManyFragmentsIsLimited() throws {
        var limits = TransportLimits()
        limits.messageSizeMax = 1000
        try withServer(limits: limits) { server, port in
            let peer = try established(port, server)
            peer.writeFrame(2, pattern(600), isFinal: false)
            peer.writeFrame(0, pattern(400), isFinal: false)
            peer.writeFrame(0, [1], isFinal: true)
            #expect(try peer.readCloseCode() == 1009)
        }
    }

    @Test(arguments: [UInt64(1 << 20) + 1, 1 << 40, UInt64.max >> 1])
    func anAnnouncedLengthIsCheckedBeforeTheBytesCome(length: UInt64) throws {
        try withServer { server, port in
            let peer = try established(port, server)
            let announced = (0..<8).map { UInt8(truncatingIfNeeded: length >> (56 - 8 * UInt64($0))) }
            peer.write([0x82, 0xFF] + announced + [0, 0, 0, 0] + pattern(70_000))
            #expect(try peer.readCloseCode() == 1009)
            #expect(server.snapshot.messageCount == 0)
        }
    }

    @Test func aCloseOfThePeerIsAnsweredAndTold() throws {
        try withServer { server, port in
            let peer = try established(port, server)
            peer.writeFrame(8, [0x0F, 0xA2] + Array("bye".utf8))
            #expect(try peer.readCloseCode() == 4002)
            #expect(peer.isEnded())
            server.wait("closed") { $0.closureCount == 1 }
            let expected = ConnectionEnd(code: CloseCode(4002), reason: "bye", wasEstablished: true)
            #expect(server.snapshot.closures.values.first == expected)
        }
    }

    @Test func aCloseWithoutACodeIsTold() throws {
        try withServer { server, port in
            let peer = try established(port, server)
            peer.writeFrame(8, [])
            server.wait("closed") { $0.closures.values.first?.code == .noStatus }
        }
    }

    @Test func aLineThatBreaksIsTold() throws {
        try withServer { server, port in
            _ = try established(port, server)
            server.wait("closed") { $0.closures.values.first?.code == .abnormal }
        }
    }

    @Test(
        arguments: [
            [0x83, 0x80, 0, 0, 0, 0],  // an opcode that is not defined
            [0xC2, 0x80, 0, 0, 0, 0],  // a bit that no extension was agreed for
            [0x80, 0x80, 0, 0, 0, 0],  // a continuation of nothing
            [0x09, 0x80, 0, 0, 0, 0],  // a fragmented ping
        ] as [[UInt8]])
    func aBrokenFrameClosesWith1002(bytes: [UInt8]) throws {
        try withServer { server, port in
            do {
                let peer = try established(port, server)
                peer.write(bytes)
                #expect(try peer.readCloseCode() == 1002)
            }
            server.wait("closed") { $0.closures.values.first?.code == .protocolError }
        }
    }

    @Test(
        arguments: [
            ["Sec-WebSocket-Protocol": "chat"], ["Sec-WebSocket-Protocol": nil],
            ["Sec-WebSocket-Protocol": "orrery.v10"],
        ] as [[String: String?]])
    func anotherSubprotocolIsRefused(fields: [String: String?]) throws {
        try withServer { server, port in
            let peer = try RawPeer(port: port)
            peer.requestUpgrade(fields)
            let answer = peer.readToEnd()
            #expect(answer.hasPrefix("HTTP/1.1 400 "))
            #expect(answer.contains("orrery.v1"))
            #expect(server.snapshot.opened.isEmpty)
        }
    }

    /// A peer that takes its time with the handshake is named when it is in, after those that came later and were
    /// quicker.
    @Test func namesAscendInTheOrderOfOpening() throws {
        try withServer { server, port in
            let late = try RawPeer(port: port)
            late.write("GET / HTTP/1.1\r\n")
            // Served after the late one was: its socket has a lower name.
            _ = try established(port, server)
            late.write("Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
            late.write("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n")
            late.write("Sec-WebSocket-Protocol: orrery.v1\r\n\r\n")
            server.wait("opened") { $0.opened.count == 2 }
            let opened = server.snapshot.opened
            #expect(opened == opened.sorted())
        }
    }

    @Test func oneOfSeveralSubprotocolsIsChosen() throws {
        try withServer { server, port in
            let peer = try RawPeer(port: port)
            peer.requestUpgrade(["Sec-WebSocket-Protocol": "orrery.v2, orrery.v1"])
            #expect(peer.readHead().lowercased().contains("sec-websocket-protocol: orrery.v1\r\n"))
            server.wait("opened") { $0.opened.count == 1 }
        }
    }

    @Test(
        arguments: [
            (["Sec-WebSocket-Version": "8"], "426"), (["Sec-WebSocket-Key": nil], "400"), (["Upgrade": "h2c"], "426"),
            (["Upgrade": "chat"], "426"), (["Connection": "keep-alive"], "426"),
        ] as [([String: String?], String)])
    func anotherUpgradeIsRefused(fields: [String: String?], status: String) throws {
        try withServer { server, port in
            let peer = try RawPeer(port: port)
            peer.requestUpgrade(fields)
            #expect(peer.readToEnd().dropFirst("HTTP/1.x ".count).hasPrefix("\(status) "))
            #expect(server.snapshot.opened.isEmpty)
        }
    }

    @Test(arguments: ["GET", "HEAD", "POST"])
    func plainHTTPIsAnswered(method: String) throws {
        try withServer { _, port in
            let peer = try RawPeer(port: port)
            peer.write("\(method) / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            let answer = peer.readToEnd()
            #expect(answer.hasPrefix("HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\n"))
            #expect(answer.contains("\r\nConnection: Upgrade, close\r\n"))
            let body = "This is a WebSocket server. Connect with the subprotocol orrery.v1.\n"
            #expect(answer.hasSuffix(method == "HEAD" ? "\r\n\r\n" : body))
        }
    }

    @Test func randomBytesInsteadOfHTTP() throws {
        var generator = SystemRandomNumberGenerator()
        let seed = generator.next()
        try withServer { server, port in
            var state = seed
            for _ in 0..<50 {
                let peer = try RawPeer(port: port)
                let bytes = (0..<300).map { _ -> UInt8 in
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    return UInt8(truncatingIfNeeded: state >> 33)
                }
                peer.write(bytes)
                peer.finishWriting()
                #expect(peer.isEnded(), "seed \(seed)")
            }
            #expect(server.snapshot.opened.isEmpty)
        }
    }

    @Test(arguments: [
        "CONNECT a:1 HTTP/1.1\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET\r\n\r\n", "\r\n\r\n\r\n",
    ])
    func oddRequests(text: String) throws {
        try withServer { server, port in
            let peer = try RawPeer(port: port)
            peer.write(text)
            peer.finishWriting()
            #expect(peer.isEnded())
            #expect(server.snapshot.opened.isEmpty)
        }
    }

    @Test func whoSaysNothingIsSentAway() throws {
        var limits = TransportLimits()
        limits.handshakeTimeout = .seconds(1)
        try withServer(limits: limits) { server, port in
            let peer = try RawPeer(port: port)
            peer.write("GET / HT")
            #expect(peer.isEnded(), "within ten seconds")
            #expect(server.snapshot.opened.isEmpty)
        }
    }

    @Test func randomFramesAfterTheUpgrade() throws {
        var generator = SystemRandomNumberGenerator()
        let seed = generator.next()
        try withServer { server, port in
            var state = seed
            for _ in 0..<50 {
                let peer = try established(port, server)
                let bytes = (0..<2000).map { _ -> UInt8 in
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    return UInt8(truncatingIfNeeded: state >> 33)
                }
                peer.write(bytes)
                peer.finishWriting()
                #expect(peer.isEnded(), "seed \(seed)")
            }
            server.wait("all closed") { $0.closureCount == 50 }
        }
    }
}
