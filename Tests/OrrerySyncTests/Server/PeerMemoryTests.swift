import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryStore
import OrrerySync
import OrreryTesting
import OrreryWire
import Synchronization
import Testing
import simulate

/// The memory that peers can take is bounded in total, and those who take it cost an honest client nothing.
@Suite struct PeerMemoryTests {
    private static let hello = ClientMessage.hello(Hello(clientName: "peer")).encoded()

    /// A world of 16 MB, of which a little moves in every tick, with a witness that watches that.
    private final class Scene {
        static let tickRate = 20
        let joined: JoinedWorld
        private let witness: Witness
        var missed: UInt64 { witness.missed }
        /// With 4 KiB each.
        private(set) var entities: [Entity] = []
        /// The most that waited in the server's process at the end of a tick: batches and answers, for all sessions.
        private(set) var heldSizeMax = 0
        private(set) var answerSizeMax = 0

        init(linkByteCountMax: Int = 16 << 10) throws {
            joined = try JoinedWorld(
                configuration: SimulationConfiguration(tickRate: .hertz(Double(Self.tickRate))),
                linkByteCountMax: linkByteCountMax
            ) { sync in
                try sync.register(Position.self)
                try sync.register(Health.self, writable: .byClients)
                try sync.register(Label.self)
            }
            for _ in 0..<100 { joined.world.spawn(Position(), Health()) }
            for _ in 0..<4096 {
                entities.append(joined.world.spawn(Label(text: String(repeating: "x", count: 4096)), Health()))
            }
            witness = try Witness(of: joined)
        }

        func tick() {
            witness.tick()
            let held = joined.sessionStates.reduce(0) { $0 + $1.heldByteCount }
            heldSizeMax = max(heldSizeMax, held)
            let answers = joined.occupancies.first { $0.name == "bytes of answers" }?.count ?? 0
            answerSizeMax = max(answerSizeMax, answers)
        }
    }

    /// What the named bounds allow together.
    private static var boundedSize: Int {
        let limits = SyncServerConfiguration()
        return limits.heldSizeMax + limits.answersSizeMax
    }

    @Test("A thousand peers who want 16 MB and never read")
    func peersWhoNeverRead() throws {
        let scene = try Scene()
        let peers = try (0..<1000).map { _ in try scene.joined.connectRaw() }
        for peer in peers {
            peer.send(Self.hello)
            peer.send(ClientMessage.subscribe(SubscriptionID(1), .everything).encoded())
            peer.isStalled = true
        }
        let (second, tick) = (Scene.tickRate, scene.joined.serverTick.rawValue)
        for _ in 0..<5 * second { scene.tick() }
        // In their midst one comes who reads.
        let newcomer = try scene.joined.connect()
        newcomer.subscribe(["Label"], of: Array(scene.entities.prefix(256)))
        var waited = 0
        while waited < 2 * second, newcomer.contents.entities.count < 256 {
            scene.tick()
            waited += 1
        }
        #expect(waited < 2 * second)
        #expect(newcomer.receivedByteCount > 1 << 20)
        let isAnswered = Mutex(false)
        let health = Mutation.ComponentValue(ColumnID(1), [1, 0, 0, 0, 1, 0, 0, 0])
        newcomer.mutate(.set(scene.entities[0], health, expected: nil)) { result in
            if case .success(.applied) = result { isAnswered.withLock { $0 = true } }
        }
        for _ in 0..<3 { scene.tick() }
        #expect(isAnswered.withLock { $0 })
        while scene.joined.serverTick.rawValue - tick < UInt64(10 * second) { scene.tick() }
        #expect(scene.missed <= 2)
        // Nobody who has acknowledged nothing is sent anything of it.
        #expect(scene.heldSizeMax < 1 << 20)
        #expect(scene.heldSizeMax + scene.answerSizeMax < Self.boundedSize && Self.boundedSize < 128 << 20)
        #expect(newcomer.end == nil)
    }

    @Test("A thousand peers who read the first part, and nothing after it")
    func peersWhoReadOnce() throws {
        let scene = try Scene()
        let peers = try (0..<1000).map { _ in try scene.joined.connectRaw() }
        for peer in peers {
            peer.send(Self.hello)
            peer.send(ClientMessage.subscribe(SubscriptionID(1), .everything).encoded())
        }
        scene.tick()
        for peer in peers {
            let batches = peer.takeReceived().filter { $0.first == 0x84 }
            let byteCount = batches.reduce(0) { $0 + $1.count }
            peer.send(ClientMessage.acknowledge(.zero, receivedByteCount: UInt64(byteCount)).encoded())
            peer.isStalled = true
        }
        for _ in 0..<4 * Scene.tickRate { scene.tick() }
        #expect(scene.missed <= 2)
        let limits = SyncServerConfiguration()
        #expect(scene.heldSizeMax > limits.heldSizeMax / 2, "they took what they could")
        // What the tick sends in which the bound is reached, and the page with which that is reached, are beyond it.
        let page = 1024 * (4096 + 64)
        #expect(scene.heldSizeMax <= limits.heldSizeMax + limits.catchUpSizePerTick + page)
        #expect(scene.heldSizeMax + scene.answerSizeMax < 128 << 20)
        #expect(scene.joined.sessionCount < 1000, "who takes nothing for two seconds makes room")
    }

    @Test("Nobody is sent much who has acknowledged nothing, whatever he says that he has", arguments: [false, true])
    func whatIsResumedIsUnprovenToo(values: Bool) throws {
        let scene = try Scene()
        let entities = Array(scene.entities.prefix(100))
        let selection = values ? QueryRequest("Label?", entities: entities) : QueryRequest("Health")
        for entity in entities {
            try scene.joined.world.set(Label(text: String(repeating: "y", count: 4096)), on: entity)
        }
        scene.joined.world.query(Write<Health>.self).forEach { $0.current -= 1 }
        scene.tick()
        let peer = try scene.joined.connectRaw()
        let revision = Revision(epoch: scene.joined.revision.epoch, tick: Tick(1))
        peer.send(
            ClientMessage.hello(
                Hello(
                    clientName: "back",
                    resume: .init(
                        revision: revision, token: [], subscriptions: [.init(SubscriptionID(1), selection)]))
            ).encoded())
        for _ in 0..<10 { scene.tick() }
        let sent = scene.joined.sessionStates.last?.sentByteCount ?? 0
        #expect((1...(16 << 10)).contains(sent), "\(sent) bytes")
    }
}
