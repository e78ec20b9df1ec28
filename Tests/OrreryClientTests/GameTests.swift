import Foundation
import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryTesting
import OrreryTransport
import Testing

// begin
struct Ship: Component, Equatable { var x: Float = 0, fuel: Int32 = 3 }
struct Shot: Component, Equatable { var x: Float = 0, speed: Float = 10 }

func makeGame() throws -> JoinedWorld {
    var schedule = Schedule()
    schedule.add("fly", in: .update, Write<Shot>.self) { query, tick in
        query.forEach { $0.x += $0.speed * Float(tick.seconds) }
    }
    schedule.add("hit", in: .late) { world, _ in
        var hits: [Entity] = []
        world.query(Read<Shot>.self).forEachEntity { entity, shot in if shot.x > 5 { hits.append(entity) } }
        for shot in hits { try! world.despawn(shot) }
    }
    return try JoinedWorld(schedule: schedule, register: register)
}

/// The same for tests and for the server.
func register(_ sync: inout SyncRegistry) throws {
    try sync.register(Ship.self, writable: .byClients(where: { ($0.new?.fuel ?? 0) <= 3 }))
    try sync.register(Shot.self, writable: .byClients)
    sync.spawning = .byClients
}
// end

/// The examples of docs/TESTING.md: compiled, run, and the same as on the page.
@Suite struct GameTests {
    @Test func aShotFliesAndAPlayerCannotCheat() throws {
        // begin
        let game = try makeGame()
        let (player, watcher) = (try game.connect().connection, try game.connect().connection)
        try game.run {
            let ship = try await player.enqueue(.spawn(Ship())).outcome.entities[0]
            let shot = try await player.enqueue(.spawn(Shot(x: 0))).outcome.entities[0]
            let radar = try await watcher.view(of: Shot.self, for: shot)
            for try await batch in radar.batches where batch.changes(of: Shot.self).last?.cause == .despawned { break }
            #expect(radar.end?.code == .unknownEntity)

            let cheat = player.enqueue(.patch(ship, Ship.self) { $0.set(\.fuel, to: 99) })
            await #expect(throws: ClientError.self) { try await cheat.outcome }
            #expect(game.world[ship, Ship.self] == Ship())
        }
        // end
    }

    @Test func aRuleSeesTheNameOfAClient() throws {
        let game = try JoinedWorld { sync in
            try sync.register(Ship.self, writable: .byClients(where: { $0.client.name == "red" }))
        }
        let ship = game.world.spawn(Ship())
        game.tick()
        let (red, other) = (try game.connect(name: "red").connection, try game.connect().connection)
        try game.run {
            _ = try await red.enqueue(.set(Ship(x: 1), on: ship)).outcome
            let error = await #expect(throws: ClientError.self) {
                try await other.enqueue(.set(Ship(x: 2), on: ship)).outcome
            }
            #expect(error?.message == "refused by the rule of Ship")
        }
        #expect(game.world[ship, Ship.self] == Ship(x: 1))
    }

    @Test(.timeLimit(.minutes(1))) func overThreads() async throws {
        // begin
        let network = MemoryNetwork()
        let server = try SimulationServer(
            world: World(), schedule: Schedule(), transport: network.server(name: "game")
        ) { sync in try sync.register(Ship.self) }
        async let running: Void = server.run()
        try await SimulationClient(url: server.url, transport: network.client).withConnection { connection in
            #expect(connection.components.map(\.name) == ["Ship"])
        }
        server.stop()
        try await running
        // end
    }

    @Test func thePageHasTheseExamplesAndNoOthers() throws {
        let page = try ExamplePage("docs/TESTING.md", tests: #filePath)
        #expect(page.examples.count == 4)
        #expect(page.unknown.count == 1 && page.unknown[0].hasPrefix("import OrreryClient\n"), "but for the imports")
    }
}
