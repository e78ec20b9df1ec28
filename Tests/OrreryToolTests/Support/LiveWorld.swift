import Logging
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryWebSocket

struct Position: Component {
    var x = 0.0, y = 0.0, z = 0.0
    static var annotations: [FieldAnnotation<Position>] { [.init(\.x, unit: "km")] }
}
struct Velocity: Component { var x = 0.0 }
struct Body: Component, Codable {
    var name = ""
    var moons: [String] = []
}
struct Frozen: Component {}
struct Place: Component { var row: Int32 = 0, column: Int32 = 0 }
struct Score: Component { var points: Int32 = 0, best: Int32 = 7 }

/// A server on a free port of this machine, with a small world: three planets, one of which moves.
struct LiveWorld: Sendable {
    let server: SimulationServer
    let sun: Entity
    let earth: Entity
    let mars: Entity

    /// Runs the server while `body` runs.
    static func run<R: Sendable>(
        hertz: Double = 100, extraEntities: Int = 0, token: String? = nil,
        _ body: @Sendable (LiveWorld) async throws -> R
    ) async throws -> R {
        let live = try LiveWorld(hertz: hertz, extraEntities: extraEntities, token: token)
        async let running: Void = live.server.run()
        let result: Result<R, any Error>
        do {
            // Clients that come before the first tick see an empty world.
            for _ in 0..<2 { try await live.server.perform { _ in } }
            result = .success(try await body(live))
        } catch { result = .failure(error) }
        live.server.stop()
        try await running
        return try result.get()
    }

    private init(hertz: Double, extraEntities: Int, token: String?) throws {
        let world = World()
        sun = world.spawn(Body(name: "Sun, \"Sol\"\u{1b}[1m"), Position(), Frozen())
        earth = world.spawn(Body(name: "Earth", moons: ["Moon"]), Position(x: 1.5, z: 2), Velocity(x: 1))
        mars = world.spawn(Position(x: .infinity, y: -0.25, z: .nan))
        for number in 0..<extraEntities { _ = world.spawn(Position(x: Double(number))) }
        var schedule = Schedule()
        schedule.add("move", in: .update, Write<Position>.self, Read<Velocity>.self) { query, tick in
            query.forEach { position, velocity in position.y += velocity.x * tick.seconds }
        }
        var configuration = SimulationConfiguration(tickRate: .hertz(hertz))
        configuration.authorize = token.map { .bearer($0, rights: .all) }
        server = try SimulationServer(
            world: world, schedule: schedule, configuration: configuration,
            transport: .webSocket(port: 0), logger: Logger(label: "orrery.test") { _ in SwiftLogNoOpLogHandler() }
        ) { sync in
            try sync.register(Position.self)
            try sync.register(Body.self, writable: .byClients)
            try sync.register(Frozen.self)
            try sync.register(Place.self, writable: .byClients)
            try sync.register(resource: Score.self, writable: .byClients)
            sync.spawning = .byClients
            sync.despawning = .byClients
        }
    }
}
