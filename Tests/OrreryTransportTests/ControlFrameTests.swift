import OrreryRawPeer
import OrreryTransport
import Testing

@Suite("What a peer says beside messages is told, since reading it is work")
struct ControlFrameTests {
    private static let pings = [UInt8]((0..<2048).flatMap { _ in [0x89, 0x82, 0, 0, 0, 0, 1, 2] as [UInt8] })

    @Test("a flood of pings is told, and not read while reading rests", arguments: [Kind.webSocket, .webSocketOverTLS])
    func floodOfPings(kind: Kind) throws {
        let wire = try Wire(
            kind, hooks: .init(beside: { loop, connection, _ in loop.setReading(false, of: connection) }))
        let (client, clientID, serverID) = try wire.connectedClient()
        let peer = try wire.peer()
        peer.requestUpgrade()
        _ = peer.readHead()
        wire.server.wait("the peer opens") { $0.opened.count == 2 }
        let id = try #require(wire.server.snapshot.opened.last)
        var written = 0
        for _ in 0..<12 {
            peer.write(Self.pings)
            written += Self.pings.count
        }
        wire.server.wait("it is told") { $0.besideByteCounts[id] ?? 0 > 0 }
        let before = wire.server.snapshot.timerCount
        wire.server.wait("rounds pass") { $0.timerCount >= before + 3 }
        #expect(wire.server.snapshot.besideByteCounts[id] ?? 0 <= 64 << 10, "no more than one receive buffer is read")
        // It costs the other one nothing.
        client.perform { $0.send(Frame([7]), to: clientID) }
        wire.server.wait("the other is read") { $0.messages[serverID] == [[7]] }
        // Messages are read after it, and answers to pings come.
        peer.writeFrame(2, [1, 2, 3])
        let deadline = ContinuousClock.now + .seconds(20)
        while wire.server.snapshot.messages[id] == nil, ContinuousClock.now < deadline {
            _ = wire.server.ask { loop in
                loop.setReading(true, of: id)
                return true
            }
        }
        #expect(wire.server.snapshot.messages[id] == [[1, 2, 3]])
        // All of it was told, but what a receive buffer may hold, and what was read last.
        let told = wire.server.snapshot.besideByteCounts[id] ?? 0
        #expect(told >= written - 2 * (64 << 10))
        #expect(try peer.readFrame().opcode == 10)
        for driver in [client, wire.server] { driver.stop() }
    }

    @Test("messages are not told of beside messages", arguments: [Kind.webSocket])
    func messagesAlone(kind: Kind) throws {
        let wire = try Wire(kind)
        let (client, id, serverID) = try wire.connectedClient()
        // Long ones that come in parts, many small ones, and a ping now and then.
        let messages = (0..<300).map { pattern($0.isMultiple(of: 50) ? 300_000 : $0 % 40) }
        client.perform { loop in for message in messages { loop.send(Frame(message), to: id) } }
        wire.server.wait("all messages") { $0.messages[serverID]?.count == messages.count }
        #expect(wire.server.snapshot.besideByteCounts[serverID] == nil)
        for driver in [client, wire.server] { driver.stop() }
    }
}
