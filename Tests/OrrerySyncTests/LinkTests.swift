import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrrerySync
import OrreryTesting
import Testing
import simulate

/// What the testing kit's links do to what is sent.
@Suite struct LinkTests {
    func makeJoined() throws -> JoinedWorld {
        try JoinedWorld(configuration: SimulationConfiguration(tickRate: .hertz(10))) { sync in
            try sync.register(Position.self)
        }
    }

    @Test func aDelayHoldsEachMessageBackForSoLong() throws {
        let joined = try makeJoined()
        let entity = joined.world.spawn(Position())
        let client = try joined.connect()
        client.subscribe()
        joined.tick()
        client.link.toClient.delay = .milliseconds(250)
        for number in 1...8 {
            try joined.world.set(Position(x: Float(number)), on: entity)
            joined.tick()
            // Ticks are 100 ms: the first that is 250 ms old is that of three ticks ago.
            #expect(client.tick.rawValue == UInt64(number < 4 ? 1 : number - 2))
        }
        joined.passTime(.milliseconds(250))
        #expect(client.tick == joined.serverTick)
        #expect(client.contents == joined.contents)
    }

    @Test func aShorterDelayLetsNothingOvertake() throws {
        let joined = try makeJoined()
        let entity = joined.world.spawn(Position())
        let client = try joined.connect()
        client.subscribe()
        joined.tick()
        client.link.toClient.delay = .milliseconds(500)
        try joined.world.set(Position(x: 1), on: entity)
        joined.tick()
        client.link = LinkCondition()
        try joined.world.set(Position(x: 2), on: entity)
        joined.tick()
        #expect(client.tick.rawValue == 1)
        _ = client.takeBatches()
        joined.passTime(.milliseconds(400))
        #expect(client.takeBatches().map(\.tick.rawValue) == [2, 3])
    }

    @Test func aLinkThatHangsLosesNothingAndTellsNobody() throws {
        let joined = try makeJoined()
        let entity = joined.world.spawn(Position())
        let client = try joined.connect()
        client.subscribe()
        joined.tick()
        client.link.toClient.isHanging = true
        for number in 1...5 {
            try joined.world.set(Position(x: Float(number)), on: entity)
            joined.tick()
        }
        #expect(client.tick.rawValue == 1)
        #expect(joined.sessionCount == 1)
        client.link.toClient.isHanging = false
        joined.deliver()
        #expect(client.tick == joined.serverTick)
        #expect(client.takeErrors() == [])
    }

    @Test func aLinkThatHangsForLongIsGivenUpAndMadeAnew() throws {
        let joined = try makeJoined()
        let client = try joined.connect()
        client.subscribe()
        joined.tick()
        client.link.toServer.isHanging = true
        for _ in 0..<40 { joined.passTime(.seconds(1)) }
        // What it said last is still under way, and its attempts are as well.
        #expect(joined.sessionCount == 0)
        #expect(!client.takeErrors().isEmpty)
        client.link = LinkCondition()
        joined.world.spawn(Position())
        for _ in 0..<20 {
            joined.tick()
            joined.passTime(.seconds(1))
        }
        #expect(client.contents == joined.contents)
        #expect(joined.sessionCount == 1)
    }

    @Test func aSlowReaderTakesSoManyMessagesAtATime() throws {
        let joined = try makeJoined()
        let entity = joined.world.spawn(Position())
        let client = try joined.connect()
        client.subscribe()
        joined.tick()
        client.isStalled = true
        for number in 1...4 {
            try joined.world.set(Position(x: Float(number)), on: entity)
            joined.tick()
        }
        client.isStalled = false
        client.messagesPerDeliveryMax = 1
        for number in 2...5 {
            joined.deliver()
            #expect(client.tick.rawValue == UInt64(number))
        }
    }

    @Test func theServerHasTwoConnectionsOfAClientThatConnectsAnew() throws {
        let joined = try makeJoined()
        let client = try joined.connect()
        client.subscribe()
        joined.tick()
        client.link.toServer.isHanging = true
        client.connectAnew(
            over: LinkCondition(toServer: .init(delay: .milliseconds(100))), oldArrivesAfter: .seconds(1))
        joined.deliver()
        #expect(joined.sessionCount == 1, "the old one is half open, the new one is under way")
        joined.passTime(.milliseconds(100))
        #expect(joined.sessionCount == 2)
        joined.passTime(.milliseconds(100))
        #expect(joined.sessionCount == 1, "the new one takes the place of the old")
        joined.passTime(.seconds(1))
        joined.tick()
        joined.passTime(.seconds(1))
        #expect(client.contents == joined.contents)
        #expect(client.revision == joined.revision)
    }

    @Test func aServerThatIsGoneWithoutAWordIsFoundByItsClients() throws {
        let joined = try makeJoined()
        let client = try joined.connect()
        client.subscribe()
        joined.tick()
        try joined.restart(with: World(), clientsNotice: false)
        joined.tick()
        #expect(client.takeErrors() == [])
        for _ in 0..<20 {
            joined.tick()
            joined.passTime(.seconds(1))
        }
        #expect(client.takeErrors().map(\.code) == [.connectionLost])
        #expect(client.revision == joined.revision)
    }
}
