import OrreryClient
import OrrerySchema
import OrreryWebSocket

struct Position: Component { var x: Float = 0, y: Float = 0, heading: Float = 0 }
struct Turns: Component { var count: Int32 = 0 }

/// Walkers who each see what is around them, and a spectator who sees the ten who have turned round most often.
@main
enum CrowdClient {
    static func main() async throws {
        try await withThrowingTaskGroup { clients in
            for number in 0..<5 { clients.addTask { try await walk(as: number) } }
            clients.addTask { try await watchTheTopTen() }
            try await clients.waitForAll()
        }
    }

    private static func connect(_ body: (ClientConnection) async throws -> Void) async throws {
        try await SimulationClient(url: "ws://127.0.0.1:7601", transport: .webSocket).withConnection(body)
    }

    /// The region goes with the walker.
    private static func walk(as number: Int) async throws {
        try await connect { connection in
            let all = try await connection.query(Position.self, limit: 1, offset: number * 1000)
            guard let me = all.entities.first else { return }
            all.cancel()
            let near = try await connection.query(Position.self, within: .radius(56, of: me))
            var (came, went) = (0, 0)
            for try await batch in near.batches {
                (came, went) = (came + batch.joined.count, went + batch.left.count)
                guard batch.tick.rawValue % 100 == 0 else { continue }
                print("\(batch.tick): \(me) sees \(near.entities.count); \(came) came and \(went) went")
                (came, went) = (0, 0)
            }
        }
    }

    private static func watchTheTopTen() async throws {
        try await connect { connection in
            let top = try await connection.query(Turns.self, orderedBy: .descending(\Turns.count), limit: 10)
            for try await batch in top.batches where !batch.joined.isEmpty {
                print("\(batch.tick): the top ten:", top.rows.map { "\($0) \($1.count)" }.joined(separator: ", "))
            }
        }
    }
}
