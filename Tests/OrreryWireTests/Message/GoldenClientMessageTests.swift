import OrrerySchema
import OrreryStore
import OrreryWire
import Testing

/// A message of a client is these bytes, and these bytes are that message.
@Suite struct GoldenClientMessageTests {
    private static let fromClient: [(String, ClientMessage)] = [
        ("Hello", .hello(Hello(versions: 1...1, clientName: "Grüße", knownSchemas: []))),
        (
            "Hello with known schemas",
            .hello(
                Hello(
                    versions: 1...300, clientName: "", knownSchemas: [SchemaHash(0x0123_4567_89ab_cdef), SchemaHash(1)])
            )
        ),
        (
            "Hello with capabilities",
            .hello(
                Hello(
                    clientName: "able",
                    capabilities: [1, 2, 1024].map { Capability(rawValue: $0) }))
        ),
        (
            "Hello with resume",
            .hello(
                Hello(
                    clientName: "back", knownSchemas: [SchemaHash(1)],
                    resume: .init(
                        revision: Revision(epoch: epoch, tick: Tick(1000)), token: token,
                        subscriptions: [
                            .init(SubscriptionID(1), .everything),
                            .init(
                                SubscriptionID(300),
                                QueryRequest(
                                    "Position?, Frozen?", entities: [Entity(index: 70_000, generation: 3)])),
                        ])))
        ),
        (
            "Hello with resume, of nothing",
            .hello(
                Hello(clientName: "", resume: .init(revision: Revision(epoch: Epoch(.max), tick: .zero), token: [])))
        ),
        ("Subscribe to everything", .subscribe(SubscriptionID(1), .everything)),
        (
            "Subscribe to components",
            .subscribe(
                SubscriptionID(300), QueryRequest("Position | Label | Frozen"))
        ),
        (
            "Subscribe to one entity",
            .subscribe(SubscriptionID(.max), QueryRequest("", entities: [Entity(index: 70_000, generation: 3)]))
        ),
        (
            "Subscribe to a list of entities, some components",
            .subscribe(
                SubscriptionID(7),
                QueryRequest(
                    "Position?, Frozen?",
                    entities: [
                        Entity(index: 70_000, generation: 4), Entity(index: 1, generation: 1),
                        Entity(index: 5, generation: 2), Entity(index: 6, generation: 3),
                    ]))
        ),
        (
            "Subscribe to a condition",
            .subscribe(SubscriptionID(9), QueryRequest("Health, Position? where Health.current < 50"))
        ),
        ("Subscribe to no entity", .subscribe(SubscriptionID(8), QueryRequest("", entities: []))),
        ("Unsubscribe", .unsubscribe(SubscriptionID(300))),
        ("Replace", .replace(SubscriptionID(7), by: SubscriptionID(300), QueryRequest("Position"))),
        ("Acknowledge", .acknowledge(Tick(1000), receivedByteCount: 1 << 40)),
        mutate("set", 1, .set(entity, .init(Golden.position, Golden.position(1, -2)), expected: nil)),
        mutate("set, a resource", 4, .set(.none, .init(ColumnID(6), [5, 0, 0, 0]), expected: nil)),
        mutate(
            "set, with an expected value", 300,
            .set(
                Entity(index: 70_000, generation: 3), .init(Golden.label, Golden.label("hi")),
                expected: Golden.label("Grüße"))),
        mutate(
            "patch", 2,
            .patch(
                entity, Golden.position,
                [
                    .init(path: [1], bytes: [0, 0, 0, 0x3f]),
                    .init(path: [0, 200, 2], bytes: [0xff, 0xfe], expected: []),
                ])),
        mutate("insert", 3, .insert(entity, position)),
        mutate("insert, a tag", 4, .insert(entity, .init(Golden.frozen, []))),
        mutate(
            "insert, some fields", 9,
            .insert(entity, .init(Golden.position, .fields([.init(path: [1], bytes: [0, 0, 0, 0x3f])])))),
        mutate("remove", 5, .remove(entity, ColumnID(200))),
        mutate("spawn", 6, .spawn([position, .init(Golden.frozen, [])])),
        mutate("spawn, of nothing", 7, .spawn([])),
        mutate(
            "spawn, some fields and a whole value", 10,
            .spawn([
                .init(
                    Golden.position,
                    .fields([
                        .init(path: [0], bytes: [0, 0, 0x40, 0x40]), .init(path: [0, 200, 2], bytes: [0xff, 0xfe]),
                    ])),
                .init(Golden.label, Golden.label("hi")),
            ])),
        mutate("despawn", .max, .despawn(.none), epoch: Epoch(0)),
        ("Query", .query(QueryID(7), OneShotQuery(QueryRequest("Position where Position.x > 5")))),
        (
            "Query of a list of entities, at a later tick, without an evaluation",
            .query(
                QueryID(300),
                OneShotQuery(QueryRequest("", entities: [entity]), atLeast: Tick(1000), explains: true))
        ),
        ("QueryCancel", .cancelQuery(QueryID(300))),
        ("Verify", .verify(SubscriptionID(300))),
        ("Restart", .restart(SubscriptionID(300))),
    ]

    private static let epoch = Epoch(0x1122_3344_5566_7788)
    private static let token = [UInt8](0xa0..<0xb0)
    private static let entity = Entity(index: 12, generation: 3)
    private static let position = Mutation.NewComponent(Golden.position, Golden.position(1, -2))

    private static func mutate(
        _ name: String, _ sequence: UInt64, _ operation: Mutation.Operation, epoch: Epoch = epoch
    ) -> (String, ClientMessage) {
        (
            "Mutate: \(name)",
            .mutate(Mutation(sequence: MutationSequence(sequence), epoch: epoch, operation: operation))
        )
    }

    private static func refused(_ request: RequestID, _ code: RefusalCode, _ reason: String) -> ClientMessage {
        .refused(request, Refusal(code, reason))
    }

    private static func notUnderstood(_ request: RequestID, _ section: Int) -> ClientMessage {
        refused(request, .notSupported, "section \(section) must be understood, and this server does not know it")
    }

    /// What an older reader makes of messages that have something new in them.
    private static let fromNewerClient: [(String, ClientMessage)] = [
        (
            "Hello with unknown sections",
            .hello(Hello(versions: 1...1, clientName: "new", knownSchemas: [SchemaHash(1)]))
        ),
        ("Subscribe of the future", notUnderstood(.subscribe(SubscriptionID(9)), 15)),
        (
            "Subscribe with an unknown section",
            .subscribe(SubscriptionID(10), QueryRequest("Position"))
        ),
        ("Unsubscribe of the future", notUnderstood(.unsubscribe(SubscriptionID(9)), 15)),
        ("Acknowledge with an unknown section", .acknowledge(Tick(1), receivedByteCount: 2)),
        ("Mutate: an operation of the future", notUnderstood(.mutate(MutationSequence(11), epoch), 32)),
        (
            "Mutate: without an operation",
            refused(.mutate(MutationSequence(12), epoch), .undecodable, "a mutation without an operation")
        ),
        (
            "Mutate: two operations",
            refused(
                .mutate(MutationSequence(13), epoch), .notSupported, "2 operations in one mutation; send one each")
        ),
        (
            "Mutate with an unknown section",
            .mutate(
                Mutation(
                    sequence: MutationSequence(8), epoch: epoch, operation: .despawn(Entity(index: 1, generation: 1))))
        ),
        ("Query of the future", notUnderstood(.query(QueryID(9)), 15)),
        ("Query with an unknown section", .query(QueryID(10), OneShotQuery(.everything))),
        ("QueryCancel with an unknown section", .cancelQuery(QueryID(1))),
        ("Verify of the future", notUnderstood(.verify(SubscriptionID(9)), 15)),
        ("Verify with an unknown section", .verify(SubscriptionID(1))),
        ("Restart with an unknown section", .restart(SubscriptionID(1))),
    ]

    @Test func everyItemIsItsMessage() throws {
        let golden = try GoldenFile("ClientMessages")
        for (name, message) in Self.fromClient {
            let bytes = try golden[name]
            #expect(message.encoded().hex == bytes.hex, "\(name)")
            #expect(try ClientMessage(bytes) == message, "\(name)")
        }
        for (name, message) in Self.fromNewerClient { #expect(try ClientMessage(golden[name]) == message, "\(name)") }
        let tested = Set((Self.fromClient + Self.fromNewerClient).map(\.0))
        #expect(tested == Set(golden.items.map(\.name)))
    }
}
