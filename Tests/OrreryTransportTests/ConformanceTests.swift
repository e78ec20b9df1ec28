import OrreryRawPeer
import OrreryTransport
import OrreryWebSocket
import Testing

/// The classes of cases of the Autobahn test suite that concern a server of binary messages. Source of the codes: RFC
/// 6455.
///
/// What libwebsockets decides otherwise stands in docs/OPERATIONS.md.
@Suite("A server keeps to the rules of WebSocket")
struct ConformanceTests {
    private func withPeer(_ body: (RawPeer) throws -> Void) throws {
        try withPeer(closeTimeout: .seconds(1)) { peer, _ in try body(peer) }
    }

    private func withPeer(closeTimeout: Duration, _ body: (RawPeer, _ server: Driver) throws -> Void) throws {
        let wire = try Wire(.webSocket, hooks: .echo, closeTimeout: closeTimeout)
        let peer = try RawPeer(port: try portNumber(wire.url))
        peer.requestUpgrade()
        try #require(peer.readHead().hasPrefix("HTTP/1.1 101 "))
        try body(peer, wire.server)
        wire.server.stop()
    }

    private func expectClose(_ code: Int, of peer: RawPeer, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let closed = try peer.readCloseCode()
        #expect(closed == code, sourceLocation: sourceLocation)
    }

    private static let mask: [UInt8] = [0x80, 0, 0, 0, 0]

    @Test("reserved bits and opcodes: 1002", arguments: [0x92, 0xA2, 0xC2, 0xC9, 0x83, 0x84, 0x87, 0x8B, 0x8C, 0x8F])
    func reserved(first: UInt8) throws {
        try withPeer { peer in
            peer.write([first] + Self.mask)
            try expectClose(1002, of: peer)
        }
    }

    @Test("a control frame in fragments: 1002", arguments: [0x08, 0x09, 0x0A])
    func control(first: UInt8) throws {
        try withPeer { peer in
            peer.writeFrame(first, [], isFinal: false)
            try expectClose(1002, of: peer)
        }
    }

    @Test("a control frame of more than 125 bytes: 1002", arguments: [0x08, 0x09, 0x0A])
    func longControl(opcode: UInt8) throws {
        try withPeer { peer in
            peer.writeFrame(opcode, [UInt8](repeating: 0, count: 126))
            try expectClose(1002, of: peer)
            #expect(peer.isEnded())
        }
    }

    @Test("a fragment where none belongs, and a message inside of another: 1002", arguments: [true, false])
    func fragmentsOutOfPlace(isContinuation: Bool) throws {
        try withPeer { peer in
            if !isContinuation { peer.writeFrame(2, [1], isFinal: false) }
            peer.writeFrame(isContinuation ? 0 : 2, [2])
            try expectClose(1002, of: peer)
        }
    }

    @Test(
        "text is refused before it is looked at: 1003", arguments: [[0xCE, 0xBA], [0xC0, 0x80], [0xED, 0xA0, 0x80]])
    func text(bytes: [UInt8]) throws {
        try withPeer { peer in
            peer.writeFrame(1, bytes)
            let code = try peer.readCloseCode()
            #expect([1003, 1007].contains(code))
        }
    }

    @Test("a reason that is not UTF-8: 1007", arguments: [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80]])
    func closeReason(bytes: [UInt8]) throws {
        try withPeer { peer in
            peer.writeFrame(8, [0x03, 0xE8] + bytes)
            try expectClose(1007, of: peer)
            #expect(peer.isEnded())
        }
    }

    @Test(
        "codes that must not be sent: 1002",
        arguments: [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65535])
    func badCloseCodes(code: Int) throws {
        try withPeer { peer in
            peer.writeFrame(8, [UInt8(code >> 8), UInt8(code & 255)])
            try expectClose(1002, of: peer)
        }
    }

    @Test("half a code: 1002, and the end follows whether or not it is answered", arguments: [true, false])
    func halfACode(isAnswered: Bool) throws {
        try withPeer { peer in
            peer.writeFrame(8, [0x03])
            try expectClose(1002, of: peer)
            if isAnswered { peer.writeFrame(8, [0x03, 0xEA]) }
            #expect(peer.isEnded())
        }
    }

    /// Whatever the world goes on to say.
    @Test("nothing is sent behind a close frame", arguments: [[0xC2, 0x80, 0, 0, 0, 0], [0x83, 0x80, 0, 0, 0, 0]])
    func nothingAfterAClose(breach: [UInt8]) throws {
        let wire = try Wire(.webSocket, hooks: .echo)
        let peer = try RawPeer(port: try portNumber(wire.url))
        peer.requestUpgrade()
        #expect(peer.readHead().hasPrefix("HTTP/1.1 101 "))
        wire.server.wait("opened") { $0.opened.count == 1 }
        let id = try #require(wire.server.snapshot.opened.first)
        peer.write(breach)
        var opcodes: [UInt8] = []
        while let (opcode, _) = try? peer.readFrame() {
            opcodes.append(opcode)
            wire.server.perform { loop in for _ in 0..<20 { loop.send(Frame([1]), to: id) } }
        }
        #expect(opcodes.contains(8))
        #expect(opcodes.last == 8)
        wire.server.wait("told as what it was") { $0.closures[id]?.code == .protocolError }
        #expect(wire.server.snapshot.refusals == [.connection(.protocolError)])
        wire.server.stop()
        #expect(wire.server.snapshot.closureCount == 1)
    }

    @Test("a breach is told when it happens, not when the socket is gone")
    func aBreachIsToldAtOnce() throws {
        try withPeer(closeTimeout: .seconds(60)) { peer, server in
            peer.write([0xC2, 0x80, 0, 0, 0, 0])
            // The peer says nothing more.
            server.wait("told", atMost: .seconds(5)) { $0.closures.values.first?.code == .protocolError }
            #expect(peer.isEnded())
        }
    }

    @Test("a ping that came before a message is answered before it")
    func pingBeforeTheAnswer() throws {
        try withPeer { peer in
            for _ in 0..<20 {
                // One packet.
                peer.write([0x89, 0x81, 0, 0, 0, 0, 7, 0x82, 0x81, 0, 0, 0, 0, 9])
                let first = try peer.readFrame()
                #expect(first.opcode == 10 && first.payload == [7])
                let second = try peer.readFrame()
                #expect(second.opcode == 2 && second.payload == [9])
            }
        }
    }

    @Test(
        "codes that may be sent are sent back",
        arguments: [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999])
    func goodCloseCodes(code: Int) throws {
        try withPeer { peer in
            peer.writeFrame(8, [UInt8(code >> 8), UInt8(code & 255)] + Array("Grüße".utf8))
            try expectClose(code, of: peer)
            #expect(peer.isEnded())
        }
    }

    @Test("every ping comes back as it was, and a pong that nobody asked for is left")
    func pings() throws {
        try withPeer { peer in
            for count in 0...125 {
                peer.writeFrame(10, pattern(count))
                peer.writeFrame(9, pattern(count))
                let answer = try peer.readFrame()
                #expect(answer.opcode == 10 && answer.payload == pattern(count))
            }
        }
    }

    @Test("fragments with pings between them, however they are cut", arguments: [1, 3, 1000])
    func fragments(pieceSize: Int) throws {
        try withPeer { peer in
            let message = pattern(300)
            for start in stride(from: 0, to: message.count, by: 50) {
                peer.writeFrame(start == 0 ? 2 : 0, Array(message[start..<(start + 50)]), isFinal: start == 250)
                guard start < 250 else { continue }
                peer.writeFrame(9, [UInt8(start)])
                let pong = try peer.readFrame()
                #expect(pong.opcode == 10 && pong.payload == [UInt8(start)])
            }
            let answer = try peer.readFrame()
            #expect(answer.opcode == 2 && answer.payload == message)
            // One frame in pieces of bytes, its head too.
            let frame = [0x82, 0xFE, 0x01, 0x2C, 0, 0, 0, 0] + message
            for start in stride(from: 0, to: frame.count, by: pieceSize) {
                peer.write(Array(frame[start..<min(start + pieceSize, frame.count)]))
            }
            let again = try peer.readFrame()
            #expect(again.opcode == 2 && again.payload == message)
        }
    }
}
