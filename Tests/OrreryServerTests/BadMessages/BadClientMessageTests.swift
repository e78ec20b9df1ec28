import Logging
import OrreryClient
import OrreryECS
import OrreryRawPeer
import OrrerySchema
import OrreryServer
import OrreryTransport
import OrreryWebSocket
import OrreryWire
import Testing

/// What clients must not say, before the codec and before a live server over a socket.
@Suite(.timeLimit(.minutes(2)))
struct BadClientMessageTests {
    @Test func theCorpusCoversEveryLayerAndEveryCode() throws {
        let corpus = try BadMessage.all(.clientToServer)
        #expect(corpus.count > 50)
        let closed = corpus.compactMap { message -> (UInt16, BadMessage.Layer)? in
            guard case .closes(let code, _, let layer, _) = message.expectation else { return nil }
            return (code, layer)
        }
        #expect(Set(closed.map(\.0)) == [1002, 1003, 1007, 1008, 1009, 4001, 4006])
        #expect(Set(closed.map(\.1)) == [.codec, .session, .transport])
    }

    /// The codec refuses what it can know, with the code that the connection then closes with, and nothing else.
    @Test(arguments: try BadMessage.all(.clientToServer))
    func theCodecRefusesWhatItCanKnow(message: BadMessage) throws {
        let messages = try message.messages(["EPOCH": [UInt8](repeating: 1, count: 8)])
        for message in messages.dropLast() { _ = try Self.decode(message.bytes) }
        let last = try #require(messages.last)
        switch message.expectation {
        case .closes(let code, _, .codec, let reason):
            let error = #expect(throws: WireError.self) { try Self.decode(last.bytes) }
            #expect(error?.closeCode.rawValue == code)
            #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
        case .closes(_, _, .transport, _): break
        case .closes, .answers: _ = try Self.decode(last.bytes)
        }
    }

    private static func decode(_ bytes: [UInt8]) throws -> ClientMessage {
        try bytes.withUnsafeBytes { try ClientMessage(decoding: $0, limits: WireLimits()) }
    }

    /// A world in which something moves, and what is writable in it.
    private func makeServer() throws -> SimulationServer {
        let world = World()
        world.spawn(Position(), Health())
        var schedule = Schedule()
        schedule.add("move", in: .update, Write<Position>.self) { query, _ in query.forEach { $0.x += 1 } }
        return try SimulationServer(
            world: world, schedule: schedule, configuration: .init(tickRate: .hertz(100)),
            transport: .webSocket(port: 0), logger: Logger(label: "bad") { _ in SwiftLogNoOpLogHandler() }
        ) { sync in
            try sync.register(Position.self)
            try sync.register(Health.self, writable: .byClients)
            try sync.register(Label.self, writable: .byClients)
            try sync.register(Frozen.self)
        }
    }

    /// Each file on a connection of its own, while another client looks on and misses nothing.
    @Test func aLiveServerClosesThatConnectionAlone() async throws {
        let server = try makeServer()
        async let running: Void = server.run()
        let witness = try await SimulationClient(
            url: server.url, transport: WebSocketClientTransport(connectTimeout: .seconds(30)), reconnect: .never
        ).connect()
        let everything = try await witness.subscribeToAll()
        var batches = everything.batches.makeAsyncIterator()
        let first = try #require(try await batches.next())
        let epoch = withUnsafeBytes(of: witness.epoch.rawValue.littleEndian) { Array($0) }
        let port = try #require(server.url.split(separator: ":").last.flatMap { Int($0) })
        for message in try BadMessage.all(.clientToServer) {
            let before = try await Self.refusals(server)
            let messages = try message.messages(["EPOCH": epoch])
            let peer = try RawPeer(port: port)
            peer.requestUpgrade()
            #expect(peer.readHead().contains(" 101 "), "\(message.name)")
            for message in messages { peer.writeFrame(message.isText ? 1 : 2, message.bytes) }
            switch message.expectation {
            case .closes(let code, let kind, _, let reason):
                let close = try peer.readClose()
                #expect(close.code == Int(code), "\(message.name)")
                // A reason has at most 123 bytes.
                #expect(close.reason.contains(reason), "\(message.name): \(close.reason)")
                var expected = before
                expected[try #require(kind), default: 0] += 1
                while try await Self.refusals(server) != expected {}
            case .answers(let beginning):
                while !(try peer.readFrame().payload.starts(with: beginning)) {}
                // It goes on: another request is answered.
                peer.writeFrame(2, [3, 0x2a])
                while !(try peer.readFrame().payload.starts(with: [0x83, 0x2a, 11])) {}
                #expect(try await Self.refusals(server) == before, "\(message.name)")
            }
        }
        // The witness was there all the time, and has every tick.
        #expect(witness.end == nil)
        let goal = try await server.perform { $0.tick }
        var last = first
        while last.tick < goal {
            let next = try #require(try await batches.next())
            #expect(next.base == last.tick)
            last = next
        }
        witness.withSnapshot { snapshot in
            let x = try? snapshot.value(of: "Position", of: snapshot.entities[0])?["x"]
            #expect(x == .float(Float(snapshot.tick.rawValue)))
        }
        witness.close()
        server.stop()
        try await running
    }

    /// How much was refused so far, by kind.
    private static func refusals(_ server: SimulationServer) async throws -> [String: Int] {
        let name = "orrery_refused_input_total{kind=\""
        let lines = try await Answer(server, "/metrics").text.split(separator: "\n").filter { $0.hasPrefix(name) }
        return Dictionary(
            uniqueKeysWithValues: try lines.map { line in
                let parts = line.dropFirst(name.count).split(separator: "\"} ")
                return (String(parts[0]), try #require(Int(parts[1])))
            })
    }

    /// What is refused before there is a connection: nothing of it reaches a session.
    @Test(arguments: [
        (["Sec-WebSocket-Protocol": nil], 400), (["Sec-WebSocket-Protocol": "orrery.v0"], 400),
        (["Sec-WebSocket-Version": "12"], 426), (["Sec-WebSocket-Key": nil], 400),
    ])
    func anUpgradeThatIsNotOursIsRefused(fields: [String: String?], status: Int) async throws {
        let server = try makeServer()
        async let running: Void = server.run()
        let port = try #require(server.url.split(separator: ":").last.flatMap { Int($0) })
        // It runs, before the peer waits for it with a thread of the test's.
        _ = try await server.perform { $0.tick }
        let peer = try RawPeer(port: port)
        peer.requestUpgrade(fields)
        let head = peer.readHead()
        #expect(head.hasPrefix("HTTP/1.1 \(status) "), "\(head)")
        server.stop()
        try await running
    }
}
