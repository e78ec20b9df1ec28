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
        let hello = { ClientMessage.hello(versions: 1...1, clientName: $0, knownSchemas: []) }
        #expect(try ClientMessage(hello("12345").encoded(), limits: limits) == hello("12345"))
        expectRefused("the bytes of a string") { _ = try ClientMessage(hello("123456").encoded(), limits: limits) }
    }

    @Test func knownSchemas() throws {
        let hello = { (count: UInt64) in
            ClientMessage.hello(versions: 1...1, clientName: "", knownSchemas: (0..<count).map { SchemaHash($0) })
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
                == .hello(versions: 1...65_536, clientName: "", knownSchemas: []))
        expectRefused("a version") { _ = try ClientMessage([1, 1] + Bytes.varint(65_537) + [0]) }
        #expect(try ClientMessage([3] + Bytes.varint(1 << 32 - 1)) == .unsubscribe(SubscriptionID(.max)))
        expectRefused("the number of a subscription") { _ = try ClientMessage([3] + Bytes.varint(1 << 32)) }
    }

    @Test func componentsOfAWorld() throws {
        let line: [UInt8] = [1, 0x61] + [UInt8](repeating: 0, count: 8)
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
        _ = try BatchCopy(batch(ValueLimits.sizeMax), schemas: schemas)
        expectRefused("the bytes of a value") { _ = try BatchCopy(batch(ValueLimits.sizeMax + 1), schemas: schemas) }
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
