import OrrerySchema
import OrreryStore
import OrreryTransport
import OrreryWire
import Testing

@testable import OrrerySync

/// Classes of sessions: how many there may be, how long each lasts, and what they share.
@Suite struct ViewTests {
    private func makeServer(_ configure: (inout SyncServerConfiguration) -> Void = { _ in }) throws -> SyncServer {
        var configuration = SyncServerConfiguration()
        configure(&configuration)
        let store = ComponentStore(schemas: [try ComponentSchema(name: "A", type: .scalar(.int32))])
        store.advance(to: Tick(1))
        store.spawn(Entity(index: 0, generation: 1))
        store[ColumnID(0)].set(0, to: [1, 0, 0, 0], at: Tick(1))
        var random: UInt64 = 0
        return SyncServer(store: store, epoch: Epoch(1), configuration: configuration) {
            random += 1
            return random
        }
    }

    /// Connects a session of a class.
    /// - Returns: The code with which it was closed; `nil` if it is open.
    private func connect(
        _ number: UInt64, _ groups: UInt64?, to server: inout SyncServer, now: Duration = .zero
    ) -> CloseCode? {
        let visibility = Visibility(groups: groups.map(VisibilityGroups.init(rawValue:)))
        server.open(SessionID(number), Admission(rights: .all, visibility: visibility), now: now)
        ClientMessage.hello(Hello(clientName: "test")).encoded().withUnsafeBytes {
            server.receive($0, from: SessionID(number), now: now)
        }
        for case .close(_, let error) in server.takeActions() { return error.closeCode }
        return nil
    }

    private func subscribe(_ number: UInt64, _ text: String, at server: inout SyncServer) -> RefusalCode? {
        let id = SubscriptionID(UInt32(number))
        ClientMessage.subscribe(id, QueryRequest(text)).encoded().withUnsafeBytes {
            server.receive($0, from: SessionID(number), now: .zero)
        }
        for case .send(let frame, _) in server.takeActions() {
            let message = frame.withPayload { try? ServerMessage(decoding: $0, limits: WireLimits()) }
            if case .subscribeResponse(id, .refused(let refusal, _))? = message { return refusal.code }
        }
        return nil
    }

    @Test func thereAreSoManyClassesAndNoMore() throws {
        var server = try makeServer()
        let count = UInt64(SyncServer.viewCountMax)
        for number in 1...count { #expect(connect(number, number, to: &server) == nil) }
        #expect(server.views.count == 1 + SyncServer.viewCountMax)
        #expect(connect(count + 1, count + 1, to: &server) == .policyViolation)
        #expect(connect(count + 2, 1, to: &server) == nil, "a class that there is")
        #expect(connect(count + 3, nil, to: &server) == nil, "those who see everything are none of them")
        #expect(server.views.reduce(0) { $0 + $1.builder.blockCountMax } <= BatchBuilder.blockCountMax)
        // One that nobody has had for long makes room.
        server.closed(SessionID(2), now: .seconds(1))
        server.timePassed(now: .seconds(2))
        _ = server.takeActions()
        #expect(connect(count + 4, count + 4, to: &server, now: .seconds(2)) == .policyViolation)
        server.expireViews(now: .seconds(1) + SyncServerConfiguration().clientRetention)
        #expect(connect(count + 5, count + 5, to: &server, now: .seconds(2)) == nil)
    }

    @Test func queriesOfAllClassesAreCountedTogether() throws {
        var server = try makeServer {
            $0.memberQueryCountMax = 2
            $0.memberQueryGrant = 0
        }
        for number in 1...3 as ClosedRange<UInt64> { _ = connect(number, number, to: &server) }
        let refusals = (1...3 as ClosedRange<UInt64>).map { subscribe($0, "A where A = \($0)", at: &server) }
        #expect(refusals == [nil, nil, .limitReached])
    }

    @Test func queriesOfLostConnectionsAreBoundedTogether() throws {
        var server = try makeServer()
        for number in 1...3 as ClosedRange<UInt64> {
            _ = connect(number, number, to: &server)
            _ = subscribe(number, "A where A = 1", at: &server)
            server.closed(SessionID(number), now: .zero)
        }
        #expect(server.frozen.count == 3, "the same text is another query for each class")
        server.timePassed(now: FrozenQueries.retention)
        #expect(server.frozen.count == 0)
    }
}
