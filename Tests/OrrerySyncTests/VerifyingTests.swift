import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryStore
import OrrerySync
import OrreryTesting
import OrreryWire
import Synchronization
import Testing
import simulate

/// A client asks for the hash of what it is shown. If its own is another one, the query begins anew, and then the
/// client has what the server shows.
@Suite struct VerifyingTests {
    /// Answers in their order.
    private final class Answers: Sendable {
        private let list = Mutex<[Result<Tick?, ClientError>]>([])

        var all: [Result<Tick?, ClientError>] { list.withLock(\.self) }
        var differences: [StateDifference] {
            all.compactMap { if case .failure(let error) = $0 { error.difference } else { nil } }
        }
        /// Those who were told that they have what the server shows.
        var rightCount: Int { all.count { if case .success(_?) = $0 { true } else { false } } }

        func verify(_ id: SubscriptionID, of client: JoinedClient) {
            client.session.verify(id) { answer in self.list.withLock { $0.append(answer) } }
        }
    }

    private func makeJoined(_ configure: (inout SimulationConfiguration) -> Void = { _ in }) throws -> JoinedWorld {
        var configuration = SimulationConfiguration(tickRate: .hertz(20))
        configure(&configuration)
        return try JoinedWorld(configuration: configuration) { sync in
            try sync.register(Position.self)
            try sync.register(Health.self)
            try sync.register(Frozen.self)
            try sync.register(Label.self)
            try sync.register(Target.self)
            try sync.register(resource: Weather.self)
        }
    }

    private func column(_ name: String, of client: JoinedClient) throws -> Column {
        try client.session.withCore { core in core.store[try #require(core.store.table[name]).column] }
    }

    private func store(of client: JoinedClient) -> ComponentStore { client.session.withCore(\.store) }

    /// Another bit in a value.
    private func flip(_ name: String, at row: UInt32, of client: JoinedClient) throws {
        let column = try column(name, of: client)
        var value = try #require(column.value(of: row))
        value[value.count - 1] ^= 1
        column.set(row, to: value, at: store(of: client).tick)
    }

    private func bytes(_ name: String, of client: JoinedClient) throws -> [UInt8] {
        [UInt8](repeating: 0, count: try column(name, of: client).valueSize ?? 1)
    }

    /// A second at the server, in ticks.
    private func second(_ joined: JoinedWorld) {
        for _ in 0..<21 { joined.tick() }
    }

    private static let texts = [
        "*", "Position", "Position | Label", "Health, Position? where Health.current < 50", "*, with Position",
        "Frozen, *", "resource Weather", "resource Weather where Weather.wind < 100",
    ]

    @Test(arguments: texts) func whoHasWhatTheServerShowsIsToldSo(text: String) throws {
        let joined = try makeJoined()
        joined.world.insertResource(Weather(wind: 3, over: .none))
        let entities = (0..<2000).map { joined.world.spawn(Position(x: Float($0)), Health(current: Int32($0 % 100))) }
        joined.world.spawn(Label(text: "Grüße"), Frozen())
        joined.world.spawn()
        joined.tick()
        let client = try joined.connect()
        let answers = Answers()
        let id = try #require(client.query(text))
        // Already before its first state has come.
        answers.verify(id, of: client)
        for number in 1...4 {
            try joined.world.set(Health(current: 99), on: entities[number])
            try joined.world.despawn(entities[10 * number])
            second(joined)
            #expect(answers.rightCount == number, "\(answers.all)")
            answers.verify(id, of: client)
        }
        guard case .success(let tick?)? = answers.all.last else { return }
        #expect(tick <= joined.serverTick && tick.rawValue + 30 > joined.serverTick.rawValue)
        #expect(client.takeErrors().isEmpty)
    }

    /// One kind of damage each.
    private enum Damage: String, CaseIterable {
        case bit, textBit, lostCell, lostTag, ghostCell, ghostTag, ghostEntity, ghostBareEntity, otherGeneration
        case lostMember
    }

    @Test(arguments: ["*", "Position | Label | Frozen", "*, with Position", "*, with Position, Frozen?"])
    private func everyDamageIsFoundAndHeals(text: String) throws {
        for damage in Damage.allCases {
            let joined = try makeJoined()
            let first = joined.world.spawn(Position(x: 1), Frozen())
            let second = joined.world.spawn(Position(x: 2), Label(text: "two"))
            joined.world.spawn(Position(x: 3), Health(current: 3))
            joined.tick()
            let client = try joined.connect()
            let id = try #require(client.query(text))
            // Somebody else whom all of it is shown, so that nothing leaves with this query alone.
            let other = try #require(client.query("Position?, Label?, Frozen?, Health?", of: [first, second]))
            joined.tick()
            let right = client.contents
            let isOfAll = text == "*"
            let store = store(of: client)
            switch damage {
            case .bit: try flip("Position", at: first.index, of: client)
            case .textBit where text.contains("*") || text.contains("Label"):
                try flip("Label", at: second.index, of: client)
            case .lostCell: try column("Position", of: client).remove(second.index, at: store.tick)
            case .lostTag: try column("Frozen", of: client).remove(first.index, at: store.tick)
            case .ghostCell where isOfAll || text == "*, with Position":
                try column("Health", of: client).set(first.index, to: bytes("Health", of: client), at: store.tick)
            case .ghostTag: try column("Frozen", of: client).set(second.index, to: [], at: store.tick)
            case .ghostEntity where isOfAll || text.contains("|"):
                store.spawn(Entity(index: 50, generation: 9))
                try column("Position", of: client).set(50, to: bytes("Position", of: client), at: store.tick)
            case .ghostBareEntity where isOfAll: store.spawn(Entity(index: 50, generation: 9))
            case .otherGeneration:
                let position = try #require(try column("Position", of: client).value(of: first.index))
                store.spawn(Entity(index: first.index, generation: 9))
                try column("Position", of: client).set(first.index, to: position, at: store.tick)
            case .lostMember: store.despawn(second)
            default: continue
            }
            #expect(client.contents != right, "\(damage)")
            let answers = Answers()
            answers.verify(id, of: client)
            self.second(joined)
            #expect(answers.differences.count == 1, "\(damage): \(answers.all)")
            let errors = client.takeErrors()
            #expect(errors.map(\.code) == [.stateDiffers] && errors.map(\.difference) == answers.differences)
            let difference = try #require(answers.differences.first)
            #expect(errors.first?.message.contains("\(difference.server)") == true)
            #expect(errors.first?.message.contains("\(difference.client)") == true)
            #expect(difference.server != difference.client)
            // It is healed, and what only the other query shows is found by that one.
            answers.verify(id, of: client)
            answers.verify(other, of: client)
            self.second(joined)
            #expect(answers.differences.count <= 2)
            answers.verify(id, of: client)
            answers.verify(other, of: client)
            self.second(joined)
            #expect(answers.rightCount >= 3, "\(damage): \(answers.all)")
            #expect(client.contents == right, "\(damage) of '\(text)'")
            #expect(client.end == nil)
        }
    }

    /// Whoever follows the changes of the query is told what the damage was, and nothing of what was right.
    @Test(arguments: ["Position", "Position where Position.x >= 0"])
    func readersAreToldWhatHealsAndNoMore(text: String) throws {
        let joined = try makeJoined()
        let entities = (0..<100).map { joined.world.spawn(Position(x: Float($0))) }
        joined.tick()
        let client = try joined.connect()
        let id = try #require(client.query(text))
        joined.tick()
        let log = BatchLog()
        let reader = client.observe(id, log)
        _ = log.take()
        try flip("Position", at: entities[7].index, of: client)
        let answers = Answers()
        answers.verify(id, of: client)
        second(joined)
        let changes = log.take().compactMap { $0.queries[reader] }.filter { !$0.changes.isEmpty }
        #expect(answers.differences.count == 1 && changes.count == 1)
        #expect(changes.first?.changes.map(\.entity) == [entities[7]])
        #expect(changes.first?.changes.map(\.cause) == [.set])
        #expect(changes.first?.left == [] && changes.first?.joined == [])
    }

    /// A ghost that two queries show leaves with the first of them that is verified.
    @Test func whatIsNotInAFirstStateGoesWhateverShowsIt() throws {
        let joined = try makeJoined()
        let ship = joined.world.spawn(Position(x: 1))
        joined.tick()
        let client = try joined.connect()
        let ids = try ["*", "Position | Health", "Health?", "*, with Position"].map { text in
            try #require(client.query(text, of: text == "Health?" ? [ship] : nil))
        }
        joined.tick()
        try column("Health", of: client).set(ship.index, to: bytes("Health", of: client), at: store(of: client).tick)
        let answers = Answers()
        answers.verify(ids[2], of: client)
        second(joined)
        #expect(answers.differences.count == 1)
        #expect(client.contents == joined.contents)
        for id in ids { answers.verify(id, of: client) }
        second(joined)
        #expect(answers.rightCount == 4)
    }

    @Test(arguments: ["resource Weather", "resource Weather where Weather.wind < 100"])
    func aResourceHeals(text: String) throws {
        let joined = try makeJoined()
        joined.world.insertResource(Weather(wind: 3, over: .none))
        joined.world.spawn(Position())
        joined.tick()
        let client = try joined.connect()
        let id = try #require(client.query(text))
        joined.tick()
        let right = client.contents
        let answers = Answers()
        try flip("Weather", at: 0, of: client)
        answers.verify(id, of: client)
        second(joined)
        #expect(answers.differences.count == 1 && client.contents == right)
        // One that there is not.
        joined.world.removeResource(Weather.self)
        joined.tick()
        try column("Weather", of: client).set(0, to: bytes("Weather", of: client), at: store(of: client).tick)
        answers.verify(id, of: client)
        second(joined)
        answers.verify(id, of: client)
        second(joined)
        // A resource whose members are told is not shown without its member.
        #expect(answers.differences.count == (text.contains("where") ? 1 : 2))
        #expect(answers.rightCount == 3 - answers.differences.count)
    }

    /// A query that nobody had for a while, and one of which nobody knows any more who left.
    @Test(arguments: [5, 40]) func whoWasAwayIsVerifiedAndHeals(secondsAway: Int) throws {
        let joined = try makeJoined()
        let entities = (0..<200).map { joined.world.spawn(Position(x: Float($0)), Health(current: Int32($0 % 100))) }
        joined.tick()
        let client = try joined.connect()
        let id = try #require(client.query("Health, Position where Health.current < 50"))
        joined.tick()
        client.link.toServer.isHanging = true
        client.link.toClient.isHanging = true
        client.cut()
        for number in 0..<secondsAway {
            try joined.world.set(Health(current: 99), on: entities[number])
            for _ in 0..<20 { joined.tick() }
            joined.passTime(.zero)
        }
        // What is damaged meanwhile is of somebody who stays.
        try flip("Position", at: entities[149].index, of: client)
        let answers = Answers()
        answers.verify(id, of: client)
        client.link = LinkCondition()
        for _ in 0..<20 {
            second(joined)
            joined.passTime(.zero)
        }
        // Who begins anew after that long a time is healed by it.
        #expect(answers.differences.count == (secondsAway < 30 ? 1 : 0), "\(answers.all)")
        #expect(
            client.contents
                == joined.contents.filtered { entity, _ in
                    joined.world[entity, Health.self].map { $0.current < 50 } ?? false
                })
    }

    @Test func aFirstStateOverManyTicksHealsAChangingWorld() throws {
        let joined = try makeJoined {
            $0.sync.wholeSizeMax = 1; $0.sync.catchUpSizePerTick = 2000
        }
        let entities = (0..<5000).map { joined.world.spawn(Position(x: Float($0)), Health(current: Int32($0 % 100))) }
        joined.tick()
        let client = try joined.connect()
        let id = try #require(client.query("Health, Position where Health.current < 50"))
        for _ in 0..<100 { joined.tick() }
        try flip("Position", at: entities[7].index, of: client)
        store(of: client).spawn(Entity(index: 6000, generation: 1))
        let answers = Answers()
        answers.verify(id, of: client)
        for number in 0..<60 {
            try joined.world.set(Health(current: Int32(number % 2 * 99)), on: entities[10 * number])
            try joined.world.set(Position(x: -1), on: entities[20 * number + 1])
            if number % 5 == 0 { try joined.world.despawn(entities[20 * number + 3]) }
            joined.tick()
        }
        for _ in 0..<100 { joined.tick() }
        #expect(answers.differences.count == 1)
        answers.verify(id, of: client)
        second(joined)
        #expect(answers.rightCount == 1, "\(answers.all)")
        #expect(
            client.contents.filtered { entity, _ in entity.index < 6000 }
                == joined.contents.filtered { entity, _ in
                    joined.world[entity, Health.self].map { $0.current < 50 } ?? false
                })
    }

    @Test func itIsAnsweredWhenTheClientHasEverything() throws {
        let joined = try makeJoined { $0.sync.windowTickCount = 2 }
        let ship = joined.world.spawn(Position())
        joined.tick()
        let client = try joined.connect()
        let id = try #require(client.query("Position"))
        joined.tick()
        // It falls behind: what it acknowledges does not arrive.
        client.link.toServer.isHanging = true
        for number in 0..<10 {
            try joined.world.set(Position(x: Float(number)), on: ship)
            joined.tick()
        }
        client.link = LinkCondition()
        let answers = Answers()
        answers.verify(id, of: client)
        second(joined)
        #expect(answers.rightCount == 1 && client.contents == joined.contents)
    }

    @Test func aClassHasTheHashOfWhatItSees() throws {
        let joined = try makeJoined {
            $0.authorize = Authorizer { request in
                .allowed(
                    .all,
                    visibility: request.bearerToken == nil
                        ? .everything
                        : Visibility(groups: VisibilityGroups(rawValue: 1), components: ["Position", "Target"]))
            }
        }
        let secret = joined.world.spawn(Position(x: 1), Health(), VisibilityGroups(rawValue: 2))
        joined.world.spawn(Position(x: 2), Target(secret), Health())
        joined.tick()
        let all = try joined.connect()
        let some = try joined.connect(token: "some")
        let answers = Answers()
        for client in [all, some] {
            let id = try #require(client.query("*"))
            joined.tick()
            answers.verify(id, of: client)
            second(joined)
            try flip("Position", at: 1, of: client)
            answers.verify(id, of: client)
            second(joined)
        }
        #expect(answers.rightCount == 2 && answers.differences.count == 2)
        #expect(answers.differences[0].server.itemCount > answers.differences[1].server.itemCount)
    }

    @Test func aRequestOutlivesItsConnectionAndSoDoesARestart() throws {
        let joined = try makeJoined()
        let ship = joined.world.spawn(Position(x: 1))
        joined.tick()
        let client = try joined.connect()
        let id = try #require(client.query("Position"))
        joined.tick()
        let answers = Answers()
        client.link.toServer.isHanging = true
        answers.verify(id, of: client)
        joined.tick()
        client.cut()
        client.link = LinkCondition()
        for _ in 0..<30 {
            joined.tick()
            joined.passTime(.milliseconds(200))
        }
        #expect(answers.rightCount == 1)
        // The restart is lost.
        try flip("Position", at: ship.index, of: client)
        answers.verify(id, of: client)
        joined.deliver()
        client.link.toServer.isHanging = true
        second(joined)
        #expect(answers.differences.count == 1 && client.contents != joined.contents)
        client.cut()
        client.link = LinkCondition()
        for _ in 0..<30 {
            joined.tick()
            joined.passTime(.milliseconds(200))
        }
        #expect(client.contents == joined.contents)
        // In another life nothing is left to restart.
        try flip("Position", at: ship.index, of: client)
        answers.verify(id, of: client)
        let next = World()
        next.spawn(Position(x: 5))
        try joined.restart(with: next)
        for _ in 0..<60 {
            joined.tick()
            joined.passTime(.milliseconds(200))
        }
        #expect(answers.rightCount == 2 && client.contents == joined.contents, "\(answers.all)")
    }

    @Test func whoEndsTheSubscriptionMeanwhileIsToldSo() throws {
        let joined = try makeJoined()
        joined.world.spawn(Position(x: 1))
        joined.tick()
        let client = try joined.connect()
        let id = try #require(client.query("Position"))
        joined.tick()
        let answers = Answers()
        answers.verify(id, of: client)
        client.unsubscribe(id)
        // It is over for whoever asks now.
        answers.verify(id, of: client)
        #expect(answers.all.count == 1)
        second(joined)
        #expect(answers.all.allSatisfy { if case .success(nil) = $0 { true } else { false } } && answers.all.count == 2)
        #expect(client.end == nil && client.takeErrors().isEmpty)
    }

    @Test func everyIntervalOneSubscriptionIsVerifiedInItsTurn() throws {
        let joined = try makeJoined()
        let ship = joined.world.spawn(Position(x: 1), Health())
        joined.tick()
        var configuration = ClientConfiguration()
        configuration.verifyInterval = .seconds(5)
        let client = try joined.connect(configuration: configuration)
        for text in ["Position", "Health"] { client.query(text) }
        joined.tick()
        try flip("Position", at: ship.index, of: client)
        try flip("Health", at: ship.index, of: client)
        var errorCounts: [Int] = []
        for _ in 0..<24 {
            joined.passTime(.milliseconds(500))
            joined.tick()
            errorCounts.append(client.takeErrors().count)
        }
        #expect(errorCounts.reduce(0, +) == 2 && errorCounts.max() == 1, "\(errorCounts)")
        #expect(client.contents == joined.contents)
    }
}

/// Peers that ask for hashes and restarts without end.
@Suite struct HostileVerifyingTests {
    private static let hello = ClientMessage.hello(Hello(clientName: "h")).encoded()

    private func makeJoined() throws -> JoinedWorld {
        try JoinedWorld(configuration: SimulationConfiguration(tickRate: .hertz(20))) { sync in
            try sync.register(Position.self)
        }
    }

    private func outcomes(_ client: RawClient) throws -> [VerifyOutcome] {
        try client.takeReceived().compactMap { message in
            if case .verifyResponse(_, let outcome) = try ServerMessage(message) { outcome } else { nil }
        }
    }

    @Test func aSubscriptionHasOneHashASecondAndOneRequestUnderWay() throws {
        let joined = try makeJoined()
        for _ in 0..<1000 { joined.world.spawn(Position()) }
        joined.tick()
        let client = try joined.connectRaw()
        client.send(Self.hello)
        client.send(ClientMessage.acknowledge(.zero, receivedByteCount: 0).encoded())
        for id in 1...3 as ClosedRange<UInt32> {
            client.send(ClientMessage.subscribe(SubscriptionID(id), .everything).encoded())
        }
        joined.tick()
        joined.tick()
        #expect(try outcomes(client).isEmpty)
        var (hashCount, refusedCount) = (0, 0)
        // A thousand a second, for two seconds.
        for _ in 0..<40 {
            for number in 0..<50 as Range<UInt32> {
                client.send(ClientMessage.verify(SubscriptionID(1 + number % 3)).encoded())
            }
            joined.tick()
            #expect(joined.occupancies.allSatisfy { $0.count <= $0.limit })
            for outcome in try outcomes(client) {
                switch outcome {
                case .hash(let hash, _):
                    hashCount += 1
                    #expect(hash.itemCount == 2000)
                case .refused(let refusal):
                    refusedCount += 1
                    #expect(refusal.code == .limitReached)
                }
            }
        }
        #expect((4...9).contains(hashCount) && refusedCount > 500, "\(hashCount), \(refusedCount)")
        #expect(joined.sessionCount == 1)
    }

    @Test func restartsWithoutEndAndOfNothingCostNobodyElseAnything() throws {
        let joined = try makeJoined()
        let ships = (0..<1000).map { joined.world.spawn(Position(x: Float($0))) }
        joined.tick()
        let client = try joined.connectRaw()
        client.send(Self.hello)
        client.send(ClientMessage.acknowledge(.zero, receivedByteCount: 0).encoded())
        client.send(ClientMessage.subscribe(SubscriptionID(1), .everything).encoded())
        // Before its first state, and of what is not there.
        for id in 0...2 as ClosedRange<UInt32> { client.send(ClientMessage.restart(SubscriptionID(id)).encoded()) }
        joined.tick()
        let honest = try joined.connect()
        honest.query("*")
        joined.tick()
        _ = client.takeReceived()
        for number in 0..<40 {
            for _ in 0..<20 { client.send(ClientMessage.restart(SubscriptionID(1)).encoded()) }
            try joined.world.set(Position(x: Float(number)), on: ships[0])
            joined.tick()
            #expect(honest.contents == joined.contents)
        }
        // What it does not acknowledge is all that it gets.
        let byteCount = client.takeReceived().reduce(0) { $0 + $1.count }
        #expect(byteCount < 200_000, "\(byteCount)")
        #expect(joined.sessionCount == 2)
    }
}
