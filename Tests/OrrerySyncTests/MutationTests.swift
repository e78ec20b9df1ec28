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

/// Steering: what clients may do, what they are told, and when.
@Suite struct MutationTests {
    /// Collects the outcomes of mutations, in the order of their answers.
    final class Outcomes: Sendable {
        let state = Mutex<[MutationOutcome]>([])
        var all: [MutationOutcome] { state.withLock { $0 } }
        var codes: [RefusalCode?] {
            all.map { outcome in
                if case .refused(let refusal) = outcome { refusal.code } else { nil }
            }
        }
        @Sendable func take(_ result: Result<MutationOutcome, ClientError>) {
            if case .success(let outcome) = result { state.withLock { $0.append(outcome) } }
        }
    }

    static let health = ColumnID(1)

    func makeJoined() throws -> JoinedWorld {
        try JoinedWorld { sync in
            try sync.register(Position.self)
            try sync.register(
                Health.self,
                writable: .byClients(judge: { write in
                    (write.new?.current ?? 0) <= 100 ? .allow : .refuse("nobody is that healthy")
                }))
            try sync.register(Label.self, writable: .byClients)
            sync.spawning = .byClients
            sync.despawning = .byClients
        }
    }

    func bytes<C: Component>(_ value: C) throws -> [UInt8] {
        var writer = ByteWriter()
        try ComponentCoder<C>().encode(value, into: &writer)
        return writer.bytes
    }

    @Test func everyOperationTakesEffectOnceAndIsAnsweredWithItsTick() throws {
        let joined = try makeJoined()
        let entity = joined.world.spawn(Health())
        let client = try joined.connect()
        client.subscribe()
        joined.tick()
        let outcomes = Outcomes()
        client.mutate(
            .set(entity, .init(Self.health, try bytes(Health(current: 5))), expected: nil), outcomes.take)
        client.mutate(
            .patch(entity, Self.health, [.init(path: [1], bytes: [9, 0, 0, 0])]), outcomes.take)
        client.mutate(.insert(entity, .init(ColumnID(2), try bytes(Label(text: "new")))), outcomes.take)
        client.mutate(.spawn([.init(Self.health, try bytes(Health(current: 1)))]), outcomes.take)
        joined.tick()
        #expect(joined.world[entity, Health.self] == Health(current: 5, maximum: 9))
        #expect(joined.world[entity, Label.self] == Label(text: "new"))
        #expect(outcomes.all.count == 4)
        let tick = joined.serverTick
        guard case .applied(tick, let made) = outcomes.all.last, let spawned = made.first else {
            Issue.record("the spawn names no entity: \(outcomes.all)")
            return
        }
        #expect(outcomes.all.prefix(3).allSatisfy { $0 == .applied(tick, entities: []) })
        #expect(joined.world[spawned, Health.self] == Health(current: 1))
        client.mutate(.remove(entity, ColumnID(2)), outcomes.take)
        client.mutate(.despawn(spawned), outcomes.take)
        joined.tick()
        #expect(!joined.world.has(Label.self, on: entity))
        #expect(!joined.world.contains(spawned))
        #expect(client.contents == joined.contents)
    }

    @Test func theAnswerComesWithTheTickNotBefore() throws {
        let joined = try makeJoined()
        let entity = joined.world.spawn(Health())
        let client = try joined.connect()
        client.subscribe()
        joined.tick()
        let seen = Mutex<Tick?>(nil)
        client.mutate(.set(entity, .init(Self.health, try bytes(Health(current: 5))), expected: nil)) {
            [session = client.session] _ in
            let tick = session.withCore { $0.tick }
            seen.withLock { $0 = tick }
        }
        joined.tick()
        #expect(seen.withLock { $0 } == joined.serverTick)
    }

    @Test func refusalsSayWhyAndWhatStands() throws {
        let joined = try makeJoined()
        let entity = joined.world.spawn(Position(), Health(current: 7))
        let client = try joined.connect()
        joined.tick()
        let outcomes = Outcomes()
        let five = try bytes(Health(current: 5))
        let operations: [Mutation.Operation] = [
            .set(Entity(index: 99, generation: 1), .init(Self.health, five), expected: nil),
            .set(entity, .init(ColumnID(2), try bytes(Label())), expected: nil),
            .set(entity, .init(ColumnID(77), five), expected: nil),
            .set(entity, .init(Self.health, [1, 2]), expected: nil),
            .set(entity, .init(ColumnID(0), try bytes(Position())), expected: nil),
            .set(entity, .init(Self.health, try bytes(Health(current: 101))), expected: nil),
            .set(entity, .init(Self.health, five), expected: try bytes(Health(current: 8))),
            .patch(entity, Self.health, [.init(path: [0], bytes: [1, 0, 0, 0], expected: [2, 0, 0, 0])]),
            .patch(entity, Self.health, [.init(path: [5], bytes: [1])]),
        ]
        for operation in operations { client.mutate(operation, outcomes.take) }
        joined.tick()
        // What needs no world is answered first.
        let codes = Set(outcomes.codes)
        #expect(outcomes.all.count == operations.count)
        #expect(
            codes == [.unknownEntity, .unknownComponent, .undecodable, .notWritable, .forbidden, .compareFailed])
        for case .refused(let refusal) in outcomes.all where [.forbidden, .compareFailed].contains(refusal.code) {
            #expect(refusal.current == (try bytes(Health(current: 7))))
        }
        #expect(joined.world[entity, Health.self] == Health(current: 7))
    }

    @Test func aRepetitionAfterALostConnectionHasNoSecondEffect() throws {
        let joined = try makeJoined()
        let client = try joined.connect()
        joined.tick()
        let outcomes = Outcomes()
        client.mutate(.spawn([.init(Self.health, try bytes(Health(current: 1)))]), outcomes.take)
        // The server hears of it, and the line breaks before its answer arrives.
        joined.deliver()
        client.isStalled = true
        joined.tick()
        client.cut()
        client.isStalled = false
        for _ in 0..<20 {
            joined.tick()
            joined.passTime(.seconds(1))
        }
        #expect(joined.world.entityCount == 1)
        #expect(outcomes.all.count == 1)
        guard case .applied(_, let made) = outcomes.all.first, made.count == 1 else {
            Issue.record("the outcome is remembered: \(outcomes.all)")
            return
        }
    }

    @Test func anotherLifeOfTheWorldDoesNotKnowWhatBecameOfIt() throws {
        let joined = try makeJoined()
        let client = try joined.connect()
        joined.tick()
        let outcomes = Outcomes()
        client.isStalled = true
        client.mutate(.spawn([.init(Self.health, try bytes(Health()))]), outcomes.take)
        client.isStalled = false
        joined.deliver()
        try joined.restart(with: World())
        for _ in 0..<20 {
            joined.tick()
            joined.passTime(.seconds(1))
        }
        #expect(outcomes.codes == [.outcomeUnknown])
        #expect(joined.world.entityCount == 0)
    }

    @Test(arguments: [UInt64.max, UInt64.max - 1, 1 << 63, 300, 256, 257] as [UInt64])
    func noNumberOfAMutationDoesHarm(sequence: UInt64) throws {
        var permissions = MutationPermissions()
        permissions.maySpawn = true
        var server = SyncServer(
            store: ComponentStore(schemas: []), epoch: Epoch(1), configuration: SyncServerConfiguration(),
            permissions: permissions, makeRandom: { 7 })
        let session = SessionID(1)
        server.open(session, now: .zero)
        func say(_ message: ClientMessage) {
            message.encoded().withUnsafeBytes { server.receive($0, from: session, now: .zero) }
        }
        say(.hello(Hello(clientName: "hostile")))
        for number in [1, sequence, 2, sequence, sequence &- 1, sequence &- 256, sequence &+ 256] where number > 0 {
            say(.mutate(Mutation(sequence: MutationSequence(number), epoch: Epoch(1), operation: .spawn([]))))
            var requests: [MutationRequest] = []
            server.takeRequests(into: &requests)
            server.mutationsFinished(requests.map { MutationResult($0, .applied(Tick(0), entities: [])) })
        }
        #expect(server.sessionCount == 1)
    }

    @Test func tooManyAtATimeAreReadLaterAndAllHaveTheirEffect() throws {
        var configuration = SimulationConfiguration()
        configuration.sync.mutationRateMax = 10
        let joined = try JoinedWorld(configuration: configuration) { sync in
            try sync.register(Health.self, writable: .byClients)
            sync.spawning = .byClients
        }
        let client = try joined.connect()
        joined.tick()
        let outcomes = Outcomes()
        for _ in 0..<30 { client.mutate(.spawn([]), outcomes.take) }
        joined.tick()
        #expect((10...11).contains(joined.world.entityCount))
        for _ in 0..<30 {
            joined.passTime(.milliseconds(100))
            joined.tick()
        }
        #expect(outcomes.codes == [RefusalCode?](repeating: nil, count: 30))
        #expect(joined.world.entityCount == 30)
    }
}
