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
            try sync.register(Position.self, writable: .byClients)
            try sync.register(Health.self, writable: .byClients)
            sync.spawning = .byClients
            sync.despawning = .byClients
        }
    }

    @Test(.timeLimit(.minutes(1))) func connecting() async throws {
        let network = MemoryNetwork()
        let server = try SimulationServer(
            world: World(), schedule: Schedule(), transport: network.server(name: "guide")
        ) { try $0.register(Position.self) }
        async let running: Void = server.run()
        let (url, transport) = (server.url, network.client)
        // begin
        let client = SimulationClient(url: url, transport: transport, name: "radar")
        try await client.withConnection { connection in
            print(connection.components.map(\.name), connection.tickRate)
        }
        // end
        server.stop()
        try await running
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
                print(status.state, status.isStale, status.lostConnectionCount)
            }
            // end
        }
        #expect(connection.status.state == .ended && connection.isStale)
    }

    @Test func thePageHasTheseExamplesAndNoOthers() throws {
        let page = try ExamplePage("docs/CLIENT.md", tests: #filePath)
        #expect(page.examples.count == 7)
        #expect(page.unknown == ["import OrreryClient\nimport OrrerySchema\nimport OrreryWebSocket\n"])
    }

    @Test func thePageNamesEveryCodeAndCause() throws {
        let page = try ExamplePage("docs/CLIENT.md", tests: #filePath).text
        for code in ClientError.Code.allCases { #expect(page.contains("`\(code.rawValue)`"), "\(code)") }
        for cause in Change.Cause.allCases { #expect(page.contains("| `\(cause.rawValue)` |"), "\(cause)") }
    }
}
