import OrreryTransport
import OrreryWebSocket
import Testing

@Suite("Messages arrive whole, in order and once")
struct DeliveryTests {
    @Test("echo of every size at which the framing changes", arguments: Kind.allCases)
    func echo(kind: Kind) throws {
        let wire = try Wire(kind, hooks: .echo)
        let (client, id, _) = try wire.connectedClient()
        let sizes = [0, 1, 125, 126, 127, 65535, 65536, 1 << 20, 0]
        client.perform { loop in
            for size in sizes { loop.send(Frame(pattern(size)), to: id) }
        }
        client.wait("all echoes") { $0.messages[id]?.count == sizes.count }
        let echoes = client.snapshot.messages[id] ?? []
        #expect(echoes.map(\.count) == sizes)
        #expect(echoes.allSatisfy { $0 == pattern($0.count) })
        client.stop()
        wire.server.stop()
    }

    @Test("10,000 messages keep their order, both ways", arguments: Kind.allCases)
    func order(kind: Kind) throws {
        let wire = try Wire(kind, hooks: .echo)
        let (client, id, _) = try wire.connectedClient()
        let count = 10_000
        client.perform { loop in
            for index in 0..<count {
                loop.send(Frame([UInt8(index & 255), UInt8(index >> 8)]), to: id)
            }
        }
        client.wait("all echoes") { $0.messageCount == count }
        let numbers = client.snapshot.messages[id, default: []].map { Int($0[0]) | Int($0[1]) << 8 }
        #expect(numbers == Array(0..<count))
        client.stop()
        wire.server.stop()
    }

    @Test("one frame goes to many connections unchanged", arguments: Kind.allCases)
    func sharedFrame(kind: Kind) throws {
        let wire = try Wire(kind)
        let clients = try (0..<8).map { _ in try wire.connectedClient() }
        let ids = clients.map(\.serverID)
        let payload = pattern(70_000)
        wire.server.perform { loop in
            let frame = Frame(payload)
            for _ in 0..<20 { for id in ids { loop.send(frame, to: id) } }
        }
        for (driver, id, _) in clients {
            driver.wait("20 copies") { $0.messages[id]?.count == 20 }
            #expect(driver.snapshot.messages[id]?.allSatisfy { $0 == payload } == true)
            driver.stop()
        }
        wire.server.stop()
    }

    @Test("a frame that a client sent is not changed by sending", arguments: Kind.allCases)
    func clientFrameStays(kind: Kind) throws {
        let wire = try Wire(kind)
        let (client, id, serverID) = try wire.connectedClient()
        let payload = pattern(3000)
        let frame = Frame(payload)
        client.perform { loop in for _ in 0..<3 { loop.send(frame, to: id) } }
        wire.server.wait("three copies") { $0.messages[serverID]?.count == 3 }
        #expect(wire.server.snapshot.messages[serverID]?.allSatisfy { $0 == payload } == true)
        frame.withPayload { #expect(Array($0) == payload) }
        client.stop()
        wire.server.stop()
    }

    @Test("a message over the limit closes its connection with 1009, and no other", arguments: Kind.allCases)
    func tooBig(kind: Kind) throws {
        var limits = TransportLimits()
        limits.messageSizeMax = 100_000
        let wire = try Wire(kind, hooks: .echo, limits: limits)
        let (client, id, serverID) = try wire.connectedClient()
        let (other, otherID, _) = try wire.connectedClient()
        client.perform { loop in
            loop.send(Frame(pattern(100_000)), to: id)
            loop.send(Frame(pattern(100_001)), to: id)
        }
        client.wait("the client hears why") { $0.closures[id]?.code == .messageTooBig }
        wire.server.wait("the server closed") { $0.closures[serverID]?.code == .messageTooBig }
        #expect(client.snapshot.messageCount == 1)
        other.perform { $0.send(Frame([7]), to: otherID) }
        other.wait("the other lives on") { $0.messages[otherID] == [[7]] }
        #expect(other.snapshot.closureCount == 0)
        client.stop()
        other.stop()
        wire.server.stop()
    }
}

@Suite("A slow reader costs itself alone")
struct BackPressureTests {
    @Test("what waits is counted, and its end is told", arguments: Kind.allCases)
    func drains(kind: Kind) throws {
        let wire = try Wire(kind)
        let (gate, isHeld) = (Gate(), Gate())
        var hooks = Driver.Hooks(received: { _, _, _ in
            isHeld.open()
            gate.pass()
        })
        hooks.keepsMessages = false
        let (slow, _, serverID) = try wire.connectedClient(hooks: hooks)
        #expect(wire.server.ask { $0.pendingByteCount(of: serverID) } == 0)
        wire.server.perform { $0.send(Frame([0]), to: serverID) }
        isHeld.pass()
        let sent = wire.server.ask { loop in
            let frame = Frame(pattern(64 << 10))
            var count = 0
            while loop.pendingByteCount(of: serverID) < 4 << 20, count < 1000 {
                loop.send(frame, to: serverID)
                count += 1
            }
            return count
        }
        let count = try #require(sent)
        #expect(wire.server.ask { $0.pendingByteCount(of: serverID) >= 3 << 20 } == true)
        #expect(wire.server.snapshot.drained[serverID] == nil)
        gate.open()
        wire.server.wait("drained") { $0.drained[serverID] == 1 }
        #expect(wire.server.ask { $0.pendingByteCount(of: serverID) } == 0)
        slow.wait("nothing is lost") { $0.messageCount == 1 + count }
        slow.stop()
        wire.server.stop()
    }

    @Test("over the cap it is closed with 1008, and another misses nothing", arguments: Kind.allCases)
    func overTheCap(kind: Kind) throws {
        var limits = TransportLimits()
        limits.pendingByteCountMax = 2 << 20
        let wire = try Wire(kind, limits: limits, closeTimeout: .milliseconds(300))
        let gate = Gate()
        let (slow, _, slowID) = try wire.connectedClient(hooks: .init(received: { _, _, _ in gate.pass() }))
        let (other, otherID, otherServerID) = try wire.connectedClient()
        // One frame to both in each turn, so that the other one can keep up.
        let payload = pattern(64 << 10)
        var count = 0
        while wire.server.snapshot.closures[slowID] == nil, count < 2000 {
            count += 1
            let number = UInt8(truncatingIfNeeded: count)
            wire.server.perform { loop in
                let frame = Frame([number] + payload)
                loop.send(frame, to: slowID)
                loop.send(frame, to: otherServerID)
            }
            let sentSoFar = count
            other.wait("the other keeps up") { $0.messageCount >= sentSoFar }
        }
        wire.server.wait("closed") { $0.closures[slowID]?.code == .policyViolation }
        #expect(wire.server.snapshot.closures[slowID]?.reason.isEmpty == false)
        #expect(wire.server.ask { $0.pendingByteCount(of: slowID) } == 0)
        #expect(wire.server.snapshot.closures[otherServerID] == nil)
        let numbers = other.snapshot.messages[otherID, default: []].map { $0[0] }
        #expect(numbers == (1...count).map { UInt8(truncatingIfNeeded: $0) })
        gate.open()
        slow.stop()
        other.stop()
        wire.server.stop()
    }
}
