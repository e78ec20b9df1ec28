import Logging
import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryTransport
import Testing

/// A component as a client knows it that was built some time ago.
private enum Old {
    struct Health: Component { var current: Int32 = 100 }
}

/// Its size has another name on the wire.
private struct Sign: Component, Codable, Equatable {
    var text = "", size = 1.0
    enum CodingKeys: String, CodingKey { case text, size = "fontSize" }
}

/// What a client writes reaches the fields that it means, and no others.
@Suite(.timeLimit(.minutes(1)))
struct WritingTests {
    /// Runs a server whose components clients may write, with one entity that has them.
    private func write(
        _ body: @Sendable (SimulationServer, ClientConnection, Entity) async throws -> Void
    ) async throws {
        let network = MemoryNetwork()
        let world = World()
        let entity = world.spawn(Position(), Health(maximum: 70), Sign())
        let server = try SimulationServer(
            world: world, schedule: Schedule(), configuration: .init(tickRate: .hertz(100)),
            transport: network.server(name: "written"),
            logger: Logger(label: "writing") { _ in SwiftLogNoOpLogHandler() }
        ) { sync in
            try sync.register(Position.self, writable: .byClients)
            try sync.register(Health.self, writable: .byClients)
            try sync.register(Sign.self, writable: .byClients)
        }
        async let running: Void = server.run()
        let client = SimulationClient(url: server.url, transport: network.client, reconnect: .never)
        try await client.withConnection { try await body(server, $0, entity) }
        server.stop()
        try await running
    }

    @Test(.bug(id: "d13", "a set with fewer fields resets the others"))
    func fieldsThatAClientDoesNotKnowStayAsTheyAre() async throws {
        try await write { server, connection, entity in
            _ = try await connection.enqueue(.set(Old.Health(current: 6), on: entity)).outcome
            #expect(try await server.perform { $0[entity, Health.self] } == Health(current: 6, maximum: 70))
            _ = try await connection.enqueue(.insert(Old.Health(current: 7), on: entity)).outcome
            #expect(try await server.perform { $0[entity, Health.self] } == Health(current: 7, maximum: 100))
        }
    }

    @Test(.bug(id: "o02", "a field that CodingKeys rename is not found"))
    func aRenamedFieldIsPatchedByItsKeyPath() async throws {
        try await write { server, connection, entity in
            _ = try await connection.enqueue(.patch(entity, Sign.self) { $0.set(\.size, to: 2) }).outcome
            #expect(try await server.perform { $0[entity, Sign.self] } == Sign(size: 2))
        }
    }

    @Test(.bug(id: "o13", "a dynamic double is no Float"), arguments: [DynamicValue.double(0.5), .signed(1)])
    func aNumberThatTheFieldHoldsExactlyIsTakenOfAnyKind(_ value: DynamicValue) async throws {
        try await write { server, connection, entity in
            _ = try await connection.enqueue(.set("Position", on: entity, [(["x"], value)])).outcome
            let x = try await server.perform { $0[entity, Position.self]?.x }
            #expect(x == (value == .signed(1) ? 1 : 0.5))
        }
    }
}
