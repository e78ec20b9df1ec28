import OrreryTransport
import OrreryWebSocket
import Testing

/// The classes of cases of the Autobahn test suite that concern a server of binary messages. Source of the codes: RFC 6455.
///
/// Where libwebsockets cuts the line without a close frame, which section 7.1.7 leaves to it, the tests say so.
@Suite("A server keeps to the rules of WebSocket")
struct ConformanceTests {
    private func withPeer(_ body: (RawPeer) throws -> Void) throws {
        let wire = try Wire(.webSocket, hooks: .echo, closeTimeout: .seconds(1))
        let peer = try RawPeer(port: try portNumber(wire.url))
        peer.requestUpgrade()
        try #require(peer.readHead().hasPrefix("HTTP/1.1 101 "))
        try body(peer)
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

    @Test("a control frame of more than 125 bytes: cut", arguments: [0x08, 0x09, 0x0A])
    func longControl(opcode: UInt8) throws {
        try withPeer { peer in
            peer.writeFrame(opcode, [UInt8](repeating: 0, count: 126))
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

    @Test("a reason that is not UTF-8: cut", arguments: [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80]])
    func closeReason(bytes: [UInt8]) throws {
        try withPeer { peer in
            peer.writeFrame(8, [0x03, 0xE8] + bytes)
            #expect(peer.isEnded())
        }
    }

    @Test(
        "codes that must not be sent: 1002",
        arguments: [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999])
    func badCloseCodes(code: Int) throws {
        try withPeer { peer in
            peer.writeFrame(8, [UInt8(code >> 8), UInt8(code & 255)])
            try expectClose(1002, of: peer)
        }
    }

    @Test("half a code, and codes beyond all: the connection ends", arguments: [[0x03], [0x13, 0x88], [0xFF, 0xFF]])
    func oddCloses(payload: [UInt8]) throws {
        try withPeer { peer in
            peer.writeFrame(8, payload)
            #expect(peer.isEnded())
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
