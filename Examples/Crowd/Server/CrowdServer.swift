import CrowdWorld
import OrreryECS
import OrreryServer
import OrreryWebSocket

@main
enum CrowdServer: ServerProgram {
    static func makeServer() throws -> SimulationServer {
        var schedule = Schedule()
        CrowdWorld.addSystems(to: &schedule)
        return try SimulationServer(
            world: CrowdWorld.make(walkers: 10_000), schedule: schedule, configuration: .init(tickRate: .hertz(20)),
            transport: .webSocket(port: 7601), register: CrowdWorld.register)
    }
}
