import OrreryRawPeer
import OrreryTransport
import OrreryWebSocket
import Synchronization
import Testing

@Suite("Reading pauses between messages, and nothing is lost")
struct ReadingTests {
    /// Lets the loop go round some times, for what would come if it came.
    private func letRoundsPass(_ driver: Driver, sourceLocation: SourceLocation = #_sourceLocation) {
        let before = driver.snapshot.timerCount
        driver.wait("rounds pass", sourceLocation: sourceLocation) { $0.timerCount >= before + 3 }
    }

    private func send(_ messages: [[UInt8]], _ client: Driver, _ id: ConnectionID) {
        client.perform { loop in for message in messages { loop.send(Frame(message), to: id) } }
    }

    @Test("after false nothing is delivered, after true the rest, in order", arguments: Kind.allCases)
    func pauseFromOutside(kind: Kind) throws {
        let wire = try Wire(kind)
        let (client, id, serverID) = try wire.connectedClient()
        let (other, otherID, otherServerID) = try wire.connectedClient()
        let messages = [0, 1, 125, 126, 40_000, 65_536, 300_000, 0, 7].map { pattern($0) }
        _ = wire.server.ask { $0.setReading(false, of: serverID) }
        send(messages, client, id)
        letRoundsPass(wire.server)
        #expect(wire.server.snapshot.messages[serverID] == nil)
        // It costs the other one nothing, and the way back neither.
        other.perform { $0.send(Frame([7]), to: otherID) }
        wire.server.wait("the other is read") { $0.messages[otherServerID] == [[7]] }
        wire.server.perform { $0.send(Frame([8]), to: serverID) }
        client.wait("sending goes on") { $0.messages[id] == [[8]] }
        wire.server.perform { $0.setReading(true, of: serverID) }
        wire.server.wait("the rest") { $0.messages[serverID]?.count == messages.count }
        #expect(wire.server.snapshot.messages[serverID] == messages)
        for driver in [client, other, wire.server] { driver.stop() }
    }

    @Test("what lies in one buffer behind the message that pauses waits too", arguments: Kind.allCases, [true, false])
    func pauseInsideTheCall(kind: Kind, serverReads: Bool) throws {
        let pausing = Driver.Hooks(received: { loop, connection, _ in loop.setReading(false, of: connection) })
        let wire = try Wire(kind, hooks: serverReads ? pausing : .none)
        let (client, clientID, serverID) = try wire.connectedClient(hooks: serverReads ? .none : pausing)
        let (sender, senderID) = serverReads ? (client, clientID) : (wire.server, serverID)
        let (reader, readerID) = serverReads ? (wire.server, serverID) : (client, clientID)
        let messages = (0..<40).map { [UInt8($0)] + pattern($0 % 5) }
        // All at once, so that they arrive in few pieces.
        send(messages, sender, senderID)
        for count in 1...messages.count {
            reader.wait("one more") { $0.messages[readerID]?.count == count }
            if count % 10 == 1 {
                letRoundsPass(reader)
                #expect(reader.snapshot.messages[readerID]?.count == count, "the next waits")
            }
            reader.perform { $0.setReading(true, of: readerID) }
        }
        #expect(reader.snapshot.messages[readerID] == messages)
        client.stop()
        wire.server.stop()
    }

    @Test("pauses at random: every message once, whole, in order, none during a pause", arguments: Kind.allCases)
    func randomPauses(kind: Kind) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        let count = 400
        let isPaused = Mutex(false)
        let wrong = Mutex(0)
        let state = Mutex(seed | 1)
        let wire = try Wire(
            kind,
            hooks: .init(received: { loop, connection, _ in
                if isPaused.withLock({ $0 }) { wrong.withLock { $0 += 1 } }
                let random = state.withLock { state in
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    return state >> 33
                }
                guard random % 3 == 0 else { return }
                // Back and forth as well: the last word counts.
                for isReading in [false, true, false] { loop.setReading(isReading, of: connection) }
                isPaused.withLock { $0 = true }
            }))
        let (client, id, serverID) = try wire.connectedClient()
        let sizes = (0..<count).map { index in (index &* 2_654_435_761) % 7 == 0 ? index * 157 : index % 300 }
        send(sizes.enumerated().map { pattern($1, seed: $0) }, client, id)
        let deadline = ContinuousClock.now + .seconds(60)
        while wire.server.snapshot.messageCount < count, ContinuousClock.now < deadline {
            wire.server.perform { loop in
                isPaused.withLock { $0 = false }
                loop.setReading(true, of: serverID)
            }
            _ = wire.server.ask { _ in true }
        }
        let messages = wire.server.snapshot.messages[serverID, default: []]
        #expect(messages == sizes.enumerated().map { pattern($1, seed: $0) }, "seed \(seed)")
        #expect(wrong.withLock { $0 } == 0, "seed \(seed)")
        client.stop()
        wire.server.stop()
    }

    @Test("who is not read has to wait at its own end", arguments: Kind.allCases)
    func backPressure(kind: Kind) throws {
        let wire = try Wire(kind)
        let (client, id, serverID) = try wire.connectedClient()
        _ = wire.server.ask { $0.setReading(false, of: serverID) }
        let sent = client.ask { loop in
            let frame = Frame(pattern(64 << 10))
            var count = 0
            while loop.pendingByteCount(of: id) < 1 << 20, count < 1000 {
                loop.send(frame, to: id)
                count += 1
            }
            return count
        }
        let count = try #require(sent)
        #expect(count < 1000, "the system holds a limited amount")
        letRoundsPass(wire.server)
        #expect(client.ask { $0.pendingByteCount(of: id) } ?? 0 > 0)
        #expect(wire.server.snapshot.messageCount == 0)
        wire.server.perform { $0.setReading(true, of: serverID) }
        wire.server.wait("all of it") { $0.messages[serverID]?.count == count }
        client.wait("drained") { $0.drained[id] == 1 }
        client.stop()
        wire.server.stop()
    }

    @Test("a pause from the first moment on, before the first message", arguments: Kind.allCases)
    func pauseAtTheBeginning(kind: Kind) throws {
        let wire = try Wire(kind, hooks: .init(opened: { loop, id in loop.setReading(false, of: id) }))
        let client = try wire.client(hooks: .init(opened: { loop, id in loop.send(Frame([1, 2, 3]), to: id) }))
        wire.server.wait("opened") { $0.opened.count == 1 }
        let serverID = try #require(wire.server.snapshot.opened.first)
        letRoundsPass(wire.server)
        #expect(wire.server.snapshot.messageCount == 0)
        wire.server.perform { $0.setReading(true, of: serverID) }
        wire.server.wait("read") { $0.messages[serverID] == [[1, 2, 3]] }
        client.stop()
        wire.server.stop()
    }

    @Test("a peer that closes during a pause is heard to the end", arguments: Kind.allCases)
    func peerCloses(kind: Kind) throws {
        let wire = try Wire(kind)
        let (client, id, serverID) = try wire.connectedClient()
        _ = wire.server.ask { $0.setReading(false, of: serverID) }
        client.perform { loop in
            for number in 0..<10 { loop.send(Frame([UInt8(number)]), to: id) }
            loop.close(id, code: CloseCode(4002), reason: "that was all")
        }
        letRoundsPass(wire.server)
        #expect(wire.server.snapshot.closures.isEmpty)
        wire.server.perform { $0.setReading(true, of: serverID) }
        wire.server.wait("closed") { $0.closures[serverID] != nil }
        let heard = wire.server.snapshot
        #expect(heard.messages[serverID] == (0..<10).map { [UInt8($0)] })
        #expect(
            heard.closures[serverID]
                == ConnectionEnd(code: CloseCode(4002), reason: "that was all", wasEstablished: true))
        client.stop()
        wire.server.stop()
    }

    @Test("closing from this side works during a pause, and nothing more is delivered", arguments: Kind.allCases)
    func thisSideCloses(kind: Kind) throws {
        let wire = try Wire(kind)
        let (client, id, serverID) = try wire.connectedClient()
        _ = wire.server.ask { $0.setReading(false, of: serverID) }
        send((0..<100).map { pattern($0 * 100) }, client, id)
        letRoundsPass(wire.server)
        let start = ContinuousClock.now
        wire.server.perform { loop in
            loop.close(serverID, code: CloseCode(4004), reason: "enough")
            loop.setReading(true, of: serverID)
        }
        let expected = ConnectionEnd(code: CloseCode(4004), reason: "enough", wasEstablished: true)
        client.wait("told") { $0.closures[id] == expected }
        wire.server.wait("closed") { $0.closures[serverID] == expected }
        #expect(ContinuousClock.now - start < .seconds(4), "the answer to the close frame was seen")
        #expect(wire.server.snapshot.messageCount == 0)
        // After the end: nothing, and no trap.
        wire.server.perform { loop in
            for isReading in [true, false] { loop.setReading(isReading, of: serverID) }
        }
        #expect(wire.server.ask { $0.progress(of: serverID) == nil } == true)
        client.stop()
        wire.server.stop()
    }

    @Test("a shut-down does not wait for who is not read", arguments: Kind.allCases)
    func shutDown(kind: Kind) throws {
        let wire = try Wire(kind)
        let (client, id, serverID) = try wire.connectedClient()
        _ = wire.server.ask { $0.setReading(false, of: serverID) }
        send([[1], [2]], client, id)
        let start = ContinuousClock.now
        wire.server.perform { $0.shutDown(lingerMax: .seconds(20)) }
        wire.server.wait("run returns") { $0.hasReturned }
        #expect(ContinuousClock.now - start < .seconds(10))
        client.wait("told") { $0.closures[id]?.code == .goingAway }
        client.stop()
    }

    @Test("a line that breaks during a pause is noticed in memory")
    func brokenInMemory() throws {
        let wire = try Wire(.memory)
        let (client, id, serverID) = try wire.connectedClient()
        _ = wire.server.ask { $0.setReading(false, of: serverID) }
        send([[1]], client, id)
        client.perform { ($0 as? MemoryLoop)?.cut(tellsPeers: true) }
        wire.server.wait("noticed") { $0.closures[serverID]?.code == .abnormal }
        wire.server.stop()
        client.stop()
    }

    @Test("a line that breaks during a pause is noticed", arguments: [true, false])
    func broken(hasUnreadMessage: Bool) throws {
        let wire = try Wire(.webSocket, hooks: .init(opened: { loop, id in loop.setReading(false, of: id) }))
        do {
            let peer = try RawPeer(port: try portNumber(wire.url), resetsAtEnd: true)
            peer.requestUpgrade()
            #expect(peer.readHead().hasPrefix("HTTP/1.1 101 "))
            wire.server.wait("opened") { $0.opened.count == 1 }
            if hasUnreadMessage { peer.writeFrame(2, [1]) }
        }
        wire.server.wait("noticed") { $0.closures.values.first?.code == .abnormal }
        #expect(wire.server.snapshot.messageCount == 0)
        wire.server.stop()
    }

    @Test("the transport's own pings excuse who is not read")
    func pings() throws {
        var pings = PingTimes()
        pings.pingSeconds = 1
        pings.hangUpSeconds = 2
        // Both at once, since they wait for the same.
        let both = try [Kind.webSocket, .webSocketOverTLS].map { kind in
            let wire = try Wire(kind, pingTimes: pings)
            let (client, id, serverID) = try wire.connectedClient()
            _ = wire.server.ask { $0.setReading(false, of: serverID) }
            send([[5]], client, id)
            return (wire, client, serverID)
        }
        let start = ContinuousClock.now
        both[0].0.server.wait("longer than the transport waits for a pong") { _ in
            ContinuousClock.now - start > .seconds(4)
        }
        for (wire, _, serverID) in both {
            #expect(wire.server.snapshot.closures.isEmpty)
            wire.server.perform { $0.setReading(true, of: serverID) }
            wire.server.wait("read") { $0.messages[serverID] == [[5]] }
        }
        let again = ContinuousClock.now
        both[0].0.server.wait("they answer pings again") { _ in ContinuousClock.now - again > .seconds(3) }
        for (wire, client, _) in both {
            #expect(wire.server.snapshot.closures.isEmpty && client.snapshot.closures.isEmpty)
            client.stop()
            wire.server.stop()
        }
    }

    @Test("who is read and does not answer pings is cut")
    func unansweredPings() throws {
        var pings = PingTimes()
        pings.pingSeconds = 1
        pings.hangUpSeconds = 2
        let wire = try Wire(.webSocket, pingTimes: pings)
        let peer = try RawPeer(port: try portNumber(wire.url))
        peer.requestUpgrade()
        #expect(peer.readHead().hasPrefix("HTTP/1.1 101 "))
        wire.server.wait("cut") { $0.closures.values.first?.code == .abnormal }
        wire.server.stop()
    }
}

@Suite("How far the bytes of a connection have come is told")
struct ProgressTests {
    private func progress(of id: ConnectionID, _ wire: Wire) throws -> ConnectionProgress {
        try #require(wire.server.ask { $0.progress(of: id) } ?? nil)
    }

    @Test("a reader that takes nothing stands still, and moves when it takes", arguments: Kind.allCases)
    func taken(kind: Kind) throws {
        let wire = try Wire(kind)
        let (gate, isHeld) = (Gate(), Gate())
        let (slow, _, serverID) = try wire.connectedClient(
            hooks: .init(
                received: { _, _, _ in
                    isHeld.open()
                    gate.pass()
                }, keepsMessages: false))
        #expect(wire.server.ask { $0.pendingByteCount } == 0)
        wire.server.perform { $0.send(Frame([0]), to: serverID) }
        isHeld.pass()
        let frame = Frame(pattern(64 << 10))
        _ = wire.server.ask { loop in
            while loop.pendingByteCount(of: serverID) < 4 << 20 { loop.send(frame, to: serverID) }
        }
        #expect(wire.server.ask { $0.pendingByteCount == $0.pendingByteCount(of: serverID) } == true)
        // What its system takes without it comes to an end.
        func taken() throws -> UInt64 { try progress(of: serverID, wire).takenByteCount }
        let deadline = ContinuousClock.now + .seconds(20)
        var before = try taken()
        var isStill = false
        while !isStill, ContinuousClock.now < deadline {
            let rounds = wire.server.snapshot.timerCount
            wire.server.wait("some time") { $0.timerCount >= rounds + 5 }
            let now = try taken()
            isStill = now == before
            before = now
        }
        #expect(isStill)
        gate.open()
        wire.server.wait("drained") { $0.drained[serverID] == 1 }
        #expect(try taken() > before)
        #expect(wire.server.ask { $0.pendingByteCount } == 0)
        slow.stop()
        wire.server.wait("closed") { $0.closureCount == 1 }
        #expect(wire.server.ask { $0.pendingByteCount } == 0)
        wire.server.stop()
    }

    @Test("what waits for a connection that ends counts no longer", arguments: Kind.allCases)
    func totalAfterTheEnd(kind: Kind) throws {
        let wire = try Wire(kind, closeTimeout: .milliseconds(200))
        let gate = Gate()
        let clients = try (0..<3).map { _ in
            try wire.connectedClient(hooks: .init(received: { _, _, _ in gate.pass() }, keepsMessages: false))
        }
        let frame = Frame(pattern(64 << 10))
        let ids = clients.map(\.serverID)
        let pending = wire.server.ask { loop in
            for id in ids { while loop.pendingByteCount(of: id) < 1 << 20 { loop.send(frame, to: id) } }
            return loop.pendingByteCount
        }
        #expect(pending ?? 0 >= 2 << 20)
        wire.server.perform { $0.close(ids[0], code: .normal, reason: "") }
        wire.server.wait("one is gone") { $0.closureCount == 1 }
        let isTheSum = wire.server.ask { loop in
            ids.reduce(0) { $0 + loop.pendingByteCount(of: $1) } == loop.pendingByteCount
        }
        #expect(isTheSum == true)
        gate.open()
        for client in clients { client.driver.stop() }
        wire.server.wait("all are gone") { $0.closureCount == 3 }
        #expect(wire.server.ask { $0.pendingByteCount } == 0)
        wire.server.stop()
    }

    @Test("bytes that arrive count, whether or not they are read", arguments: Kind.allCases)
    func arrived(kind: Kind) throws {
        let wire = try Wire(kind)
        let (client, id, serverID) = try wire.connectedClient()
        let before = try progress(of: serverID, wire).arrivedByteCount
        _ = wire.server.ask { $0.setReading(false, of: serverID) }
        client.perform { $0.send(Frame(pattern(1000)), to: id) }
        let deadline = ContinuousClock.now + .seconds(20)
        var now = before
        while now < before + 1000, ContinuousClock.now < deadline {
            now = try progress(of: serverID, wire).arrivedByteCount
        }
        #expect(now >= before + 1000)
        #expect(wire.server.snapshot.messageCount == 0)
        client.stop()
        wire.server.stop()
    }

    @Test("a part of a message is seen to arrive")
    func partOfAMessage() throws {
        let wire = try Wire(.webSocket)
        let peer = try RawPeer(port: try portNumber(wire.url))
        peer.requestUpgrade()
        #expect(peer.readHead().hasPrefix("HTTP/1.1 101 "))
        wire.server.wait("opened") { $0.opened.count == 1 }
        let id = try #require(wire.server.snapshot.opened.first)
        func arrived() throws -> UInt64 { try progress(of: id, wire).arrivedByteCount }
        var last = try arrived()
        // The head announces 10,000 bytes.
        peer.write([0x82, 0xFE, 0x27, 0x10, 0, 0, 0, 0])
        for _ in 0..<5 {
            peer.write(pattern(10))
            let deadline = ContinuousClock.now + .seconds(20)
            var now = last
            while now < last + 10, ContinuousClock.now < deadline { now = try arrived() }
            #expect(now >= last + 10)
            last = now
        }
        #expect(wire.server.snapshot.messageCount == 0)
        wire.server.stop()
    }
}
