import OrreryQuery
import OrrerySchema
import OrreryStore
import OrrerySync
import OrreryTransport
import OrreryWire
import Testing

/// What docs/PROTOCOL.md says of coming back and of repeated mutations, message by message.
@Suite struct ComingBackTests {
    /// A server of one writable component, with a client's messages made by hand.
    private final class Peer {
        let store: ComponentStore
        var server: SyncServer
        private var lastSession: UInt64 = 0
        var closed: [SessionID: CloseCode] = [:]
        var requests: [MutationRequest] = []

        init(_ configure: (inout SyncServerConfiguration) -> Void = { _ in }) throws {
            let schema = try ComponentSchema(name: "Count", type: .structure([Field("n", .scalar(.uint8))]))
            let store = ComponentStore(ComponentTable([.init(ColumnID(0), schema, isWritable: true)]))
            store.advance(to: Tick(10))
            store.spawn(Entity(index: 0, generation: 1))
            store[ColumnID(0)].set(0, to: [7], at: store.tick)
            var random: UInt64 = 0
            var configuration = SyncServerConfiguration()
            configure(&configuration)
            server = SyncServer(
                store: store, epoch: Epoch(5), configuration: configuration,
                makeRandom: {
                    random += 1
                    return random
                })
            self.store = store
        }

        func connect() -> SessionID {
            lastSession += 1
            server.open(SessionID(lastSession), now: .zero)
            return SessionID(lastSession)
        }

        /// - Returns: the messages that the session was sent for it.
        func say(_ message: ClientMessage, on session: SessionID) throws -> [ServerMessage] {
            message.encoded().withUnsafeBytes { server.receive($0, from: session, now: .zero) }
            return try answers(to: session)
        }

        func answers(to session: SessionID) throws -> [ServerMessage] {
            var messages: [ServerMessage] = []
            for action in server.takeActions() {
                switch action {
                case .broadcast(let frame, let sessions) where sessions.contains(session):
                    messages.append(try frame.withPayload { try ServerMessage(decoding: $0, limits: WireLimits()) })
                case .send(let frame, session):
                    messages.append(try frame.withPayload { try ServerMessage(decoding: $0, limits: WireLimits()) })
                case .broadcast, .send: break
                case .close(let session, let error): closed[session] = error.closeCode
                case .setReading: break
                }
            }
            var arrived: [MutationRequest] = []
            server.takeRequests(into: &arrived)
            requests += arrived
            return messages
        }

        func hello(
            on session: SessionID, epoch: UInt64 = 5, tick: UInt64 = 10, token: [UInt8]?,
            subscriptions: [Hello.Resume.Subscription] = []
        ) throws -> (SessionGrant, rest: [ServerMessage]) {
            let resume = token.map {
                Hello.Resume(
                    revision: Revision(epoch: Epoch(epoch), tick: Tick(tick)), token: $0, subscriptions: subscriptions)
            }
            let messages = try say(.hello(Hello(clientName: "test", resume: resume)), on: session)
            guard case .welcome(let welcome)? = messages.first else { throw WireError(.protocolError, "no Welcome") }
            return (welcome.session, Array(messages.dropFirst()))
        }
    }

    @Test func whatStartedGoesOnWithOneBatchAlsoIfNothingChanged() throws {
        let peer = try Peer()
        let everything = Hello.Resume.Subscription(SubscriptionID(3), .everything)
        let dead = Hello.Resume.Subscription(
            SubscriptionID(4), QueryRequest("", entities: [Entity(index: 9, generation: 1)]))
        let (grant, rest) = try peer.hello(on: peer.connect(), token: [1], subscriptions: [everything, dead])
        // An unknown token does not stand in the way of going on.
        #expect(grant.resumption == .resumed)
        #expect(!grant.isKnownClient)
        // Each is described again, and then both go on.
        #expect(
            rest == [
                .subscribeResponse(
                    SubscriptionID(3), .granted(GrantedQuery(QueryNumber(1), shown: .all, tellsMembers: false))),
                .subscribeResponse(
                    SubscriptionID(4), .granted(GrantedQuery(QueryNumber(2), shown: .all, tellsMembers: true))),
                .syncBatch(BatchHead(tick: Tick(10), base: Tick(10), isWhole: true, part: 0)),
            ])
    }

    @Test func anotherEpochAndAnUnknownTickAreNotResumed() throws {
        let peer = try Peer()
        let everything = Hello.Resume.Subscription(SubscriptionID(3), .everything)
        let other = try peer.hello(on: peer.connect(), epoch: 6, token: [], subscriptions: [everything])
        #expect(other.0.resumption == .otherEpoch)
        #expect(other.rest.isEmpty)
        let unknown = try peer.hello(on: peer.connect(), tick: 11, token: [], subscriptions: [everything])
        #expect(unknown.0.resumption == .unknownTick)
        #expect(unknown.rest.isEmpty)
        #expect(try peer.hello(on: peer.connect(), token: nil).0.resumption == .fresh)
    }

    @Test func subscriptionsThatCannotGoOnCloseTheConnection() throws {
        let peer = try Peer()
        let everything = Hello.Resume.Subscription(SubscriptionID(3), .everything)
        let beyond = Hello.Resume.Subscription(SubscriptionID(3), QueryRequest("Nothing"))
        for subscriptions in [[everything, everything], [beyond]] {
            let session = peer.connect()
            #expect(throws: WireError.self) {
                try peer.hello(on: session, token: [], subscriptions: subscriptions)
            }
            #expect(peer.closed[session] == .protocolError)
        }
    }

    @Test func aTokenIsGoodUntilTheNextIsShown() throws {
        let peer = try Peer()
        let first = peer.connect()
        let (one, _) = try peer.hello(on: first, token: nil)
        let (two, _) = try peer.hello(on: peer.connect(), token: one.token)
        #expect(two.isKnownClient)
        #expect(peer.closed[first] == .replaced)
        // The Welcome with the second token was lost.
        let (three, _) = try peer.hello(on: peer.connect(), token: one.token)
        #expect(three.isKnownClient)
        #expect(try !peer.hello(on: peer.connect(), token: two.token).0.isKnownClient)
        #expect(try peer.hello(on: peer.connect(), token: three.token).0.isKnownClient)
        #expect(try !peer.hello(on: peer.connect(), token: one.token).0.isKnownClient)
    }

    /// A Hello may be under way for so long that its client has given the connection up and made another one.
    @Test func aLateHelloDoesNotEndTheNewerConnection() throws {
        let peer = try Peer()
        let (one, _) = try peer.hello(on: peer.connect(), token: nil)
        let (late, newer) = (peer.connect(), peer.connect())
        #expect(try peer.hello(on: newer, token: one.token).0.isKnownClient)
        #expect(throws: WireError.self) { try peer.hello(on: late, token: one.token) }
        #expect(peer.closed[late] == .replaced)
        #expect(peer.closed[newer] == nil)
    }

    @Test func moreClientsThanAreRememberedAreForgottenWhenTheyLeaveButNotWhenTheyComeBack() throws {
        let peer = try Peer { $0.clientCountMax = 1 }
        let (first, second) = (peer.connect(), peer.connect())
        let (one, _) = try peer.hello(on: first, token: nil)
        _ = try peer.hello(on: second, token: nil)
        // Its old connection ends by the new one: that is no leaving.
        let third = peer.connect()
        let (again, _) = try peer.hello(on: third, token: one.token)
        #expect(again.isKnownClient)
        peer.server.closed(second, now: .zero)
        peer.server.closed(third, now: .zero)
        let clients = try #require(peer.server.occupancies.first { $0.name == "clients" })
        #expect(clients.count <= clients.limit)
    }

    @Test func anAnswerWaitsOnceHoweverOftenItIsAskedFor() throws {
        let peer = try Peer()
        let session = peer.connect()
        _ = try peer.hello(on: session, token: nil)
        let mutation = ClientMessage.mutate(
            Mutation(
                sequence: MutationSequence(1), epoch: Epoch(5),
                operation: .insert(Entity(index: 0, generation: 1), .init(ColumnID(0), [8]))))
        _ = try peer.say(mutation, on: session)
        peer.server.mutationsFinished([MutationResult(peer.requests[0], .applied(Tick(11), entities: []))])
        for _ in 0..<1000 { #expect(try peer.say(mutation, on: session).isEmpty) }
        peer.store.advance(to: Tick(11))
        peer.server.worldAdvanced(now: .zero)
        #expect(try peer.answers(to: session).count == 1)
    }

    /// Between the new connection and the repetition the world decides.
    @Test func anOutcomeIsAnsweredOnTheConnectionThatAskedForIt() throws {
        let peer = try Peer()
        let session = peer.connect()
        let (grant, _) = try peer.hello(on: session, token: nil)
        let mutation = ClientMessage.mutate(
            Mutation(
                sequence: MutationSequence(1), epoch: Epoch(5),
                operation: .insert(Entity(index: 0, generation: 1), .init(ColumnID(0), [8]))))
        _ = try peer.say(mutation, on: session)
        let again = peer.connect()
        _ = try peer.hello(on: again, token: grant.token)
        peer.server.mutationsFinished([MutationResult(peer.requests[0], .applied(Tick(10), entities: []))])
        #expect(try peer.answers(to: again).isEmpty)
        #expect(try peer.say(mutation, on: again).count == 1)
    }

    @Test func aRepetitionHasTheAnswerOfTheFirst() throws {
        let peer = try Peer()
        let session = peer.connect()
        let (grant, _) = try peer.hello(on: session, token: nil)
        func mutation(_ sequence: UInt64, epoch: UInt64 = 5) -> ClientMessage {
            .mutate(
                Mutation(
                    sequence: MutationSequence(sequence), epoch: Epoch(epoch),
                    operation: .insert(Entity(index: 0, generation: 1), .init(ColumnID(0), [8]))))
        }
        func code(_ messages: [ServerMessage]) -> RefusalCode? {
            guard case .refused(let refusal)? = messages.first?.answers.first?.outcome else { return nil }
            return refusal.code
        }
        #expect(try code(peer.say(mutation(1, epoch: 6), on: session)) == .outcomeUnknown)
        #expect(try peer.say(mutation(300), on: session).isEmpty)
        #expect(try peer.say(mutation(300), on: session).isEmpty)
        #expect(peer.requests.map(\.sequence) == [MutationSequence(300)])
        // 256 below the highest is forgotten, one above that is not.
        #expect(try code(peer.say(mutation(44), on: session)) == .outcomeUnknown)
        #expect(try peer.say(mutation(45), on: session).isEmpty)
        #expect(peer.requests.count == 2)

        let outcome = MutationOutcome.applied(Tick(11), entities: [])
        peer.server.mutationsFinished([MutationResult(peer.requests[0], outcome)])
        // Not before its tick.
        #expect(try peer.answers(to: session).isEmpty)
        let again = peer.connect()
        #expect(try peer.hello(on: again, token: grant.token).0.isKnownClient)
        #expect(try peer.say(mutation(300), on: again).isEmpty)
        peer.store.advance(to: Tick(11))
        peer.server.worldAdvanced(now: .zero)
        #expect(try peer.answers(to: again) == [.mutationResponse(MutationSequence(300), outcome)])
        #expect(try peer.say(mutation(300), on: again) == [.mutationResponse(MutationSequence(300), outcome)])
        #expect(peer.requests.count == 2)
    }

    private func mutation(_ sequence: UInt64) -> ClientMessage {
        .mutate(
            Mutation(
                sequence: MutationSequence(sequence), epoch: Epoch(5),
                operation: .insert(Entity(index: 0, generation: 1), .init(ColumnID(0), [8]))))
    }

    @Test func aRepetitionWhoseAnswerWouldWaitNeedsRoomForIt() throws {
        let peer = try Peer {
            $0.answersSizeMax = 2000
            $0.answerSizeMax = 2000
        }
        // Three clients with six answers each that wait for a tick, one after the other.
        var tokens: [[UInt8]] = []
        for _ in 0..<3 {
            let session = peer.connect()
            tokens.append(try peer.hello(on: session, token: nil).0.token)
            peer.server.transportHolds(0, taken: nil, of: session, now: .zero)
            for sequence in 1...6 as ClosedRange<UInt64> {
                #expect(try peer.say(mutation(sequence), on: session).isEmpty)
                let request = try #require(peer.requests.last)
                peer.server.mutationsFinished(
                    [MutationResult(request, .applied(Tick(11), entities: []))])
            }
            peer.server.closed(session, now: .zero)
        }
        #expect(peer.requests.count == 18)
        var refused = 0
        for token in tokens {
            let session = peer.connect()
            _ = try peer.hello(on: session, token: token)
            peer.server.transportHolds(0, taken: nil, of: session, now: .zero)
            for sequence in 1...6 as ClosedRange<UInt64> {
                let answers = try peer.say(mutation(sequence), on: session).flatMap(\.answers)
                for case .refused(let refusal) in answers.map(\.outcome) {
                    #expect(refusal.code == .outcomeUnknown)
                    refused += 1
                }
                peer.server.transportHolds(0, taken: nil, of: session, now: .zero)
            }
        }
        // Room for twelve, and one for the last client.
        #expect(refused == 5)
        #expect(peer.requests.count == 18)
        for occupancy in peer.server.occupancies { #expect(occupancy.count <= occupancy.limit, "\(occupancy)") }
    }

    @Test("A refusal has its value where there is room", arguments: [true, false])
    func aValueNeedsRoom(isThereRoom: Bool) throws {
        let peer = try Peer { if !isThereRoom { ($0.answersSizeMax, $0.answerSizeMax) = (8000, 8000) } }
        let session = peer.connect()
        _ = try peer.hello(on: session, token: nil)
        peer.server.transportHolds(0, taken: nil, of: session, now: .zero)
        _ = try peer.say(mutation(1), on: session)
        let refusal = Refusal(.compareFailed, "it is not", current: [UInt8](repeating: 1, count: 10_000))
        peer.server.mutationsFinished(
            [MutationResult(try #require(peer.requests.last), .refused(refusal))])
        guard case .refused(let told)? = try peer.answers(to: session).first?.answers.first?.outcome else {
            Issue.record("no answer")
            return
        }
        #expect(told.code == .compareFailed && told.reason == "it is not")
        #expect(told.current == (isThereRoom ? refusal.current : nil))
    }
}
