import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryTesting
import Testing

@Suite("An entity that no server can have costs no connection", .bug(id: "e02"))
struct ImpossibleEntityTests {
    private static let impossible = [
        Entity.none, Entity(index: 5_000_000, generation: 1), Entity(index: 1, generation: 0),
    ]

    @Test(arguments: impossible)
    func alone(entity: Entity) throws {
        let joined = try JoinedWorld { try $0.register(Position.self) }
        let ship = joined.world.spawn(Position(x: 1))
        joined.tick()
        let connection = try joined.connect().connection
        try joined.run {
            let view = try await connection.view(of: Position.self, for: ship)
            do throws(ClientError) {
                _ = try await connection.view(of: Position.self, for: entity)
                Issue.record("there is no \(entity)")
            } catch {
                #expect(error.code == .unknownEntity)
            }
            do throws(ClientError) {
                _ = try await connection.subscribeToAll(for: [entity])
                Issue.record("there is no \(entity)")
            } catch {
                #expect(error.code == .unknownEntity)
            }
            #expect(view.end == nil && view.value == Position(x: 1))
        }
        #expect(connection.status.state == .connected && connection.status.lostConnectionCount == 0)
    }

    @Test func amongOthers() throws {
        let joined = try JoinedWorld { try $0.register(Position.self) }
        let ship = joined.world.spawn(Position(x: 1))
        joined.tick()
        let connection = try joined.connect().connection
        let view = try joined.run {
            try await connection.view(of: Position.self, for: Self.impossible + [ship])
        }
        #expect(view.entities == [ship] && view.end == nil)
        #expect(connection.status.state == .connected)
    }
}
