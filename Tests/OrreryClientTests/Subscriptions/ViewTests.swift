import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrrerySync
import OrreryTesting
import Testing

/// Views and subscriptions: what they show, what they cost, and how they end.
@Suite struct ViewTests {
    private func makeWorld(_ configuration: SimulationConfiguration = .init()) throws -> JoinedWorld {
        try JoinedWorld(configuration: configuration) { sync in
            try sync.register(Position.self, writable: .byClients)
            try sync.register(Health.self, writable: .byClients)
            try sync.register(Label.self, writable: .byClients)
            sync.spawning = .byClients
            sync.despawning = .byClients
        }
    }

    private func subscriptionCount(_ joined: JoinedWorld) -> Int {
        joined.deliver()
        return joined.sessionStates.reduce(0) { $0 + $1.subscriptionCount }
    }

    @Test func aViewOfOneEntityMovesItsRowsOnly() throws {
        let joined = try makeWorld()
        let entities = (0..<2000).map { joined.world.spawn(Position(x: Float($0))) }
        joined.tick()
        let client = try joined.connect()
        let view = try joined.run { try await client.connection.view(of: Position.self, for: entities[7]) }
        #expect(view.value == Position(x: 7) && view.entity == entities[7])
        let before = client.receivedByteCount
        for tick in 1...60 {
            for entity in entities { try joined.world.set(Position(x: Float(tick)), on: entity) }
            joined.tick()
            #expect(view.value == Position(x: Float(tick)))
        }
        #expect(Array(client.contents.entities.keys) == [entities[7]], "no other row is here")
        // A head, a section and a row of 12 bytes each.
        #expect(client.receivedByteCount - before < 60 * 50, "\(client.receivedByteCount - before) bytes in 60 ticks")
        withExtendedLifetime(view) {}
    }

    @Test func whoFollowsManyEntitiesDoesNotMeetTheLimitOfSubscriptions() throws {
        let joined = try makeWorld()
        let entities = (0..<600).map { joined.world.spawn(Position(x: Float($0))) }
        joined.tick()
        let client = try joined.connect()
        let views = try joined.run(ticksMax: 10_000) {
            var views: [EntityView<Position>] = []
            for entity in entities { views.append(try await client.connection.view(of: Position.self, for: entity)) }
            return views
        }
        #expect(views.map(\.value) == (0..<600).map { Position(x: Float($0)) })
        #expect(subscriptionCount(joined) == 3, "lists of 256")
        for view in views where view.entity != entities[5] { view.cancel() }
        for _ in 0..<5 { joined.tick() }
        #expect(subscriptionCount(joined) == 1)
        #expect(Array(client.contents.entities.keys) == [entities[5]])
        #expect(views[5].value == Position(x: 5) && views[5].end == nil)
    }

    @Test func whatIsCancelledReleasedOrRefusedLeavesNothing() throws {
        let joined = try makeWorld()
        let entities = (0..<4).map { joined.world.spawn(Position(x: Float($0))) }
        joined.tick()
        let client = try joined.connect()
        let connection = client.connection
        try joined.run(ticksMax: 100_000) {
            for number in 0..<1000 {
                // Cancelled, also before it has begun, and while its first state is on its way.
                (try await connection.view(of: Position.self)).cancel()
                (try await connection.view(of: Position.self, for: entities[number % 4])).cancel()
                await withTaskGroup { group in
                    group.addTask { _ = try? await connection.subscribe(anyOf: Position.self, Health.self) }
                    if number.isMultiple(of: 2) { await Task.yield() }
                    group.cancelAll()
                }
                // Released.
                _ = try await connection.view(of: Label.self)
                _ = try await connection.view(of: Position.self, for: entities)
                // Refused.
                let dead = Entity(index: 100 + UInt32(number), generation: 1)
                await #expect(throws: ClientError.self) { try await connection.view(of: Position.self, for: dead) }
            }
        }
        for _ in 0..<5 { joined.tick() }
        #expect(subscriptionCount(joined) == 0)
        #expect(client.contents.entities.isEmpty)
        #expect(client.session.interestCount == 0)
    }

    @Test func viewsOfOneComponentShareASubscription() throws {
        let joined = try makeWorld()
        let entity = joined.world.spawn(Position(x: 1))
        joined.tick()
        let client = try joined.connect()
        try joined.run {
            let first = try await client.connection.view(of: Position.self)
            let second = try await client.connection.view(of: Position.self)
            let third = try await client.connection.subscribe(anyOf: ["Position"])
            #expect(subscriptionCount(joined) == 1)
            first.cancel()
            third.cancel()
            joined.tick()
            #expect(second[entity] == Position(x: 1) && second.end == nil && first.end?.code == .closed)
            second.cancel()
            second.cancel()
        }
        joined.tick()
        #expect(subscriptionCount(joined) == 0)
    }

    @Test func aViewEndsWithItsEntity() throws {
        let joined = try makeWorld()
        let ships = (0..<3).map { joined.world.spawn(Position(x: Float($0))) }
        joined.tick()
        let client = try joined.connect()
        let (one, all) = try joined.run {
            (
                try await client.connection.view(of: Position.self, for: ships[0]),
                try await client.connection.view(of: Position.self, for: ships)
            )
        }
        #expect(all.count == 3)
        try joined.world.despawn(ships[0])
        joined.tick()
        #expect(one.end?.code == .unknownEntity && one.value == nil && one.isStale)
        #expect(all.end == nil && all.entities == Array(ships[1...]))
        // At the index of the one that is gone.
        let next = joined.world.spawn(Position(x: 9))
        joined.tick()
        #expect(next.index == ships[0].index && one.value == nil && all.count == 2)
        for ship in ships[1...] { try joined.world.despawn(ship) }
        joined.tick()
        #expect(all.end?.code == .unknownEntity)
        joined.tick()
        #expect(subscriptionCount(joined) == 0)
    }

    @Test func entitiesOfAnEarlierLifeAreNotTakenForThoseOfTheNext() throws {
        let joined = try makeWorld()
        let ship = joined.world.spawn(Position(x: 1))
        joined.tick()
        let client = try joined.connect()
        let (one, all) = try joined.run {
            (
                try await client.connection.view(of: Position.self, for: ship),
                try await client.connection.view(of: Position.self)
            )
        }
        let next = World()
        // The same index and generation.
        #expect(next.spawn(Position(x: 2)) == ship)
        try joined.restart(with: next)
        for _ in 0..<100 where all[ship] != Position(x: 2) {
            joined.passTime(.milliseconds(100))
            joined.tick()
        }
        #expect(all[ship] == Position(x: 2) && all.end == nil && !all.isStale)
        #expect(one.end?.code == .unknownEntity)
        #expect(one.end?.message.contains("earlier life") == true, "\(one.end?.message ?? "")")
    }

    @Test func aMirrorIsOneAssignmentPerChange() throws {
        let joined = try makeWorld()
        let ships = (0..<5).map { joined.world.spawn(Position(x: Float($0)), Health()) }
        joined.tick()
        let client = try joined.connect()
        try joined.run {
            let traffic = try await client.connection.subscribe(anyOf: Position.self, Label.self)
            var radar: [Entity: Position] = [:]
            var causes: [Change.Cause] = []
            var batchCount = 0
            for try await batch in traffic.batches {
                for change in batch.changes(of: Position.self) {
                    radar[change.entity] = change.new
                    causes.append(change.cause)
                }
                #expect(batch.changes.allSatisfy { $0.component == "Position" }, "no Health, and no entity alone")
                switch batchCount {
                case 0: try joined.world.set(Position(x: 7), on: ships[1])
                case 1: _ = try joined.world.remove(Position.self, from: ships[2])
                case 2: try joined.world.despawn(ships[3])
                default: traffic.cancel()
                }
                batchCount += 1
            }
            #expect(radar == [ships[0]: Position(x: 0), ships[1]: Position(x: 7), ships[4]: Position(x: 4)])
            #expect(causes == [.entered, .entered, .entered, .entered, .entered, .set, .removed, .despawned])
            #expect(traffic.end?.code == .closed)
        }
    }
}
