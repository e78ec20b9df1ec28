import OrreryTransport
import OrreryWebSocket
import Synchronization
import Testing

@Suite("Every connection ends once, with a reason")
struct ClosingTests {
    @Test("codes and reasons arrive on both sides", arguments: Kind.allCases, [true, false])
    func closeCodes(kind: Kind, byServer: Bool) throws {
        let wire = try Wire(kind)
        let (client, id, serverID) = try wire.connectedClient()
        let reason = "schéma inconnu"
        let expected = ConnectionEnd(code: CloseCode(4001), reason: reason, wasEstablished: true)
        if byServer {
            wire.server.perform { $0.close(serverID, code: CloseCode(4001), reason: reason) }
        } else {
            client.perform { $0.close(id, code: CloseCode(4001), reason: reason) }
        }
        client.wait("the client hears") { $0.closures[id] == expected }
        wire.server.wait("the server hears") { $0.closures[serverID] == expected }
        // After the end: nothing, and no trap.
        client.perform { loop in
            loop.send(Frame([1]), to: id)
            loop.close(id, code: .normal, reason: "again")
        }
        #expect(client.ask { $0.pendingByteCount(of: id) } == 0)
        client.stop()
        wire.server.stop()
        #expect(client.snapshot.closureCount == 1)
        #expect(wire.server.snapshot.closureCount == 1)
    }

    @Test("a long reason is cut between characters", arguments: Kind.allCases)
    func longReason(kind: Kind) throws {
        let wire = try Wire(kind)
        let (client, id, serverID) = try wire.connectedClient()
        wire.server.perform { $0.close(serverID, code: .policyViolation, reason: String(repeating: "é", count: 100)) }
        client.wait("closed") { $0.closureCount == 1 }
        #expect(client.snapshot.closures[id]?.reason == String(repeating: "é", count: 61))
        client.stop()
        wire.server.stop()
    }

    @Test("what was sent before a close arrives before it", arguments: Kind.allCases)
    func sendThenClose(kind: Kind) throws {
        let wire = try Wire(
            kind,
            hooks: .init(opened: { loop, id in
                for number in 0..<100 { loop.send(Frame([UInt8(number)]), to: id) }
                loop.close(id, code: .normal, reason: "that was all")
            }))
        let client = try wire.client()
        client.wait("closed") { $0.closureCount == 1 }
        let heard = client.snapshot
        #expect(heard.messages[ConnectionID(1)]?.map { $0[0] } == (0..<100).map { UInt8($0) })
        #expect(heard.closures.values.first?.reason == "that was all")
        client.stop()
        wire.server.stop()
    }

    @Test("nothing listens", arguments: Kind.allCases)
    func refused(kind: Kind) throws {
        let wire = try Wire(kind)
        wire.server.stop()
        let client = try wire.client()
        client.wait("refused") { $0.closureCount == 1 }
        let closure = client.snapshot.closures.values.first
        #expect(closure?.wasEstablished == false)
        #expect(closure?.reason == "nothing listens at \(wire.url) (connection refused)")
        #expect(client.snapshot.opened.isEmpty)
        client.stop()
    }

    @Test("an address in use is refused by name", arguments: Kind.allCases)
    func addressInUse(kind: Kind) throws {
        let wire = try Wire(kind)
        let second: any ServerTransport =
            kind == .memory ? wire.serverTransport : WebSocketServerTransport(port: try portNumber(wire.url))
        let error = #expect(throws: TransportError.self) { _ = try second.listen(limits: TransportLimits()) }
        #expect(error?.code == .addressInUse)
        #expect(error?.message.contains("in use") == true)
        #expect(error?.message.contains(wire.url.drop { $0 != "/" }.drop { $0 == "/" }) == true)
        wire.server.stop()
        // Free again.
        let (loop, _) = try second.listen(limits: TransportLimits())
        let again = Driver(loop)
        again.start()
        again.stop()
    }

    @Test("one connection too many is refused, and room is room again", arguments: Kind.allCases)
    func connectionCountMax(kind: Kind) throws {
        var limits = TransportLimits()
        limits.connectionCountMax = 2
        let wire = try Wire(kind, limits: limits)
        let (first, _, _) = try wire.connectedClient()
        let (second, _, _) = try wire.connectedClient()
        let third = try wire.client()
        third.wait("refused") { $0.closureCount == 1 }
        #expect(third.snapshot.closures.values.first?.wasEstablished == false)
        #expect(third.snapshot.opened.isEmpty)
        first.stop()
        wire.server.wait("gone") { $0.closureCount == 1 }
        let (fourth, _, fourthID) = try wire.connectedClient()
        #expect(wire.server.snapshot.opened.filter { $0 == fourthID }.count == 1, "an id is not used twice")
        for driver in [second, third, fourth] { driver.stop() }
        wire.server.stop()
    }

    @Test("200 connections open and close", arguments: Kind.allCases)
    func manyConnections(kind: Kind) throws {
        let wire = try Wire(kind, hooks: .echo)
        for _ in 0..<4 {
            let clients = try (0..<50).map { _ in try wire.client() }
            for client in clients {
                client.wait("opened") { !$0.opened.isEmpty }
                client.perform { $0.send(Frame([5]), to: ConnectionID(1)) }
            }
            for client in clients {
                client.wait("echo") { $0.messageCount == 1 }
                client.stop()
                #expect(client.snapshot.closures[ConnectionID(1)]?.code == .goingAway)
            }
        }
        wire.server.wait("all gone") { $0.closureCount == 200 }
        #expect(wire.server.snapshot.closures.values.allSatisfy { $0.code == .goingAway && $0.wasEstablished })
        wire.server.stop()
    }
}

@Suite("A loop runs, wakes and stops")
struct LoopTests {
    @Test("wakes from another thread come, and several may be one", arguments: Kind.allCases)
    func wake(kind: Kind) throws {
        let wire = try Wire(kind)
        wire.server.loop.wake()
        wire.server.wait("woken") { $0.wakeCount == 1 }
        // While the loop's thread is busy, many wakes become one.
        let busy = Gate()
        wire.server.perform { _ in busy.pass() }
        wire.server.wait("busy") { $0.wakeCount == 2 }
        for _ in 0..<1000 { wire.server.loop.wake() }
        busy.open()
        wire.server.wait("woken once more") { $0.wakeCount == 3 }
        wire.server.wait("nothing else comes") { $0.timerCount > 1 }
        #expect(wire.server.snapshot.wakeCount == 3)
        wire.server.stop()
        wire.server.loop.wake()  // After the end: nothing.
    }

    @Test("a wake before the run is not lost", arguments: Kind.allCases)
    func earlyWake(kind: Kind) throws {
        let wire = try Wire(kind)
        let loop = try wire.clientTransport.connect(to: wire.url, limits: TransportLimits())
        loop.wake()
        let client = Driver(loop)
        client.start()
        client.wait("woken") { $0.wakeCount == 1 }
        client.stop()
        wire.server.stop()
    }

    @Test("the timer fires", arguments: Kind.allCases)
    func timer(kind: Kind) throws {
        var limits = TransportLimits()
        limits.timerInterval = .milliseconds(5)
        let wire = try Wire(kind, limits: limits)
        let start = ContinuousClock.now
        wire.server.wait("ten times") { $0.timerCount >= 10 }
        #expect(ContinuousClock.now - start >= .milliseconds(40))
        wire.server.stop()
    }

    @Test("a shut-down tells every peer 1001", arguments: Kind.allCases)
    func shutDown(kind: Kind) throws {
        let wire = try Wire(kind)
        let clients = try (0..<5).map { _ in try wire.connectedClient() }
        wire.server.stop()
        for (driver, id, serverID) in clients {
            driver.wait("told") { $0.closures[id]?.code == .goingAway }
            #expect(wire.server.snapshot.closures[serverID]?.code == .goingAway)
            driver.stop()
        }
    }

    @Test("a shut-down does not wait for a peer that never answers", arguments: Kind.allCases)
    func shutDownLinger(kind: Kind) throws {
        let wire = try Wire(kind)
        let gate = Gate()
        let (client, _, serverID) = try wire.connectedClient(hooks: .init(received: { _, _, _ in gate.pass() }))
        wire.server.perform { $0.send(Frame([1]), to: serverID) }
        let start = ContinuousClock.now
        wire.server.perform { $0.shutDown(lingerMax: .milliseconds(300)) }
        wire.server.wait("run returns") { $0.hasReturned }
        #expect(ContinuousClock.now - start < .seconds(3))
        #expect(wire.server.snapshot.closures[serverID]?.code == .goingAway)
        gate.open()
        client.stop()
    }

    @Test("many servers, one after the other and at once", arguments: Kind.allCases)
    func manyServers(kind: Kind) throws {
        for _ in 0..<10 {
            let wires = try (0..<5).map { _ in try Wire(kind, hooks: .echo) }
            for wire in wires {
                let (client, id, _) = try wire.connectedClient()
                client.perform { $0.send(Frame([9]), to: id) }
                client.wait("echo") { $0.messages[id] == [[9]] }
                client.stop()
            }
            for wire in wires { wire.server.stop() }
        }
    }

    @Test("a loop that never ran lets its address go", arguments: Kind.allCases)
    func neverRan(kind: Kind) throws {
        let wire = try Wire(kind)
        wire.server.stop()
        let transport: any ServerTransport =
            kind == .memory ? wire.serverTransport : WebSocketServerTransport(port: try portNumber(wire.url))
        for _ in 0..<3 { _ = try transport.listen(limits: TransportLimits()) }
        _ = try wire.clientTransport.connect(to: wire.url, limits: TransportLimits())
    }
}

@Suite("A host is listened at under all its names and spellings")
struct ListeningTests {
    private func reaches(_ url: String) throws -> Bool {
        let client = Driver(try WebSocketClientTransport().connect(to: url, limits: TransportLimits()))
        client.start()
        client.wait("an end or a beginning") { !$0.opened.isEmpty || $0.closureCount == 1 }
        defer { client.stop() }
        return !client.snapshot.opened.isEmpty
    }

    @Test(
        arguments: [
            ("localhost", ["127.0.0.1", "[::1]", "localhost", "[0:0:0:0:0:0:0:1]"], ["127.0.0.2"]),
            ("LOCALHOST", ["127.0.0.1", "[::1]"], []), ("::1", ["[::1]"], ["127.0.0.1"]),
            ("[::1]", ["[::1]", "[0::1]"], ["127.0.0.1"]), ("0:0:0:0:0:0:0:1", ["[::1]"], []),
            ("::", ["127.0.0.1", "[::1]"], []), ("127.0.0.1", ["127.0.0.1"], ["[::1]"]),
        ] as [(String, [String], [String])])
    func names(host: String, reached: [String], notReached: [String]) throws {
        let (loop, url) = try WebSocketServerTransport(host: host, port: 0).listen(limits: TransportLimits())
        let server = Driver(loop)
        server.start()
        let port = try portNumber(url)
        #expect(try reaches(url))
        for host in reached { #expect(try reaches("ws://\(host):\(port)"), "\(host)") }
        for host in notReached { #expect(try !reaches("ws://\(host):\(port)"), "\(host)") }
        server.stop()
        #expect(try !reaches(url))
    }

    @Test func aPortThatIsTakenAtOneOfTheAddressesIsTaken() throws {
        let (loop, url) = try WebSocketServerTransport(host: "::1", port: 0).listen(limits: TransportLimits())
        let error = #expect(throws: TransportError.self) {
            _ = try WebSocketServerTransport(host: "localhost", port: try portNumber(url)).listen(
                limits: TransportLimits())
        }
        #expect(error?.code == .addressInUse)
        _ = loop
    }

    @Test func addressesAreSeenAsWhatTheyAre() throws {
        let seen = Mutex<[HTTPRequest]>([])
        var hooks = Driver.Hooks.none
        hooks.refusal = { request in
            seen.withLock { $0.append(request) }
            return nil
        }
        // All addresses of both kinds come through one socket.
        let (loop, url) = try WebSocketServerTransport(host: "::", port: 0).listen(limits: TransportLimits())
        let server = Driver(loop, hooks: hooks)
        server.start()
        for host in ["127.0.0.1", "[::1]"] { #expect(try reaches("ws://\(host):\(try portNumber(url))")) }
        #expect(seen.withLock { $0.map(\.peerAddress) } == ["127.0.0.1", "::1"])
        #expect(seen.withLock { $0.map(\.localAddress) } == ["127.0.0.1", "::1"])
        server.stop()
    }

    @Test func whatTheProcessCannotHoldIsWarnedOf() {
        var limits = TransportLimits()
        #expect(WebSocketServerTransport().warnings(limits: limits).isEmpty)
        limits.connectionCountMax = 1 << 40
        let warnings = WebSocketServerTransport().warnings(limits: limits)
        #expect(warnings.count == 1 && warnings[0].contains("Raise the limit"))
    }
}

func portNumber(_ url: String) throws -> Int {
    try #require(Int(url.split(separator: ":").last ?? ""))
}
