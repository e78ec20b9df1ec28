import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryWebSocket

struct Position: Component { var x = 0.0, y = 0.0 }
struct Velocity: Component { var x = 0.0, y = 0.0 }
struct Name: Component, Codable { var text = "" }

@main
enum DriftServer: ServerProgram {
    static func makeServer() throws -> SimulationServer {
        let world = World()
        for number in 1...100 {
            world.spawn(Position(), Velocity(x: Double(number), y: 1), Name(text: "dot \(number)"))
        }

        var schedule = Schedule()
        schedule.add("drift", in: .update, Write<Position>.self, Read<Velocity>.self) { query, tick in
            query.forEach { position, velocity in
                position.x += velocity.x * tick.seconds
                position.y += velocity.y * tick.seconds
            }
        }

        return try SimulationServer(
            world: world, schedule: schedule, configuration: .init(tickRate: .hertz(60)),
            transport: .webSocket(port: 7600)
        ) { sync in
            try sync.register(Position.self)
            try sync.register(Name.self)
        }
    }
}
