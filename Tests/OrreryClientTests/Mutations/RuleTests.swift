import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryTesting
import Testing

/// What the rules of a world see of a client and of what it asks for.
@Suite struct RuleTests {
    struct Pilot: Component, Equatable { var client: UInt64 = 0 }

    /// A ship belongs to the client whose number its pilot has.
    private func makeWorld() throws -> JoinedWorld {
        try JoinedWorld { sync in
            try sync.register(Pilot.self)
            try sync.register(
                Position.self,
                writable: .byClients(where: { write in
                    write.entity.map { write.world[$0, Pilot.self]?.client == write.client.id.rawValue } ?? true
                }))
        }
    }

    @Test func aClientKnowsTheNumberByWhichRulesKnowIt() throws {
        let joined = try makeWorld()
        joined.tick()
        let clients = try [joined.connect(), joined.connect()]
        let ids = clients.map(\.connection.clientID)
        #expect(ids == [ClientID(1), ClientID(2)])
        let ship = joined.world.spawn(Position(), Pilot(client: try #require(ids[1]).rawValue))
        #expect(throws: ClientError.self) {
            try joined.run { try await clients[0].connection.enqueue(.set(Position(x: 1), on: ship)).outcome }
        }
        _ = try joined.run { try await clients[1].connection.enqueue(.set(Position(x: 2), on: ship)).outcome }
        #expect(joined.world[ship, Position.self] == Position(x: 2))
    }

    @Test func theNumberStaysOverLostConnectionsAndEndsWithTheWorld() throws {
        let joined = try makeWorld()
        joined.tick()
        let first = try joined.connect(delivering: false)
        #expect(first.connection.clientID == nil)
        joined.deliver()
        let second = try joined.connect()
        second.cut()
        joined.deliver()
        #expect(second.connection.clientID == ClientID(2))
        for _ in 0..<50 where second.connection.isStale { joined.passTime(.milliseconds(100)) }
        #expect(second.connection.status.state == .connected)
        #expect(second.connection.clientID == ClientID(2))
        first.close()
        try joined.restart(with: World())
        joined.tick()
        for _ in 0..<50 where second.connection.isStale {
            joined.passTime(.milliseconds(100))
            joined.tick()
        }
        #expect(second.connection.clientID == ClientID(1))
    }

    @Test func theRuleOfSpawningSeesTheWholeEntity() throws {
        let joined = try JoinedWorld { sync in
            try sync.register(Position.self, writable: .byClients)
            try sync.register(Health.self, writable: .byClients(where: { $0.new?.current ?? 0 <= 100 }))
            try sync.register(Label.self, writable: .byClients)
            sync.spawning = .byClients(judge: { spawn in
                guard let position = spawn[Position.self] else { return .refuse("it has no place") }
                guard position.x >= 0 else { return .refuse("\(position.x) is outside") }
                guard !spawn.has(Label.self) || spawn[Label.self]?.text == spawn.client.name else {
                    return .refuse("the name is another's")
                }
                return spawn.world.entityCount < 2 ? .allow : .refuse("the world is full")
            })
        }
        joined.tick()
        let connection = try joined.connect(name: "ada").connection
        func reason(_ mutation: ClientMutation) throws -> String? {
            do {
                _ = try joined.run { try await connection.enqueue(mutation).outcome }
                return nil
            } catch let error as ClientError { return error.message }
        }
        #expect(try reason(.spawn(Health()))?.contains("refused by the rule of spawning: it has no place") == true)
        #expect(try reason(.spawn(Position(x: -1)))?.contains("rule of spawning: -1.0 is outside") == true)
        #expect(try reason(.spawn(Position(), Label(text: "bob")))?.contains("the name is another's") == true)
        #expect(try reason(.spawn(Position(), Health(current: 101)))?.contains("rule of Health") == true)
        #expect(joined.world.entityCount == 0)
        #expect(try reason(.spawn(Position(), Health(), Label(text: "ada"))) == nil)
        #expect(try reason(.spawn(Position(x: 3))) == nil)
        #expect(try reason(.spawn(Position(x: 3)))?.contains("the world is full") == true)
    }

    @Test func aSpawnKeptAfterItsRuleHasNoValues() throws {
        // The rule runs on this thread.
        nonisolated(unsafe) var kept: ClientSpawn?
        let joined = try JoinedWorld { sync in
            try sync.register(Label.self, writable: .byClients)
            sync.spawning = .byClients(where: { spawn in
                kept = spawn
                return spawn[Label.self]?.text == "a"
            })
        }
        joined.tick()
        let connection = try joined.connect().connection
        _ = try joined.run { try await connection.enqueue(.spawn(Label(text: "a"))).outcome }
        #expect(kept != nil && kept?[Label.self] == nil && kept?.has(Label.self) == false)
    }

    @Test func observersSeeTheWholeSpawnedEntity() throws {
        let joined = try JoinedWorld { sync in
            try sync.register(Position.self, writable: .byClients)
            try sync.register(Health.self, writable: .byClients)
            sync.spawning = .byClients
        }
        // Observers run on this thread.
        nonisolated(unsafe) var seen: [Bool] = []
        nonisolated(unsafe) let world = joined.world
        world.observe(Position.self) { change in seen.append(world.has(Health.self, on: change.entity)) }
        joined.tick()
        let connection = try joined.connect().connection
        _ = try joined.run { try await connection.enqueue(.spawn(Position(), Health())).outcome }
        #expect(seen == [true])
    }

    @Test func theRuleOfDespawningSeesTheEntity() throws {
        let joined = try JoinedWorld { sync in
            try sync.register(Label.self)
            sync.despawning = .byClients(where: { $0.world[$0.entity, Label.self]?.text == $0.client.name })
        }
        let (own, other) = (joined.world.spawn(Label(text: "ada")), joined.world.spawn(Label(text: "bob")))
        joined.tick()
        let connection = try joined.connect(name: "ada").connection
        _ = try joined.run { try await connection.enqueue(.despawn(own)).outcome }
        let error = #expect(throws: ClientError.self) {
            try joined.run { try await connection.enqueue(.despawn(other)).outcome }
        }
        #expect(error?.code == .forbidden)
        #expect(!joined.world.contains(own) && joined.world.contains(other))
    }
}
