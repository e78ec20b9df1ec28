import OrreryECS
import OrreryQuery
import OrrerySchema
import OrreryServer
import OrreryStore
import OrrerySync
import OrreryTesting
import OrreryWire
import Testing
import simulate

@testable import OrreryClient

/// One-shot queries of peers that mean no good: they find limits, and cost nobody else anything.
@Suite(.timeLimit(.minutes(1))) struct HostileQueryTests {
    private static let hello = ClientMessage.hello(Hello(clientName: "h")).encoded()

    private func makeJoined(
        _ configure: (inout SimulationConfiguration) -> Void = { _ in }
    ) throws -> JoinedWorld {
        var configuration = SimulationConfiguration(tickRate: .hertz(20))
        configure(&configuration)
        return try JoinedWorld(configuration: configuration, linkByteCountMax: 16 << 10) { sync in
            try sync.register(Position.self)
            try sync.register(Label.self)
        }
    }

    private func query(_ number: UInt32, _ text: String = "*", entities: [Entity]? = nil) -> [UInt8] {
        ClientMessage.query(QueryID(number), OneShotQuery(QueryRequest(text, entities: entities))).encoded()
    }

    private func acknowledge(_ tick: Tick, _ byteCount: Int) -> [UInt8] {
        ClientMessage.acknowledge(tick, receivedByteCount: UInt64(byteCount)).encoded()
    }

    private func answers(_ client: RawClient) throws -> [QueryResponse] {
        try client.takeReceived().compactMap { message in
            if case .queryResponse(_, let response) = try ServerMessage(message) { response } else { nil }
        }
    }

    private func heldSize(_ joined: JoinedWorld) -> Int {
        joined.occupancies.first { $0.name == "bytes of answers to queries" }?.count ?? -1
    }

    @Test func whoHasAcknowledgedNothingIsAskedToFirst() throws {
        let joined = try makeJoined()
        for _ in 0..<3000 { joined.world.spawn(Position()) }
        joined.tick()
        let client = try joined.connectRaw()
        client.send(Self.hello)
        client.send(query(1))
        joined.deliver()
        let received = client.takeReceived()
        #expect(received.map(\.first) == [0x81, 0x85])
        for _ in 0..<5 { joined.tick() }
        #expect(try answers(client).isEmpty && heldSize(joined) == 0)
        client.send(acknowledge(.zero, 0))
        joined.deliver()
        guard case .part(_, isLast: false, head: let head?)? = try answers(client).first else {
            Issue.record("no answer")
            return
        }
        #expect(head.entityCount == 3000)
    }

    @Test func whoTakesNoPartsIsSentHalfAWindowAndMakesRoomForOthers() throws {
        let joined = try makeJoined { configuration in
            configuration.sync.queryAnswerSizeMax = 400_000
            configuration.sync.heldSizeMax = 1_700_000
        }
        for number in 0..<3000 { joined.world.spawn(Label(text: String(repeating: "x", count: 100 + number % 3))) }
        joined.tick()
        let greedy = try (0..<6).map { _ in try joined.connectRaw() }
        for client in greedy {
            client.send(Self.hello)
            client.send(acknowledge(.zero, 0))
            client.send(query(1))
        }
        joined.tick()
        // Two answers of some 330 kB fit into half of what may wait.
        #expect((300_000...850_000).contains(heldSize(joined)), "\(heldSize(joined))")
        #expect(joined.sessionStates.allSatisfy { $0.sentByteCount < 64 << 10 })
        // An honest client gets its answer, once who takes nothing is gone.
        let honest = try joined.connect()
        let isAnswered = Errors()
        honest.session.ask(OneShotQuery(QueryRequest("Label where Label.text = \"\""))) { result in
            if case .success = result { isAnswered.append(ClientError(.closed, "answered")) }
        }
        for _ in 0..<200 where isAnswered.all.isEmpty {
            joined.tick()
            joined.passTime(.zero)
        }
        #expect(isAnswered.all.count == 1 && honest.end == nil)
        #expect(joined.sessionCount < 7, "who holds room and takes nothing is closed")
        #expect(joined.occupancies.allSatisfy { $0.count <= $0.limit })
    }

    @Test func manyQueriesAndTheirTextsAreBounded() throws {
        let joined = try makeJoined { $0.sync.waitingQueryMax = 20 }
        joined.tick()
        let client = try joined.connectRaw()
        client.send(Self.hello)
        joined.tick()
        _ = client.takeReceived()
        let long = "Label where Label.text = \"\(String(repeating: "x", count: 3900))\""
        for number in 0..<12 as Range<UInt32> { client.send(query(number, long)) }
        for _ in 0..<10 { joined.tick() }
        let refused = try answers(client)
        // 32 KiB of text.
        #expect(refused.count == 4)
        for case .refused(let refusal, _) in refused { #expect(refusal.code == .limitReached) }
        // Lists count with those of subscriptions.
        for number in 0..<6 as Range<UInt32> {
            client.send(
                query(100 + number, "", entities: (0..<4000 as Range<UInt32>).map { Entity(index: $0, generation: 1) }))
        }
        for number in 0..<20 as Range<UInt32> { client.send(query(200 + number)) }
        for _ in 0..<60 { joined.tick() }
        // Four lists fit, and twenty queries.
        #expect(try answers(client).count == 2 + 20 - 8)
        #expect(joined.occupancies.allSatisfy { $0.count <= $0.limit })
        // Nothing is left of who goes.
        client.cut()
        joined.tick()
        #expect(joined.occupancies.first { $0.name == "listed entities" }?.count == 0)
    }

    @Test func whoAsksBeyondTheRateIsReadLater() throws {
        let joined = try makeJoined { $0.sync.requestRateMax = 10 }
        joined.tick()
        let client = try joined.connectRaw()
        client.send(Self.hello)
        client.send(acknowledge(.zero, 0))
        for number in 0..<20 as Range<UInt32> {
            client.send(query(number, "Nothing"))
            client.send(ClientMessage.cancelQuery(QueryID(number)).encoded())
        }
        joined.deliver()
        #expect((5...6).contains(try answers(client).count))
        #expect(client.end == nil)
    }

    @Test func acknowledgingAnswersThatWereNotSentEndsTheConnection() throws {
        let joined = try makeJoined()
        joined.world.spawn(Position())
        joined.tick()
        let client = try joined.connectRaw()
        client.send(Self.hello)
        client.send(acknowledge(.zero, 0))
        client.send(query(1))
        joined.deliver()
        let size = client.takeReceived().filter { $0.first == 0x87 }.reduce(0) { $0 + $1.count }
        client.send(acknowledge(.zero, size))
        joined.deliver()
        #expect(client.end == nil && size > 0)
        client.send(acknowledge(.zero, size + 1))
        joined.deliver()
        #expect(client.end?.code == 1002)
    }

    // MARK: Servers

    private static let schemas = [try! ComponentSchema(name: "Tag", type: .structure([]))]

    /// A client that was welcomed and has asked two queries, 1 and 2.
    private func makeServer(storeSizeMax: Int = 1 << 30) throws -> (RawServer, Errors) {
        var configuration = ClientConfiguration()
        configuration.sync.storeSizeMax = storeSizeMax
        let server = try RawServer(configuration: configuration)
        server.send(
            ServerMessage.welcome(
                Welcome(
                    revision: Revision(epoch: Epoch(9), tick: Tick(1)), ticksPer1000Seconds: 60_000,
                    components: [.init(ColumnID(0), Self.schemas[0])], schemas: Self.schemas.map(EncodedSchema.init),
                    session: SessionGrant(token: [1]))
            ).encoded())
        let errors = Errors()
        for _ in 0..<2 {
            server.client.session.ask(OneShotQuery(.everything)) { result in
                switch result {
                case .success(let answer): errors.append(ClientError(.closed, "\(answer.members.count)"))
                case .failure(let error): errors.append(error)
                }
            }
        }
        server.deliver()
        return (server, errors)
    }

    private func part(
        _ id: UInt32, tick: UInt64 = 5, isLast: Bool = false, entityCount: Int? = nil, rows: [Int] = []
    ) -> [UInt8] {
        let head = entityCount.map {
            AnswerHead(entityCount: $0, cost: QueryCost(rowCount: 0, nodeCount: 1), shown: .all)
        }
        var writer = ByteWriter()
        if let first = rows.first {
            var content = ByteWriter()
            content.append(contentsOf: [0, UInt8(rows.count)])
            var next = 0
            for row in [first] + rows.dropFirst() {
                content.append(varint: row - next)
                next = row + 1
            }
            for _ in rows { content.append(contentsOf: [1, 0, 0, 0]) }
            writer.append(4 as UInt8)
            writer.append(varint: content.bytes.count)
            writer.append(contentsOf: content.bytes)
        }
        return ServerMessage.queryResponse(QueryID(id), .part(Tick(tick), isLast: isLast, head: head)).encoded()
            + writer.bytes
    }

    private func expectEnd(_ code: UInt16, _ server: RawServer, _ word: String, line: Int = #line) {
        let place = SourceLocation(fileID: #fileID, filePath: #filePath, line: line, column: 1)
        #expect(server.end?.code == code, sourceLocation: place)
        #expect(
            server.client.end?.message.contains(word) == true, "\(server.client.end?.message ?? "")",
            sourceLocation: place)
    }

    @Test func anAnswerIsWholeOrNone() throws {
        let (server, results) = try makeServer()
        server.send(part(1, entityCount: 3, rows: [0, 1]))
        #expect(results.all.isEmpty)
        // Refusals of others may come in between.
        server.send(ServerMessage.queryResponse(QueryID(2), .refused(Refusal(.limitReached, "no"))).encoded())
        #expect(results.all.map(\.message) == ["no"])
        let acknowledged = server.takeReceived().last
        let size = part(1, entityCount: 3, rows: [0, 1]).count
        #expect(acknowledged == ClientMessage.acknowledge(.zero, receivedByteCount: UInt64(size)).encoded())
        server.send(part(1, isLast: true, rows: [7]))
        #expect(results.all.map(\.message) == ["no", "3"])
        #expect(server.end == nil)
    }

    @Test func partsThatDoNotFitEndTheConnection() throws {
        var (server, _) = try makeServer()
        server.send(part(1, isLast: true))
        expectEnd(1002, server, "the first is missing")
        (server, _) = try makeServer()
        server.send(part(1, entityCount: 1))
        server.send(part(2, entityCount: 1))
        expectEnd(1002, server, "before the end of that to query 1")
        (server, _) = try makeServer()
        server.send(part(1, entityCount: 1))
        server.send(part(1, tick: 6, isLast: true, rows: [0]))
        expectEnd(1002, server, "the first is missing")
        (server, _) = try makeServer()
        server.send(part(1, isLast: true, entityCount: 2, rows: [0]))
        expectEnd(1007, server, "an answer of 2 entities has 1")
        (server, _) = try makeServer()
        server.send(part(1, isLast: true, entityCount: 1, rows: [0]))
        server.send(part(1, isLast: true, entityCount: 1, rows: [0]))
        expectEnd(1002, server, "which was not asked")
    }

    @Test func anAnswerIsBoundedByWhatItTakes() throws {
        let (server, _) = try makeServer(storeSizeMax: 200_000)
        // Each row takes a page of 21 kB.
        server.send(part(1, entityCount: 20, rows: (0..<20).map { $0 * 1024 }))
        expectEnd(1008, server, "storeSizeMax")
    }
}
