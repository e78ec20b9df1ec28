import Foundation
import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryTesting
import OrreryTransport
import Testing

/// The examples of docs/CLIENT.md: compiled, run, and the same as on the page.
@Suite struct GuideTests {
    private func makeWorld(_ schedule: Schedule = Schedule()) throws -> JoinedWorld {
        try JoinedWorld(schedule: schedule) { sync in
            try sync.register(Position.self, writable: .byClients, spatial: .grid(cellSize: 50))
            try sync.register(Health.self, writable: .byClients)
            sync.spawning = .byClients
            sync.despawning = .byClients
        }
    }

    /// Runs a server with threads of its own meanwhile.
    private func serving(_ body: (_ url: String, _ transport: any ClientTransport) async throws -> Void) async throws {
        let network = MemoryNetwork()
        let server = try SimulationServer(
            world: World(), schedule: Schedule(), transport: network.server(name: "guide")
        ) { try $0.register(Position.self) }
        async let running: Void = server.run()
        try await body(server.url, network.client)
        server.stop()
        try await running
    }

    @Test(.timeLimit(.minutes(1))) func connecting() async throws {
        try await serving { url, transport in
            // begin
            let client = SimulationClient(url: url, transport: transport, name: "radar")
            try await client.withConnection { connection in
                print(connection.components.map(\.name), connection.tickRate, connection.clientID!)
            }
            // end
        }
    }

    @Test func reading() throws {
        let joined = try makeWorld()
        let mine = joined.world.spawn(Position(x: 1), Health(current: 5))
        let other = joined.world.spawn(Position(x: 2), Health())
        joined.tick()
        let connection = try joined.connect().connection
        try joined.run {
            // begin
            let healths = try await connection.view(of: Health.self)
            let ship = try await connection.view(of: Position.self, for: mine)
            let escort = try await connection.view(of: Position.self, for: [mine, other])
            print(ship.value?.x ?? 0, healths[mine]?.current ?? 0, healths.count, escort.entities)
            // end
            // begin
            let isHurt = connection.withSnapshot { now in
                (now[mine, Health.self]?.current ?? 100) < 50 && now[mine, Position.self] != nil
            }
            // end
            #expect(isHurt && ship.value?.x == 1 && healths.count == 2 && escort.entities == [mine, other])
        }
    }

    @Test func hearingOfChanges() throws {
        var schedule = Schedule()
        schedule.add("end", in: .update) { world, context in
            guard context.tick == Tick(10) else { return }
            world.despawnAll(world.query(Read<Position>.self))
        }
        let joined = try makeWorld(schedule)
        let ships = (0..<3).map { joined.world.spawn(Position(x: Float($0))) }
        joined.tick()
        let connection = try joined.connect().connection
        var lost: [Entity] = []
        try joined.run {
            // begin
            var radar: [Entity: Position] = [:]
            let traffic = try await connection.subscribe(anyOf: Position.self, Health.self)
            for try await batch in traffic.batches {
                for change in batch.changes(of: Position.self) {
                    radar[change.entity] = change.new
                    if change.cause == .despawned { lost.append(change.entity) }
                }
                if radar.isEmpty { traffic.cancel() }
            }
            // end
        }
        #expect(lost == ships)
    }

    @Test func writing() throws {
        let joined = try makeWorld()
        let mine = joined.world.spawn(Position(), Health())
        joined.tick()
        let connection = try joined.connect().connection
        try joined.run {
            // begin
            let shot = connection.enqueue(.spawn(Position(x: 1), Health()))
            connection.enqueue(.set(Health(current: 90), on: mine))
            connection.enqueue(
                .patch(mine, Health.self) {
                    $0.set(\.current, to: 80)
                    $0.set(\.maximum, to: 120, expecting: 100)
                })
            do throws(ClientError) {
                let applied = try await shot.outcome
                print("spawned", applied.entities[0], "at tick", applied.tick)
            } catch let error where error.code == .forbidden {
                print(error.message)
            }
            // end
        }
        #expect(joined.world[mine, Health.self] == Health(current: 80, maximum: 120))
        #expect(joined.world.entityCount == 2)
    }

    @Test func statuses() throws {
        let joined = try makeWorld()
        joined.tick()
        let client = try joined.connect()
        let connection = client.connection
        client.close()
        try joined.run {
            // begin
            for await status in connection.statuses {
                print(status.state, status.isStale, status.lostConnectionCount, status.lag)
                print(status.pendingMutationCount, status.oldestPendingMutationAge ?? .zero, status.receivedByteCount)
            }
            // end
        }
        #expect(connection.status.state == .ended && connection.isStale)
    }

    @Test(.timeLimit(.minutes(1))) func settings() async throws {
        try await serving { url, transport in
            // begin
            var configuration = ClientConfiguration()
            configuration.welcomeTimeout = .seconds(3)  // from the connection to the server's welcome
            configuration.silenceTimeout = .seconds(5)  // without any message
            configuration.waitingBatchSizeMax = 64 << 20  // bytes of changes that wait for one reader of batches
            let client = SimulationClient(
                url: url, transport: transport, name: "radar",
                reconnect: ReconnectPolicy(delayMin: .milliseconds(100), delayMax: .seconds(5)),
                configuration: configuration)
            let connection = try await client.connect()
            connection.close()
            // end
        }
    }

    @Test func structure() throws {
        let joined = try makeWorld()
        let mine = joined.world.spawn(Position(), Health())
        let rock = joined.world.spawn(Position())
        joined.tick()
        let connection = try joined.connect().connection
        try joined.run {
            // begin
            connection.enqueue(.insert(Health(current: 5), on: rock))
            connection.enqueue(.remove(Position.self, from: mine))
            let last = connection.enqueue(.despawn(rock))
            _ = try await last.outcome
            // end
        }
        #expect(!joined.world.contains(rock) && !joined.world.has(Position.self, on: mine))
    }

    @Test func refusalsThatNobodyAwaits() throws {
        let joined = try makeWorld()
        joined.tick()
        let client = try joined.connect()
        let connection = client.connection
        var seen: [ClientError.Code] = []
        try joined.run {
            let errors = connection.errors
            connection.enqueue(.despawn(Entity(index: 7, generation: 9)))
            // begin
            for await error in errors {
                print(error.code, error.phase, error.message)
                if error.code == .unknownEntity { break }
            }
            // end
            seen.append(.unknownEntity)
        }
        #expect(seen == [.unknownEntity])
    }

    @Test func tools() throws {
        let joined = try makeWorld()
        let mine = joined.world.spawn(Position(x: 3), Health())
        joined.tick()
        let connection = try joined.connect().connection
        try joined.run {
            // begin
            let everything = try await connection.subscribeToAll()
            connection.withSnapshot { now in
                print(now.tick, now.lag, now.entityCount, now.contains(mine))
                for schema in now.components(of: mine) {
                    print(schema.name, now.bytes(of: schema.name, of: mine) ?? [])
                    if let value = try? now.value(of: schema.name, of: mine) { print(value) }
                }
            }
            print(try connection.type(of: "Health", ["current"]), connection.unreadableComponents)
            connection.enqueue(.set("Health", on: mine, [(["current"], .signed(50))]))
            let made = connection.enqueue(.spawn([("Position", [(["x"], .float(1))])]))
            connection.enqueue(.remove("Health", from: try await made.outcome.entities[0]))
            everything.cancel()
            // end
        }
        #expect(joined.world[mine, Health.self]?.current == 50)
    }

    @Test func whatMatches() throws {
        let joined = try makeWorld()
        let ship = joined.world.spawn(Health(current: 10))
        joined.tick()
        let connection = try joined.connect().connection
        var alarms: [Entity: Tick] = [:]
        let hurtUntil = Tick(6)
        try joined.run {
            // begin
            let hurt = try await connection.query("Health, Position? where Health.current < 50")
            print(hurt.entities, hurt.values(of: Health.self).map(\.value.current))
            for try await batch in hurt.batches {  // begins with all who match
                for entity in batch.left { alarms[entity] = nil }  // no longer hurt, or gone
                for entity in batch.joined { alarms[entity] = batch.tick }
                let changed = batch.changes(of: Health.self).filter { $0.cause == .set }
                print(changed.map(\.entity))
                if batch.tick > hurtUntil { break }
            }
            hurt.cancel()
            // end
        }
        #expect(alarms.keys.sorted() == [ship])
    }

    @Test func whatMatchesWithTypes() throws {
        let joined = try makeWorld()
        joined.world.spawn(Health(current: 40), Position(x: 2))
        let ship = joined.world.spawn(Health(current: 10), Position(x: 1))
        joined.tick()
        let connection = try joined.connect().connection
        let limit: Int32 = 50
        try joined.run {
            // begin
            let weak = try await connection.query(Health.self, Position.self, where: \Health.current < limit)
            for (entity, health, position) in weak.rows { print(entity, health.current, position.x) }
            try await weak.replace(where: \Health.current < limit / 2)
            // end
            #expect(weak.rows.map { $0.0 } == [ship])
        }
    }

    @Test func theFirstOfMany() throws {
        let joined = try makeWorld()
        for current in 0..<30 as Range<Int32> { joined.world.spawn(Health(current: current)) }
        joined.tick()
        let connection = try joined.connect().connection
        try joined.run {
            // begin
            let top = try await connection.query(Health.self, orderedBy: .descending(\Health.current), limit: 20)
            for (entity, health) in top.rows { print(entity, health.current) }  // in that order
            print("of", top.total)
            try await top.replace(orderedBy: .descending(\Health.current), limit: 20, offset: 20)
            // end
            #expect(top.rows.map(\.1.current) == (0..<10).reversed() && top.total == 30)
        }
    }

    @Test func whatIsNear() throws {
        let joined = try makeWorld()
        let ship = joined.world.spawn(Position(x: 100))
        let others = (0..<5 as Range<Int>).map { joined.world.spawn(Position(x: Float($0) * 20)) }
        joined.tick()
        let connection = try joined.connect().connection
        try joined.run {
            // begin
            let near = try await connection.query(Position.self, within: .radius(60, of: ship))
            print(near.entities, near.isCentreLost)
            let seen = try await connection.query(Position.self, within: .radius(60, x: 10, y: 0, z: 0))
            try await seen.replace(within: .radius(60, x: 20, y: 0, z: 0))
            // end
            #expect(Set(near.entities) == [ship, others[2], others[3], others[4]] && !near.isCentreLost)
            #expect(Set(seen.entities) == Set(others))
        }
    }

    @Test func askingOnce() throws {
        let joined = try makeWorld()
        let mine = joined.world.spawn(Health(current: 10), Position(x: 3))
        joined.tick()
        let connection = try joined.connect().connection
        try joined.run {
            // begin
            let rows = try await connection.rows("Health, Position? where Health.current < 50")
            for (entity, health) in rows.values(of: Health.self) {
                print(rows.tick, entity, health.current, rows[entity, Position.self]?.x ?? 0)
            }
            let later = try await connection.rows("Health", for: [mine], atLeast: rows.tick.advanced(by: 5))
            // end
            #expect(rows.entities == [mine] && later.tick == rows.tick.advanced(by: 5))
        }
    }

    @Test func resources() throws {
        let joined = try JoinedWorld.withResources()
        joined.world.insertResource(Score(points: 1))
        joined.tick()
        let connection = try joined.connect().connection
        var points: Int32?
        try joined.run {
            // begin
            let score = try await connection.view(ofResource: Score.self)
            print(score.value?.points ?? 0, connection.withSnapshot { now in now[resource: Score.self]?.points ?? 0 })
            let high = try await connection.query("resource Score where Score.points > 50")
            print(high.value(of: Score.self)?.points ?? 0)  // nil while no more than 50, or without a score
            connection.enqueue(.set(resource: Score(points: 3)))
            connection.enqueue(.patch(resource: Score.self) { $0.set(\.points, to: 60, expecting: 3) })
            for try await batch in high.batches {
                for change in batch.changes(of: Score.self) { points = change.new?.points }
                if points != nil { break }
            }
            // end
        }
        #expect(points == 60 && joined.world.resource(Score.self)?.points == 60)
    }

    @Test func afterARestart() throws {
        let joined = try makeWorld()
        joined.world.spawn(Position(x: 1))
        joined.tick()
        let client = try joined.connect()
        let connection = client.connection
        var lives: [Epoch] = []
        let next = World()
        next.spawn(Position(x: 2))
        let positions = try joined.run { try await connection.view(of: Position.self) }
        let batches = positions.batches
        try joined.restart(with: next)
        for _ in 0..<100 where connection.isStale || positions.values.map(\.value.x) != [2] {
            joined.tick()
            joined.passTime(.milliseconds(100))
        }
        try joined.run {
            // begin
            for try await batch in batches {
                if batch.reset != nil { print("another life of the world:", batch.epoch, "from tick", batch.base) }
                for change in batch.changes(of: Position.self) where change.cause == .reset {
                    print("gone with the old life:", change.entity, change.old ?? Position())
                }
                if batch.epoch == connection.epoch { lives.append(batch.epoch) }
                if batch.reset != nil { break }
            }
            // end
        }
        #expect(lives.last == connection.epoch)
    }

    @Test func verifying() throws {
        let joined = try makeWorld()
        joined.world.spawn(Health(current: 5))
        joined.tick()
        let connection = try joined.connect().connection
        try joined.run {
            let hurt = try await connection.query("Health where Health.current < 50")
            // begin
            let tick = try await hurt.verify()
            print("the same at the server and here at tick", tick)
            // end
            #expect(tick <= joined.serverTick)
        }
    }

    @Test func thePageHasTheseExamplesAndNoOthers() throws {
        let page = try ExamplePage("docs/CLIENT.md", tests: #filePath)
        #expect(page.examples.count == 19)
        #expect(page.unknown == ["import OrreryClient\nimport OrrerySchema\nimport OrreryWebSocket\n"])
    }

    @Test func thePageNamesEveryCodeAndCause() throws {
        let page = try ExamplePage("docs/CLIENT.md", tests: #filePath).text
        for code in ClientError.Code.allCases { #expect(page.contains("`\(code.rawValue)`"), "\(code)") }
        for cause in Change.Cause.allCases { #expect(page.contains("| `\(cause.rawValue)` |"), "\(cause)") }
    }
}
