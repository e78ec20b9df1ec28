import Foundation
import OrrerySchema
import OrreryStore
import OrrerySync
import OrreryTransport
import OrreryWire
import Testing

/// The worked example of docs/PROTOCOL.md is what a server and a client really say to each other.
@Suite struct WorkedExampleTests {
    private struct Message: Equatable {
        var name: String
        var bytes: [UInt8]
    }

    private let page: String
    /// The blocks of the page: the conversation, in five pieces, a batch in two parts, and another conversation, in
    /// three pieces.
    private let blocks: [[Message]]
    private let store: ComponentStore
    private let position = ColumnID(0)
    private let label = ColumnID(1)

    init() throws {
        let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        page = try String(contentsOf: package.appending(path: "docs/PROTOCOL.md"), encoding: .utf8)
        blocks = try page.components(separatedBy: "```hex\n").dropFirst().map { block in
            try block.components(separatedBy: "```")[0].split(separator: "\n").reduce(into: []) { messages, line in
                if line.hasPrefix("@ ") {
                    messages.append(Message(name: String(line.dropFirst(2)), bytes: []))
                } else {
                    let bytes = line.prefix { $0 != "#" }.split(separator: " ")
                    messages[messages.count - 1].bytes += try bytes.map { try #require(UInt8($0, radix: 16)) }
                }
            }
        }
        let positionSchema = try ComponentSchema(
            name: "Position",
            type: .structure([Field("x", .scalar(.float), unit: "m"), Field("y", .scalar(.float), unit: "m")]))
        let labelSchema = try ComponentSchema(name: "Label", type: .structure([Field("text", .string)]))
        store = ComponentStore(
            ComponentTable([
                .init(position, positionSchema, isWritable: true, defaultValue: [0, 0, 0, 0, 0, 0, 0, 0]),
                .init(label, labelSchema, defaultValue: [0]),
            ]))
    }

    private func set(_ index: UInt32, _ x: Float, _ y: Float) {
        var writer = ByteWriter()
        writer.append(integer: x.bitPattern)
        writer.append(integer: y.bitPattern)
        store[position].set(index, to: writer.bytes, at: store.tick)
    }

    private func set(_ index: UInt32, _ text: String) {
        var writer = ByteWriter()
        writer.append(string: text)
        store[label].set(index, to: writer.bytes, at: store.tick)
    }

    /// The world of the page at tick 200.
    private func begin() {
        store.advance(to: Tick(200))
        store.spawn(Entity(index: 0, generation: 1))
        store.spawn(Entity(index: 2, generation: 1))
        store.spawn(Entity(index: 3, generation: 4))
        set(0, 1, 2)
        set(2, 3, -4)
        set(3, "Grüße")
    }

    /// Its tick 201.
    private func goOn() {
        store.advance(to: Tick(201))
        store.despawn(Entity(index: 2, generation: 1))
        store.spawn(Entity(index: 4, generation: 1))
        store[label].remove(3, at: store.tick)
        set(4, 0, 0.5)
        set(0, 1.5, 2)
        set(0, "hi")
    }

    @Test func thePageNamesTheLimitsOfAServer() {
        let server = SyncServerConfiguration()
        for (name, value) in [
            ("clientMessageSizeMax`", "\(server.clientMessageSizeMax)"), ("windowSize`", "\(server.windowSize)"),
            ("windowTickCount`", "\(server.windowTickCount)"),
            ("catchUpSizePerTick`", "\(server.catchUpSizePerTick)"), ("wholeSizeMax`", "\(server.wholeSizeMax)"),
            ("mutationRateMax`", "\(server.mutationRateMax)"), ("requestRateMax`", "\(server.requestRateMax)"),
            ("rememberedValueSizeMax`", "\(server.rememberedValueSizeMax)"),
            ("stagedSizeMax`", "\(SyncClientConfiguration().stagedSizeMax)"),
            ("storeSizeMax`", "\(SyncClientConfiguration().storeSizeMax)"),
            ("clientCountMax`", "\(server.clientCountMax)"),
            ("pendingMutationMax`", "\(server.pendingMutationMax)"),
            ("clientRetention`", "\(server.clientRetention.components.seconds) s"),
            ("silenceTimeout` of the server", "\(server.silenceTimeout.components.seconds) s"),
            ("handshakeTimeout`", "\(server.handshakeTimeout.components.seconds) s"),
            ("queryRowCountMax`", "\(server.queryRowCountMax)"),
            ("queryAnswerSizeMax`", "\(server.queryAnswerSizeMax)"),
            ("waitingQueryMax`", "\(server.waitingQueryMax)"),
            ("queryWaitMax`", "\(server.queryWaitMax.components.seconds) s"),
            ("heartbeatInterval`", "\(server.heartbeatInterval.components.seconds) s"),
        ] {
            #expect(page.contains("| `\(name) | \(value) |"), "\(name) with \(value)")
        }
    }

    /// A server and a client of the real kind, and what they said to each other since it was last asked.
    private struct Conversation: ~Copyable {
        var server: SyncServer
        var client = SyncClient(clientName: "page")
        var session = SessionID(1)
        private(set) var requests: [MutationRequest] = []

        init(_ store: ComponentStore) {
            server = SyncServer(
                store: store, epoch: Epoch(0x1122_3344_5566_7788), configuration: SyncServerConfiguration(),
                makeRandom: { 0x0102_0304_0506_0708 })
            server.open(session, now: .zero)
        }

        /// Carries messages to and fro until nobody has anything to say.
        /// - Returns: what was said.
        mutating func deliver(at now: Duration = .zero) -> [Message] {
            var said: [Message] = []
            var isQuiet = false
            while !isQuiet {
                isQuiet = true
                for message in client.takeOutgoing() {
                    said.append(Message(name: "> " + Self.name(message), bytes: message))
                    message.withUnsafeBytes { server.receive($0, from: session, now: now) }
                    isQuiet = false
                }
                for action in server.takeActions() {
                    switch action {
                    case .broadcast(let frame, _), .send(let frame, _):
                        let message = frame.bytes
                        said.append(Message(name: "< " + Self.name(message), bytes: message))
                        for case .failed(let error) in message.withUnsafeBytes({ client.receive($0) }) {
                            Issue.record("\(error)")
                        }
                        isQuiet = false
                    case .close(_, let error): Issue.record("\(error)")
                    case .setReading: break
                    }
                }
                var arrived: [MutationRequest] = []
                server.takeRequests(into: &arrived)
                requests += arrived
            }
            return said
        }

        private static func name(_ message: [UInt8]) -> String {
            [
                1: "Hello", 2: "Subscribe", 3: "Unsubscribe", 4: "Acknowledge", 5: "Mutate", 0x81: "Welcome",
                6: "Query", 0x82: "SubscribeResponse", 0x83: "UnsubscribeResponse", 0x84: "SyncBatch",
                10: "Replace", 0x85: "Heartbeat",
                0x86: "MutationResponse", 0x87: "QueryResponse",
            ][message[0]] ?? "?"
        }
    }

    private func expect(_ said: [Message], toBe block: Int, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(said.map(\.name) == blocks[block].map(\.name), sourceLocation: sourceLocation)
        for (spoken, written) in zip(said, blocks[block]) where spoken != written {
            Issue.record(
                "\(spoken.name): said \(spoken.bytes), written \(written.bytes)", sourceLocation: sourceLocation)
        }
    }

    private func text(_ client: SyncClient, _ index: UInt32) -> [UInt8]? { client.store[label].value(of: index) }

    @Test func serverAndClientSayWhatThePageSays() throws {
        #expect(blocks.count == 9)
        begin()
        var conversation = Conversation(store)
        var said = conversation.deliver()
        #expect(try conversation.client.subscribe(.everything) == SubscriptionID(1))
        said += conversation.deliver()
        goOn()
        conversation.server.worldAdvanced(now: .zero)
        said += conversation.deliver()
        expect(said, toBe: 0)
        #expect(conversation.client.tick == Tick(201))
        #expect(conversation.client.store.entities.rows.indexes == [0, 3, 4])
        #expect(text(conversation.client, 0) == [2, 0x68, 0x69])

        // A tick in which nothing happens, and a Heartbeat.
        store.advance(to: Tick(202))
        conversation.server.worldAdvanced(now: .milliseconds(999))
        #expect(conversation.deliver() == [])
        conversation.server.timePassed(now: .seconds(1))
        expect(conversation.deliver(at: .seconds(1)), toBe: 1)
        #expect(conversation.client.tick == Tick(202))

        // A mutation, which takes effect in the next tick.
        let value = Mutation.ComponentValue(position, [0, 0, 0xe0, 0x40, 0, 0, 0, 0x41])
        _ = try conversation.client.mutate(.set(Entity(index: 0, generation: 1), value, expected: nil))
        said = conversation.deliver(at: .seconds(1))
        let request = try #require(conversation.requests.first)
        store.advance(to: Tick(203))
        set(0, 7, 8)
        conversation.server.worldAdvanced(now: .seconds(1))
        conversation.server.mutationsFinished(
            [MutationResult(request, .applied(Tick(203), entities: []))])
        said += conversation.deliver(at: .seconds(1))
        expect(said, toBe: 2)
        #expect(conversation.client.pendingMutations.isEmpty)

        // A one-shot query.
        _ = try conversation.client.ask(OneShotQuery(QueryRequest("Position where Position.x > 5")))
        expect(conversation.deliver(at: .seconds(1)), toBe: 3)
        #expect(conversation.client.waitingQueryCount == 0)

        // The connection is lost, and the client comes back.
        conversation.server.closed(conversation.session, now: .seconds(2))
        #expect(conversation.client.disconnected().isEmpty)
        conversation.session = SessionID(2)
        conversation.server.open(conversation.session, now: .seconds(2))
        expect(conversation.deliver(at: .seconds(2)), toBe: 4)
        #expect(conversation.client.tick == Tick(203))
        #expect(conversation.client.store[position].value(of: 0) == value.bytes)
    }

    @Test func whoJoinsAndLeavesIsToldAsThePageSays() throws {
        begin()
        var conversation = Conversation(store)
        _ = conversation.deliver()
        let old = try conversation.client.subscribe(QueryRequest("Position where Position.x > 2"))
        expect(conversation.deliver(), toBe: 6)
        #expect(conversation.client.store.entities.rows.indexes == [2])

        store.advance(to: Tick(201))
        set(0, 4, 2)
        set(2, 1, -4)
        conversation.server.worldAdvanced(now: .zero)
        expect(conversation.deliver(), toBe: 7)
        #expect(conversation.client.store.entities.rows.indexes == [0])

        // Another query takes the place of the first.
        _ = try conversation.client.subscribe(QueryRequest("Position where Position.x > 0"), replacing: old)
        expect(conversation.deliver(), toBe: 8)
        #expect(!conversation.client.isSubscribed(old))
        #expect(conversation.client.store.entities.rows.indexes == [0, 2])
        #expect(conversation.client.store[position].rows.indexes == [0, 2])
    }

    @Test func aBatchInTwoPartsIsShownAtItsEnd() throws {
        // The client of the page, at tick 0, with one subscription.
        var client = SyncClient(clientName: "page")
        func receive(_ bytes: [UInt8]) -> [ClientEvent] { bytes.withUnsafeBytes { client.receive($0) } }
        for message in blocks[0].filter({ $0.name == "< Welcome" }) { _ = receive(message.bytes) }
        _ = try client.subscribe(.everything)
        for message in blocks[0].filter({ $0.name == "< SubscribeResponse" }) { _ = receive(message.bytes) }
        _ = client.takeOutgoing()
        let parts = blocks[5]
        #expect(parts.map(\.name) == ["= part 0", "= part 1"])

        #expect(receive(parts[0].bytes).isEmpty)
        #expect(client.tick == .zero && client.store.entities.rows.isEmpty)
        #expect(
            client.takeOutgoing()
                == [ClientMessage.acknowledge(.zero, receivedByteCount: UInt64(parts[0].bytes.count)).encoded()])
        #expect(receive(parts[1].bytes).count == 1)
        #expect(client.tick == Tick(301))
        let entities = client.store.entities.rows.indexes.compactMap { client.store.entity(at: $0) }
        #expect(entities.map(\.description) == ["0v1", "1v1", "2v6", "3v1"])
        let values = [(1.5, 2), (3, 4), (5, 6), (7, 8)] as [(Float, Float)]
        for (row, (x, y)) in values.enumerated() {
            let bytes = try #require(client.store[position].value(of: UInt32(row)))
            #expect(bytes == [x, y].flatMap { number in withUnsafeBytes(of: number.bitPattern) { Array($0) } })
        }
    }
}
