import OrreryECS
import OrrerySchema
import OrrerySync
import OrreryTesting
import OrreryWire
import simulate

/// An honest client that watches what moves in every tick, and the ticks that it did not get by themselves.
final class Witness {
    let client: JoinedClient
    private let joined: JoinedWorld
    private var lastTick: Tick
    private var skipped: UInt64 = 0

    init(of joined: JoinedWorld, watching entities: [Entity]? = nil) throws {
        self.joined = joined
        joined.tick()
        client = try joined.connect()
        client.subscribe(["Position"], of: entities)
        joined.tick()
        _ = client.takeBatches()
        lastTick = joined.serverTick
    }

    /// Moves everything, runs a tick and looks at what came of it.
    func tick() {
        joined.world.query(Write<Position>.self).forEach { $0.x += 1 }
        joined.tick()
        joined.passTime(.zero)
        for batch in client.takeBatches() {
            skipped += batch.tick.ticks(since: lastTick) - 1
            lastTick = batch.tick
        }
    }

    /// Ticks that it has not seen by themselves, those that it still waits for among them.
    var missed: UInt64 { skipped + joined.serverTick.ticks(since: lastTick) }
}
