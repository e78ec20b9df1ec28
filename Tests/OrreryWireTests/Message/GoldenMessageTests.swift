import OrrerySchema
import OrreryStore
import OrreryWire
import Testing

/// A message is these bytes, and these bytes are that message.
@Suite struct GoldenMessageTests {
    private static let fromClient: [(String, ClientMessage)] = [
        ("Hello", .hello(versions: 1...1, clientName: "Grüße", knownSchemas: [])),
        (
            "Hello with known schemas",
            .hello(
                versions: 1...300, clientName: "", knownSchemas: [SchemaHash(0x0123_4567_89ab_cdef), SchemaHash(1)])
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
    ]

    /// What an older reader makes of messages that have something new in them.
    private static let fromNewerClient: [(String, ClientMessage)] = [
        ("Hello with unknown sections", .hello(versions: 1...1, clientName: "new", knownSchemas: [SchemaHash(1)])),
        ("Acknowledge with an unknown section", .acknowledge(Tick(1), receivedByteCount: 2)),
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
        return [
            (
                "Welcome",
                .welcome(
                    Welcome(
                        revision: Revision(epoch: Epoch(0x1122_3344_5566_7788), tick: Tick(1000)),
                        ticksPer1000Seconds: 60_000, messageSizeMax: 65_536, windowSize: 1 << 20,
                        components: [schemas[0], frozen].map { .init(name: $0.name, schemaHash: $0.hash) },
                        schemas: [frozen]))
            ),
            ("SubscribeResponse", .subscribeResponse(SubscriptionID(300), nil)),
            refusal(.unknownEntity), refusal(.unknownComponent), refusal(.badSubscription), refusal(.limitReached),
            ("UnsubscribeResponse", .unsubscribeResponse(SubscriptionID(1), nil)),
            ("UnsubscribeResponse, refused", .unsubscribeResponse(SubscriptionID(9), Refusal(.badSubscription, ""))),
            ("Heartbeat, current", .heartbeat(Tick(1000), isCurrent: true)),
        ]
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
