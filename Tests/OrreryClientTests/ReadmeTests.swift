import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryTesting
import Testing

/// The rules and systems of README.md: compiled, run, and the same as on the page. (Its programs are examples of their
/// own.)
@Suite struct ReadmeTests {
    struct Pilot: Component { var client = ClientID(0) }
    struct Thrust: Component, Equatable { var newtons: Float = 0 }
    struct Ship: Component { var fuel: Float = 1 }
    struct Shot: Component { var speed: Float = 1 }

    @Test func aShipBelongsToTheClientThatItWasLaunchedFor() throws {
        var schedule = Schedule()
        // begin
        schedule.add("launch", in: .input, .events(ClientJoined.self)) { joined, tick in
            for event in joined { tick.commands.spawn(Ship(), Pilot(client: event.client.id)) }
        }
        schedule.add("land", in: .input, .events(ClientLeft.self), .query(Read<Pilot>.self)) { left, pilots, tick in
            for event in left {
                pilots.forEachEntity { ship, pilot in
                    if pilot.client == event.client.id { tick.commands.despawn(ship) }
                }
            }
        }
        // end
        let joined = try JoinedWorld(schedule: schedule) { sync in
            try sync.register(Position.self, writable: .byClients)
            try sync.register(Shot.self, writable: .byClients)
            // begin
            try sync.register(
                Health.self, writable: .byClients(where: { $0.new.map { $0.current <= $0.maximum } ?? false }))
            // struct Pilot: Component { var client = ClientID(0) }
            try sync.register(
                Thrust.self,
                writable: .byClients(judge: { write in
                    guard let ship = write.entity, write.world[ship, Pilot.self]?.client == write.client.id else {
                        return .refuse("it is not your ship")  // "refused by the rule of Thrust: it is not your ship"
                    }
                    return .allow
                }))
            sync.despawning = .byClients  // and sync.spawning; neither unless stated
            // end
            // begin
            sync.spawning = .byClients(judge: { spawn in
                spawn.has(Shot.self) && spawn[Position.self] != nil ? .allow : .refuse("clients spawn shots, somewhere")
            })
            // end
        }
        joined.tick()
        let (ada, bob) = (try joined.connect(), try joined.connect())
        joined.tick()
        let pilots = joined.world.query(Read<Pilot>.self)
        let ships = pilots.entities
        #expect(ships.count == 2)
        func outcome(_ client: JoinedClient, _ mutation: ClientMutation) -> String {
            do {
                _ = try joined.run { try await client.connection.enqueue(mutation).outcome }
                return "applied"
            } catch { return "\(error)" }
        }
        #expect(outcome(bob, .insert(Thrust(newtons: 2), on: ships[1])) == "applied")
        #expect(
            outcome(ada, .insert(Thrust(), on: ships[1])).contains("refused by the rule of Thrust: it is not your ship")
        )
        #expect(outcome(ada, .spawn(Shot())).contains("clients spawn shots, somewhere"))
        #expect(outcome(ada, .spawn(Shot(), Position())) == "applied")
        #expect(outcome(ada, .insert(Health(current: 101, maximum: 100), on: ships[0])).contains("rule of Health"))
        ada.close()
        joined.tick()
        #expect(pilots.entities == [ships[1]])
    }

    @Test func thePageHasTheseExamples() throws {
        let page = try ExamplePage("README.md", tests: #filePath)
        #expect(page.examples.count - page.unknown.count == 3)
        // The others are programs, the lines of a manifest, and settings.
        let others = ["@main", ".package(", "configuration."]
        #expect(page.unknown.allSatisfy { example in others.contains { example.contains($0) } })
    }
}
