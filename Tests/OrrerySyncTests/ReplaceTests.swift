import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrrerySync
import OrreryTesting
import OrreryWire
import Testing
import simulate

/// One subscription takes the place of another at one tick, or leaves it as it is.
@Suite(.timeLimit(.minutes(1))) struct ReplaceTests {
    private static let count = 1000
    private static let lower = "Position where Position.x < 500"
    private static let middle = "Position where Position.x in 100..599"

    private func makeJoined(subscriptionCountMax: Int = 2) throws -> JoinedWorld {
        var configuration = SimulationConfiguration()
        configuration.sync.limits.subscriptionCountMax = subscriptionCountMax
        let joined = try JoinedWorld(configuration: configuration) { sync in
            try sync.register(Position.self)
            try sync.register(Health.self)
        }
        for number in 0..<Self.count { joined.world.spawn(Position(x: Float(number))) }
        joined.tick()
        return joined
    }

    private func members(_ client: JoinedClient, _ id: SubscriptionID) -> [UInt32] {
        client.session.withCore { $0.members(of: id).map(\.index) }
    }

    @Test func itEndsAtTheTickWithWhichTheNextOneStarts() throws {
        let joined = try makeJoined()
        let client = try joined.connect()
        let old = try #require(client.query(Self.lower))
        joined.tick()
        let log = BatchLog()
        let reader = client.observe(old, log)
        _ = (log.take(), client.takeBatches())
        let before = client.receivedByteCount
        let new = try #require(client.query(Self.middle, replacing: old))
        joined.tick()
        #expect(members(client, new) == Array(100..<600) && !client.session.withCore { $0.isSubscribed(old) })
        #expect(joined.sessionStates.map(\.subscriptionCount) == [1])
        #expect(client.contents.entities.keys.sorted().map(\.index) == Array(100..<600))
        // All in one step, in which its reader is told what changes.
        let batches = client.takeBatches()
        #expect(Set(batches.map(\.tick)).count == 1 && batches.flatMap(\.started) == [new])
        let changes = log.take().compactMap { $0.queries[reader] }
        #expect(changes.flatMap(\.left).map(\.index) == Array(0..<100))
        #expect(changes.flatMap(\.joined).map(\.index) == Array(500..<600))
        // A hundred values and generations; the numbers of five hundred members are a bitmap.
        #expect(client.receivedByteCount - before < 100 * 12 + 4 * 500 + 400)
    }

    @Test func aRefusalLeavesTheOldOne() throws {
        let joined = try makeJoined()
        let client = try joined.connect()
        let old = try #require(client.query(Self.lower))
        joined.tick()
        for text in ["Positon", "Position where Position.w < 5"] {
            let new = try #require(client.query(text, replacing: old))
            joined.tick()
            #expect(!client.session.withCore { $0.isSubscribed(new) })
            #expect(members(client, old).count == 500)
        }
        let next = try #require(client.query(Self.middle, replacing: old))
        joined.tick()
        #expect(members(client, next).count == 500 && members(client, old).isEmpty)
    }

    /// The old one does not count for the next one, and only one can have its place.
    @Test func itNeedsNoRoomOfItsOwn() throws {
        let joined = try makeJoined(subscriptionCountMax: 2)
        let client = try joined.connect()
        let (left, right) = (try #require(client.query(Self.lower)), try #require(client.query("Health")))
        joined.tick()
        let next = try #require(client.query(Self.middle, replacing: left))
        let last = try #require(client.query("Health | Position", replacing: right))
        let further = try #require(client.query("Health?, Position"))
        joined.tick()
        client.session.withCore { core in
            #expect(core.startedSubscriptions == [next, last])
            #expect(!core.isSubscribed(further), "there is no room for a third")
        }
    }

    @Test func theOldOneMayEndMeanwhile() throws {
        let joined = try makeJoined()
        let client = try joined.connect()
        let first = try #require(client.query(Self.lower))
        joined.tick()
        let second = try #require(client.query(Self.middle, replacing: first))
        client.unsubscribe(first)
        joined.tick()
        #expect(client.session.withCore { $0.startedSubscriptions == [second] })
        #expect(client.contents.entities.keys.sorted().map(\.index) == Array(100..<600))
        #expect(joined.sessionStates.map(\.subscriptionCount) == [1])
    }

    @Test func itIsAskedForAgainAfterALostConnection() throws {
        let joined = try makeJoined()
        let client = try joined.connect()
        let old = try #require(client.query(Self.lower))
        joined.tick()
        client.cut()
        let new = try #require(client.query(Self.middle, replacing: old))
        for _ in 0..<50 where !client.isWelcomed || members(client, new).isEmpty { joined.tick() }
        #expect(client.session.withCore { $0.startedSubscriptions == [new] })
        #expect(members(client, new).count == 500 && joined.sessionStates.map(\.subscriptionCount) == [1])
    }

    /// As many start in one batch as there may be, and as many more that take their places.
    @Test func allMayBeReplacedAtOnce() throws {
        let joined = try makeJoined(subscriptionCountMax: 2)
        var configuration = ClientConfiguration()
        configuration.sync.limits.subscriptionCountMax = 2
        let client = try joined.connect(configuration: configuration)
        let old = try [Self.lower, "Health"].map { try #require(client.query($0)) }
        joined.tick()
        client.cut()
        joined.deliver()
        let new = try old.map { try #require(client.query(Self.middle, replacing: $0)) }
        for _ in 0..<50 where client.session.withCore({ $0.startedSubscriptions != new }) { joined.tick() }
        #expect(client.session.withCore { $0.startedSubscriptions == new })
        #expect(client.connection.status.lostConnectionCount == 1 && client.takeErrors().count == 1)
    }

    /// What a client of another make may send.
    @Test func whatCannotBeReplacedIsRefused() throws {
        let joined = try makeJoined(subscriptionCountMax: 8)
        let client = try joined.connectRaw()
        func say(_ messages: [ClientMessage]) throws -> [SubscriptionID: SubscribeOutcome] {
            for message in messages { client.send(message.encoded()) }
            joined.deliver()
            return try client.takeReceived().reduce(into: [:]) { answers, bytes in
                if case .subscribeResponse(let id, let outcome) = try ServerMessage(bytes) { answers[id] = outcome }
            }
        }
        func replace(_ old: UInt32, by new: UInt32) -> ClientMessage {
            .replace(SubscriptionID(old), by: SubscriptionID(new), QueryRequest(Self.middle))
        }
        func refusal(_ outcome: SubscribeOutcome?) -> RefusalCode? {
            if case .refused(let refusal, _)? = outcome { refusal.code } else { nil }
        }
        // It acknowledges nothing: so nothing but the first part is sent, and nothing starts.
        let answers = try say([
            .hello(Hello(clientName: "raw")), .subscribe(SubscriptionID(1), QueryRequest(Self.lower)),
            replace(9, by: 2), replace(1, by: 1), replace(1, by: 3), replace(1, by: 4), replace(3, by: 5),
        ])
        #expect(answers.count == 5, "one answer for each number")
        #expect(refusal(answers[SubscriptionID(2)]) == .badSubscription, "there is no 9")
        #expect(refusal(answers[SubscriptionID(1)]) == .badSubscription, "1 is in use")
        #expect(refusal(answers[SubscriptionID(3)]) == nil)
        #expect(refusal(answers[SubscriptionID(4)]) == .badSubscription, "3 takes the place of 1")
        #expect(refusal(answers[SubscriptionID(5)]) == .badSubscription, "3 has not started")
        // Once the next one is gone, which leaves the old one, another may come.
        #expect(try say([.unsubscribe(SubscriptionID(3))]).isEmpty)
        #expect(joined.sessionStates.map(\.subscriptionCount) == [1])
        #expect(refusal(try say([replace(1, by: 6)])[SubscriptionID(6)]) == nil)
        // The number of the old one is free, and is no longer meant by the next.
        let again = try say([.unsubscribe(SubscriptionID(1)), .subscribe(SubscriptionID(1), QueryRequest("Health"))])
        #expect(refusal(again[SubscriptionID(1)]) == nil && client.end == nil)
        #expect(joined.sessionStates.map(\.subscriptionCount) == [2])
    }
}
