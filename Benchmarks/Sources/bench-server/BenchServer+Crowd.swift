import CrowdWorld
import Logging
import OrreryECS
import OrreryServer
import OrreryWebSocket

extension BenchServer {
    /// Walkers on a square, all of whom move in every tick, as in `Examples/Crowd`.
    func makeCrowd(_ clock: TickClock, _ logger: Logger) throws -> SimulationServer {
        var schedule = Schedule()
        schedule.add("clock", in: .input) { _, context in clock.begin(context.tick) }
        CrowdWorld.addSystems(to: &schedule)
        return try SimulationServer(
            world: CrowdWorld.make(walkers: entities), schedule: schedule, configuration: .init(tickRate: .hertz(rate)),
            transport: .webSocket(port: 0), logger: logger, register: CrowdWorld.register)
    }
}
