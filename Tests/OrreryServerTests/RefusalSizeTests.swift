import Logging
import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryTransport
import OrreryWebSocket
import Testing

/// A refusal never ends a connection, however much its rule has to say.
@Suite(.timeLimit(.minutes(1)))
struct RefusalSizeTests {
    private static let sentence = "x" + String(repeating: "é", count: 1000)

    private func steer(
        over way: Way, world: sending World, _ body: (ClientConnection) async throws -> Void
    ) async throws {
        let network = MemoryNetwork()
        let server = try SimulationServer(
            world: world, schedule: Schedule(), configuration: .init(tickRate: .hertz(100)),
            transport: way == .memory ? network.server(name: "refusals") : .webSocket(port: 0),
            logger: Logger(label: "refusals") { _ in SwiftLogNoOpLogHandler() }
        ) { sync in
            try sync.register(Health.self, writable: .byClients(judge: { _ in .refuse(Self.sentence) }))
            try sync.register(Label.self, writable: .byClients)
            sync.despawning = .byClients(judge: { _ in .refuse(Self.sentence) })
        }
        async let running: Void = server.run()
        let client = SimulationClient(
            url: server.url,
            transport: way == .memory ? network.client : WebSocketClientTransport(connectTimeout: .seconds(30)),
            reconnect: .never)
        try await client.withConnection { connection in
            let everything = try await connection.subscribeToAll()
            defer { everything.cancel() }
            try await body(connection)
            #expect(connection.end == nil)
            #expect(connection.status.lostConnectionCount == 0)
        }
        server.stop()
        try await running
    }

    @Test(
        .bug(id: "d02", "a reason that is longer than clients take ended the connection"),
        arguments: [Way.memory, .webSocket])
    func aLongReasonIsCut(over way: Way) async throws {
        let world = World()
        let entity = world.spawn(Health(current: 5))
        try await steer(over: way, world: world) { connection in
            for mutation: ClientMutation in [
                .set(Health(current: 6), on: entity), .insert(Health(current: 6), on: entity),
                .patch(entity, Health.self) { $0.set(\.current, to: 6) }, .remove(Health.self, from: entity),
                .despawn(entity),
            ] {
                let error = await #expect(throws: ClientError.self) { try await connection.enqueue(mutation).outcome }
                #expect(error?.code == .forbidden)
                let message = try #require(error?.message)
                // Cut on a character: of a thousand that take two bytes each.
                #expect(message.hasPrefix("refused by the rule of ") && message.contains(": x"))
                let rest = message.drop { $0 != "x" }
                #expect((1023...1024).contains(message.utf8.count) && Self.sentence.hasPrefix(rest))
            }
        }
    }

    @Test(
        .bug(id: "d02b", "a value that is longer than clients take ended the connection"),
        arguments: [Way.memory, .webSocket])
    func aLongValueIsLeftOut(over way: Way) async throws {
        let world = World()
        let entity = world.spawn(Label(text: String(repeating: "x", count: 300_000)))
        let short = world.spawn(Label(text: "short"))
        try await steer(over: way, world: world) { connection in
            func refused(_ mutation: ClientMutation) async -> ClientError? {
                await #expect(throws: ClientError.self) { try await connection.enqueue(mutation).outcome }
            }
            let long = await refused(.set(Label(text: "b"), on: entity, expecting: Label(text: "a")))
            #expect(long?.code == .compareFailed && long?.current == nil)
            let other = await refused(.set(Label(text: "b"), on: short, expecting: Label(text: "a")))
            #expect(other?.code == .compareFailed)
            #expect(other?.current == [5] + Array("short".utf8), "one that fits comes along")
            let field = await refused(.patch(entity, Label.self) { $0.set(\.text, to: "b", expecting: "a") })
            #expect(field?.code == .compareFailed && field?.current == nil)
        }
    }
}
