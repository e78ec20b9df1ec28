import OrreryECS
import OrrerySchema
import OrreryServer
import OrrerySync
import OrreryTesting
import Testing
import simulate

/// What users are promised, each with a test that fails when the feature is taken out.
@Suite struct PromiseTests {
    func makeJoined(
        _ configure: (inout SimulationConfiguration) -> Void = { _ in }, linkByteCountMax: Int = 1 << 20
    ) throws -> JoinedWorld {
        var configuration = SimulationConfiguration()
        configure(&configuration)
        return try JoinedWorld(configuration: configuration, linkByteCountMax: linkByteCountMax) { sync in
            try sync.register(Position.self)
            try sync.register(Health.self)
            try sync.register(Frozen.self)
            try sync.register(Label.self)
        }
    }

    func causes(_ batches: [AppliedBatch], of entity: Entity) -> [Change.Cause] {
        batches.flatMap(\.changes).filter { $0.entity == entity }.map(\.cause)
    }

    @Test func tenThousandChangesATickArriveOnceInOrderAndSmall() throws {
        let joined = try makeJoined()
        for index in 0..<10_000 { joined.world.spawn(Position(x: Float(index))) }
        let client = try joined.connect()
        client.subscribe(["Position"])
        joined.tick()
        _ = client.takeBatches()
        let before = client.receivedByteCount
        let ticks = 20
        for _ in 0..<ticks {
            joined.world.query(Write<Position>.self).forEach { $0.y += 1 }
            joined.tick()
        }
        let batches = client.takeBatches()
        #expect(batches.map(\.tick.rawValue) == (2...UInt64(ticks + 1)).map { $0 })
        #expect(batches.allSatisfy { $0.tick.rawValue == $0.base.rawValue + 1 && $0.changes.count == 10_000 })
        #expect(client.contents == joined.contents)
        let bytesPerUpdate = Double(client.receivedByteCount - before) / Double(10_000 * ticks)
        #expect(bytesPerUpdate <= 12.6, "\(bytesPerUpdate) bytes per update")
    }

    @Test func aSlowReaderCostsNothingAndEndsAtTheRightState() throws {
        let joined = try makeJoined({ $0.sync.windowSize = 50_000 })
        for index in 0..<1000 { joined.world.spawn(Position(x: Float(index))) }
        let client = try joined.connect()
        client.subscribe(["Position"])
        joined.tick()
        client.isStalled = true
        for _ in 0..<200 {
            joined.world.query(Write<Position>.self).forEach { $0.y += 1 }
            joined.tick()
        }
        let before = client.receivedByteCount
        _ = client.takeBatches()
        client.isStalled = false
        joined.tick()
        joined.passTime(.seconds(1))
        // What was under way when it stalled, a window of 50 kB, and one batch of all that it missed.
        #expect(client.receivedByteCount - before < 80_000)
        #expect(client.takeBatches().count < 8)
        #expect(client.contents == joined.contents)
        #expect(client.tick == joined.serverTick)
    }

    @Test func whatNobodyWatchesIsNotEncoded() throws {
        let joined = try makeJoined()
        let entity = joined.world.spawn(Position(), Label(text: "a"))
        let client = try joined.connect()
        joined.tick()
        #expect(joined.builtBlockCount == 0)
        client.subscribe(["Position"])
        joined.tick()
        let before = joined.builtBlockCount
        for number in 0..<10 {
            try joined.world.set(Label(text: "\(number)"), on: entity)
            joined.tick()
        }
        #expect(joined.builtBlockCount == before, "no look at Label, and none at Position, which did not change")
        try joined.world.set(Position(x: 1), on: entity)
        joined.tick()
        #expect(joined.builtBlockCount - before == 1)
    }

    @Test func clientsShareWhatIsEncoded() throws {
        let joined = try makeJoined()
        let entity = joined.world.spawn(Position(), Health())
        let clients = try (0..<20).map { _ in try joined.connect() }
        for (number, client) in clients.enumerated() {
            client.subscribe(number % 2 == 0 ? ["Position"] : ["Position", "Health"])
        }
        joined.tick()
        joined.tick()
        let before = joined.builtBlockCount
        try joined.world.set(Position(x: 1), on: entity)
        try joined.world.set(Health(current: 1), on: entity)
        joined.tick()
        #expect(joined.builtBlockCount - before == 2, "each component once, for twenty clients")
        let expected = joined.contents
        #expect(clients[1].contents == expected)
    }

    @Test func aTickWithoutChangesSendsNothing() throws {
        let joined = try makeJoined()
        joined.world.spawn(Position())
        let client = try joined.connect()
        client.subscribe()
        joined.tick()
        let before = client.receivedByteCount
        for _ in 0..<50 { joined.tick() }
        #expect(client.receivedByteCount == before)
        joined.passTime(.seconds(1))
        #expect(client.receivedByteCount - before < 8, "a heartbeat")
        #expect(client.tick == joined.serverTick)
    }

    @Test func valuesWrittenAsTheyWereAreNotSent() throws {
        let joined = try makeJoined()
        let entity = joined.world.spawn(Position(x: 3), Label(text: "same"))
        let client = try joined.connect()
        client.subscribe()
        joined.tick()
        let before = client.receivedByteCount
        try joined.world.set(Position(x: 3), on: entity)
        try joined.world.set(Label(text: "same"), on: entity)
        joined.tick()
        #expect(client.receivedByteCount == before)
    }

    @Test func removalAndDespawnAreToldApart() throws {
        let joined = try makeJoined()
        let (bare, dead) = (joined.world.spawn(Position(), Health()), joined.world.spawn(Position()))
        let client = try joined.connect()
        client.subscribe()
        joined.tick()
        _ = client.takeBatches()
        _ = try joined.world.remove(Position.self, from: bare)
        try joined.world.despawn(dead)
        joined.tick()
        let batches = client.takeBatches()
        #expect(causes(batches, of: bare) == [.removed])
        #expect(causes(batches, of: dead) == [.despawned, .despawned])
    }

    @Test func aReusedIndexNeverShowsOldData() throws {
        let joined = try makeJoined({ $0.sync.windowSize = 1 })
        let old = joined.world.spawn(Position(x: 1), Health(current: 1), Label(text: "old"))
        let client = try joined.connect()
        client.subscribe()
        joined.tick()
        client.isStalled = true
        try joined.world.set(Position(x: 2), on: old)
        joined.tick()
        try joined.world.despawn(old)
        joined.tick()
        let new = joined.world.spawn(Position(x: 9))
        #expect(new.index == old.index)
        joined.tick()
        client.isStalled = false
        for _ in 0..<3 { joined.tick() }
        #expect(client.contents == joined.contents)
        #expect(client.contents.entities[old] == nil)
        #expect(client.contents.entities[new]?.keys.sorted() == ["Position"])
        let changes = client.takeBatches()
        #expect(causes(changes, of: old).last == .despawned)
        #expect(causes(changes, of: new).first == .spawned)
    }

    @Test func theUnseenStaysUnseen() throws {
        let joined = try makeJoined()
        let client = try joined.connect()
        client.subscribe()
        joined.tick()
        _ = client.takeBatches()
        let ghost = joined.world.spawn(Position())
        try joined.world.despawn(ghost)
        joined.tick()
        #expect(client.takeBatches().isEmpty)
    }

    @Test func whatIsNoLongerAskedForLeaves() throws {
        let joined = try makeJoined()
        let both = joined.world.spawn(Position(), Health())
        let one = joined.world.spawn(Health())
        let client = try joined.connect()
        client.subscribe(["Position"])
        let health = try #require(client.subscribe(["Health"]))
        joined.tick()
        #expect(client.contents == joined.contents)
        client.unsubscribe(health)
        joined.tick()
        #expect(client.contents.entities[both]?.keys.sorted() == ["Position"])
        #expect(client.contents.entities[one] == nil)
        // And is not sent any more.
        try joined.world.set(Health(current: 1), on: one)
        let before = client.receivedByteCount
        joined.tick()
        #expect(client.receivedByteCount == before)
    }

    @Test func oneEntityIsFollowedAlone() throws {
        let joined = try makeJoined()
        let (watched, other) = (joined.world.spawn(Position(), Label()), joined.world.spawn(Position()))
        joined.tick()
        let client = try joined.connect()
        client.subscribe(of: watched)
        joined.tick()
        #expect(client.contents.entities.keys.map { $0 } == [watched])
        _ = client.takeBatches()
        try joined.world.set(Position(x: 1), on: other)
        try joined.world.set(Position(x: 2), on: watched)
        joined.tick()
        let batches = client.takeBatches()
        #expect(causes(batches, of: watched) == [.set])
        #expect(causes(batches, of: other).isEmpty)
        try joined.world.despawn(watched)
        joined.tick()
        #expect(client.contents.entities.isEmpty)
    }

    @Test func aSubscriptionToNothingStartsToo() throws {
        let joined = try makeJoined()
        let client = try joined.connect()
        let id = try #require(client.subscribe(["Label"]))
        joined.tick()
        #expect(client.takeBatches().flatMap(\.started) == [id])
    }

    @Test func aLargeFirstStateArrivesWholeWhileTheWorldGoesOn() throws {
        let joined = try makeJoined {
            $0.sync.wholeSizeMax = 10_000
            $0.sync.catchUpSizePerTick = 10_000
        }
        for index in 0..<5000 { joined.world.spawn(Position(x: Float(index)), Label(text: "n")) }
        joined.tick()
        let client = try joined.connect()
        client.subscribe()
        var applied: [Tick] = []
        for _ in 0..<60 where applied.isEmpty {
            joined.world.query(Write<Position>.self).forEach { $0.y += 1 }
            joined.tick()
            applied = client.takeBatches().map(\.tick)
            #expect(applied.isEmpty == client.contents.entities.isEmpty, "nothing is seen of an unfinished batch")
        }
        #expect(applied == [joined.serverTick])
        #expect(client.contents == joined.contents)
    }
}
