import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryStore
import OrrerySync
import OrreryTesting
import OrreryTransport
import OrreryWire
import Testing
import simulate

@testable import OrreryClient

/// A Heartbeat is due an interval after the last batch or Heartbeat, whatever else was said.
@Suite struct HeartbeatTests {
    /// A server of one component, with a client's messages made by hand.
    private final class Peer {
        private let store: ComponentStore
        private var server: SyncServer
        private let session = SessionID(1)
        private var sentByteCount: UInt64 = 0
        private(set) var reachedTick = Tick.zero
        private var value: UInt8 = 0
        var now = Duration.zero

        init(_ configuration: SyncServerConfiguration = .init()) throws {
            let schema = try ComponentSchema(name: "Count", type: .scalar(.uint8))
            store = ComponentStore(ComponentTable([.init(ColumnID(0), schema, isWritable: true)]))
            store.advance(to: Tick(1))
            for row in 0..<2 as Range<UInt32> {
                store.spawn(Entity(index: row, generation: 1))
                store[ColumnID(0)].set(row, to: [0], at: store.tick)
            }
            server = SyncServer(
                store: store, epoch: Epoch(1), configuration: configuration, makeRandom: { 1 })
            server.open(session, now: .zero)
            say(.hello(Hello(clientName: "peer")))
        }

        func say(_ message: ClientMessage) {
            message.encoded().withUnsafeBytes { server.receive($0, from: session, now: now) }
        }

        /// - Parameters:
        ///   - changes: Whether something happens in the tick.
        ///   - row: To which of the two entities it happens.
        func tick(changing changes: Bool, row: UInt32 = 0) {
            store.advance(to: Tick(store.tick.rawValue + 1))
            value &+= 1
            if changes { store[ColumnID(0)].set(row, to: [value], at: store.tick) }
            server.worldAdvanced(now: now)
        }

        func acknowledge() { say(.acknowledge(reachedTick, receivedByteCount: sentByteCount)) }

        /// - Returns: the kinds of what was said, batches and Heartbeats acknowledged, unless they need not be.
        func hear(acknowledging: Bool = true) -> [UInt8] {
            server.timePassed(now: now)
            var kinds: [UInt8] = []
            for action in server.takeActions() {
                switch action {
                case .broadcast(let message, _), .send(let message, _):
                    kinds.append(message.bytes[0])
                    switch message.withPayload({ try? ServerMessage(decoding: $0, limits: WireLimits()) }) {
                    case .syncBatch(let head):
                        reachedTick = head.tick
                        sentByteCount += UInt64(message.count)
                        if !head.asksToAcknowledge { continue }
                    case .heartbeat(let tick, isCurrent: true): reachedTick = tick
                    default: continue
                    }
                    if acknowledging { acknowledge() }
                case .setReading: continue
                case .close(_, let error): Issue.record("\(error)")
                }
            }
            var requests: [MutationRequest] = []
            server.takeRequests(into: &requests)
            server.mutationsFinished(requests.map { MutationResult($0, .applied(store.tick, entities: [])) })
            return kinds
        }
    }

    private static let batch: UInt8 = 0x84
    private static let heartbeat: UInt8 = 0x85

    /// When Heartbeats come, in tenths of a second, while `act` is called each tenth.
    private func heartbeats(_ count: Int, _ act: (Peer, Int) -> Void) throws -> [Int] {
        let peer = try Peer()
        var times: [Int] = []
        for time in 0...count {
            peer.now = .milliseconds(100 * time)
            act(peer, time)
            let kinds = peer.hear() + peer.hear()
            if kinds.contains(Self.heartbeat) { times.append(time) }
        }
        return times
    }

    @Test func itComesAfterAnIntervalOfNothing() throws {
        #expect(try heartbeats(35) { _, _ in } == [10, 20, 30])
    }

    @Test func aBatchPutsItOff() throws {
        let times = try heartbeats(60) { peer, time in
            if time == 0 { peer.say(.subscribe(SubscriptionID(1), .everything)) }
            peer.tick(changing: (1...25).contains(time))
        }
        #expect(times == [35, 45, 55], "an interval after the last batch, though ticks without changes go on")
    }

    /// Batches that put off the Heartbeat, and most of which need no acknowledgement, still have the client say
    /// something before its silence would end it.
    @Test func whoIsAskedNothingIsNotSilent() throws {
        var configuration = SyncServerConfiguration()
        configuration.silenceTimeout = .milliseconds(1900)
        let peer = try Peer(configuration)
        peer.say(.subscribe(SubscriptionID(1), .everything))
        for time in 1...100 {
            peer.now = .milliseconds(900 * time)
            peer.tick(changing: true)
            // It records that the session is closed.
            #expect(peer.hear().contains(Self.batch))
        }
    }

    @Test func whoWasToldThatItIsBehindIsToldWhenItIsNot() throws {
        let peer = try Peer()
        peer.say(.subscribe(SubscriptionID(1), QueryRequest("", entities: [Entity(index: 0, generation: 1)])))
        #expect(peer.hear(acknowledging: false).last == Self.batch)
        // Its window is closed when a tick comes that may concern it, so it falls behind, though nothing is owed to it.
        peer.tick(changing: true, row: 1)
        peer.now = .seconds(1)
        #expect(peer.hear(acknowledging: false) == [Self.heartbeat])
        #expect(peer.reachedTick == Tick(1))
        peer.acknowledge()
        peer.now = .milliseconds(1050)
        #expect(peer.hear() == [Self.heartbeat])
        #expect(peer.reachedTick == Tick(2))
        peer.now = .milliseconds(1900)
        #expect(peer.hear() == [])
    }

    @Test func answersDoNot() throws {
        let times = try heartbeats(35) { peer, time in
            peer.say(
                .mutate(
                    Mutation(
                        sequence: MutationSequence(UInt64(time) + 1), epoch: Epoch(1),
                        operation: .insert(Entity(index: 0, generation: 1), .init(ColumnID(0), [1])))))
            // Subscriptions that are refused, and ends of what never began.
            peer.say(.subscribe(SubscriptionID(7), QueryRequest("Nothing")))
            peer.say(.unsubscribe(SubscriptionID(7)))
        }
        #expect(times == [10, 20, 30])
    }

    private func makeJoined() throws -> JoinedWorld {
        try JoinedWorld { sync in
            try sync.register(Health.self, writable: .byClients)
            try sync.register(Position.self)
        }
    }

    /// A tenth of a second in which the client wants something.
    private func steer(_ joined: JoinedWorld, _ client: JoinedClient, _ entity: Entity) {
        client.mutate(.insert(entity, .init(ColumnID(0), [1, 0, 0, 0, 2, 0, 0, 0]))) { _ in }
        joined.tick()
        joined.passTime(.milliseconds(100))
    }

    @Test func whoSteersAllTheTimeAndSeesNothingChangeKeepsUpAllTheSame() throws {
        let joined = try makeJoined()
        let (seen, steered) = (joined.world.spawn(Position()), joined.world.spawn(Health()))
        let client = try joined.connect()
        joined.tick()
        client.subscribe(of: seen)
        joined.tick()
        for _ in 0..<40 {
            steer(joined, client, steered)
            #expect(joined.serverTick.ticks(since: client.tick) <= 12)
        }
    }

    /// What takes the place of a void state waits for a current Heartbeat, where nothing is asked for any more.
    @Test func whoSteersAllTheTimeEntersTheNewLifeOfARestartedServer() throws {
        let joined = try makeJoined()
        // In the next life, nobody has this number.
        for _ in 0..<9 { joined.world.spawn(Position()) }
        let seen = joined.world.spawn(Position(x: 1))
        let client = try joined.connect()
        joined.tick()
        client.subscribe(of: seen)
        joined.tick()
        #expect(client.contents.entities.count == 1)
        let next = World()
        let steered = next.spawn(Health())
        try joined.restart(with: next)
        for _ in 0..<50 { steer(joined, client, steered) }
        #expect(client.isWelcomed)
        #expect(client.revision.epoch == joined.revision.epoch)
        #expect(client.contents.entities.isEmpty)
        #expect(!client.session.withCore(\.isShowingVoidState))
        #expect(client.takeErrors().map(\.code).contains(.unknownEntity))
    }
}
