// A query is no sequence: there is no loop to write instead.
// swift-format-ignore-file: ReplaceForEachWithForLoop

import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryTesting
import OrreryWebSocket
import Testing

/// The programs with which the reference documentation of each library begins.
@Suite struct CatalogueTests {
    @Test func aWorld() {
        // begin
        struct Position: Component { var x = 0.0, y = 0.0 }
        struct Velocity: Component { var x = 0.0, y = 0.0 }

        let world = World()
        world.spawn(Position(), Velocity(x: 1))

        var schedule = Schedule()
        schedule.add("integrate", in: .update, Write<Position>.self, Read<Velocity>.self) { query, tick in
            query.forEach { position, velocity in position.x += velocity.x * tick.seconds }
        }
        for _ in 0..<60 { schedule.runTick(on: world, step: .milliseconds(20)) }
        // end
        var positions: [Position] = []
        world.query(Read<Position>.self).forEach { positions.append($0) }
        #expect(positions.count == 1 && abs(positions[0].x - 1.2) < 1e-9)
    }

    @Test func aTest() throws {
        let (world, schedule) = (World(), Schedule())
        world.spawn(Position())
        // begin
        let joined = try JoinedWorld(world: world, schedule: schedule) { try $0.register(Position.self) }
        joined.tick()
        let client = try joined.connect()
        let view = try joined.run { try await client.connection.view(of: Position.self) }
        joined.tick()
        #expect(view.count == 1)
        // end
    }

    /// Compiled only: its port is everybody's.
    private func serve(_ world: sending World, _ schedule: Schedule) async throws {
        // begin
        let server = try SimulationServer(
            world: world, schedule: schedule, configuration: .init(tickRate: .hertz(60)),
            transport: .webSocket(port: 7600)
        ) { sync in
            try sync.register(Position.self)
            try sync.register(
                Health.self, writable: .byClients(where: { $0.new.map { $0.current <= $0.maximum } ?? false }))
        }
        try await server.run()
        // end
    }

    /// Compiled only, as its server is.
    private func watch(_ mine: Entity) async throws {
        // begin
        try await SimulationClient(url: "ws://127.0.0.1:7600", transport: .webSocket).withConnection { connection in
            // All entities that have a Health; the first state is here.
            let health = try await connection.view(of: Health.self)
            // One entity: only its row travels.
            let ship = try await connection.view(of: Position.self, for: mine)
            print(ship.value?.x ?? 0, health[mine]?.current ?? 0, connection.isStale)

            // Never throws, never waits.
            connection.enqueue(.set(Health(current: 90), on: mine))
            for try await batch in ship.batches {
                for change in batch.changes(of: Position.self) { print(change.new?.x ?? 0) }
            }
        }
        // end
    }

    @Test(arguments: ["OrreryECS", "OrreryServer", "OrreryClient", "OrreryTesting"])
    func eachExampleIsCompiled(module: String) throws {
        let page = try ExamplePage("Sources/\(module)/\(module).docc/\(module).md", tests: #filePath)
        #expect(page.examples.count == 1 && page.unknown == [])
    }
}
