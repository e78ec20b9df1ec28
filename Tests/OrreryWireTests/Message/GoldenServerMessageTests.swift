import OrreryQuery
import OrrerySchema
import OrreryStore
import OrreryWire
import Testing

/// A message of a server is these bytes, and these bytes are that message.
@Suite struct GoldenServerMessageTests {
    private static let epoch = Epoch(0x1122_3344_5566_7788)
    private static let token = [UInt8](0xa0..<0xb0)
    private static let position = ComponentTable.Entry(
        Golden.position, name: "Position", schemaHash: SchemaHash(0xbdba_df41_de9d_0111), valueSize: 8,
        isWritable: true, defaultValue: Golden.position(0, 0))
    private static let frozen = ComponentTable.Entry(
        Golden.frozen, name: "Frozen", schemaHash: SchemaHash(0x3584_f623_d7fa_810b), valueSize: 0)

    private static func welcome(
        _ session: SessionGrant, limits: ServerLimits = .init(), components: [ComponentTable.Entry] = [],
        schemas: [EncodedSchema] = [], capabilities: [Capability] = []
    ) -> ServerMessage {
        .welcome(
            Welcome(
                revision: Revision(epoch: epoch, tick: Tick(1000)), ticksPer1000Seconds: 60_000, limits: limits,
                components: components, schemas: schemas, session: session, capabilities: capabilities))
    }

    private static func welcomeBack(_ grant: SessionGrant) -> (String, ServerMessage) {
        ("Welcome back, resumption \(grant.resumption.rawValue)", welcome(grant))
    }

    private static func refusal(_ code: RefusalCode) -> (String, ServerMessage) {
        (
            "SubscribeResponse, refused with code \(code.rawValue)",
            .subscribeResponse(SubscriptionID(UInt32(code.rawValue)), .refused(Refusal(code, "no")))
        )
    }

    private static func mutationRefusal(_ code: RefusalCode) -> (String, ServerMessage) {
        let current: [UInt8]? =
            switch code {
            case .compareFailed: Golden.position(1, -2)
            case .forbidden: []
            default: nil
            }
        return (
            "MutationResponse, refused with code \(code.rawValue)",
            .mutationResponse(
                MutationSequence(UInt64(code.rawValue)), .refused(Refusal(code, "no", current: current)))
        )
    }

    private static func applied(_ name: String, _ sequence: UInt64, _ entities: [Entity]) -> (String, ServerMessage) {
        (
            "MutationResponse, applied\(name)",
            .mutationResponse(MutationSequence(sequence), .applied(Tick(1001), entities: entities))
        )
    }

    private static func all() throws -> [(String, ServerMessage)] {
        [
            (
                "Welcome",
                welcome(
                    SessionGrant(token: token, maySpawn: true, client: 7), components: [position, frozen],
                    schemas: [EncodedSchema(try Golden.schemas[2])],
                    capabilities: [Capability(rawValue: 1), Capability(rawValue: 1024)])
            ),
            welcomeBack(
                SessionGrant(token: [0xfe, 1], resumption: .resumed, isKnownClient: true, mayDespawn: true, client: 7)),
            welcomeBack(SessionGrant(token: [0xfe, 2], resumption: .otherEpoch, client: 7)),
            welcomeBack(SessionGrant(token: [0xfe, 2], resumption: .otherClass, client: 7, rights: 1)),
            welcomeBack(
                SessionGrant(
                    token: [0xfe, 3], resumption: .unknownTick, isKnownClient: true, maySpawn: true, mayDespawn: true,
                    client: 7)),
            (
                "SubscribeResponse",
                .subscribeResponse(
                    SubscriptionID(300),
                    .granted(
                        GrantedQuery(
                            QueryNumber(7), shown: .listed([Golden.position, Golden.frozen]), tellsMembers: false)))
            ),
            (
                "SubscribeResponse, of everything, told",
                .subscribeResponse(
                    SubscriptionID(1), .granted(GrantedQuery(QueryNumber(1 << 40), shown: .all, tellsMembers: true)))
            ),
            (
                "SubscribeResponse, of a resource, told",
                .subscribeResponse(
                    SubscriptionID(2),
                    .granted(GrantedQuery(QueryNumber(8), shown: .resource(ColumnID(6)), tellsMembers: true)))
            ),
            (
                "SubscribeResponse, of status",
                .subscribeResponse(
                    SubscriptionID(3),
                    .granted(
                        GrantedQuery(
                            QueryNumber(9), shown: .status([ColumnID(5), ColumnID(7)]), tellsMembers: false)))
            ),
            (
                "SubscribeResponse, with an order",
                .subscribeResponse(
                    SubscriptionID(4),
                    .granted(
                        GrantedQuery(
                            QueryNumber(10), shown: .listed([Golden.position]), tellsMembers: true, order: order)))
            ),
            (
                "SubscribeResponse, refused text",
                .subscribeResponse(
                    SubscriptionID(5),
                    .refused(
                        Refusal(.badQuery, "no"),
                        QueryError(.unknownField, column: 21, expected: "a field of Health", nearest: "current")))
            ),
            refusal(.unknownEntity), refusal(.unknownComponent), refusal(.limitReached), refusal(.notSupported),
            refusal(.badSubscription), refusal(.badQuery),
            ("UnsubscribeResponse", .unsubscribeResponse(SubscriptionID(1), nil)),
            ("UnsubscribeResponse, refused", .unsubscribeResponse(SubscriptionID(9), Refusal(.badSubscription, ""))),
            ("Heartbeat, current", .heartbeat(Tick(1000), isCurrent: true)),
            (
                "MutationResponse, two outcomes",
                .mutationResponse([
                    MutationAnswer(sequence: MutationSequence(7), outcome: .applied(Tick(1001), entities: [])),
                    MutationAnswer(sequence: MutationSequence(8), outcome: .refused(Refusal(.unknownEntity, "no"))),
                ])
            ),
            (
                "QueryResponse, of no entity",
                .queryResponse(
                    QueryID(300),
                    .part(
                        Tick(1000), isLast: true,
                        head: AnswerHead(
                            entityCount: 0, cost: QueryCost(rowCount: 5, nodeCount: 2),
                            shown: .listed([Golden.position, Golden.frozen]))))
            ),
            (
                "QueryResponse, of everything, the first of several parts",
                .queryResponse(
                    QueryID(1),
                    .part(
                        Tick(1000), isLast: false,
                        head: AnswerHead(
                            entityCount: 300, cost: QueryCost(rowCount: 300, nodeCount: 1), shown: .all)))
            ),
            (
                "QueryResponse, in a window, with an order",
                .queryResponse(
                    QueryID(2),
                    .part(
                        Tick(1000), isLast: false,
                        head: AnswerHead(
                            entityCount: 10, cost: QueryCost(rowCount: 300, nodeCount: 3), shown: .all,
                            order: [OrderKey(.entity, isDescending: true)],
                            extent: Extent(total: 200, beginsAtItsEntity: false))))
            ),
            (
                "QueryResponse, refused text",
                .queryResponse(
                    QueryID(5),
                    .refused(
                        Refusal(.badQuery, "no"),
                        QueryError(.unknownField, column: 21, expected: "a field of Health", nearest: "current")))
            ),
            ("QueryResponse, refused with code 13", .queryResponse(QueryID(13), .refused(Refusal(.cancelled, "no")))),
            (
                "VerifyResponse",
                .verifyResponse(
                    SubscriptionID(300),
                    .hash(StateHash(value: 0x0123_4567_89ab_cdef, itemCount: 300), at: Tick(1000)))
            ),
            (
                "VerifyResponse, refused with code 11",
                .verifyResponse(SubscriptionID(9), .refused(Refusal(.badSubscription, "no")))
            ),
            applied("", 1, []),
            applied(", spawned", 300, [Entity(index: 70_000, generation: 3)]),
            applied(
                ", two spawned", 301, [Entity(index: 70_000, generation: 3), Entity(index: 70_001, generation: 1)]),
        ] + RefusalCode.named.map { mutationRefusal($0.code) }
    }

    /// What an older reader makes of messages that have something new in them, or that leave something out.
    private static func fromOthers() -> [(String, ServerMessage)] {
        var few = ServerLimits()
        few.clientMessageSizeMax = 1
        few.windowSize = 1
        var narrow = ServerLimits()
        narrow.windowTickCount = 32
        return [
            (
                "Welcome to a world without components, with an unknown section",
                .welcome(
                    Welcome(
                        revision: Revision(epoch: Epoch(1), tick: .zero), ticksPer1000Seconds: 1000, limits: few,
                        components: [], schemas: []))
            ),
            (
                "Welcome with an entry of the future",
                welcome(SessionGrant(token: [0xfe, 4], client: 7), limits: narrow, components: [position, frozen])
            ),
            (
                "Welcome with a schema that nobody can read",
                welcome(
                    SessionGrant(token: [0xfe, 5], client: 7),
                    components: [
                        .init(
                            ColumnID(1), name: "Strange", schemaHash: SchemaHash(0xfdc5_575c_d4b9_5164),
                            valueSize: nil)
                    ],
                    schemas: [EncodedSchema([7] + Array("Strange".utf8) + [0, 99, 2, 7])])
            ),
            ("Heartbeat, behind", .heartbeat(Tick(.max), isCurrent: false)),
            (
                "VerifyResponse with an unknown section",
                .verifyResponse(SubscriptionID(1), .hash(StateHash(), at: .zero))
            ),
            (
                "QueryResponse, a later part, with an unknown section",
                .queryResponse(QueryID(1), .part(Tick(1000), isLast: true, head: nil))
            ),
            (
                "MutationResponse with an unknown section",
                .mutationResponse(MutationSequence(.max), .applied(Tick(.max), entities: []))
            ),
        ]
    }

    /// One key of each kind, with each kind of step.
    private static var order: [OrderKey] {
        func key(_ magnitude: UInt64, isNegative: Bool) -> FieldPath.Step {
            .key(.exact(DecimalNumber(magnitude: magnitude, isNegative: isNegative)))
        }
        func path(_ column: ColumnID, _ steps: FieldPath.Step...) -> FieldPath {
            FieldPath(column: column, steps: steps)
        }
        return [
            OrderKey(.field(path(Golden.position, .field(2))), isDescending: true),
            OrderKey(
                .field(
                    path(
                        Golden.frozen, .payload(case: 1, field: 0), .key(.text(Array("gold".utf8))), .index(300))),
                isFolded: true),
            OrderKey(.count(path(Golden.frozen, key(7, isNegative: true), .key(.bool(true))))),
            OrderKey(.length(path(Golden.position)), isDescending: true),
        ]
    }

    @Test func everyItemIsItsMessage() throws {
        let golden = try GoldenFile("ServerMessages")
        for (name, message) in try Self.all() {
            let bytes = try golden[name]
            #expect(message.encoded().hex == bytes.hex, "\(name)")
            #expect(try ServerMessage(bytes) == message, "\(name)")
        }
        for (name, message) in Self.fromOthers() { #expect(try ServerMessage(golden[name]) == message, "\(name)") }
        let tested = Set((try Self.all() + Self.fromOthers()).map(\.0))
        #expect(tested == Set(golden.items.map(\.name)))
    }

    @Test func aSchemaThatNobodyCanReadKeepsItsHash() throws {
        guard
            case .welcome(let welcome) = try ServerMessage(
                GoldenFile("ServerMessages")["Welcome with a schema that nobody can read"])
        else {
            Issue.record("no Welcome")
            return
        }
        #expect(welcome.schemas.map(\.hash) == welcome.components.map(\.schemaHash))
    }
}
