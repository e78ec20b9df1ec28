import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryStore
import OrrerySync
import OrreryTesting
import OrreryWire
import Testing
import simulate

/// A client that is too fast is slowed, not closed, and costs nobody else a tick.
@Suite struct FairnessTests {
    private static let hello = ClientMessage.hello(Hello(clientName: "fast")).encoded()

    /// A world in which something moves in every tick, with a witness that watches it.
    private final class Scene {
        let joined: JoinedWorld
        private let witness: Witness
        let entities: [Entity]
        var missed: UInt64 { witness.missed }

        init(
            entityCount: Int = 100, watched: Int? = nil, _ configure: (inout SimulationConfiguration) -> Void = { _ in }
        ) throws {
            var configuration = SimulationConfiguration(tickRate: .hertz(20))
            configure(&configuration)
            joined = try JoinedWorld(configuration: configuration) { sync in
                try sync.register(Position.self)
                try sync.register(Health.self, writable: .byClients)
                sync.spawning = .byClients
            }
            let world = joined.world
            entities = (0..<entityCount).map { _ in world.spawn(Position(), Health()) }
            let some = entities.prefix(watched ?? 0)
            witness = try Witness(of: joined, watching: some.isEmpty ? nil : Array(some))
        }

        /// One tick of 50 ms.
        func tick() { witness.tick() }

        func connect() throws -> RawClient {
            let client = try joined.connectRaw()
            client.send(FairnessTests.hello)
            joined.deliver()
            return client
        }

        func subscribe(_ number: UInt32, _ entity: Entity) -> [UInt8] {
            ClientMessage.subscribe(SubscriptionID(number), QueryRequest("", entities: [entity])).encoded()
        }
    }

    private func count(_ messages: [[UInt8]], _ kind: UInt8) -> Int { messages.count { $0.first == kind } }

    @Test(arguments: [5, 40]) func aBurstOfRequestsIsWorkedOffInTurn(sessions: Int) throws {
        let scene = try Scene { $0.sync.requestWorkRateMax = 20_000 }
        let clients = try (0..<sessions).map { _ in try scene.connect() }
        for client in clients {
            for number in 1...60 as ClosedRange<UInt32> {
                client.send(scene.subscribe(number, scene.entities[Int(number)]))
                client.send(ClientMessage.unsubscribe(SubscriptionID(number)).encoded())
            }
        }
        var answered = [Int](repeating: 0, count: sessions)
        for _ in 0..<200 where answered.contains(where: { $0 < 120 }) {
            scene.tick()
            for (number, client) in clients.enumerated() {
                let messages = client.takeReceived()
                answered[number] += count(messages, 0x82) + count(messages, 0x83)
            }
        }
        #expect(answered.allSatisfy { $0 == 120 })
        #expect(clients.allSatisfy { $0.end == nil })
        #expect(scene.missed == 0)
    }

    @Test("A rate slows, in requests and in mutations", arguments: [false, true])
    func aRateSlows(mutates: Bool) throws {
        let scene = try Scene {
            $0.sync.requestRateMax = 20
            $0.sync.mutationRateMax = 20
        }
        let client = try scene.connect()
        for number in 1...100 as ClosedRange<UInt64> {
            client.send(
                mutates
                    ? ClientMessage.mutate(
                        Mutation(
                            sequence: MutationSequence(number), epoch: scene.joined.revision.epoch,
                            operation: .spawn([]))
                    ).encoded()
                    : ClientMessage.unsubscribe(SubscriptionID(1)).encoded())
        }
        var answered: [Int] = []
        for _ in 0..<120 {
            scene.tick()
            answered.append(mutates ? try client.takeAnswers().count : count(client.takeReceived(), 0x83))
        }
        // As many at once as in a second, then one in each tick of 50 ms.
        #expect((20...22).contains(answered[0...1].reduce(0, +)))
        #expect(answered[2..<60].allSatisfy { $0 <= 2 })
        #expect(answered.reduce(0, +) == 100)
        #expect(client.end == nil)
        #expect(scene.missed == 0)
    }

    @Test func whoDoesNotTakeHisAnswersIsNotReadFromUntilHeDoes() throws {
        let scene = try Scene { $0.sync.answerSizeMax = 4000 }
        let client = try scene.joined.connect()
        scene.joined.deliver()
        client.isStalled = true
        let peer = try scene.connect()
        for _ in 0..<2000 { peer.send(ClientMessage.unsubscribe(SubscriptionID(1)).encoded()) }
        for _ in 0..<20 { scene.tick() }
        for occupancy in scene.joined.occupancies where occupancy.count > occupancy.limit {
            Issue.record("\(occupancy.name): \(occupancy.count) of \(occupancy.limit)")
        }
        #expect(peer.end == nil)
        #expect(scene.missed == 0)
    }

    @Test func aTurnIsRenewedWhereTheWorldStandsStill() throws {
        let scene = try Scene { $0.sync.turnWorkMax = 10 }
        let client = try scene.connect()
        for _ in 0..<100 { client.send(ClientMessage.unsubscribe(SubscriptionID(1)).encoded()) }
        // No tick comes, as in a paused world.
        var answered = 0
        for _ in 0..<30 {
            scene.joined.passTime(.milliseconds(50))
            let count = count(client.takeReceived(), 0x83)
            #expect(count <= 22)
            answered += count
        }
        #expect(answered == 100)
    }

    @Test func whoIsNotReadFromIsNotSilent() throws {
        let scene = try Scene {
            $0.sync.requestRateMax = 1
            $0.sync.silenceTimeout = .seconds(5)
        }
        let client = try scene.connect()
        for _ in 0..<12 { client.send(ClientMessage.unsubscribe(SubscriptionID(1)).encoded()) }
        for _ in 0..<200 { scene.tick() }
        #expect(client.end == nil)
        // Once everything was read, silence is silence.
        for _ in 0..<260 { scene.tick() }
        #expect(client.end?.code == 4004)
    }

    @Test func batchesThatAreTooMuchForATickFallBehindTheCheapestLast() throws {
        let scene = try Scene(entityCount: 400, watched: 10) { $0.sync.buildWorkRateMax = 20 * 800 }
        let clients = try (0..<20).map { _ in try scene.joined.connect() }
        for (number, client) in clients.enumerated() {
            client.subscribe(of: (0..<60).map { scene.entities[($0 * 7 + number * 13) % 400] })
        }
        for _ in 0..<50 { scene.tick() }
        #expect(scene.missed == 0, "the witness watches few entities, which costs least")
        for client in clients {
            #expect(client.end == nil)
            // Each had a turn, and again and again.
            #expect(client.takeBatches().count >= 4)
            #expect(client.tick.rawValue + 20 > scene.joined.serverTick.rawValue)
        }
    }

    /// A Hello that resumes 64 subscriptions, each of one entity.
    private func resume(_ scene: Scene, from first: Int) -> [UInt8] {
        ClientMessage.hello(
            Hello(
                clientName: "back",
                resume: .init(
                    revision: Revision(epoch: scene.joined.revision.epoch, tick: Tick(1)), token: [],
                    subscriptions: (0..<64).map { number in
                        .init(
                            SubscriptionID(UInt32(number)),
                            QueryRequest("", entities: [scene.entities[(first + number) % 500]]))
                    }))
        ).encoded()
    }

    @Test func manyWhoComeBackAtOnceCostNobodyATick() throws {
        let scene = try Scene(entityCount: 500) { $0.sync.requestWorkRateMax = 20_000 }
        let clients = try (0..<100).map { _ in try scene.joined.connectRaw() }
        scene.joined.deliver()
        for (number, client) in clients.enumerated() { client.send(resume(scene, from: number * 3)) }
        var welcomed = 0
        var started = 0
        for _ in 0..<40 {
            scene.tick()
            for client in clients {
                let messages = client.takeReceived()
                welcomed += count(messages, 0x81)
                started += count(messages, 0x84)
            }
        }
        #expect(welcomed == 100)
        #expect(started >= 100)
        #expect(scene.missed == 0)
    }

    /// They come faster than the budget has room for, and go as soon as they are in.
    @Test func whoComesAgainAndAgainCostsNobodyHisAcknowledgements() throws {
        let scene = try Scene(entityCount: 500) {
            $0.sync.requestWorkRateMax = 20_000
            $0.sync.windowTickCount = 16
        }
        var coming: [RawClient] = []
        var welcomed = 0
        let tickCount = 80
        for tick in 0..<tickCount {
            let arriving = try (0..<25).map { _ in try scene.joined.connectRaw() }
            scene.joined.deliver()
            for (number, client) in arriving.enumerated() { client.send(resume(scene, from: tick * 7 + number)) }
            coming += arriving
            scene.tick()
            coming.removeAll { client in
                let isIn = client.takeReceived().contains { $0.first == 0x81 }
                if isIn {
                    welcomed += 1
                    client.cut()
                }
                return isIn
            }
        }
        #expect(scene.missed == 0)
        // And they get in, as many as there is time for: 1000 units in a tick, less what others say.
        let units = 1 + resume(scene, from: 0).count / 64 + 4 + 64
        #expect(welcomed >= tickCount * 1000 / units * 9 / 10)
        #expect(welcomed <= tickCount * 1000 / units * 11 / 10)
    }

    /// Those who are in say as much as they can, and others come.
    @Test func whoComesDoesNotWaitForThoseWhoAreInAndSayMuch() throws {
        let scene = try Scene { $0.sync.requestWorkRateMax = 20_000 }
        let fast = try (0..<8).map { _ in try scene.connect() }
        for round in 0..<10 {
            for client in fast {
                for _ in 0..<400 { client.send(ClientMessage.unsubscribe(SubscriptionID(1)).encoded()) }
            }
            let newcomer = try scene.joined.connectRaw()
            scene.joined.deliver()
            newcomer.send(Self.hello)
            for _ in 0..<2 { scene.tick() }
            #expect(newcomer.takeReceived().first?.first == 0x81, "round \(round)")
        }
        #expect(scene.missed == 0)
    }

    @Test func listsAreBoundedForEachAndForAllTogether() throws {
        let scene = try Scene {
            $0.sync.listedEntityCountMax = 40
            $0.sync.listedEntityCountTotalMax = 100
        }
        func subscribe(_ number: UInt32, _ count: Int) -> [UInt8] {
            ClientMessage.subscribe(
                SubscriptionID(number), QueryRequest("", entities: Array(scene.entities.prefix(count)))
            ).encoded()
        }
        func codes(_ client: RawClient) throws -> [RefusalCode?] {
            try client.takeReceived().compactMap { message in
                switch try ServerMessage(message) {
                case .subscribeResponse(_, .granted): .some(nil)
                case .subscribeResponse(_, .refused(let refusal, _)): refusal.code
                default: nil
                }
            }
        }
        let clients = try (0..<3).map { _ in try scene.connect() }
        for client in clients {
            _ = client.takeReceived()
            client.send(subscribe(1, 30))
            client.send(subscribe(2, 11))
            client.send(subscribe(3, 10))
        }
        scene.tick()
        #expect(try codes(clients[0]) == [nil, .limitReached, nil])
        #expect(try codes(clients[1]) == [nil, .limitReached, nil])
        #expect(try codes(clients[2]) == [.limitReached, nil, .limitReached], "20 are left for all, then 9")
        clients[0].cut()
        scene.tick()
        clients[2].send(subscribe(4, 29))
        scene.tick()
        #expect(try codes(clients[2]) == [nil])
    }

    @Test func outcomesOfATickLeaveTogether() throws {
        let scene = try Scene()
        let client = try scene.connect()
        for number in 1...100 as ClosedRange<UInt64> {
            client.send(
                ClientMessage.mutate(
                    Mutation(
                        sequence: MutationSequence(number), epoch: scene.joined.revision.epoch, operation: .spawn([]))
                ).encoded())
        }
        scene.tick()
        scene.tick()
        let messages = client.takeReceived()
        #expect(count(messages, 0x86) == 2, "64 and 36")
        let answers = try messages.flatMap { try ServerMessage($0).answers }
        #expect(answers.map(\.sequence) == (1...100).map { MutationSequence($0) })
    }

    private struct Orders: Component, Codable { var current: Int32 = 5, log = (0..<64).map { "entry \($0)" } }

    @Test(.bug(id: "d18", "as many mutations as may wait were applied in one tick"))
    func aTickAppliesWhatItHasTimeFor() throws {
        var configuration = SimulationConfiguration()
        configuration.sync.requestWorkRateMax = 100_000_000
        configuration.sync.turnWorkMax = 100_000
        let joined = try JoinedWorld(configuration: configuration) { sync in
            try sync.register(Orders.self, writable: .byClients)
        }
        let entity = joined.world.spawn(Orders())
        joined.tick()
        let outcomes = MutationTests.Outcomes()
        for _ in 0..<64 {
            let client = try joined.connect()
            for number in 0..<64 as Range<UInt8> {
                client.mutate(
                    .patch(entity, ColumnID(0), [.init(path: [0], bytes: [number, 0, 0, 0])]), outcomes.take)
            }
        }
        joined.deliver()
        // Each costs at least what its value takes: 64 texts.
        let perTick = configuration.mutationWorkRateMax / 60
        let perMutation = 4 + 64 * 8 / 8
        var counts: [Int] = []
        while outcomes.all.count < 64 * 64, counts.count < 10_000 {
            let before = outcomes.all.count
            joined.tick()
            counts.append(outcomes.all.count - before)
        }
        #expect(outcomes.all.count == 64 * 64)
        #expect(counts.allSatisfy { $0 <= perTick / perMutation + 1 }, "\(counts.max() ?? 0) in one tick")
        #expect(counts.count > 2)
    }

    @Test func mutationsOfManyAreTakenInTurnAndInTheirOrder() throws {
        let scene = try Scene {
            $0.mutationWorkRateMax = 20 * 10
            $0.sync.pendingMutationMax = 256
        }
        let entity = scene.entities[0]
        let many = try scene.connect()
        let few = try scene.connect()
        func set(_ number: UInt64) -> [UInt8] {
            let bytes = withUnsafeBytes(of: Int32(number).littleEndian) { Array($0) }
            return ClientMessage.mutate(
                Mutation(
                    sequence: MutationSequence(number), epoch: scene.joined.revision.epoch,
                    operation: .patch(entity, ColumnID(1), [.init(path: [0], bytes: bytes)]))
            ).encoded()
        }
        for number in 1...200 as ClosedRange<UInt64> { many.send(set(number)) }
        scene.tick()
        few.send(set(1))
        scene.tick()
        scene.tick()
        #expect(try few.takeAnswers().count == 1, "it does not wait for the two hundred of the other")
        var sequences: [MutationSequence] = []
        for _ in 0..<60 {
            scene.tick()
            for answer in try many.takeAnswers() {
                if case .applied = answer.outcome { sequences.append(answer.sequence) }
            }
        }
        #expect(sequences.suffix(100) == (101...200).map { MutationSequence($0) }[...])
        #expect(scene.joined.world[entity, Health.self]?.current == 200)
    }

    @Test func whatIsNoMessageIsWorkToo() {
        var server = SyncServer(
            store: ComponentStore(schemas: []), epoch: Epoch(1), configuration: SyncServerConfiguration(),
            makeRandom: { 1 })
        let id = SessionID(1)
        func reading() -> [Bool] {
            server.takeActions().compactMap { action in
                if case .setReading(let isReading, id) = action { isReading } else { nil }
            }
        }
        server.open(id, now: .zero)
        Self.hello.withUnsafeBytes { server.receive($0, from: id, now: .zero) }
        server.receivedBesideMessages(1000, from: id, now: .zero)
        #expect(reading() == [])
        // Pings, as many as take its turn.
        server.receivedBesideMessages(128 << 10, from: id, now: .zero)
        #expect(reading() == [false])
        // It is read on when as many turns have passed.
        var waited = 1
        server.timePassed(now: .milliseconds(50))
        while waited < 10, reading() != [true] {
            waited += 1
            server.timePassed(now: .milliseconds(50 * waited))
        }
        #expect(waited <= 2)
    }
}
