import OrrerySchema
import OrreryStore
import OrrerySync
import OrreryTesting
import OrreryWire
import Testing

@testable import OrreryClient

/// A server that wants to fill its client's memory finds a limit that says its name, before the memory is taken.
@Suite struct HostileServerTests {
    private static let schemas = [
        try! ComponentSchema(name: "Tag", type: .structure([])),
        try! ComponentSchema(
            name: "Wide", type: .structure((0..<16).map { Field("f\($0)", .vector(.double, lanes: 4)) })),
        try! ComponentSchema(name: "Text", type: .structure([Field("text", .string)])),
    ]

    /// A client that was welcomed, and has subscribed to everything.
    private func makeServer(_ configure: (inout ClientConfiguration) -> Void) throws -> RawServer {
        var configuration = ClientConfiguration()
        configure(&configuration)
        let server = try RawServer(configuration: configuration)
        server.send(
            ServerMessage.welcome(
                Welcome(
                    revision: Revision(epoch: Epoch(9), tick: Tick(1)), ticksPer1000Seconds: 60_000,
                    components: Self.schemas.enumerated().map { .init(ColumnID($0), $1, isWritable: true) },
                    schemas: Self.schemas.map(EncodedSchema.init),
                    session: SessionGrant(token: [1], resumption: .fresh, isKnownClient: false))
            ).encoded())
        server.client.subscribe()
        return server
    }

    private func section(_ kind: UInt8, _ body: (inout ByteWriter) -> Void) -> [UInt8] {
        var content = ByteWriter()
        body(&content)
        var writer = ByteWriter()
        writer.append(kind)
        writer.append(varint: content.bytes.count)
        writer.append(contentsOf: content.bytes)
        return writer.bytes
    }

    private func batch(tick: UInt64, part: Int = 0, isWhole: Bool = true, _ sections: [[UInt8]]) -> [UInt8] {
        var writer = ByteWriter()
        writer.append(contentsOf: [0x84, 0])
        writer.append(varint: tick)
        writer.append(varint: tick)
        writer.append(isWhole ? 1 : 0 as UInt8)
        writer.append(varint: part)
        return writer.bytes + sections.flatMap { $0 }
    }

    /// Rows `first`, `first + step` and so on.
    private func rows(_ count: Int, first: Int = 0, step: Int, _ writer: inout ByteWriter) {
        writer.append(0 as UInt8)
        writer.append(varint: count)
        for position in 0..<count { writer.append(varint: position == 0 ? first : step - 1) }
    }

    private func enter(_ count: Int, first: Int = 0, step: Int) -> [UInt8] {
        section(4) { writer in
            rows(count, first: first, step: step, &writer)
            for _ in 0..<count { writer.append(contentsOf: [1, 0, 0, 0]) }
        }
    }

    private func expectLimit(_ name: String, _ server: RawServer, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(server.end?.code == 1008, sourceLocation: sourceLocation)
        #expect(server.client.end?.code == .limitExceeded, sourceLocation: sourceLocation)
        #expect(
            server.client.end?.message.contains(name) == true, "\(server.client.end?.message ?? "")",
            sourceLocation: sourceLocation)
    }

    @Test func rowsThatLieFarApartAreBoundedByWhatTheyTake() throws {
        // Each row takes a page of 21 kB for six bytes.
        let server = try makeServer { $0.sync.storeSizeMax = 1 << 20 }
        server.send(batch(tick: 1, [enter(40, step: 1024)]))
        #expect(server.end == nil)
        let taken = server.client.session.withCore { $0.store.byteCount }
        #expect(taken > 40 * 20_000 && taken <= 1 << 20)
        server.send(batch(tick: 2, [enter(40, first: 40 * 1024, step: 1024)]))
        expectLimit("storeSizeMax", server)
        // Nothing of the broken batch is shown, and its memory is given back.
        #expect(server.client.session.withCore { $0.store.byteCount } == 0)
    }

    @Test func valuesOfEveryKindCountAsWell() throws {
        let wide = section(7) { writer in
            writer.append(1 as UInt8)
            rows(2, step: 1024, &writer)
            writer.append(contentsOf: [UInt8](repeating: 0, count: 2 * 512))
        }
        // Two pages of 1024 values of 512 bytes.
        let fixed = try makeServer { $0.sync.storeSizeMax = 1 << 20 }
        fixed.send(batch(tick: 1, [enter(2, step: 1024), wide]))
        expectLimit("storeSizeMax", fixed)

        let text = section(7) { writer in
            writer.append(2 as UInt8)
            rows(1, step: 1, &writer)
            writer.append(varint: 100_000)
            writer.append(contentsOf: [UInt8](repeating: 0, count: 100_000))
        }
        let varying = try makeServer { $0.sync.storeSizeMax = 150_000 }
        varying.send(batch(tick: 1, [enter(1, step: 1), text]))
        #expect(varying.end == nil)
        // In the place of another it takes no more.
        varying.send(batch(tick: 2, [text]))
        #expect(varying.end == nil)
        let next = section(7) { writer in
            writer.append(2 as UInt8)
            rows(1, first: 1, step: 1, &writer)
            writer.append(varint: 50_000)
            writer.append(contentsOf: [UInt8](repeating: 0, count: 50_000))
        }
        varying.send(batch(tick: 3, [enter(1, first: 1, step: 1), next]))
        expectLimit("storeSizeMax", varying)
    }

    @Test func aMillionEntitiesOfTwentyComponentsFit() {
        let store = ComponentStore(
            schemas: (0..<20).map {
                try! ComponentSchema(name: "C\($0)", type: .structure([Field("a", .vector(.double, lanes: 4))]))
            })
        var byteCount = 0
        for column in store.table.columns.map({ store[$0] }) + [store.entities] {
            let page = column.growth(setting: 0, byteCount: column.valueSize ?? 0)
            byteCount += page * ((1_000_000 + 1023) / 1024)
        }
        #expect(byteCount <= SyncClientConfiguration().storeSizeMax)
        #expect(byteCount > SyncClientConfiguration().storeSizeMax / 2, "the limit is not far from what it is for")
    }

    @Test func aBatchThatNeverEndsIsBoundedByItsPartsAndNotOnlyByTheirBytes() throws {
        let server = try makeServer { $0.sync.stagedSizeMax = 10_000 }
        // Parts of six bytes.
        for part in 0..<200 { server.send(batch(tick: 1, part: part, isWhole: false, [])) }
        expectLimit("stagedSizeMax", server)
        let long = try makeServer { $0.sync.stagedSizeMax = 10_000 }
        long.send(
            batch(
                tick: 1, isWhole: false, [section(99) { $0.append(contentsOf: [UInt8](repeating: 0, count: 10_000)) }]))
        expectLimit("stagedSizeMax", long)
    }

    @Test func aBatchThatBeginsAnewDropsWhatWasStaged() throws {
        let server = try makeServer { _ in }
        // Not only of the same tick: a server that works out anew what it owes has come further meanwhile.
        for (part, first) in [(0, 10), (1, 30)] {
            server.send(batch(tick: 1, part: part, isWhole: false, [enter(3, first: first, step: 1)]))
        }
        server.send(batch(tick: 2, part: 0, isWhole: false, [enter(2, first: 20, step: 1)]))
        server.send(batch(tick: 2, part: 1, [enter(1, first: 25, step: 1)]))
        #expect(server.end == nil)
        #expect(server.client.tick == Tick(2))
        #expect(server.client.contents.entities.keys.map(\.index).sorted() == [20, 21, 25])
    }

    @Test func changesThatTakeMoreThanTheirBytesAreBounded() throws {
        let server = try makeServer { $0.sync.recordedSizeMax = 300_000 }
        for half in 1...2 { server.send(batch(tick: UInt64(half), [enter(half * 4000, step: 1)])) }
        #expect(server.end == nil)
        // One bit for each tag, and forty-eight bytes for the change.
        let tags = section(7) { writer in
            writer.append(0 as UInt8)
            writer.append(1 as UInt8)
            writer.append(varint: 8000)
            writer.append(varint: 0)
            writer.append(varint: 1000)
            writer.append(contentsOf: [UInt8](repeating: 0xff, count: 1000))
        }
        server.send(batch(tick: 3, [tags]))
        expectLimit("recordedSizeMax", server)
    }

    @Test(.timeLimit(.minutes(1))) func aReaderOfBatchesThatHasFallenBehindIsToldSo() async throws {
        let server = try makeServer { $0.waitingBatchSizeMax = 500_000 }
        let batches = BatchSequence(server.client.session, nil)
        for tick in 1...20 as ClosedRange<UInt64> {
            server.send(batch(tick: tick, [enter(1000, first: Int(tick) * 1000, step: 1)]))
        }
        #expect(server.end == nil)
        let error = await #expect(throws: ClientError.self) { for try await _ in batches {} }
        #expect(error?.code == .limitExceeded)
        #expect(error?.message.contains("waitingBatchSizeMax") == true)
    }

    @Test func aNameIsCutToWhatAServerTakes() throws {
        let family = "👨‍👩‍👧‍👦"
        #expect(String(repeating: family, count: 32).cut(toByteCount: 128).utf8.count <= 128)
        #expect(String(repeating: family, count: 32).cut(toByteCount: 128).count == 128 / family.utf8.count)
        #expect("short".cut(toByteCount: 128) == "short")
    }

    @Test func aMutationThatTheServerDoesNotTakeIsRefusedHere() throws {
        let server = try makeServer { _ in }
        _ = server.takeReceived()
        let outcomes = MutationTests.Outcomes()
        var refused: [ClientError] = []
        let entity = Entity(index: 0, generation: 1)
        for size in [65_000, 66_000] {
            let errors = Errors()
            server.client.mutate(.insert(entity, .init(ColumnID(2), [UInt8](repeating: 0, count: size)))) { result in
                outcomes.take(result)
                if case .failure(let error) = result { errors.append(error) }
            }
            refused += errors.all
        }
        server.deliver()
        #expect(refused.map(\.code) == [.limitReached])
        #expect(refused.first?.message.contains("65536") == true)
        #expect(server.takeReceived().filter { $0.first == 5 }.count == 1)
        #expect(server.end == nil)
    }

    @Test func whoAsksForTheEndTwiceIsAnsweredTwice() throws {
        let server = try makeServer { _ in }
        let id = try #require(server.client.subscribe())
        _ = server.takeReceived()
        server.send(ServerMessage.subscribeResponse(id, .granted(.everything)).encoded())
        let answers = Errors()
        for _ in 0..<2 {
            server.client.session.unsubscribe(id) { _ in answers.append(ClientError(.closed, "answered")) }
        }
        server.deliver()
        #expect(server.takeReceived().filter { $0.first == 3 }.count == 1)
        server.send(ServerMessage.unsubscribeResponse(id, nil).encoded())
        #expect(answers.all.count == 2)
        // What is gone needs no server.
        server.client.session.unsubscribe(id) { _ in answers.append(ClientError(.closed, "answered")) }
        #expect(answers.all.count == 3)
        #expect(server.end == nil)
    }
}
