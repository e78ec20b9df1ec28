import OrreryClient
import OrrerySchema
import OrreryWebSocket

struct Position: Component { var x = 0.0, y = 0.0 }
struct Name: Component, Codable { var text = "" }

@main
enum DriftClient {
    static func main() async throws {
        let client = SimulationClient(url: "ws://127.0.0.1:7600", transport: .webSocket)
        try await client.withConnection { connection in
            let positions = try await connection.view(of: Position.self)
            let names = try await connection.view(of: Name.self)
            for try await batch in positions.batches {
                guard let farthest = positions.values.max(by: { $0.value.x < $1.value.x }) else { continue }
                print(batch.tick, names[farthest.entity]?.text ?? "?", farthest.value.x)
            }
        }
    }
}
