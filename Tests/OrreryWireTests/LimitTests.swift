import OrreryQuery
import OrrerySchema
import OrreryStore
import OrreryTransport
import OrreryWire
import Testing

/// Each limit holds at its number, and one beyond it the message is refused by its name.
@Suite struct LimitTests {
    private var limits: WireLimits {
        var limits = WireLimits()
        limits.componentCountMax = 3
        limits.clientNameSizeMax = 5
        limits.reasonSizeMax = 5
        limits.knownSchemaCountMax = 3
        limits.subscriptionCountMax = 3
        limits.tokenSizeMax = 3
        limits.queryEntityCountMax = 3
        limits.capabilityCountMax = 3
        limits.mutationPartCountMax = 3
        return limits
    }

    private func expectRefused(
        _ name: String, _ read: () throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let error = #expect(throws: WireError.self, sourceLocation: sourceLocation) { try read() }
        #expect(error?.closeCode == .policyViolation, sourceLocation: sourceLocation)
        #expect(error?.message.contains(name) == true, "\(error?.message ?? "")", sourceLocation: sourceLocation)
    }

    @Test func clientName() throws {
        let hello = { ClientMessage.hello(Hello(versions: 1...1, clientName: $0, knownSchemas: [])) }
        #expect(try ClientMessage(hello("12345").encoded(), limits: limits) == hello("12345"))
        expectRefused("the bytes of a string") { _ = try ClientMessage(hello("123456").encoded(), limits: limits) }
    }

    @Test func knownSchemas() throws {
        let hello = { (count: UInt64) in
            ClientMessage.hello(
                Hello(versions: 1...1, clientName: "", knownSchemas: (0..<count).map { SchemaHash($0) }))
        }
        #expect(try ClientMessage(hello(3).encoded(), limits: limits) == hello(3))
        expectRefused("known schemas") { _ = try ClientMessage(hello(4).encoded(), limits: limits) }
    }

    @Test func capabilities() throws {
        let numbers = { (count: UInt32) in (0..<count).map { Capability(rawValue: $0) } }
        let hello = { (count: UInt32) in ClientMessage.hello(Hello(clientName: "", capabilities: numbers(count))) }
        #expect(try ClientMessage(hello(3).encoded(), limits: limits) == hello(3))
        expectRefused("capabilities") { _ = try ClientMessage(hello(4).encoded(), limits: limits) }
        let welcome = { (count: UInt8) in Bytes.welcome + Bytes.section(5, [count] + (0..<count)) }
        _ = try ServerMessage(welcome(3), limits: limits)
        expectRefused("capabilities") { _ = try ServerMessage(welcome(4), limits: limits) }
        // A number of more than 32 bits.
        expectRefused("a capability") {
            _ = try ClientMessage([1, 1, 1, 0] + Bytes.section(3, [1] + Bytes.varint(1 << 32)))
        }
    }

    @Test func entitiesOfASubscription() throws {
        let subscribe = { (count: UInt32) in
            ClientMessage.subscribe(
                SubscriptionID(1),
                QueryRequest("", entities: (0..<count).map { Entity(index: $0 * 5, generation: 1) }))
        }
        #expect(try ClientMessage(subscribe(3).encoded(), limits: limits) == subscribe(3))
        expectRefused("queryEntityCountMax") { _ = try ClientMessage(subscribe(4).encoded(), limits: limits) }
        // Also where a bitmap says many in few bytes.
        expectRefused("queryEntityCountMax") {
            let rows: [UInt8] = [1, 16, 0, 2, 0xff, 0xff]
            _ = try ClientMessage(
                [2, 1] + Bytes.section(0x81, rows + [UInt8](repeating: 1, count: 64)), limits: limits)
        }
        let last = WireLimits().entityIndexMax - 1
        let one = ClientMessage.subscribe(
            SubscriptionID(1), QueryRequest("", entities: [Entity(index: last, generation: 1)]))
        #expect(try ClientMessage(one.encoded()) == one)
        expectRefused("entity index") {
            let beyond = QueryRequest("", entities: [Entity(index: last + 1, generation: 1)])
            _ = try ClientMessage(ClientMessage.subscribe(SubscriptionID(1), beyond).encoded())
        }
    }

    @Test func componentsOfAQuery() throws {
        let granted = { (columns: [Int]) in
            ServerMessage.subscribeResponse(
                SubscriptionID(1),
                .granted(
                    GrantedQuery(QueryNumber(1), shown: .listed(columns.map(ColumnID.init)), tellsMembers: true)))
        }
        #expect(try ServerMessage(granted([0, 1, 2]).encoded(), limits: limits) == granted([0, 1, 2]))
        expectRefused("a component's number") { _ = try ServerMessage(granted([3]).encoded(), limits: limits) }
        expectRefused("the components of a query") {
            _ = try ServerMessage(granted([0, 1, 2, 3]).encoded(), limits: limits)
        }
    }

    @Test func versionsAndSubscriptionsAreNumbersOfTheirSize() throws {
        #expect(
            try ClientMessage([1, 1] + Bytes.varint(65_536) + [0])
                == .hello(Hello(versions: 1...65_536, clientName: "", knownSchemas: [])))
        expectRefused("a version") { _ = try ClientMessage([1, 1] + Bytes.varint(65_537) + [0]) }
        #expect(try ClientMessage([3] + Bytes.varint(1 << 32 - 1)) == .unsubscribe(SubscriptionID(.max)))
        expectRefused("the number of a subscription") { _ = try ClientMessage([3] + Bytes.varint(1 << 32)) }
    }

    @Test func componentsOfAWorld() throws {
        let welcome = { (count: UInt8) in
            Bytes.welcome(entries: (0..<count).map { Bytes.entry($0, "C\($0)") })
        }
        guard case .welcome(let read) = try ServerMessage(welcome(3), limits: limits) else {
            Issue.record("no Welcome")
            return
        }
        #expect(read.components.map(\.name) == ["C0", "C1", "C2"])
        expectRefused("components") { _ = try ServerMessage(welcome(4), limits: limits) }
        let far = { (number: UInt8) in Bytes.welcome(entries: [Bytes.entry(number, "C")]) }
        _ = try ServerMessage(far(2), limits: limits)
        expectRefused("a component's number") { _ = try ServerMessage(far(3), limits: limits) }
    }

    @Test func componentsThatComeWithABatch() throws {
        let batch = { (numbers: Range<UInt8>) in
            let entries = numbers.map { Bytes.entry($0, "C\($0)") }
            return Bytes.batch([
                Bytes.section(0x8a, [0, UInt8(entries.count)] + entries.flatMap { [UInt8($0.count)] + $0 })
            ])
        }
        _ = try BatchCopy(batch(0..<3), schemas: [], limits: limits)
        expectRefused("components") { _ = try BatchCopy(batch(0..<4), schemas: [], limits: limits) }
        expectRefused("components") {
            _ = try BatchCopy(Bytes.batch([Bytes.section(0x8a, [4, 0, 1, 2, 3, 0])]), schemas: [], limits: limits)
        }
    }

    @Test func whatAnEntrySaysOfValues() throws {
        let head: [UInt8] = [0, 1, 0x61] + [UInt8](repeating: 0, count: 8)
        let size = UInt64(SchemaLimits().fixedSizeMax)
        let form = { (form: UInt64) in Bytes.welcome(entries: [head + Bytes.varint(form) + [0]]) }
        _ = try ServerMessage(form(size + 1))
        expectRefused("the size of a value") { _ = try ServerMessage(form(size + 2)) }
        let value = { (count: Int) in
            Bytes.welcome(entries: [
                head + [0, 2] + Bytes.varint(UInt64(count)) + [UInt8](repeating: 0, count: count)
            ])
        }
        _ = try ServerMessage(value(WireLimits().valueSizeMax))
        expectRefused("the bytes of a value") { _ = try ServerMessage(value(WireLimits().valueSizeMax + 1)) }
        let name = { (count: Int) in
            Bytes.welcome(entries: [
                [0] + Bytes.varint(UInt64(count)) + [UInt8](repeating: 0x61, count: count)
                    + [UInt8](repeating: 0, count: 10)
            ])
        }
        _ = try ServerMessage(name(128))
        expectRefused("the bytes of a string") { _ = try ServerMessage(name(129)) }
    }

    @Test func schemasOfAWelcome() throws {
        let schema = Bytes.section(3, try Golden.schemas[2].encoded)
        let welcome = { (count: Int) in Bytes.welcome + (0..<count).flatMap { _ in schema } }
        _ = try ServerMessage(welcome(3), limits: limits)
        expectRefused("schemas") { _ = try ServerMessage(welcome(4), limits: limits) }
    }

    @Test func reasons() throws {
        let refusal = { ServerMessage.subscribeResponse(SubscriptionID(1), .refused(Refusal(.limitReached, $0))) }
        #expect(try ServerMessage(refusal("12345").encoded(), limits: limits) == refusal("12345"))
        expectRefused("the bytes of a string") { _ = try ServerMessage(refusal("123456").encoded(), limits: limits) }
    }

    @Test func limitsThatAreTold() throws {
        let welcome = { (count: UInt8) in
            Bytes.welcome + Bytes.section(1, [count] + (0..<count).flatMap { [$0 + 100, 1] })
        }
        _ = try ServerMessage(welcome(20))
        let many = Bytes.welcome + Bytes.section(1, [65] + (1...65).flatMap { [$0, 1] })
        expectRefused("limits") { _ = try ServerMessage(many) }
    }

    @Test func tokens() throws {
        let hello = { (size: Int) in
            let token = [UInt8](repeating: 7, count: size)
            return ClientMessage.hello(
                Hello(clientName: "", resume: .init(revision: Revision(epoch: Epoch(1), tick: .zero), token: token)))
        }
        #expect(try ClientMessage(hello(3).encoded(), limits: limits) == hello(3))
        expectRefused("the bytes of a token") { _ = try ClientMessage(hello(4).encoded(), limits: limits) }
        let welcome = { (size: UInt8) in
            Bytes.welcome + Bytes.section(4, [size] + [UInt8](repeating: 7, count: Int(size)) + [0, 0, 0, 0, 1, 3])
        }
        _ = try ServerMessage(welcome(3), limits: limits)
        expectRefused("the bytes of a token") { _ = try ServerMessage(welcome(4), limits: limits) }
    }

    @Test func subscriptionsThatGoOn() throws {
        let hello = { (count: UInt32) in
            ClientMessage.hello(
                Hello(
                    clientName: "",
                    resume: .init(
                        revision: Revision(epoch: Epoch(1), tick: .zero), token: [],
                        subscriptions: (0..<count).map { .init(SubscriptionID($0), .everything) })))
        }
        #expect(try ClientMessage(hello(3).encoded(), limits: limits) == hello(3))
        expectRefused("subscriptions") { _ = try ClientMessage(hello(4).encoded(), limits: limits) }
    }

    private func mutate(_ operation: Mutation.Operation) -> ClientMessage {
        .mutate(Mutation(sequence: MutationSequence(1), epoch: Epoch(1), operation: operation))
    }

    @Test func partsOfAMutation() throws {
        let entity = Entity(index: 1, generation: 1)
        let spawn = { mutate(.spawn((0..<$0).map { _ in .init(ColumnID(0), []) })) }
        #expect(try ClientMessage(spawn(3).encoded(), limits: limits) == spawn(3))
        expectRefused("the components of a spawn") { _ = try ClientMessage(spawn(4).encoded(), limits: limits) }
        let patch = { mutate(.patch(entity, ColumnID(0), (0..<$0).map { .init(path: [$0], bytes: []) })) }
        #expect(try ClientMessage(patch(3).encoded(), limits: limits) == patch(3))
        expectRefused("the fields of a patch") { _ = try ClientMessage(patch(4).encoded(), limits: limits) }
        let fields = { (count: Int) in
            mutate(.insert(entity, .init(ColumnID(0), .fields((0..<count).map { .init(path: [$0], bytes: []) }))))
        }
        #expect(try ClientMessage(fields(3).encoded(), limits: limits) == fields(3))
        expectRefused("the fields of a new component") {
            _ = try ClientMessage(fields(4).encoded(), limits: limits)
        }
        let path = { [Int](repeating: 0, count: $0) }
        for make: ([Int]) -> Mutation.Operation in [
            { .patch(entity, ColumnID(0), [.init(path: $0, bytes: [])]) },
            { .insert(entity, .init(ColumnID(0), .fields([.init(path: $0, bytes: [])]))) },
            { .spawn([.init(ColumnID(0), .fields([.init(path: $0, bytes: [])]))]) },
        ] {
            #expect(try ClientMessage(mutate(make(path(16))).encoded()) == mutate(make(path(16))))
            expectRefused("the depth of a field") { _ = try ClientMessage(mutate(make(path(17))).encoded()) }
        }
    }

    @Test func bytesOfAMutation() throws {
        let entity = Entity(index: 1, generation: 1)
        let bytes = { (size: Int) in [UInt8](repeating: 0, count: size) }
        let at = bytes(WireLimits().valueSizeMax)
        let beyond = bytes(WireLimits().valueSizeMax + 1)
        for make: ([UInt8]) -> Mutation.Operation in [
            { .insert(entity, .init(ColumnID(0), $0)) }, { .spawn([.init(ColumnID(0), $0)]) },
            { .insert(entity, .init(ColumnID(0), .fields([.init(path: [0], bytes: $0)]))) },
            { .set(entity, .init(ColumnID(0), $0), expected: nil) },
            { .set(entity, .init(ColumnID(0), []), expected: $0) },
            { .patch(entity, ColumnID(0), [.init(path: [], bytes: $0)]) },
            { .patch(entity, ColumnID(0), [.init(path: [], bytes: [], expected: $0)]) },
        ] {
            #expect(try ClientMessage(mutate(make(at)).encoded()) == mutate(make(at)))
            expectRefused("the bytes of a value") { _ = try ClientMessage(mutate(make(beyond)).encoded()) }
        }
    }

    @Test func bytesOfAnOutcome() throws {
        var wide = WireLimits()
        wide.valueSizeMax = .max
        wide.reasonSizeMax = .max
        func refused(_ reason: String, _ size: Int?) -> ServerMessage {
            .mutationResponse(
                MutationSequence(1),
                .refused(
                    Refusal(.compareFailed, reason, current: size.map { [UInt8](repeating: 0, count: $0) })))
        }
        let at = refused("12345", limits.valueSizeMax)
        #expect(try ServerMessage(at.encoded(), limits: limits) == at)
        expectRefused("the bytes of a value") {
            _ = try ServerMessage(refused("", limits.valueSizeMax + 1).encoded(wide), limits: limits)
        }
        expectRefused("the bytes of a string") {
            _ = try ServerMessage(refused("123456", nil).encoded(wide), limits: limits)
        }
    }

    @Test func whatAMutationMayNotSayIsRefused() throws {
        let entity: [UInt8] = [1, 0, 0, 0, 1, 0, 0, 0]
        let despawn = Bytes.section(0x86, entity)
        _ = try ClientMessage(Bytes.mutate(1, despawn))
        for (name, bytes): (String, [UInt8]) in [
            ("sequence 0", Bytes.mutate(0, despawn)),
            ("a flag of 2", Bytes.mutate(1, Bytes.section(0x81, entity + [0, 0, 2, 0]))),
            ("a form of 2", Bytes.mutate(1, Bytes.section(0x83, entity + [0, 2, 0]))),
            ("left over", Bytes.mutate(1, Bytes.section(0x86, entity + [0]))),
            ("cut short", Bytes.mutate(1, Bytes.section(0x86, entity.dropLast()))),
        ] {
            let error = #expect(throws: WireError.self, "\(name)") { try ClientMessage(bytes) }
            #expect(error?.closeCode == .invalidPayload, "\(name)")
        }
        for (name, bytes): (String, [UInt8]) in [
            ("entities announced", [0x86, 1, 1, 0, 1, 1]), ("a flag of 2", [0x86, 1, 1, 9, 0, 2]),
            ("no outcome", [0x86, 0]),
            ("resumption 5", Bytes.welcome + Bytes.section(4, [0, 5, 0, 0, 0, 1, 3])),
            ("a session too short", Bytes.welcome + Bytes.section(4, [0, 0, 0, 0, 0, 1])),
            ("a session too long", Bytes.welcome + Bytes.section(4, [0, 0, 0, 0, 0, 1, 3, 0])),
        ] {
            let error = #expect(throws: WireError.self, "\(name)") { try ServerMessage(bytes) }
            #expect(error?.closeCode == .invalidPayload, "\(name)")
        }
    }

    @Test func startedSubscriptions() throws {
        let batch = { (count: UInt8) in Bytes.batch([Bytes.section(1, [count] + (0..<count))]) }
        #expect(
            try BatchCopy(batch(3), schemas: [], limits: limits).sections
                == [.started([SubscriptionID(0), SubscriptionID(1), SubscriptionID(2)])])
        expectRefused("subscriptions") { _ = try BatchCopy(batch(4), schemas: [], limits: limits) }
    }

    @Test func bytesOfAValue() throws {
        let schemas = try Golden.schemas
        let batch = { (size: Int) in
            Bytes.batch([
                Bytes.section(7, [1, 0, 1, 0] + Bytes.varint(UInt64(size)) + [UInt8](repeating: 0, count: size))
            ])
        }
        _ = try BatchCopy(batch(WireLimits().valueSizeMax), schemas: schemas)
        expectRefused("the bytes of a value") {
            _ = try BatchCopy(batch(WireLimits().valueSizeMax + 1), schemas: schemas)
        }
    }

    @Test func aComponentThatTheTableDoesNotHaveIsRefused() throws {
        let schemas = try Golden.schemas
        let batch = { Bytes.batch([Bytes.section(6, [$0, 0, 1, 0])]) }
        _ = try BatchCopy(batch(2), schemas: schemas)
        let error = #expect(throws: WireError.self) { try BatchCopy(batch(3), schemas: schemas) }
        #expect(error?.closeCode == .invalidPayload)
    }

    @Test func theBaseLiesNotBeforeTickZero() throws {
        #expect(try BatchCopy([0x84, 0, 5, 5, 1, 0], schemas: []).head.base == .zero)
        #expect(throws: WireError.self) { try BatchCopy([0x84, 0, 5, 6, 1, 0], schemas: []) }
    }
}
