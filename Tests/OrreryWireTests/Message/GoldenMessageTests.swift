import OrrerySchema
import OrreryStore
import OrreryWire
import Testing

/// A message is these bytes, and these bytes are that message.
@Suite struct GoldenMessageTests {
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
            "Hello with resume",
            .hello(
                Hello(
                    clientName: "back", knownSchemas: [SchemaHash(1)],
                    resume: .init(
                        revision: Revision(epoch: epoch, tick: Tick(1000)), token: token,
                        subscriptions: [
                            .init(SubscriptionID(1), Selection()),
                            .init(
                                SubscriptionID(300),
                                Selection(
                                    entities: .one(Entity(index: 70_000, generation: 3)),
                                    components: .some([Golden.position, Golden.frozen]))),
                        ])))
        ),
        (
            "Hello with resume, of nothing",
            .hello(
                Hello(clientName: "", resume: .init(revision: Revision(epoch: Epoch(.max), tick: .zero), token: [])))
        ),
        ("Subscribe to everything", .subscribe(SubscriptionID(1), Selection())),
        (
            "Subscribe to components",
            .subscribe(
                SubscriptionID(300), Selection(components: .some([ColumnID(200), ColumnID(0), ColumnID(2)])))
        ),
        (
            "Subscribe to one entity",
            .subscribe(SubscriptionID(.max), Selection(entities: .one(Entity(index: 70_000, generation: 3))))
        ),
        ("Unsubscribe", .unsubscribe(SubscriptionID(300))),
        ("Acknowledge", .acknowledge(Tick(1000), receivedByteCount: 1 << 40)),
        mutate("set", 1, .set(entity, position, expected: nil)),
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
        mutate("remove", 5, .remove(entity, ColumnID(200))),
        mutate("spawn", 6, .spawn([position, .init(Golden.frozen, [])])),
        mutate("spawn, of nothing", 7, .spawn([])),
        mutate("despawn", .max, .despawn(.none), epoch: Epoch(0)),
    ]

    private static let epoch = Epoch(0x1122_3344_5566_7788)
    private static let token = [UInt8](0xa0..<0xb0)
    private static let entity = Entity(index: 12, generation: 3)
    private static let position = Mutation.ComponentValue(Golden.position, Golden.position(1, -2))

    private static func mutate(
        _ name: String, _ sequence: UInt64, _ operation: Mutation.Operation, epoch: Epoch = epoch
    ) -> (String, ClientMessage) {
        (
            "Mutate: \(name)",
            .mutate(Mutation(sequence: MutationSequence(sequence), epoch: epoch, operation: operation))
        )
    }

    /// What an older reader makes of messages that have something new in them.
    private static let fromNewerClient: [(String, ClientMessage)] = [
        (
            "Hello with unknown sections",
            .hello(Hello(versions: 1...1, clientName: "new", knownSchemas: [SchemaHash(1)]))
        ),
        ("Acknowledge with an unknown section", .acknowledge(Tick(1), receivedByteCount: 2)),
        (
            "Mutate with an unknown section",
            .mutate(
                Mutation(
                    sequence: MutationSequence(8), epoch: epoch, operation: .despawn(Entity(index: 1, generation: 1))))
        ),
    ]

    @Test func clientMessages() throws {
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

    private static func fromServer() throws -> [(String, ServerMessage)] {
        let schemas = try Golden.schemas
        let frozen = schemas[2]
        func refusal(_ code: RefusalCode) -> (String, ServerMessage) {
            (
                "SubscribeResponse, refused with code \(code.rawValue)",
                .subscribeResponse(SubscriptionID(UInt32(code.rawValue)), Refusal(code, "no"))
            )
        }
        func mutationRefusal(_ code: MutationRefusalCode) -> (String, ServerMessage) {
            let current: [UInt8]? =
                switch code {
                case .compareFailed: Golden.position(1, -2)
                case .forbidden: []
                default: nil
                }
            return (
                "MutationResponse, refused with code \(code.rawValue)",
                .mutationResponse(
                    MutationSequence(UInt64(code.rawValue)), .refused(MutationRefusal(code, "no", current: current)))
            )
        }
        func welcomeBack(_ grant: SessionGrant, maySpawn: Bool, mayDespawn: Bool) -> (String, ServerMessage) {
            (
                "Welcome back, resumption \(grant.resumption.rawValue)",
                .welcome(
                    Welcome(
                        revision: Revision(epoch: epoch, tick: Tick(1000)), ticksPer1000Seconds: 60_000,
                        messageSizeMax: 65_536, windowSize: 1 << 20, components: [], schemas: [], session: grant,
                        maySpawn: maySpawn, mayDespawn: mayDespawn))
            )
        }
        return [
            (
                "Welcome",
                .welcome(
                    Welcome(
                        revision: Revision(epoch: Epoch(0x1122_3344_5566_7788), tick: Tick(1000)),
                        ticksPer1000Seconds: 60_000, messageSizeMax: 65_536, windowSize: 1 << 20,
                        components: [
                            .init(name: "Position", schemaHash: schemas[0].hash, isWritable: true),
                            .init(name: "Frozen", schemaHash: frozen.hash, isWritable: false),
                        ],
                        schemas: [frozen],
                        session: SessionGrant(token: token, resumption: .fresh, isKnownClient: false),
                        maySpawn: true, mayDespawn: false))
            ),
            welcomeBack(
                SessionGrant(token: [0xfe, 1], resumption: .resumed, isKnownClient: true),
                maySpawn: false, mayDespawn: true),
            welcomeBack(
                SessionGrant(token: [0xfe, 2], resumption: .otherEpoch, isKnownClient: false),
                maySpawn: false, mayDespawn: false),
            welcomeBack(
                SessionGrant(token: [0xfe, 3], resumption: .unknownTick, isKnownClient: true),
                maySpawn: true, mayDespawn: true),
            ("SubscribeResponse", .subscribeResponse(SubscriptionID(300), nil)),
            refusal(.unknownEntity), refusal(.unknownComponent), refusal(.badSubscription), refusal(.limitReached),
            ("UnsubscribeResponse", .unsubscribeResponse(SubscriptionID(1), nil)),
            ("UnsubscribeResponse, refused", .unsubscribeResponse(SubscriptionID(9), Refusal(.badSubscription, ""))),
            ("Heartbeat, current", .heartbeat(Tick(1000), isCurrent: true)),
            ("MutationResponse, applied", .mutationResponse(MutationSequence(1), .applied(Tick(1001), spawned: nil))),
            (
                "MutationResponse, applied, spawned",
                .mutationResponse(
                    MutationSequence(300), .applied(Tick(1001), spawned: Entity(index: 70_000, generation: 3)))
            ),
        ] + MutationRefusalCode.allCases.map(mutationRefusal)
    }

    private static let fromNewerServer: [(String, ServerMessage)] = [
        (
            "Welcome to a world without components, with an unknown section",
            .welcome(
                Welcome(
                    revision: Revision(epoch: Epoch(1), tick: .zero), ticksPer1000Seconds: 1000, messageSizeMax: 1,
                    windowSize: 1, components: [], schemas: []))
        ),
        ("Heartbeat, behind", .heartbeat(Tick(.max), isCurrent: false)),
        (
            "MutationResponse with an unknown section",
            .mutationResponse(MutationSequence(.max), .applied(Tick(.max), spawned: nil))
        ),
    ]

    @Test func serverMessages() throws {
        let golden = try GoldenFile("ServerMessages")
        for (name, message) in try Self.fromServer() {
            let bytes = try golden[name]
            #expect(message.encoded().hex == bytes.hex, "\(name)")
            #expect(try ServerMessage(bytes) == message, "\(name)")
        }
        for (name, message) in Self.fromNewerServer { #expect(try ServerMessage(golden[name]) == message, "\(name)") }
        let tested = Set((try Self.fromServer() + Self.fromNewerServer).map(\.0))
        #expect(tested == Set(golden.items.map(\.name)))
    }
}
