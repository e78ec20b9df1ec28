import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrrerySync
import OrreryTesting
import Testing
import simulate

/// Coming back after a lost connection.
@Suite struct ResumeTests {
    func makeJoined() throws -> JoinedWorld {
        try JoinedWorld { sync in
            try sync.register(Position.self)
            try sync.register(Health.self)
        }
    }

    func away(_ joined: JoinedWorld, _ seconds: Int = 5) {
        for _ in 0..<seconds {
            joined.tick()
            joined.passTime(.seconds(1))
        }
    }

    @Test func onlyWhatChangedMeanwhileComesAndOnce() throws {
        let joined = try makeJoined()
        let entities = (0..<1000).map { joined.world.spawn(Position(x: Float($0))) }
        let client = try joined.connect()
        client.subscribe()
        joined.tick()
        _ = client.takeBatches()
        client.cut()
        joined.deliver()
        let before = client.receivedByteCount
        try joined.world.set(Position(x: -1), on: entities[3])
        try joined.world.despawn(entities[4])
        let new = joined.world.spawn(Health())
        away(joined)
        let batches = client.takeBatches()
        let changes = batches.flatMap(\.changes)
        #expect(batches.allSatisfy { $0.reset == nil })
        #expect(changes.filter { $0.cause == .set }.map(\.entity).sorted() == [entities[3], new].sorted())
        #expect(changes.filter { $0.cause == .despawned }.map(\.component) == ["Position", nil])
        #expect(changes.filter { $0.cause == .spawned }.map(\.entity) == [new])
        #expect(client.receivedByteCount - before < 1000, "a thousand rows are not sent again")
        #expect(client.contents == joined.contents)
        #expect(client.takeErrors().map(\.code) == [.connectionLost])
    }

    /// A client that watches who is hurt among a thousand is away for a while, in which one is healed, one is hurt, one
    /// dies and is followed by another at its index, and one is healed and hurt again.
    @Test(arguments: [5, 40]) func aQueryGoesOnWithWhoJoinedAndLeft(secondsAway: Int) throws {
        let joined = try makeJoined()
        let entities = (0..<1000).map { joined.world.spawn(Position(x: Float($0)), Health(current: $0 < 900 ? 1 : 99)) }
        joined.tick()
        let client = try joined.connect()
        let id = try #require(client.query("Health, Position where Health.current < 50"))
        joined.tick()
        let log = BatchLog()
        let reader = client.observe(id, log)
        _ = log.take()
        client.link.toServer.isHanging = true
        client.link.toClient.isHanging = true
        client.cut()
        joined.deliver()
        try joined.world.set(Health(current: 99), on: entities[0])
        try joined.world.set(Health(current: 1), on: entities[950])
        try joined.world.despawn(entities[1])
        try joined.world.set(Health(current: 99), on: entities[2])
        joined.tick()
        try joined.world.set(Health(current: 1), on: entities[2])
        let heir = joined.world.spawn(Position(), Health(current: 1))
        #expect(heir.index == entities[1].index)
        away(joined, secondsAway)
        client.link = LinkCondition()
        let before = client.receivedByteCount
        away(joined, 10)
        #expect(
            client.contents
                == joined.contents.filtered { entity, _ in
                    joined.world[entity, Health.self].map { $0.current < 50 } ?? false
                })
        let changes = log.take().compactMap { $0.queries[reader] }
        let goesOn = secondsAway < 30
        #expect((client.receivedByteCount - before < 1000) == goesOn, "\(client.receivedByteCount - before) bytes")
        // Whoever is still a member stays, also where the query began anew.
        #expect(changes.flatMap(\.left).filter { $0 != entities[2] } == [entities[0], entities[1]])
        #expect(changes.flatMap(\.joined).filter { $0 != entities[2] } == [heir, entities[950]])
        let heirChanges = changes.flatMap(\.changes).filter { $0.entity == heir }
        #expect(heirChanges.map(\.component) == [nil, "Position", "Health"], "it comes before its components")
        #expect(client.session.withCore { $0.members(of: id).count } == 900)
    }

    /// Nothing of it is left in the client's store when the query begins anew.
    @Test(arguments: [5, 40]) func whoHasLostEverythingThatIsShownLeaves(secondsAway: Int) throws {
        let joined = try makeJoined()
        let entities = [joined.world.spawn(Health()), joined.world.spawn(Health())]
        joined.tick()
        let client = try joined.connect()
        client.subscribe(["Health"])
        let id = try #require(client.query("Health, Position?"))
        joined.tick()
        let log = BatchLog()
        let reader = client.observe(id, log)
        #expect(log.take().compactMap { $0.queries[reader]?.joined } == [entities])
        client.link.toServer.isHanging = true
        client.link.toClient.isHanging = true
        client.cut()
        joined.deliver()
        try joined.world.remove(Health.self, from: entities[0])
        away(joined, secondsAway)
        client.link = LinkCondition()
        away(joined, 10)
        #expect(log.take().flatMap { $0.queries[reader]?.left ?? [] } == [entities[0]])
        #expect(client.session.withCore { $0.members(of: id) } == [entities[1]])
    }

    /// A client comes back over a slow link to a world in which all changes in every tick. What it missed is too much
    /// for somebody who has acknowledged nothing, and little enough for its window.
    @Test(arguments: [nil, "Position where Position.x >= 0"])
    func whatChangesUntilAClientHasAcknowledgedComesOnce(query: String?) throws {
        let joined = try makeJoined()
        let count = 2000
        let entities = (0..<count).map { _ in joined.world.spawn(Position(x: 0)) }
        func changeAll(_ turn: Int) throws {
            for entity in entities { try joined.world.set(Position(x: Float(turn)), on: entity) }
            joined.tick()
            joined.passTime(.milliseconds(20))
        }
        let client = try joined.connect()
        if let query { client.query(query) } else { client.subscribe(["Position"]) }
        for turn in 1...10 { try changeAll(turn) }
        #expect(client.contents == joined.contents)
        _ = client.takeBatches()
        client.link.toServer.delay = .milliseconds(100)
        client.cut()
        joined.deliver()
        let before = client.receivedByteCount
        var batches: [AppliedBatch] = []
        for turn in 11...200 where batches.isEmpty {
            try changeAll(turn)
            batches = client.takeBatches()
        }
        let batch = try #require(batches.first)
        #expect(batch.changes.count == count && batch.changes.allSatisfy { $0.cause == .set })
        // The tick after it may have come at once.
        let size = client.receivedByteCount - before
        #expect(size < UInt64(batches.count * count * (MemoryLayout<Position>.size + 1) + 2000), "\(size) bytes")
        client.link = LinkCondition()
        away(joined, 3)
        #expect(client.contents == joined.contents)
    }

    /// A client asks for more while it is away, and meanwhile an entity leaves its query and loses what the new
    /// subscription shows. Both begin at once, since the client drops another query while they are on their way.
    @Test func aSubscriptionThatBeginsAfterACutTellsWhatIsGone() throws {
        var configuration = SimulationConfiguration()
        configuration.sync.wholeSizeMax = 1
        let joined = try JoinedWorld(configuration: configuration) { sync in
            try sync.register(Position.self)
            try sync.register(Health.self)
        }
        let entities = (0..<3).map { joined.world.spawn(Position(x: Float($0)), Health(current: 1)) }
        let client = try joined.connect()
        client.query("Health, Position where Health.current < 50")
        let other = try #require(client.query("Health where Health.current > 200"))
        joined.tick()
        client.messagesPerDeliveryMax = 1
        client.cut()
        joined.deliver()
        client.subscribe(["Position"])
        try joined.world.set(Health(current: 99), on: entities[0])
        try joined.world.remove(Position.self, from: entities[0])
        joined.tick()
        joined.passTime(.seconds(1))
        for _ in 0..<20 where !client.isWelcomed { joined.deliver() }
        client.unsubscribe(other)
        for _ in 0..<20 { joined.tick() }
        #expect(client.contents.entities[entities[0]]?["Position"] == nil)
        #expect(client.contents.entities[entities[1]]?.keys.sorted() == ["Health", "Position"])
    }

    @Test func aReusedIndexIsNoGhost() throws {
        let joined = try makeJoined()
        let old = joined.world.spawn(Position(x: 1), Health())
        let client = try joined.connect()
        client.subscribe(["Position", "Health"])
        joined.tick()
        client.cut()
        try joined.world.despawn(old)
        joined.tick()
        let new = joined.world.spawn(Position(x: 2))
        #expect(new.index == old.index)
        away(joined)
        #expect(client.contents == joined.contents)
        #expect(client.contents.entities[new]?.keys.sorted() == ["Position"])
    }

    @Test func anotherLifeOfTheWorldIsShownFromItsBeginningAndSaidSo() throws {
        let joined = try makeJoined()
        let old = joined.world.spawn(Position(x: 1))
        let client = try joined.connect()
        client.subscribe()
        joined.tick()
        _ = client.takeBatches()
        let next = World()
        for number in 0..<3 { next.spawn(Position(x: Float(10 + number))) }
        try joined.restart(with: next)
        away(joined)
        let batches = client.takeBatches()
        #expect(batches.compactMap(\.reset) == [.otherEpoch])
        #expect(batches.first { $0.reset != nil }?.changes.first?.cause == .reset)
        #expect(client.contents == joined.contents)
        #expect(client.contents.entities[old]?["Position"] != nil, "the same name, of another life")
        #expect(client.revision == joined.revision)
    }

    @Test func aHalfOpenLinkIsFoundOnBothSides() throws {
        var configuration = SimulationConfiguration()
        configuration.sync.silenceTimeout = .seconds(10)
        let joined = try JoinedWorld(configuration: configuration) { try $0.register(Position.self) }
        let client = try joined.connect()
        client.subscribe()
        joined.tick()
        #expect(joined.sessionCount == 1)
        // The server does not notice; the client comes back, and takes the place of its old connection.
        client.cut(serverNotices: false)
        away(joined, 3)
        #expect(joined.sessionCount == 1)
        #expect(client.end == nil)
        // A client that is gone for good is given up after the stated time.
        client.isStalled = true
        away(joined, 9)
        #expect(joined.sessionCount == 1)
        away(joined, 3)
        #expect(joined.sessionCount == 0)
        // And comes back all the same.
        client.isStalled = false
        joined.world.spawn(Position())
        away(joined, 30)
        #expect(client.contents == joined.contents)
    }

    @Test func aSilentServerIsFoundByTheClient() throws {
        let joined = try makeJoined()
        let client = try joined.connect()
        client.subscribe()
        joined.tick()
        // What has arrived is looked at first; from then on there is nothing more.
        joined.passClientTime(.milliseconds(100))
        joined.passClientTime(.seconds(11))
        #expect(client.takeErrors().map(\.code) == [.connectionLost])
    }

    @Test func aHelloOrAWelcomeThatComesTooLateIsNotTheEnd() throws {
        for direction in [\LinkCondition.toServer, \LinkCondition.toClient] {
            let joined = try makeJoined()
            let client = try joined.connect()
            client.subscribe()
            joined.tick()
            client.cut()
            joined.deliver()
            while joined.sessionCount == 0 { joined.passTime(.milliseconds(50)) }
            client.cut()
            joined.deliver()
            while joined.sessionCount == 0 { joined.passTime(.milliseconds(1)) }
            client.link[keyPath: direction].delay = .seconds(12)
            client.cut()
            away(joined, 40)
            #expect(client.end == nil)
            client.link = LinkCondition()
            joined.world.spawn(Position())
            away(joined, 20)
            #expect(client.contents == joined.contents)
        }
    }

    @Test func whatIsShownOfAnEarlierLifeStaysWhenNobodyAsksForItAnyMore() throws {
        var configuration = SimulationConfiguration()
        configuration.sync.silenceTimeout = .seconds(30)
        let joined = try JoinedWorld(configuration: configuration) { try $0.register(Position.self) }
        joined.world.spawn(Position(x: 1))
        let client = try joined.connect()
        let id = try #require(client.subscribe(["Position"]))
        joined.tick()
        try joined.restart(with: World())
        let before = client.contents
        // The new life has welcomed it, but not yet heard what it asks for.
        client.link.toServer.delay = .milliseconds(200)
        for _ in 0..<100 where !client.session.withCore(\.isShowingVoidState) { joined.passTime(.milliseconds(50)) }
        #expect(client.session.withCore(\.isShowingVoidState))
        client.unsubscribe(id)
        client.cut()
        joined.deliver()
        #expect(client.contents == before)
        client.link = LinkCondition()
        away(joined, 20)
        #expect(client.contents.entities.isEmpty)
    }

    @Test func aLostBatchIsNoticedAndMadeUpFor() throws {
        let joined = try makeJoined()
        let entities = (0..<3).map { _ in joined.world.spawn(Position()) }
        let client = try joined.connect()
        client.subscribe()
        joined.tick()
        client.loseBatch()
        for (number, entity) in entities.enumerated() {
            try joined.world.set(Position(x: Float(number + 1)), on: entity)
            joined.tick()
        }
        #expect(client.tick == Tick(1), "nothing is applied beside what is missing")
        away(joined)
        #expect(client.takeErrors().map(\.code) == [.connectionLost])
        #expect(client.contents == joined.contents)
        #expect(client.takeBatches().allSatisfy { $0.reset == nil })
        #expect(client.end == nil)
    }

    @Test func closingIsFinal() throws {
        let joined = try makeJoined()
        let entity = joined.world.spawn(Position())
        let client = try joined.connect()
        client.subscribe()
        joined.tick()
        client.close()
        let before = client.contents
        try joined.world.set(Position(x: 9), on: entity)
        away(joined)
        #expect(client.contents == before)
        #expect(client.end?.code == .closed)
        #expect(joined.sessionCount == 0)
    }
}
