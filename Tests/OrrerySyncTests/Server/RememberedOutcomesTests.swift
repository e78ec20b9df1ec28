import OrrerySchema
import OrreryWire
import Testing

@testable import OrrerySync

/// What is remembered of mutations is bounded for each client and for all together; who did little keeps it.
@Suite struct RememberedOutcomesTests {
    private var configuration: SyncServerConfiguration {
        var configuration = SyncServerConfiguration()
        configuration.rememberedSizeMax = 1 << 20
        return configuration
    }

    private func admit(_ count: Int, to table: inout ClientTable) -> [ClientID] {
        (1...count).map { number in
            table.admit(
                nil, name: "client", Admission(rights: .all), token: Array("\(number)".utf8),
                session: SessionID(UInt64(number)), presented: nil)
        }
    }

    /// The longest outcome that is remembered.
    private static let refusal = MutationOutcome.refused(
        Refusal(.forbidden, String(repeating: "x", count: 1024), current: [UInt8](repeating: 1, count: 256)))

    private func state(_ number: UInt64, of client: ClientID, in table: inout ClientTable) -> String {
        switch table.withEntry(client, { $0.outcomes.state(of: MutationSequence(number)) }) {
        case .new?: "new"
        case .underWay?: "under way"
        case .answered?: "answered"
        case .forgotten?: "forgotten"
        case nil: "unknown"
        }
    }

    @Test func allClientsTogetherStayWithinTheBound() {
        var table = ClientTable(configuration)
        let clients = admit(100, to: &table)
        let modest = clients[50]
        for number in 1...3 as ClosedRange<UInt64> {
            table.withEntry(modest) {
                $0.outcomes.finish(MutationSequence(number), .applied(Tick(1), entities: []))
            }
        }
        for number in 1...256 as ClosedRange<UInt64> {
            for client in clients where client != modest {
                table.withEntry(client) { $0.outcomes.begin(MutationSequence(number), awaited: 1) }
                table.withEntry(client) { $0.outcomes.finish(MutationSequence(number), Self.refusal) }
                #expect(table.rememberedSize <= configuration.rememberedSizeMax)
            }
        }
        // Much is remembered, the newest of each; and the little of one that did little.
        #expect(table.rememberedSize > configuration.rememberedSizeMax / 3)
        for client in clients where client != modest {
            #expect(state(256, of: client, in: &table) == "answered")
            #expect(state(1, of: client, in: &table) == "forgotten")
            #expect(state(257, of: client, in: &table) == "new")
        }
        for number in 1...3 as ClosedRange<UInt64> {
            #expect(state(number, of: modest, in: &table) == "answered")
        }
    }

    @Test func whatTheWorldHasIsNeverForgotten() {
        var table = ClientTable(configuration)
        let clients = admit(40, to: &table)
        for client in clients { table.withEntry(client) { $0.outcomes.begin(MutationSequence(1), awaited: 1) } }
        for client in clients {
            for number in 2...200 as ClosedRange<UInt64> {
                table.withEntry(client) { $0.outcomes.finish(MutationSequence(number), Self.refusal) }
            }
        }
        for client in clients { #expect(state(1, of: client, in: &table) == "under way") }
        table.withEntry(clients[0]) { $0.outcomes.finish(MutationSequence(1), Self.refusal) }
        #expect(table.rememberedSize <= configuration.rememberedSizeMax)
    }

    @Test func whatIsForgottenTakesNothing() {
        var table = ClientTable(configuration)
        let clients = admit(3, to: &table)
        for client in clients {
            // Numbers that are far apart, and one that is put off and comes again.
            for number in [1, 2, 3, 1000, 1001, 5000] as [UInt64] {
                table.withEntry(client) { $0.outcomes.begin(MutationSequence(number), awaited: 1) }
                table.withEntry(client) { $0.outcomes.finish(MutationSequence(number), Self.refusal) }
                table.withEntry(client) { $0.outcomes.finish(MutationSequence(number), Self.refusal) }
            }
            table.withEntry(client) { $0.outcomes.begin(MutationSequence(5001), awaited: 1) }
            table.withEntry(client) { $0.outcomes.finish(MutationSequence(5001), nil) }
        }
        let one = OutcomeWindow.placeSize + 16 + MemoryLayout<MutationOutcome>.stride + 32 + 1024 + 32 + 256
        #expect(table.rememberedSize == clients.count * one)
        for (number, client) in clients.enumerated() {
            table.left(client, SessionID(UInt64(number + 1)), isFinal: false, at: .zero)
        }
        table.expire(now: .seconds(1000))
        #expect(table.rememberedSize == 0 && table.count == 0)
    }

    @Test func aTokenIsOfNoUseToAnotherSubject() {
        var table = ClientTable(configuration)
        let token = Array("1".utf8)
        let client = table.admit(
            nil, name: "client", Admission(subject: "ann", rights: .all), token: token, session: SessionID(1),
            presented: nil)
        #expect(table.client(of: token, "ann") == client)
        #expect(table.client(of: token, "bob") == nil && table.client(of: token, "") == nil)
    }

    @Test func whoIsAwayForLongestGoesFirst() {
        var configuration = configuration
        configuration.clientCountMax = 3
        configuration.clientRetention = .seconds(10)
        var table = ClientTable(configuration)
        let clients = admit(3, to: &table)
        func tokens() -> [String] { (1...9).map { "\($0)" }.filter { table.client(of: Array($0.utf8), "") != nil } }
        for (number, client) in clients.enumerated() {
            table.left(client, SessionID(UInt64(number + 1)), isFinal: false, at: .seconds(number))
        }
        // The first comes back, and leaves again as the last.
        _ = table.admit(
            clients[0], name: "client", Admission(rights: .all), token: Array("4".utf8), session: SessionID(4),
            presented: nil)
        _ = table.admit(
            nil, name: "client", Admission(rights: .all), token: Array("5".utf8), session: SessionID(5), presented: nil)
        #expect(tokens() == ["3", "4", "5"], "the second was away for longest")
        table.left(clients[0], SessionID(4), isFinal: false, at: .seconds(5))
        table.expire(now: .seconds(12))
        #expect(tokens() == ["4", "5"])
        // Who comes and goes leaves nothing behind.
        for number in 6...1000 as ClosedRange<UInt64> {
            _ = table.admit(
                clients[0], name: "client", Admission(rights: .all), token: Array("4".utf8), session: SessionID(number),
                presented: nil)
            table.left(clients[0], SessionID(number), isFinal: false, at: .seconds(12))
            #expect(table.departureCount <= 2 * table.count)
        }
        table.expire(now: .seconds(22))
        #expect(tokens() == ["5"])
        #expect(table.departureCount == 0)
    }
}
