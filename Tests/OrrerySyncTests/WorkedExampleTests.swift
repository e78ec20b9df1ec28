import Foundation
import OrrerySchema
import OrreryStore
import OrrerySync
import OrreryWire
import Testing

/// The worked example of docs/PROTOCOL.md is what a server and a client really say to each other.
@Suite struct WorkedExampleTests {
    private let page: String
    private let messages: [(isFromClient: Bool, bytes: [UInt8])]
    private let store: ComponentStore
    private let position = ColumnID(0)
    private let label = ColumnID(1)

    init() throws {
        let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        page = try String(contentsOf: package.appending(path: "docs/PROTOCOL.md"), encoding: .utf8)
        let example = try #require(page.components(separatedBy: "```hex\n").last?.components(separatedBy: "```").first)
        messages = try example.split(separator: "\n").reduce(into: []) { messages, line in
            if line.hasPrefix("@ ") {
                messages.append((line.hasPrefix("@ >"), []))
            } else {
                let bytes = line.prefix { $0 != "#" }.split(separator: " ")
                messages[messages.count - 1].bytes += try bytes.map { try #require(UInt8($0, radix: 16)) }
            }
        }
        store = ComponentStore(schemas: [
            try ComponentSchema(
                name: "Position",
                type: .structure([Field("x", .scalar(.float), unit: "m"), Field("y", .scalar(.float), unit: "m")])),
            try ComponentSchema(name: "Label", type: .structure([Field("text", .string)])),
        ])
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
            ("messageSizeMax` of the server", "\(server.messageSizeMax)"), ("windowSize`", "\(server.windowSize)"),
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
            ("heartbeatInterval`", "\(server.heartbeatInterval.components.seconds) s"),
        ] {
            #expect(page.contains("| `\(name) | \(value) |"), "\(name) with \(value)")
        }
    }

    @Test func serverAndClientSayWhatThePageSays() throws {
        begin()
        var server = SyncServer(
            store: store, epoch: Epoch(0x1122_3344_5566_7788), configuration: SyncServerConfiguration(),
            makeRandom: { 0x0102_0304_0506_0708 })
        var client = SyncClient(clientName: "page")
        let session = SessionID(1)
        server.open(session, now: .zero)
        var said: [(isFromClient: Bool, bytes: [UInt8])] = []

        /// Carries messages to and fro until nobody has anything to say.
        func deliver() {
            var isQuiet = false
            while !isQuiet {
                isQuiet = true
                for message in client.takeOutgoing() {
                    said.append((true, message))
                    message.withUnsafeBytes { server.receive($0, from: session, now: .zero) }
                    isQuiet = false
                }
                for case .send(let message, _) in server.takeActions() {
                    said.append((false, message))
                    for case .failed(let error) in message.withUnsafeBytes({ client.receive($0) }) {
                        Issue.record("\(error)")
                    }
                    isQuiet = false
                }
            }
        }

        deliver()
        #expect(client.subscribe(Selection()) == SubscriptionID(1))
        deliver()
        goOn()
        server.worldAdvanced(now: .zero)
        deliver()

        #expect(said.count == messages.count)
        for (position, (spoken, written)) in zip(said, messages).enumerated() {
            #expect(spoken.isFromClient == written.isFromClient, "message \(position)")
            #expect(spoken.bytes == written.bytes, "message \(position)")
        }
        #expect(client.tick == Tick(201))
        #expect(client.store.entities.rows.indexes == [0, 3, 4])
    }
}
