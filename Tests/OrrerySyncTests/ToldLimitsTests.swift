import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryStore
import OrrerySync
import OrreryTesting
import OrreryWire
import Testing
import simulate

/// Limits that a server tells in Welcome: a client keeps those that are about its own messages, and ends where it takes
/// less than the server may send.
@Suite struct ToldLimitsTests {
    private func makeJoined(_ configure: (inout SimulationConfiguration) -> Void) throws -> JoinedWorld {
        var configuration = SimulationConfiguration()
        configure(&configuration)
        return try JoinedWorld(configuration: configuration) { sync in
            try sync.register(Position.self)
            try sync.register(Health.self, writable: .byClients)
            try sync.register(Label.self, writable: .byClients)
            sync.spawning = .byClients
        }
    }

    private static let smaller: [(name: String, set: @Sendable (inout WireLimits) -> Void, theirs: Int, own: Int)] = [
        ("messageSizeMax", { $0.messageSizeMax = 700_000 }, 1 << 20, 700_000),
        ("entityIndexMax", { $0.entityIndexMax = 1 << 20 }, 1 << 22, 1 << 20),
        ("valueSizeMax", { $0.valueSizeMax = 1000 }, 256 << 10, 1000),
        ("reasonSizeMax", { $0.reasonSizeMax = 1023 }, 1024, 1023),
    ]

    @Test(arguments: 0..<smaller.count)
    func aClientThatTakesLessEndsAtWelcomeWithBothNumbers(position: Int) throws {
        let (name, set, theirs, own) = Self.smaller[position]
        let joined = try makeJoined { _ in }
        var configuration = ClientConfiguration()
        set(&configuration.sync.limits)
        let client = try joined.connect(configuration: configuration)
        let end = try #require(client.end)
        #expect(end.code == .limitExceeded)
        #expect(
            end.message.contains("the server's \(name) is \(theirs), this client takes \(own)"), "\(end.message)")
        joined.passTime(.seconds(60))
        #expect(joined.sessionCount == 0, "it does not come back")
    }

    @Test func aServerThatSendsLessIsNoConcern() throws {
        let joined = try makeJoined { configuration in
            configuration.sync.limits.valueSizeMax = 20_000
            configuration.sync.limits.reasonSizeMax = 100
        }
        var configuration = ClientConfiguration()
        configuration.sync.limits.valueSizeMax = 20_000
        configuration.sync.limits.reasonSizeMax = 100
        #expect(try joined.connect(configuration: configuration).end == nil)
        #expect(try joined.connect().end == nil)
    }

    private func mutation(_ client: JoinedClient, _ operation: Mutation.Operation) -> ClientError? {
        let errors = Errors()
        client.mutate(operation) { result in
            if case .failure(let error) = result { errors.append(error) }
        }
        return errors.all.first
    }

    /// What a server would close for is refused here, and the connection goes on.
    private func expectRefusedHere(
        _ error: ClientError?, _ joined: JoinedWorld, _ client: JoinedClient, _ words: String...,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(error?.code == .limitReached, sourceLocation: sourceLocation)
        for word in words {
            #expect(error?.message.contains(word) == true, "\(error?.message ?? "")", sourceLocation: sourceLocation)
        }
        joined.tick()
        #expect(client.end == nil, sourceLocation: sourceLocation)
        #expect(joined.sessionCount == 1, sourceLocation: sourceLocation)
        #expect(client.takeErrors().isEmpty, sourceLocation: sourceLocation)
    }

    @Test func messagesAreNoLongerThanTheServerTakes() throws {
        let joined = try makeJoined { $0.sync.clientMessageSizeMax = 300 }
        let entity = joined.world.spawn(Label())
        let client = try joined.connect()
        joined.tick()
        let long = [UInt8](repeating: 0x61, count: 300)
        expectRefusedHere(
            mutation(client, .insert(entity, .init(ColumnID(2), long))), joined, client, "300", "a message may have")
        let errors = Errors()
        let many = (0..<200).map { Entity(index: UInt32($0), generation: 1) }
        client.session.subscribe(QueryRequest("", entities: many)) { result in
            if case .failure(let error) = result { errors.append(error) }
        }
        expectRefusedHere(errors.all.first, joined, client, "300", "a message may have")
    }

    @Test func listsAreNoLongerThanTheServerTakes() throws {
        let joined = try makeJoined { $0.sync.limits.queryEntityCountMax = 3 }
        let entities = (0..<4).map { _ in joined.world.spawn(Position()) }
        let client = try joined.connect()
        joined.tick()
        let errors = Errors()
        for count in [3, 4] {
            client.session.subscribe(QueryRequest("", entities: Array(entities.prefix(count)))) { result in
                if case .failure(let error) = result { errors.append(error) }
            }
        }
        expectRefusedHere(errors.all.first, joined, client, "4 entities", "takes 3")
        #expect(errors.all.count == 1)
        #expect(client.contents.entities.count == 3)
    }

    @Test func mutationsHaveNoMorePartsAndNoLongerValuesThanTheServerTakes() throws {
        let joined = try makeJoined { configuration in
            configuration.sync.limits.mutationPartCountMax = 2
            configuration.sync.limits.valueSizeMax = 20_000
        }
        let entity = joined.world.spawn(Health())
        let client = try joined.connect()
        joined.tick()
        let field = Mutation.FieldValue(path: [0], bytes: [1, 0, 0, 0])
        let health = ColumnID(1)
        for operation: Mutation.Operation in [
            .spawn([.init(health, []), .init(health, []), .init(health, [])]),
            .insert(entity, .init(health, .fields([field, field, field]))),
            .spawn([.init(health, .fields([field, field, field]))]),
            .patch(entity, health, Array(repeating: .init(path: [0], bytes: [1, 0, 0, 0]), count: 3)),
        ] {
            expectRefusedHere(mutation(client, operation), joined, client, "3", "takes 2 (mutationPartCountMax")
        }
        let long = [UInt8](repeating: 0, count: 20_001)
        for operation: Mutation.Operation in [
            .set(entity, .init(health, long), expected: nil), .set(entity, .init(health, []), expected: long),
            .insert(entity, .init(health, long)), .spawn([.init(health, long)]),
            .insert(entity, .init(health, .fields([.init(path: [0], bytes: long)]))),
            .patch(entity, health, [.init(path: [0], bytes: long)]),
            .patch(entity, health, [.init(path: [0], bytes: [], expected: long)]),
        ] {
            expectRefusedHere(mutation(client, operation), joined, client, "20001", "takes 20000 (valueSizeMax")
        }
        #expect(mutation(client, .patch(entity, health, [.init(path: [0], bytes: [1, 0, 0, 0])])) == nil)
        joined.tick()
        #expect(joined.world[entity, Health.self] == Health(current: 1))
    }

    @Test func noMoreMutationsAreUnderWayThanTheServerRemembers() throws {
        let joined = try makeJoined { $0.sync.pendingMutationMax = 2 }
        let client = try joined.connect()
        joined.tick()
        #expect(mutation(client, .spawn([])) == nil)
        #expect(mutation(client, .spawn([])) == nil)
        expectRefusedHere(mutation(client, .spawn([])), joined, client, "2 mutations")
        #expect(joined.world.entityCount == 2)
    }

    /// What the client does not know of yet is for the server to say.
    @Test func aResumeThatIsTooLongIsBegunAnew() throws {
        let joined = try makeJoined { $0.sync.clientMessageSizeMax = 1000 }
        let entities = (0..<200).map { joined.world.spawn(Position(x: Float($0))) }
        let client = try joined.connect()
        joined.tick()
        // Each fits into a message, all of them do not.
        for start in 0..<6 {
            client.subscribe(["Position"], of: Array(entities[start * 20..<start * 20 + 100]))
        }
        joined.tick()
        let before = client.contents
        #expect(before.entities.count == 200)
        client.cut()
        for _ in 0..<5 {
            joined.tick()
            joined.passTime(.seconds(1))
        }
        #expect(client.end == nil)
        #expect(client.contents == before)
        let resets = client.takeBatches().compactMap(\.reset)
        #expect(resets == [.unknownTick], "the world is the same, but nobody knows what happened")
    }
}
