import OrreryQuery
import OrrerySchema
import OrreryStore
import OrreryTransport
import OrreryWire
import Testing

/// Who does not know a part of a message skips it, unless it must be understood: then nothing is done, and somebody
/// says so.
@Suite struct SkippingTests {
    private static let epoch = Epoch(0)
    private static let entity = Entity(index: 1, generation: 1)

    /// One of each kind.
    private static let fromClient: [ClientMessage] = [
        .hello(Hello(clientName: "c", knownSchemas: [SchemaHash(1)])),
        .subscribe(SubscriptionID(7), QueryRequest("Frozen", entities: [entity])),
        .unsubscribe(SubscriptionID(7)), .acknowledge(Tick(1), receivedByteCount: 2),
        .mutate(Mutation(sequence: MutationSequence(3), epoch: epoch, operation: .despawn(entity))),
        .query(QueryID(7), OneShotQuery(QueryRequest("Frozen", entities: [entity]), atLeast: Tick(5), explains: true)),
        .cancelQuery(QueryID(7)), .verify(SubscriptionID(7)), .restart(SubscriptionID(7)),
    ]

    private static let fromServer: [ServerMessage] = [
        .welcome(
            Welcome(
                revision: Revision(epoch: Epoch(1), tick: .zero), ticksPer1000Seconds: 1,
                components: [.init(ColumnID(4), name: "C", schemaHash: SchemaHash(1), valueSize: nil)],
                schemas: [EncodedSchema([1])])),
        .subscribeResponse(
            SubscriptionID(7), .granted(GrantedQuery(QueryNumber(3), shown: .all, tellsMembers: false))),
        .subscribeResponse(SubscriptionID(7), .refused(Refusal(.limitReached, "no"))),
        .unsubscribeResponse(SubscriptionID(7), nil), .heartbeat(Tick(1), isCurrent: true),
        .mutationResponse(MutationSequence(3), .applied(Tick(1), entities: [entity])),
        .mutationResponse(MutationSequence(3), .refused(Refusal(.forbidden, "no", current: [1, 2]))),
        .queryResponse(
            QueryID(7),
            .part(
                Tick(1), isLast: true,
                head: AnswerHead(entityCount: 1, cost: QueryCost(rowCount: 1, nodeCount: 1), shown: .all))),
        .queryResponse(QueryID(7), .refused(Refusal(.limitReached, "no"))),
        .verifyResponse(SubscriptionID(7), .hash(StateHash(value: 5, itemCount: 1), at: Tick(1))),
        .verifyResponse(SubscriptionID(7), .refused(Refusal(.limitReached, "no"))),
    ]

    /// Numbers that no message of this version gives a meaning.
    private static let unknown: [UInt8] = [50, 40, 99, 127]

    @Test(arguments: unknown, [[], [0], [1, 2, 3]] as [[UInt8]])
    func unknownSectionsAreSkippedInEveryMessage(number: UInt8, content: [UInt8]) throws {
        let section = Bytes.section(number, content)
        for message in Self.fromClient {
            #expect(try ClientMessage(message.encoded() + section) == message)
            #expect(try ClientMessage(message.encoded() + section + section) == message)
        }
        for message in Self.fromServer {
            #expect(try ServerMessage(message.encoded() + section) == message)
            #expect(try ServerMessage(message.encoded() + section + section) == message)
        }
        let batch = Bytes.batch([section, Bytes.section(2, [0, 1, 9]), section])
        #expect(try BatchCopy(batch, schemas: []).sections == [.despawn([9])])
    }

    @Test(arguments: unknown)
    func aRequestThatMustBeUnderstoodIsRefusedWithItsName(number: UInt8) throws {
        let section = Bytes.section(number | 0x80, [1, 2, 3])
        let refusal = Refusal(
            .notSupported, "section \(number) must be understood, and this server does not know it")
        for (message, request): (ClientMessage, RequestID) in [
            (Self.fromClient[1], .subscribe(SubscriptionID(7))),
            (Self.fromClient[2], .unsubscribe(SubscriptionID(7))),
            (Self.fromClient[4], .mutate(MutationSequence(3), Self.epoch)),
            (Self.fromClient[5], .query(QueryID(7))),
            (Self.fromClient[7], .verify(SubscriptionID(7))),
        ] {
            #expect(try ClientMessage(message.encoded() + section) == .refused(request, refusal))
            // Where it stands does not matter; nor does what it holds.
            let head = message.encoded().prefix { $0 < 0x80 }
            let rest = message.encoded().dropFirst(head.count)
            #expect(try ClientMessage(head + section + rest) == .refused(request, refusal))
        }
    }

    @Test(arguments: unknown)
    func anyOtherMessageThatMustBeUnderstoodEndsTheConnection(number: UInt8) throws {
        let section = Bytes.section(number | 0x80, [1, 2, 3])
        func expectNotSupported(_ read: () throws -> Void, sourceLocation: SourceLocation = #_sourceLocation) {
            let error = #expect(throws: WireError.self, sourceLocation: sourceLocation) { try read() }
            #expect(error?.closeCode == .notSupported, sourceLocation: sourceLocation)
            #expect(
                error?.message.contains("section \(number) must be understood") == true, "\(error?.message ?? "")",
                sourceLocation: sourceLocation)
        }
        for message in [0, 3, 6, 8].map({ Self.fromClient[$0] }) {
            expectNotSupported { _ = try ClientMessage(message.encoded() + section) }
        }
        for message in Self.fromServer { expectNotSupported { _ = try ServerMessage(message.encoded() + section) } }
        expectNotSupported { _ = try BatchCopy(Bytes.batch([section]), schemas: []) }
        // Also inside of what a client asks to go on with.
        let resume = [UInt8](repeating: 1, count: 8) + [0, 0, 0, 1, 7, UInt8(section.count)] + section
        expectNotSupported { _ = try ClientMessage([1, 1, 1, 0] + Bytes.section(2, resume)) }
    }

    @Test func aKnownSectionMayOrMayNotHaveToBeUnderstood() throws {
        // The text of a query, known schemas, capabilities, a component table, rows.
        #expect(
            try ClientMessage([2, 7] + Bytes.section(2, [0x41]))
                == .subscribe(SubscriptionID(7), QueryRequest("A")))
        #expect(
            try ClientMessage([1, 1, 1, 0] + Bytes.section(0x83, [1, 5]))
                == .hello(Hello(clientName: "", capabilities: [Capability(rawValue: 5)])))
        #expect(
            try ClientMessage(Bytes.mutate(3, Bytes.section(6, [1, 0, 0, 0, 1, 0, 0, 0]))) == Self.fromClient[4])
        #expect(try ServerMessage(Bytes.welcome + Bytes.section(0x82, [0])) == ServerMessage(Bytes.welcome))
        #expect(
            try BatchCopy(Bytes.batch([Bytes.section(0x82, [0, 1, 9])]), schemas: []).sections == [.despawn([9])])
    }

    @Test func aSectionThatIsKnownComesOnce() throws {
        let entities = Bytes.section(0x81, [])
        for (name, read): (String, () throws -> Void) in [
            (
                "known schemas",
                { _ = try ClientMessage([1, 1, 1, 0] + Bytes.section(1, [0]) + Bytes.section(0x81, [0])) }
            ),
            ("entities", { _ = try ClientMessage([2, 7] + entities + entities) }),
            ("limits", { _ = try ServerMessage(Bytes.welcome + Bytes.section(1, [0]) + Bytes.section(1, [0])) }),
            ("table", { _ = try ServerMessage(Bytes.welcome + Bytes.section(2, [0]) + Bytes.section(0x82, [0])) }),
        ] {
            let error = #expect(throws: WireError.self, "\(name)") { try read() }
            #expect(error?.closeCode == .invalidPayload, "\(name)")
            #expect(error?.message.contains("comes twice") == true, "\(name): \(error?.message ?? "")")
        }
        // Schemas come as often as there are some, sections of rows as often as they are cut.
        let schema = Bytes.section(3, [9])
        guard case .welcome(let welcome) = try ServerMessage(Bytes.welcome + schema + schema) else {
            Issue.record("no Welcome")
            return
        }
        #expect(welcome.schemas == [EncodedSchema([9]), EncodedSchema([9])])
        let rows = Bytes.section(2, [0, 1, 9])
        #expect(try BatchCopy(Bytes.batch([rows, rows]), schemas: []).sections.count == 2)
    }

    @Test(arguments: [0, 0x80] as [UInt8])
    func noSectionHasTheNumber0(kind: UInt8) {
        for message in Self.fromClient {
            let error = #expect(throws: WireError.self) { try ClientMessage(message.encoded() + [kind, 0]) }
            #expect(error?.closeCode == .invalidPayload)
        }
        for message in Self.fromServer {
            let error = #expect(throws: WireError.self) { try ServerMessage(message.encoded() + [kind, 0]) }
            #expect(error?.closeCode == .invalidPayload)
        }
        let error = #expect(throws: WireError.self) { try BatchCopy(Bytes.batch([[kind, 0]]), schemas: []) }
        #expect(error?.closeCode == .invalidPayload)
    }

    @Test func aSectionIsFilledExactly() throws {
        // Of a section that is skipped, nobody knows.
        for message in Self.fromClient {
            #expect(throws: WireError.self) { try ClientMessage(message.encoded() + [99, 2, 0]) }
        }
        for (name, read): (String, () throws -> Void) in [
            ("capabilities", { _ = try ClientMessage([1, 1, 1, 0] + Bytes.section(3, [1, 5, 0])) }),
            ("flags", { _ = try ServerMessage([0x82, 7, 0] + Bytes.section(1, [1, 0, 2, 0])) }),
            ("entities", { _ = try ClientMessage([2, 7] + Bytes.section(1, [0, 1, 5, 1, 0, 0, 0, 0])) }),
            ("limits", { _ = try ServerMessage(Bytes.welcome + Bytes.section(1, [0, 0])) }),
            ("table", { _ = try ServerMessage(Bytes.welcome + Bytes.section(2, [0, 0])) }),
            ("rows", { _ = try BatchCopy(Bytes.batch([Bytes.section(2, [0, 1, 9, 0])]), schemas: []) }),
        ] {
            let error = #expect(throws: WireError.self, "\(name)") { try read() }
            #expect(error?.closeCode == .invalidPayload, "\(name)")
        }
    }

    @Test func unknownOperationsAreRefusedAndSoAreSeveral() throws {
        let despawn = Bytes.section(0x86, [1, 0, 0, 0, 1, 0, 0, 0])
        func code(_ sections: [UInt8]) throws -> RefusalCode? {
            guard
                case .refused(.mutate(MutationSequence(1), Self.epoch), let refusal) = try ClientMessage(
                    Bytes.mutate(1, sections))
            else { return nil }
            return refusal.code
        }
        #expect(try code(Bytes.section(0xa0, [1])) == .notSupported)
        // An operation that may be skipped is none.
        #expect(try code(Bytes.section(0x20, [1])) == .undecodable)
        #expect(try code([]) == .undecodable)
        #expect(try code(despawn + despawn) == .notSupported)
        #expect(try code(despawn + Bytes.section(0x84, [1, 0, 0, 0, 1, 0, 0, 0, 0])) == .notSupported)
        #expect(try code(despawn) == nil)
    }

    @Test func entriesOfATableMayHaveMoreAtTheirEnd() throws {
        let entries = [Bytes.entry(3, "A"), Bytes.entry(9, "B")]
        let longer = entries.map { $0 + [0xff, 0xfe] }
        #expect(
            try ServerMessage(Bytes.welcome(entries: longer)) == ServerMessage(Bytes.welcome(entries: entries)))
        let table = { (entries: [[UInt8]]) in
            Bytes.batch([Bytes.section(0x8a, [0, 2] + entries.flatMap { [UInt8($0.count)] + $0 })])
        }
        #expect(try BatchCopy(table(longer), schemas: []) == BatchCopy(table(entries), schemas: []))
        // Less is not enough, nor are flags that announce what is not there.
        #expect(throws: WireError.self) { try ServerMessage(Bytes.welcome(entries: [entries[0].dropLast()])) }
        #expect(throws: WireError.self) { try ServerMessage(Bytes.welcome(entries: [entries[0].dropLast() + [2]])) }
    }

    @Test func unknownFlagsOfAnEntryAreIgnored() throws {
        let entry = { (flags: UInt8) in Bytes.welcome(entries: [Bytes.entry(3, "A").dropLast() + [flags]]) }
        #expect(try ServerMessage(entry(0xe0)) == ServerMessage(entry(0)))
        #expect(try ServerMessage(entry(0xe1)) == ServerMessage(entry(1)))
        #expect(try ServerMessage(entry(1)) != ServerMessage(entry(0)))
    }

    @Test func limitsOfUnknownNumbersAreSkippedAndThoseThatAreMissingHaveTheirDefault() throws {
        func limits(_ content: [UInt8]) throws -> ServerLimits? {
            guard case .welcome(let welcome) = try ServerMessage(Bytes.welcome + Bytes.section(1, content)) else {
                return nil
            }
            return welcome.limits
        }
        #expect(try limits([0]) == ServerLimits())
        var known = ServerLimits()
        known.valueSizeMax = 9
        #expect(try limits([3, 4, 9, 12, 1, 0x63] + Bytes.varint(.max)) == known)
        // More than fits into a number here is as much as does.
        known.valueSizeMax = .max
        #expect(try limits([1, 4] + Bytes.varint(.max)) == known)
        for twice: [UInt8] in [[2, 4, 9, 4, 9], [2, 12, 9, 12, 9], [2, 5, 1, 4, 1], [1, 0, 1]] {
            let error = #expect(throws: WireError.self) { try limits(twice) }
            #expect(error?.closeCode == .invalidPayload)
        }
    }

    @Test(arguments: [50, 100, 255] as [UInt8])
    func unknownCodesAreRefusalsOfAnUnknownKind(code: UInt8) throws {
        let refusal = Refusal(RefusalCode(rawValue: code), "no")
        #expect(
            try ServerMessage([0x82, 7, code, 2, 0x6e, 0x6f])
                == .subscribeResponse(SubscriptionID(7), .refused(refusal)))
        #expect(try ServerMessage([0x83, 7, code, 2, 0x6e, 0x6f]) == .unsubscribeResponse(SubscriptionID(7), refusal))
        #expect(
            try ServerMessage([0x87, 7, code, 2, 0x6e, 0x6f]) == .queryResponse(QueryID(7), .refused(refusal)))
        #expect(
            try ServerMessage([0x88, 7, code, 2, 0x6e, 0x6f]) == .verifyResponse(SubscriptionID(7), .refused(refusal)))
        #expect(
            try ServerMessage([0x86, 1, 7, code, 2, 0x6e, 0x6f, 0])
                == .mutationResponse(MutationSequence(7), .refused(refusal)))
        #expect(refusal.code.description == "refusal \(code)")
        #expect(!RefusalCode.named.contains { $0.code == refusal.code })
    }

    @Test func capabilitiesAscendAndMayBeUnknown() throws {
        let hello = { (content: [UInt8]) in try ClientMessage([1, 1, 1, 0] + Bytes.section(3, content)) }
        let numbers = [0, 1, 1024, UInt32.max]
        #expect(
            try hello([4, 0, 1] + Bytes.varint(1024) + Bytes.varint(UInt64(UInt32.max)))
                == .hello(Hello(clientName: "", capabilities: numbers.map { Capability(rawValue: $0) })))
        for content: [UInt8] in [[2, 1, 1], [2, 2, 1]] {
            let error = #expect(throws: WireError.self) { try hello(content) }
            #expect(error?.closeCode == .invalidPayload)
            #expect(throws: WireError.self) { try ServerMessage(Bytes.welcome + Bytes.section(5, content)) }
        }
    }
}
