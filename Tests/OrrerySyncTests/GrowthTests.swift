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

/// Servers and clients of this version among newer ones: what they do not know they skip, or say that they do not know
/// it.
@Suite struct GrowthTests {
    /// Nobody gives these numbers a meaning yet.
    private static let skipped = HandMadeServer.section(99, [1, 2, 3]) + HandMadeServer.section(40, [])
    private static let critical = HandMadeServer.section(0x80 | 99, [1, 2, 3])
    private static let entity = Entity(index: 0, generation: 1)

    // MARK: A newer client

    private func makeJoined() throws -> (JoinedWorld, RawClient) {
        let joined = try JoinedWorld { sync in try sync.register(Health.self, writable: .byClients) }
        joined.world.spawn(Health(current: 1))
        joined.tick()
        return (joined, try joined.connectRaw())
    }

    /// Sends messages, and gives back what came of them.
    private func say(_ messages: [[UInt8]], _ client: RawClient, _ joined: JoinedWorld) throws -> [ServerMessage] {
        for message in messages { client.send(message) }
        joined.deliver()
        joined.tick()
        return try client.takeReceived().map { bytes in
            try bytes.withUnsafeBytes { try ServerMessage(decoding: $0, limits: WireLimits()) }
        }
    }

    private func set(_ sequence: UInt64, _ current: UInt8, _ epoch: Epoch) -> [UInt8] {
        ClientMessage.mutate(
            Mutation(
                sequence: MutationSequence(sequence), epoch: epoch,
                operation: .set(
                    Self.entity, .init(ColumnID(0), [current, 0, 0, 0, 100, 0, 0, 0]), expected: nil))
        ).encoded()
    }

    @Test func aServerSkipsWhatNeedNotBeUnderstood() throws {
        let (joined, client) = try makeJoined()
        let id = SubscriptionID(7)
        let epoch = joined.revision.epoch
        let answers = try say(
            [
                ClientMessage.hello(Hello(clientName: "new")).encoded() + Self.skipped,
                ClientMessage.subscribe(id, .everything).encoded() + Self.skipped,
            ], client, joined)
        #expect(answers.contains(.subscribeResponse(id, .granted(.everything))))
        // The part that comes before the first acknowledgement, which it asks for.
        guard case .syncBatch = answers.last else {
            Issue.record("\(answers)")
            return
        }
        let acknowledged = ClientMessage.acknowledge(Tick.zero, receivedByteCount: 32).encoded() + Self.skipped
        let rest = try say([acknowledged, set(1, 9, epoch) + Self.skipped], client, joined)
        #expect(rest.contains(.mutationResponse(MutationSequence(1), .applied(joined.serverTick, entities: []))))
        #expect(joined.world[Self.entity, Health.self] == Health(current: 9))
        let last = try say([ClientMessage.unsubscribe(id).encoded() + Self.skipped], client, joined)
        #expect(last.contains(.unsubscribeResponse(id, nil)))
        #expect(client.end == nil)
    }

    @Test func aServerRefusesARequestThatItMustUnderstandAndGoesOn() throws {
        let (joined, client) = try makeJoined()
        let (granted, refused) = (SubscriptionID(7), SubscriptionID(8))
        let epoch = joined.revision.epoch
        let reason = "section 99 must be understood, and this server does not know it"
        let refusal = Refusal(.notSupported, reason)
        let answers = try say(
            [
                ClientMessage.hello(Hello(clientName: "new")).encoded(),
                ClientMessage.subscribe(granted, .everything).encoded(),
                ClientMessage.subscribe(refused, .everything).encoded() + Self.critical,
                ClientMessage.unsubscribe(granted).encoded() + Self.critical,
                set(1, 9, epoch) + Self.critical,
                [5, 2] + [UInt8](repeating: 0, count: 8) + HandMadeServer.section(0xa0, [1]),
            ], client, joined)
        #expect(answers.contains(.subscribeResponse(granted, .granted(.everything))))
        #expect(answers.contains(.subscribeResponse(refused, .refused(refusal))))
        #expect(answers.contains(.unsubscribeResponse(granted, refusal)))
        #expect(answers.contains(.mutationResponse(MutationSequence(1), .refused(refusal))))
        // Nothing of them was done.
        #expect(joined.world[Self.entity, Health.self] == Health(current: 1))
        #expect(client.end == nil)
        // A refused mutation is remembered as one; the number of a refused subscription is free again.
        let again = try say(
            [
                set(1, 9, epoch), set(3, 5, epoch),
                ClientMessage.subscribe(refused, .everything).encoded(),
                ClientMessage.unsubscribe(granted).encoded(),
            ], client, joined)
        #expect(again.contains(.mutationResponse(MutationSequence(1), .refused(refusal))))
        #expect(again.contains(.subscribeResponse(refused, .granted(.everything))))
        #expect(again.contains(.unsubscribeResponse(granted, nil)), "it was there to the end")
        #expect(joined.world[Self.entity, Health.self] == Health(current: 5))
        #expect(client.end == nil)
    }

    /// Such a mutation is answered in its turn: another epoch and a sequence that is forgotten come first.
    @Test func aMutationThatIsNotUnderstoodIsStillOneOfItsClient() throws {
        let (joined, client) = try makeJoined()
        let epoch = joined.revision.epoch
        let answers = try say(
            [
                ClientMessage.hello(Hello(clientName: "new")).encoded(), set(1, 9, Epoch(77)) + Self.critical,
                set(1, 9, epoch) + Self.critical, set(1, 9, epoch),
            ], client, joined)
        let codes = answers.flatMap(\.answers).compactMap { answer -> RefusalCode? in
            guard answer.sequence == MutationSequence(1), case .refused(let refusal) = answer.outcome else {
                return nil
            }
            return refusal.code
        }
        #expect(codes == [.outcomeUnknown, .notSupported, .notSupported])
    }

    @Test func aServerClosesForAnyOtherMessageThatItMustUnderstand() throws {
        let hello = ClientMessage.hello(Hello(clientName: "new")).encoded()
        for messages in [
            [hello + Self.critical],
            [hello, ClientMessage.acknowledge(.zero, receivedByteCount: 0).encoded() + Self.critical],
        ] {
            let (joined, client) = try makeJoined()
            _ = try say(messages, client, joined)
            #expect(client.end?.code == 4006)
            #expect(client.end?.reason.contains("section 99 must be understood") == true)
            #expect(joined.sessionCount == 0)
        }
    }

    @Test func unknownCapabilitiesAreIgnored() throws {
        let (joined, client) = try makeJoined()
        let able = Hello(clientName: "new", capabilities: [1, 500, 1024, .max].map { Capability(rawValue: $0) })
        let answers = try say(
            [
                ClientMessage.hello(able).encoded(),
                ClientMessage.subscribe(SubscriptionID(7), .everything).encoded(),
            ], client, joined)
        guard case .welcome(let welcome)? = answers.first else {
            Issue.record("no Welcome")
            return
        }
        #expect(welcome.capabilities == [], "this version has none")
        #expect(answers.contains(.subscribeResponse(SubscriptionID(7), .granted(.everything))))
        #expect(client.end == nil)
    }

    // MARK: A newer server

    private let position = ComponentTable.Entry(HandMadeServer.position, HandMadeServer.positionSchema)

    /// A Welcome in which much is new: limits, an entry that is longer, flags, capabilities, sections.
    private func newWelcome(_ rest: [UInt8] = []) -> [UInt8] {
        var entry: [UInt8] = [0, 8] + Array("Position".utf8)
        entry += withUnsafeBytes(of: position.schemaHash.rawValue.littleEndian) { Array($0) }
        entry += [9, 0xe1, 0xff, 0xfe]
        return [0x81, 1] + [UInt8](repeating: 7, count: 8) + [1, 0xe8, 7]
            + HandMadeServer.section(1, [2, 9, 5, 99, 1]) + Self.skipped
            + HandMadeServer.section(2, [1, UInt8(entry.count)] + entry)
            + HandMadeServer.section(5, [2, 1, 99]) + HandMadeServer.section(3, HandMadeServer.positionSchema.encoded)
            + rest
    }

    @Test func aClientSkipsWhatNeedNotBeUnderstood() throws {
        let server = try RawServer()
        server.send(newWelcome())
        #expect(server.end == nil)
        let id = try #require(server.client.subscribe(["Position"]))
        server.deliver()
        server.send(ServerMessage.subscribeResponse(id, .granted(.everything)).encoded() + Self.skipped)
        let enter = HandMadeServer.section(4, [0, 1, 0, 1, 0, 0, 0])
        let values = HandMadeServer.section(7, [0, 0, 1, 0] + HandMadeServer.floats(1, 2))
        let started = HandMadeServer.section(1, [1, UInt8(id.rawValue)])
        server.send([0x84, 0, 1, 1, 1, 0] + Self.skipped + started + enter + Self.skipped + values + Self.skipped)
        #expect(server.client.contents.entities == [Self.entity: ["Position": HandMadeServer.floats(1, 2)]])
        server.send(ServerMessage.heartbeat(Tick(5), isCurrent: true).encoded() + Self.skipped)
        #expect(server.client.tick == Tick(5))
        let outcomes = MutationTests.Outcomes()
        server.client.mutate(.despawn(Self.entity), outcomes.take)
        server.deliver()
        server.send(
            ServerMessage.mutationResponse(MutationSequence(1), .applied(Tick(6), entities: [])).encoded()
                + Self.skipped)
        #expect(outcomes.all == [.applied(Tick(6), entities: [])])
        server.client.unsubscribe(id)
        server.deliver()
        server.send(ServerMessage.unsubscribeResponse(id, nil).encoded() + Self.skipped)
        #expect(server.client.contents.entities.isEmpty)
        #expect(server.end == nil && server.client.end == nil)
        let welcome = try #require(server.client.session.withCore(\.welcome))
        #expect(welcome.capabilities == [1, 99].map { Capability(rawValue: $0) })
        #expect(welcome.limits.subscriptionCountMax == 5 && welcome.limits.windowTickCount == 64)
    }

    @Test func aClientClosesForWhatItMustUnderstandAndSaysWhich() throws {
        let batch: [UInt8] = [0x84, 0, 1, 1, 1, 0]
        for message in [
            newWelcome(Self.critical), batch + Self.critical,
            ServerMessage.heartbeat(Tick(5), isCurrent: true).encoded() + Self.critical,
            ServerMessage.subscribeResponse(SubscriptionID(1), .granted(.everything)).encoded() + Self.critical,
            ServerMessage.unsubscribeResponse(SubscriptionID(1), nil).encoded() + Self.critical,
            ServerMessage.mutationResponse(MutationSequence(1), .applied(Tick(1), entities: [])).encoded()
                + Self.critical,
        ] {
            let server = try RawServer()
            if message[0] != 0x81 { server.send(newWelcome()) }
            server.client.subscribe()
            server.send(message)
            #expect(server.end?.code == 4006)
            #expect(server.client.end?.code == .protocolViolation)
            #expect(server.client.end?.message.contains("section 99 must be understood") == true)
        }
    }

    @Test(arguments: [14, 77, 255] as [UInt8])
    func aRefusalOfAnUnknownKindIsARefusal(code: UInt8) throws {
        let server = try RawServer()
        server.send(newWelcome())
        let refusal = Refusal(RefusalCode(rawValue: code), "a reason of the future")
        let errors = Errors()
        let id = server.client.session.subscribe(.everything) { result in
            if case .failure(let error) = result { errors.append(error) }
        }
        let outcomes = MutationTests.Outcomes()
        server.client.mutate(.despawn(Self.entity), outcomes.take)
        server.deliver()
        server.send(ServerMessage.subscribeResponse(try #require(id), .refused(refusal)).encoded())
        server.send(ServerMessage.mutationResponse(MutationSequence(1), .refused(refusal)).encoded())
        #expect(errors.all.map(\.code) == [.refused])
        #expect(errors.all.first?.message == "a reason of the future")
        #expect(outcomes.all == [.refused(refusal)])
        #expect(server.end == nil && server.client.end == nil)
    }
}
