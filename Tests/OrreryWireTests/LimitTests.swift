import OrrerySchema
import OrreryStore
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
        // Two sections do not help.
        let twice = hello(2).encoded() + hello(2).encoded().dropFirst(4)
        expectRefused("known schemas") { _ = try ClientMessage(twice, limits: limits) }
    }

    @Test func componentsOfASubscription() throws {
        let id = SubscriptionID(1)
        let subscribe = { (columns: [Int]) in
            ClientMessage.subscribe(id, Selection(components: .some(columns.map(ColumnID.init))))
        }
        #expect(try ClientMessage(subscribe([0, 1, 2]).encoded(), limits: limits) == subscribe([0, 1, 2]))
        expectRefused("a component's number") { _ = try ClientMessage(subscribe([3]).encoded(), limits: limits) }
        expectRefused("the components of a subscription") {
            _ = try ClientMessage(subscribe([0, 1, 2, 3]).encoded(), limits: limits)
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
        let line: [UInt8] = [1, 0x61] + [UInt8](repeating: 0, count: 9)
        let welcome = { (count: Int) in
            Bytes.welcome + Bytes.section(1, [UInt8(count)] + (0..<count).flatMap { _ in line })
        }
        guard case .welcome(let read) = try ServerMessage(welcome(3), limits: limits) else {
            Issue.record("no Welcome")
            return
        }
        #expect(read.components.count == 3)
        expectRefused("components") { _ = try ServerMessage(welcome(4), limits: limits) }
        let twice = welcome(2) + Bytes.section(1, [2] + line + line)
        expectRefused("components") { _ = try ServerMessage(twice, limits: limits) }
    }

    @Test func schemasOfAWelcome() throws {
        let schema = Bytes.section(2, try Golden.schemas[2].encoded)
        let welcome = { (count: Int) in Bytes.welcome + (0..<count).flatMap { _ in schema } }
        _ = try ServerMessage(welcome(3), limits: limits)
        expectRefused("schemas") { _ = try ServerMessage(welcome(4), limits: limits) }
    }

    @Test func reasons() throws {
        let refusal = { ServerMessage.subscribeResponse(SubscriptionID(1), Refusal(.limitReached, $0)) }
        #expect(try ServerMessage(refusal("12345").encoded(), limits: limits) == refusal("12345"))
        expectRefused("the bytes of a string") { _ = try ServerMessage(refusal("123456").encoded(), limits: limits) }
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
            Bytes.welcome + Bytes.section(3, [size] + [UInt8](repeating: 7, count: Int(size)) + [0, 0, 0, 0])
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
                        subscriptions: (0..<count).map { .init(SubscriptionID($0), Selection()) })))
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
        #expect(try ClientMessage(spawn(64).encoded()) == spawn(64))
        expectRefused("the components of a spawn") { _ = try ClientMessage(spawn(65).encoded()) }
        let patch = { mutate(.patch(entity, ColumnID(0), (0..<$0).map { .init(path: [$0], bytes: []) })) }
        #expect(try ClientMessage(patch(64).encoded()) == patch(64))
        expectRefused("the fields of a patch") { _ = try ClientMessage(patch(65).encoded()) }
        let path = {
            mutate(.patch(entity, ColumnID(0), [.init(path: [Int](repeating: 0, count: $0), bytes: [])]))
        }
        #expect(try ClientMessage(path(16).encoded()) == path(16))
        expectRefused("the depth of a field") { _ = try ClientMessage(path(17).encoded()) }
    }

    @Test func bytesOfAMutation() throws {
        let entity = Entity(index: 1, generation: 1)
        let bytes = { (size: Int) in [UInt8](repeating: 0, count: size) }
        let at = bytes(WireLimits().valueSizeMax)
        let beyond = bytes(WireLimits().valueSizeMax + 1)
        for make: ([UInt8]) -> Mutation.Operation in [
            { .insert(entity, .init(ColumnID(0), $0)) }, { .spawn([.init(ColumnID(0), $0)]) },
            { .set(entity, .init(ColumnID(0), $0), expected: nil) },
            { .set(entity, .init(ColumnID(0), []), expected: $0) },
            { .patch(entity, ColumnID(0), [.init(path: [], bytes: $0)]) },
            { .patch(entity, ColumnID(0), [.init(path: [], bytes: [], expected: $0)]) },
        ] {
            #expect(try ClientMessage(mutate(make(at)).encoded()) == mutate(make(at)))
            expectRefused("the bytes of a value") { _ = try ClientMessage(mutate(make(beyond)).encoded()) }
        }
        let refused = {
            ServerMessage.mutationResponse(
                MutationSequence(1), .refused(MutationRefusal(.compareFailed, "12345", current: $0)))
        }
        #expect(try ServerMessage(refused(at).encoded(), limits: limits) == refused(at))
        expectRefused("the bytes of a value") { _ = try ServerMessage(refused(beyond).encoded(), limits: limits) }
        let reason = ServerMessage.mutationResponse(
            MutationSequence(1), .refused(MutationRefusal(.forbidden, "123456")))
        expectRefused("the bytes of a string") { _ = try ServerMessage(reason.encoded(), limits: limits) }
    }

    @Test func whatAMutationMayNotSayIsRefused() throws {
        let epoch = [UInt8](repeating: 0, count: 8)
        let entity: [UInt8] = [1, 0, 0, 0, 1, 0, 0, 0]
        _ = try ClientMessage([5, 1] + epoch + [6] + entity)
        for (name, bytes): (String, [UInt8]) in [
            ("sequence 0", [5, 0] + epoch + [6] + entity), ("operation 0", [5, 1] + epoch + [0] + entity),
            ("operation 7", [5, 1] + epoch + [7] + entity),
            ("a flag of 2", [5, 1] + epoch + [1] + entity + [0, 0, 2, 0]),
        ] {
            let error = #expect(throws: WireError.self, "\(name)") { try ClientMessage(bytes) }
            #expect(error?.closeCode == .invalidPayload, "\(name)")
        }
        for (name, bytes): (String, [UInt8]) in [
            ("code 10", [0x86, 1, 10, 0, 0]), ("a flag of 2", [0x86, 1, 0, 1, 2]),
            ("resumption 4", Bytes.welcome + Bytes.section(3, [0, 4, 0, 0, 0])),
            ("a session too short", Bytes.welcome + Bytes.section(3, [0, 0, 0, 0])),
            ("a session too long", Bytes.welcome + Bytes.section(3, [0, 0, 0, 0, 0, 0])),
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
        #expect(try BatchCopy([0x84, 5, 5, 1, 0], schemas: []).head.base == .zero)
        #expect(throws: WireError.self) { try BatchCopy([0x84, 5, 6, 1, 0], schemas: []) }
    }
}
