import OrreryClient
import OrrerySchema
import OrreryStore
import OrreryTesting
import OrreryTransport
import OrreryWire
import Testing

/// What servers must not say, before the codec and before a real client.
@Suite struct BadServerMessageTests {
    private static let table: ComponentTable = {
        let schemas = [
            try! ComponentSchema(
                name: "Position",
                type: .structure([Field("x", .scalar(.float), unit: "m"), Field("y", .scalar(.float), unit: "m")])),
            try! ComponentSchema(name: "Label", type: .structure([Field("text", .string)])),
        ]
        return ComponentTable(schemas)
    }()

    /// A server of a world with a Position (two floats) and a Label, at tick 200.
    private static let welcome = ServerMessage.welcome(
        Welcome(
            revision: Revision(epoch: Epoch(0x1122_3344_5566_7788), tick: Tick(200)), ticksPer1000Seconds: 60_000,
            components: table.entries, schemas: table.schemas.map(EncodedSchema.init),
            session: SessionGrant(token: [1, 2, 3]))
    ).encoded()

    private static func decode(_ bytes: [UInt8]) throws -> ServerMessage {
        try bytes.withUnsafeBytes { try ServerMessage(decoding: $0, limits: WireLimits()) }
    }

    private static func readSections(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { bytes in
            var reader = try BatchReader(bytes, limits: WireLimits())
            var table = table
            while let section = try reader.next(table) {
                guard case .table(let removed, let added) = section else { continue }
                let gone = Set(removed + added.map(\.column))
                let rest = table.entries.filter { !gone.contains($0.column) }
                table = ComponentTable((rest + added).sorted { $0.column < $1.column })
            }
        }
    }

    @Test func theCorpusCoversEveryLayerAndEveryCode() throws {
        let corpus = try BadMessage.all(.serverToClient)
        #expect(corpus.count > 50)
        let closed = corpus.compactMap { message -> (UInt16, BadMessage.Layer)? in
            guard case .closes(let code, _, let layer, _) = message.expectation else { return nil }
            return (code, layer)
        }
        #expect(Set(closed.map(\.0)) == [1002, 1007, 1008, 1009, 4001, 4003, 4006])
        #expect(Set(closed.map(\.1)) == [.codec, .sections, .apply, .session, .transport])
    }

    @Test(arguments: try BadMessage.all(.serverToClient))
    func theCodecRefusesWhatItCanKnow(message: BadMessage) throws {
        let messages = try message.messages(["WELCOME": Self.welcome])
        guard case .closes(let code, _, let layer, let reason) = message.expectation, let last = messages.last?.bytes
        else {
            Issue.record("a client has no answers")
            return
        }
        for message in messages.dropLast() { _ = try Self.decode(message.bytes) }
        switch layer {
        case .codec, .sections:
            let error = #expect(throws: WireError.self) {
                let decoded = try Self.decode(last)
                #expect(layer == .sections)
                if case .syncBatch = decoded { try Self.readSections(last) }
            }
            #expect(error?.closeCode.rawValue == code)
            #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
        case .apply: try Self.readSections(last)
        case .session: _ = try Self.decode(last)
        case .transport: break
        }
    }

    /// The real client closes with that code and a reason, tells its owner what was wrong, and shows no half of a
    /// batch.
    @Test(arguments: try BadMessage.all(.serverToClient))
    func aClientClosesAndSaysWhy(message: BadMessage) throws {
        guard case .closes(let code, _, let layer, let reason) = message.expectation else { return }
        let server = try RawServer()
        for (position, message) in try message.messages(["WELCOME": Self.welcome]).enumerated() {
            #expect(server.end == nil)
            server.send(message.bytes)
            // Subscription 1, to everything; the answer, if any, is the next message.
            if position == 0, server.client.revision.epoch != Epoch(0) { server.client.subscribe() }
        }
        #expect(server.end?.code == code)
        #expect(server.end?.reason.contains(reason) == true, "\(server.end?.reason ?? "")")
        // What was left out comes with the next connection; anything else was a breach, and there is no second attempt.
        let isGap = code == 4003
        let error = try #require(isGap ? server.client.takeErrors().first : server.client.end)
        #expect(error.code == (isGap ? .connectionLost : code == 1008 ? .limitExceeded : .protocolViolation))
        #expect(layer == .transport || error.message.contains(reason), "\(error.message)")
        #expect(server.client.contents.entities.isEmpty)
        server.passTime(.seconds(60))
        let attempts = server.takeReceived().filter { $0.first == 1 }.count
        #expect(isGap ? attempts > 1 : attempts == 1)
    }
}
