import OrreryECS
import OrreryQuery
import OrrerySchema
import OrreryServer
import OrreryTesting
import Testing

@testable import OrreryClient
@testable import OrrerySync

/// What queries may cost: new ones are determined in parts, and live ones end if they cost too much.
@Suite(.timeLimit(.minutes(1))) struct QueryCostTests {
    private func makeJoined(
        entities count: Int, _ configure: (inout SyncServerConfiguration) -> Void
    ) throws -> JoinedWorld {
        var configuration = SimulationConfiguration(tickRate: .hertz(20))
        configure(&configuration.sync)
        let joined = try JoinedWorld(configuration: configuration) { sync in
            try sync.register(Position.self, ordered: \.x)
            try sync.register(Health.self)
        }
        for number in 0..<count { joined.world.spawn(Position(x: Float(number)), Health(current: 1)) }
        joined.tick()
        return joined
    }

    /// Everybody moves in each tick.
    private func run(_ joined: JoinedWorld, ticks: Int) {
        for _ in 0..<ticks {
            joined.world.query(Write<Position>.self).forEach { $0.x += 1 }
            joined.tick()
        }
    }

    private func startedCount(_ client: JoinedClient) -> Int { client.session.withCore { $0.startedQueries.count } }

    @Test func aQueryThatCostsTooMuchEndsAndSaysWhy() throws {
        // 500 rows x 2 nodes x 20 ticks are 20,000 a second.
        let joined = try makeJoined(entities: 500) { $0.evaluationRateMax = 12_000 }
        let (client, other) = (try joined.connect(), try joined.connect())
        var dear: LiveQuery?
        try joined.run {
            dear = try await client.connection.query("Position where Position.x < 5000")
            #expect(dear?.entities.count == 500)
        }
        client.query("Health where Health.current = 1")
        other.query("Health where Health.current = 1")
        run(joined, ticks: 15)
        #expect(dear?.end == nil, "it is counted for a second")
        run(joined, ticks: 30)
        let error = try #require(dear?.end)
        #expect(error.code == .query && error.query?.kind == .tooDear && error.phase == .subscribe)
        for part in ["12000", "evaluationRateMax", "not 19000; this query: 9000 rows times 2 nodes"] {
            #expect(error.message.contains(part), "\(error.message)")
        }
        #expect(client.contents.entities.values.allSatisfy { $0.keys.sorted() == ["Health"] })
        #expect(startedCount(client) == 1 && startedCount(other) == 1 && client.end == nil)
        // Whoever asks again is ended again; what stands still costs nothing.
        client.query("Position where Position.x < 5000")
        run(joined, ticks: 5)
        #expect(startedCount(client) == 2)
        run(joined, ticks: 40)
        #expect(startedCount(client) == 1)
        client.query("Position where Position.x < 5000")
        for _ in 0..<60 { joined.tick() }
        #expect(startedCount(client) == 2)
    }

    @Test func eachPaysForAQueryAsIfItWereAlone() throws {
        let joined = try makeJoined(entities: 500) { $0.evaluationRateMax = 12_000 }
        let clients = try (0..<3).map { _ in try joined.connect() }
        for client in clients { client.query("Position where Position.x < 5000") }
        run(joined, ticks: 50)
        #expect(clients.map(startedCount) == [0, 0, 0])
    }

    @Test func allTogetherHaveALimitToo() throws {
        // 20,000 a second each, but one that costs nothing.
        let joined = try makeJoined(entities: 500) { $0.evaluationRateTotalMax = 35_000 }
        let clients = try (0..<3).map { _ in try joined.connect() }
        clients[0].query("Position where Position.x < 5000")
        clients[1].query("Position where Position.x < 6000")
        clients[2].query("Health where Health.current = 1")
        run(joined, ticks: 50)
        #expect(clients.map(startedCount).sorted() == [0, 1, 1] && startedCount(clients[2]) == 1)
    }

    @Test func aNewQueryIsDeterminedInParts() throws {
        // A part is a page of 1024 rows; there are ten, and one is done in eight ticks.
        let joined = try makeJoined(entities: 10_000) {
            $0.evaluatesInParts = true
            $0.firstEvaluationRateMax = 20
        }
        let (client, other) = (try joined.connect(), try joined.connect())
        other.subscribe(["Position"])
        joined.tick()
        let unequal = (0..<31).map { "Health.current != \(100 + $0)" }.joined(separator: " and ")
        client.query("Position where Position.x < 9000 and \(unequal)")
        var ticks = 0
        while startedCount(client) == 0, ticks < 200 {
            // Some who are determined already change, and some who are not.
            for index in [UInt32(ticks), 9000 - UInt32(ticks)] {
                try joined.world.set(Health(current: 100), on: Entity(index: index, generation: 1))
            }
            run(joined, ticks: 1)
            ticks += 1
            #expect(other.tick == joined.serverTick, "nobody else waits")
        }
        #expect((5..<200).contains(ticks), "\(ticks) ticks")
        var expected: Set<Entity> = []
        joined.world.query(Read<Position>.self, Read<Health>.self).forEachEntity { entity, position, health in
            if position.x < 9000, health.current != 100 { expected.insert(entity) }
        }
        #expect(Set(client.contents.entities.keys) == expected && !expected.isEmpty)
    }

    @Test func newQueriesTakeTurnsBySession() throws {
        let joined = try makeJoined(entities: 10_000) {
            $0.evaluatesInParts = true
            $0.firstEvaluationRateMax = 700
        }
        let (greedy, modest) = (try joined.connect(), try joined.connect())
        let unequal = (0..<31).map { "Health.current != \(100 + $0)" }.joined(separator: " and ")
        let ids = (0..<20).map { number in greedy.query("Position where Position.x < \(number) and \(unequal)") }
        joined.tick()
        modest.query("Position where Position.x < 50 and \(unequal)")
        var ticks = 0
        while startedCount(modest) == 0, ticks < 200 {
            joined.tick()
            ticks += 1
        }
        #expect(ticks < 40 && startedCount(greedy) <= 2, "\(ticks) ticks")
        greedy.unsubscribe(try #require(ids[19]))
        for _ in 0..<300 { joined.tick() }
        #expect(startedCount(greedy) == 19)
    }

    @Test func aLimitMayBeAsLargeAsANumberCanBe() throws {
        let joined = try makeJoined(entities: 10) {
            $0.evaluationRateMax = .max
            $0.evaluationRateTotalMax = .max
            $0.firstEvaluationRateMax = .max
            $0.buildWorkRateMax = .max
            $0.requestWorkRateMax = .max
            $0.catchUpSizePerTick = .max
        }
        let client = try joined.connect()
        client.query("Position where Position.x < 5000")
        run(joined, ticks: 50)
        #expect(startedCount(client) == 1)
        #expect(throws: ServerError.self) { try makeJoined(entities: 0) { $0.statusRowCountMax = -1 } }
    }

    /// Where there are too many to look at, an order needs a field that is registered for it.
    @Test func aWindowAmongTooManyNeedsAnOrderedField() throws {
        let joined = try makeJoined(entities: 500) { $0.windowRowCountMax = 300 }
        try joined.run {
            let connection = try joined.connect().connection
            let last = try await connection.query("Position order by Position.x desc limit 3")
            #expect(last.values(of: Position.self).map(\.value.x) == [499, 498, 497] && last.total == 500)
            let far = try await connection.query("Position order by Position.x limit 2 offset 450")
            #expect(far.values(of: Position.self).map(\.value.x) == [450, 451])
            let few = try await connection.query(
                "Health, Position where Position.x < 200 order by Health.current limit 3")
            #expect(few.entities.count == 3 && few.total == 200)
            let error = await #expect(throws: ClientError.self) {
                let query = try await connection.query("Health order by Health.current limit 3")
                while query.end == nil { await Task.yield() }
                throw try #require(query.end)
            }
            #expect(error?.code == .query && error?.query?.kind == .needsIndex && error?.phase == .subscribe)
            #expect(error?.message.contains("300 rows to look at (windowRowCountMax)") ?? false)
        }
    }
}
