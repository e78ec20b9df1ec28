import Logging
import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryTransport
import OrreryWebSocket
import Testing

/// Steering a live server, and coming back to one that was started again.
@Suite(.timeLimit(.minutes(1)))
struct SteeringTests {
    func makeServer(
        _ transport: any ServerTransport, _ world: sending World, knowsHealth: Bool = true
    ) throws -> SimulationServer {
        try SimulationServer(
            world: world, schedule: Schedule(), configuration: .init(tickRate: .hertz(100)), transport: transport,
            logger: Logger(label: "steering") { _ in SwiftLogNoOpLogHandler() }
        ) { sync in
            try sync.register(Position.self)
            if knowsHealth {
                try sync.register(
                    Health.self, writable: .byClients(where: { $0.new.map { $0.current <= $0.maximum } ?? false }))
            }
            try sync.register(Label.self, writable: .byClients)
            sync.spawning = .byClients
            sync.despawning = .byClients
        }
    }

    /// The code of the error that a mutation ends with; `nil` where it takes effect.
    private func refusal(of mutation: MutationHandle) async -> ClientError.Code? {
        do throws(ClientError) {
            _ = try await mutation.outcome
            return nil
        } catch {
            return error.code
        }
    }

    @Test(arguments: Way.allCases)
    func aClientSteers(over way: Way) async throws {
        let network = MemoryNetwork()
        let server = try makeServer(way == .memory ? network.server(name: "steer") : .webSocket(port: 0), World())
        async let running: Void = server.run()
        let client = SimulationClient(
            url: server.url,
            transport: way == .memory ? network.client : WebSocketClientTransport(connectTimeout: .seconds(30)))
        try await client.withConnection { connection in
            let healths = try await connection.view(of: Health.self)
            let spawned = connection.enqueue(.spawn(Health(current: 1), Label(text: "ship")))
            let ship = try #require(try await spawned.outcome.entities.first)
            #expect(healths[ship] == Health(current: 1), "the state is there when the answer is")
            let tick = try await connection.enqueue(.patch(ship, Health.self) { $0.set(\.current, to: 50) }).outcome
                .tick
            #expect(connection.tick >= tick)
            #expect(healths[ship] == Health(current: 50))
            for (value, isTaken) in [(60, true), (70, false)] as [(Int32, Bool)] {
                let patch = connection.enqueue(
                    .patch(ship, Health.self) { $0.set(\.current, to: value, expecting: 50) })
                #expect(await refusal(of: patch) == (isTaken ? nil : .compareFailed))
            }
            #expect(await refusal(of: connection.enqueue(.set(Health(current: 500), on: ship))) == .forbidden)
            #expect(await refusal(of: connection.enqueue(.insert(Position(), on: ship))) == .notWritable)
            _ = try await connection.enqueue(.set("Label", on: ship, [(["text"], .string("renamed"))])).outcome
            _ = try await connection.enqueue(.remove(Label.self, from: ship)).outcome
            _ = try await connection.enqueue(.despawn(ship)).outcome
            #expect(healths[ship] == nil)
            #expect(await refusal(of: connection.enqueue(.despawn(ship))) == .unknownEntity)
            #expect(connection.status.pendingMutationCount == 0)
        }
        server.stop()
        try await running
    }

    @Test func aClientComesBackToAServerThatWasStartedAgain() async throws {
        let first = World()
        first.spawn(Label(text: "before"))
        let server = try makeServer(.webSocket(port: 0), first)
        let port = try #require(server.url.split(separator: ":").last.flatMap { Int($0) })
        let running = Task { try await server.run() }
        var client = SimulationClient(
            url: server.url, transport: WebSocketClientTransport(connectTimeout: .seconds(30)))
        client.reconnect.delayMin = .milliseconds(10)
        try await client.withConnection { connection in
            let labels = try await connection.view(of: Label.self)
            #expect(labels.values.map(\.value.text) == ["before"])
            let epoch = connection.epoch
            let batches = connection.batches
            server.stop()
            try await running.value
            let second = World()
            for _ in 0..<2 { second.spawn(Label(text: "after")) }
            let again = try makeServer(.webSocket(port: port), second)
            let runningAgain = Task { try await again.run() }
            for try await batch in batches where batch.reset == .otherEpoch { break }
            #expect(labels.values.map(\.value.text) == ["after", "after"])
            #expect(connection.epoch != epoch)
            #expect(connection.status.state == .connected)
            #expect(connection.status.lostConnectionCount == 1)
            again.stop()
            try await runningAgain.value
        }
    }

    @Test(.bug(id: "d09", "a view stays empty for good"))
    func aViewShowsAComponentThatIsThereAgain() async throws {
        let network = MemoryNetwork()
        func begin(knowsHealth: Bool) throws -> (server: SimulationServer, running: Task<Void, any Error>) {
            let world = World()
            world.spawn(Label(text: "here"), Health())
            let server = try makeServer(network.server(name: "lives"), world, knowsHealth: knowsHealth)
            return (server, Task { try await server.run() })
        }
        var life = try begin(knowsHealth: true)
        var client = SimulationClient(url: life.server.url, transport: network.client)
        client.reconnect.delayMin = .milliseconds(10)
        try await client.withConnection { connection in
            let (labels, healths) = (
                try await connection.view(of: Label.self), try await connection.view(of: Health.self)
            )
            #expect(labels.count == 1 && healths.count == 1)
            var batches = connection.batches.makeAsyncIterator()
            for knowsHealth in [false, true] {
                life.server.stop()
                try await life.running.value
                life = try begin(knowsHealth: knowsHealth)
                while let batch = try await batches.next(), batch.reset != .otherEpoch {}
                #expect(labels.count == 1)
            }
            #expect(healths.end?.code == .component && healths.isStale && !labels.isStale)
            let again = try await connection.view(of: Health.self)
            #expect(again.count == 1 && again.end == nil)
        }
        life.server.stop()
        try await life.running.value
    }
}
