import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryTesting
import Testing

@testable import OrreryClient
@testable import OrrerySync

/// A query that is asked once: who matches it at one tick, and what it shows of them.
@Suite(.timeLimit(.minutes(1))) struct RowsTests {
    private func makeJoined(
        schedule: Schedule = Schedule(), linkByteCountMax: Int = 256 << 10,
        _ configure: (inout SimulationConfiguration) -> Void = { _ in }
    ) throws -> JoinedWorld {
        var configuration = SimulationConfiguration()
        configure(&configuration)
        return try JoinedWorld(
            schedule: schedule, configuration: configuration, linkByteCountMax: linkByteCountMax
        ) { sync in
            try sync.register(Position.self)
            try sync.register(Health.self)
            try sync.register(Label.self)
        }
    }

    private static let hurt = "Health, Position? where Health.current < 50"

    /// The error of a query that is refused.
    private func error<R>(of body: () async throws -> R) async -> ClientError? {
        await #expect(throws: ClientError.self) { _ = try await body() }
    }

    @Test func itHasWhoMatchesAndWhatIsShown() throws {
        let joined = try makeJoined()
        let world = joined.world
        let well = world.spawn(Health(current: 80), Position(x: 1))
        let ill = (0..<3).map { world.spawn(Health(current: Int32($0)), Position(x: Float($0)), Label(text: "no")) }
        let bare = world.spawn(Health(current: 10))
        joined.tick()
        let client = try joined.connect()
        try joined.run {
            let rows = try await client.connection.rows(QueryText(Self.hurt))
            #expect(rows.epoch == joined.revision.epoch && rows.tick == joined.serverTick)
            #expect(rows.entities == ill + [bare] && rows.count == 4)
            #expect(rows.values(of: Health.self).map(\.value.current) == [0, 1, 2, 10])
            #expect(rows.values(of: Position.self).map(\.entity) == ill)
            #expect(rows[ill[2], Position.self]?.x == 2 && rows[bare, Position.self] == nil)
            #expect(rows[well, Health.self] == nil)
            // What is not shown did not travel.
            #expect(rows.values(of: Label.self).isEmpty && rows.bytes(of: "Label", of: ill[0]) == nil)
            #expect(rows.components(of: ill[0]).map(\.name) == ["Position", "Health"])
            #expect(try rows.value(of: "Health", of: bare)?["current"] == .signed(10))
            #expect(rows.cost.rowCount == 5 && rows.cost.nodeCount == 3)
            // Nothing stays, here or there.
            #expect(client.contents.entities.isEmpty && joined.sessionStates.map(\.subscriptionCount) == [0])
        }
    }

    @Test func everythingAndNothingAreAnswersToo() throws {
        let joined = try makeJoined()
        let entities = [joined.world.spawn(Label(text: "a")), joined.world.spawn()]
        joined.tick()
        try joined.run {
            let connection = try joined.connect().connection
            let everything = try await connection.rows("*")
            #expect(everything.entities == entities && everything[entities[0], Label.self]?.text == "a")
            #expect(try await connection.rows("Health").count == 0)
            #expect(try await connection.rows("", for: [entities[1]]).entities == [entities[1]])
            #expect(try await connection.rows("*", for: []).entities.isEmpty)
        }
    }

    @Test func aMistakeSaysWhereItIs() throws {
        let joined = try makeJoined()
        joined.world.spawn(Health())
        joined.tick()
        try joined.run {
            let connection = try joined.connect().connection
            let wrong = await error { try await connection.rows("Health where Health.curent < 50") }
            #expect(wrong?.code == .query && wrong?.phase == .query)
            #expect(wrong?.query?.kind == .unknownField && wrong?.query?.column == 21)
            #expect(wrong?.query?.nearest == "current")
            let later = await error { try await connection.rows("Position at 10 Hz") }
            #expect(later?.query?.kind == .notYet)
            let gone = [Entity(index: 0, generation: 9), Entity(index: .max - 1, generation: 1)]
            for entities in [gone, [gone[1]]] {
                let error = await error { try await connection.rows("Health", for: entities) }
                #expect(error?.code == .unknownEntity && error?.phase == .query)
            }
            #expect(connection.session.withCore(\.waitingQueryCount) == 0)
        }
    }

    /// All of it is of one tick, however long it takes to arrive, while a live query goes on.
    @Test func theWorldGoesOnWhileAnAnswerArrivesInParts() throws {
        var schedule = Schedule()
        schedule.add("count", in: .update, Write<Health>.self, Write<Position>.self) { query, tick in
            query.forEach { health, position in
                health.current += 1
                position.x = Float(health.current)
            }
        }
        // A link that takes little at once.
        let joined = try makeJoined(schedule: schedule, linkByteCountMax: 4 << 10)
        let entities = (0..<20_000).map { _ in joined.world.spawn(Health(current: 0), Position()) }
        joined.tick()
        let client = try joined.connect()
        client.messagesPerDeliveryMax = 2
        client.subscribe(["Health"], of: entities[7])
        let results = Results()
        client.ask("Health, Position", results)
        _ = client.takeBatches()
        var ticks: [Tick] = []
        for _ in 0..<1000 where results.all.isEmpty {
            joined.tick()
            ticks += client.takeBatches().map(\.tick)
        }
        let rows = Rows(try #require(results.answers.first), client.session.bindings)
        #expect(rows.entities == entities)
        let healths = rows.values(of: Health.self).map(\.value.current)
        #expect(Set(healths) == [Int32(rows.tick.rawValue)] && healths.count == entities.count)
        #expect(rows.values(of: Position.self).allSatisfy { $0.value.x == Float(healths[0]) })
        // It took many ticks, and batches came in between.
        #expect(joined.serverTick.rawValue > rows.tick.rawValue + 5, "\(joined.serverTick)")
        #expect(ticks.count { $0 > rows.tick } > 3, "\(ticks)")
        // It was sent while there was room for it, and kept no longer.
        #expect(joined.occupancies.first { $0.name == "bytes of answers to queries" }?.count == 0)
    }

    @Test func whatCostsTooMuchIsRefusedByNameOfTheLimit() throws {
        let joined = try makeJoined {
            $0.sync.queryRowCountMax = 100
            $0.sync.queryAnswerSizeMax = 1000
        }
        let entities = (0..<100).map { joined.world.spawn(Position(x: Float($0)), Label(text: "\($0)")) }
        joined.tick()
        try joined.run {
            let connection = try joined.connect().connection
            #expect(try await connection.rows("Position where Position.x < 50").count == 50)
            // 4 bytes of a generation and 12 of a value for each, or 3 and more of a text.
            for text in ["Position", "Position where Position.x < 62", "Label, Position? where Position.x < 53", "*"] {
                let error = await error { try await connection.rows(QueryText(text)) }
                #expect(error?.code == .query && error?.query?.kind == .tooDear, "\(text)")
                #expect(error?.message.contains("1000 bytes (queryAnswerSizeMax)") == true, "\(error?.message ?? "")")
            }
            joined.world.spawn()
            joined.tick()
            let many = await error { try await connection.rows("Position where Position.x < 1") }
            #expect(many?.query?.kind == .tooDear)
            #expect(many?.message.contains("100 rows to look at (queryRowCountMax), not 101") == true)
            // A list is looked at alone.
            #expect(try await connection.rows("Position", for: Array(entities[..<50])).count == 50)
        }
    }

    @Test func queriesWaitForEachOtherUpToALimit() throws {
        let joined = try makeJoined { $0.sync.waitingQueryMax = 3 }
        let ship = joined.world.spawn(Health(current: 1))
        joined.tick()
        let client = try joined.connect()
        let later = Tick(20)
        try joined.run {
            // The first waits for its tick; the others wait for it, and the last of them finds no place.
            let connection = client.connection
            async let first = connection.rows("Health", atLeast: later)
            async let second = connection.rows("Health")
            async let third = connection.rows("*")
            while client.session.withCore(\.waitingQueryCount) < 3 { await Task.yield() }
            joined.deliver()
            let refused = await error { try await connection.rows("Health") }
            #expect(refused?.code == .limitReached)
            #expect(refused?.message.contains("3 queries of this session wait (waitingQueryMax)") == true)
            #expect(joined.serverTick < later)
            for rows in [try await first, try await second, try await third] {
                #expect(rows.tick >= later && rows.entities == [ship])
            }
            // There is room again.
            #expect(try await connection.rows("Health").count == 1)
        }
    }

    @Test func aTickThatDoesNotComeIsWaitedForOnlySoLong() throws {
        let joined = try makeJoined()
        joined.world.spawn(Health())
        joined.tick()
        let client = try joined.connect()
        let far = Tick(1 << 40)
        // The world stands still.
        let results = Results()
        client.ask("Health", atLeast: far, results)
        joined.deliver()
        joined.passTime(.milliseconds(9900))
        #expect(results.all.isEmpty && client.session.withCore(\.waitingQueryCount) == 1)
        joined.passTime(.milliseconds(200))
        #expect(results.errors.map(\.code) == [.limitReached])
        #expect(results.errors.first?.message.contains("within 10.0 seconds (queryWaitMax)") == true)
        #expect(client.end == nil)
    }

    @Test func aTickInTheFutureIsWaitedFor() throws {
        let joined = try makeJoined()
        joined.world.spawn(Health())
        joined.tick()
        try joined.run {
            let connection = try joined.connect().connection
            let goal = joined.serverTick.advanced(by: 30)
            #expect(try await connection.rows("Health", atLeast: goal).tick == goal)
            // What has come is not waited for.
            #expect(try await connection.rows("Health", atLeast: Tick(1)).tick == joined.serverTick)
        }
    }

    @Test func whoIsCancelledMakesRoomForTheNext() throws {
        let joined = try makeJoined { $0.sync.waitingQueryMax = 1 }
        let ship = joined.world.spawn(Health(current: 1))
        joined.tick()
        let client = try joined.connect()
        try joined.run {
            let connection = client.connection
            await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await connection.rows("Health", atLeast: Tick(1 << 40)) }
                while client.session.withCore(\.waitingQueryCount) < 1 { await Task.yield() }
                joined.deliver()
                group.cancelAll()
                let error = await #expect(throws: ClientError.self) { try await group.next() }
                #expect(error?.code == .cancelled)
            }
            let next = try await connection.rows("Health")
            #expect(next.entities == [ship])
            #expect(client.session.withCore { $0.askedQueries.isEmpty })
            #expect(client.end == nil)
        }
    }

    @Test func anAnswerThatIsCancelledOnItsWayEnds() throws {
        let joined = try makeJoined(linkByteCountMax: 4 << 10)
        for number in 0..<20_000 { joined.world.spawn(Health(current: Int32(number)), Position()) }
        joined.tick()
        let client = try joined.connect()
        client.messagesPerDeliveryMax = 2
        let results = Results()
        let id = try #require(client.ask("Health, Position", results))
        for _ in 0..<100 where client.session.withCore({ $0.arrivingAnswer == nil }) { joined.tick() }
        try #require(client.session.withCore { $0.arrivingAnswer != nil })
        client.session.cancelQuery(id)
        let before = client.receivedByteCount
        for _ in 0..<30 { joined.tick() }
        #expect(client.session.withCore { $0.askedQueries.isEmpty && $0.arrivingAnswer == nil })
        #expect(client.receivedByteCount - before < 200_000, "it ended early")
        #expect(results.all.isEmpty && client.end == nil)
        client.ask("Health where Health.current < 3", results)
        for _ in 0..<3 { joined.tick() }
        #expect(results.answers.map(\.members.count) == [3])
    }

    @Test func aLostConnectionAsksAgain() throws {
        let joined = try makeJoined(linkByteCountMax: 4 << 10)
        let entities = (0..<20_000).map { joined.world.spawn(Health(current: Int32($0)), Position()) }
        joined.tick()
        let client = try joined.connect()
        client.messagesPerDeliveryMax = 2
        let results = Results()
        client.ask("Health, Position", results)
        for _ in 0..<100 where client.session.withCore({ $0.arrivingAnswer == nil }) { joined.tick() }
        try #require(client.session.withCore { $0.arrivingAnswer != nil })
        client.cut()
        client.messagesPerDeliveryMax = nil
        for _ in 0..<200 where results.all.isEmpty {
            joined.tick()
            joined.passTime(.milliseconds(20))
        }
        #expect(results.answers.map(\.members) == [entities])
        // What it held for the lost connection is free again.
        #expect(joined.occupancies.first { $0.name == "bytes of answers to queries" }?.count == 0)
        client.close()
        client.ask("Health", results)
        #expect(results.errors.map(\.code) == [.closed])
    }

    @Test func inAnotherLifeOfTheWorldTheListedEntitiesAreOthers() throws {
        let joined = try makeJoined()
        let ship = joined.world.spawn(Health(current: 1))
        joined.tick()
        let client = try joined.connect()
        let results = Results()
        for entities in [[ship], nil] { client.ask("Health", for: entities, atLeast: Tick(30), results) }
        joined.deliver()
        let next = World()
        next.spawn(Health(current: 7))
        try joined.restart(with: next)
        for _ in 0..<200 where results.all.count < 2 {
            joined.tick()
            joined.passTime(.milliseconds(20))
        }
        #expect(results.errors.map(\.code) == [.unknownEntity])
        #expect(results.answers.map(\.revision.epoch) == [joined.revision.epoch])
    }
}

/// Answers and errors in the order in which they came.
private final class Results: Sendable {
    private let state = Guarded<[Result<QueryAnswer, ClientError>]>([])

    var all: [Result<QueryAnswer, ClientError>] { state.withLock { $0 } }
    var answers: [QueryAnswer] { all.compactMap { try? $0.get() } }
    var errors: [ClientError] {
        all.compactMap { if case .failure(let error) = $0 { error } else { nil } }
    }

    func append(_ result: Result<QueryAnswer, ClientError>) { state.withLock { $0.append(result) } }
}

extension JoinedClient {
    @discardableResult
    fileprivate func ask(
        _ text: String, for entities: [Entity]? = nil, atLeast tick: Tick = .zero, _ results: Results
    ) -> QueryID? {
        session.ask(OneShotQuery(QueryRequest(text, entities: entities), atLeast: tick)) { results.append($0) }
    }
}
