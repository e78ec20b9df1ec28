import Dispatch
import OrreryClient
import OrreryECS
import OrrerySchema
import OrreryServer
import OrrerySync
import Synchronization
import Testing

/// What some clients do costs the others nothing. `Scripts/bench crowd` does the same with a thousand.
@Suite(.timeLimit(.minutes(2)))
struct CrowdTests {
    /// The ticks that one client was brought to.
    private final class Arrivals: Sendable {
        private let ticks = Mutex<Set<Tick>>([])
        private let longest = Mutex(UInt64(0))

        func add(_ batch: AppliedBatch) {
            ticks.withLock { _ = $0.insert(batch.tick) }
            longest.withLock { $0 = max($0, batch.tick.ticks(since: batch.base)) }
        }

        var all: Set<Tick> { ticks.withLock { $0 } }
        var longestStep: UInt64 { longest.withLock { $0 } }
    }

    private let goodCount = 47
    private let tickCount: UInt64 = 100

    /// A client that listens; before each batch, `wait` is called.
    private func join(
        _ live: LiveWorld, wait: @escaping @Sendable () -> Void = {}
    ) async throws -> (connection: ClientConnection, positions: Subscription, arrivals: Arrivals) {
        let connection = try await live.client.connect()
        let arrivals = Arrivals()
        let positions = try await connection.subscribe(anyOf: Position.self)
        let isBeginning = Mutex(true)
        _ = connection.session.addObserver { result in
            // The first is what is shown, and comes from this thread.
            let isFirst = isBeginning.withLock { isBeginning in
                defer { isBeginning = false }
                return isBeginning
            }
            guard case .success(let batch) = result, !isFirst else { return }
            arrivals.add(batch)
            wait()
        }
        return (connection, positions, arrivals)
    }

    @Test func aSlowASilentAndAHostileClientCostTheOthersNothing() async throws {
        var schedule = Schedule()
        schedule.add("move", in: .update, Write<Position>.self) { query, _ in query.forEach { $0.x += 1 } }
        let world = World()
        for _ in 0..<40 { world.spawn(Position()) }
        // Forty ticks of 500 bytes.
        let configure = { (configuration: inout SimulationConfiguration) in configuration.sync.windowSize = 20_000 }
        try await LiveWorld.run(
            over: .webSocket, tickRate: 25, configure: configure, world: world, schedule: schedule
        ) { live in
            var good: [(connection: ClientConnection, positions: Subscription, arrivals: Arrivals)] = []
            for _ in 0..<goodCount { good.append(try await join(live)) }
            let gate = DispatchSemaphore(value: 0)
            let slow = try await join(live) { gate.wait() }
            let rogues = [
                Rogue(.silent, url: live.server.url, seed: 1), Rogue(.hostile, url: live.server.url, seed: 2),
            ]
            let start = try await live.server.perform { $0.tick }
            let goal = Tick(start.rawValue + tickCount)
            while try await live.server.perform({ $0.tick }) < goal {}
            for _ in 0..<1000 { gate.signal() }
            for (connection, _, _) in good + [slow] {
                try await connection.until { $0.tick > goal }
                // Everything moves by one each tick, so a state of one tick, and of the right one, is known by sight.
                try connection.withSnapshot { snapshot in
                    #expect(snapshot.entities.count == 40)
                    for entity in snapshot.entities {
                        let x = try snapshot.value(of: "Position", of: entity)?["x"]
                        #expect(x == .float(Float(snapshot.tick.rawValue)))
                    }
                }
            }
            let sent = good.reduce(into: Set<Tick>()) { $0.formUnion($1.arrivals.all) }
                .filter { $0 > start && $0 <= goal }
            #expect(sent.count > Int(tickCount) / 2)
            for (connection, _, arrivals) in good {
                #expect(arrivals.all.isSuperset(of: sent))
                #expect(connection.status.lostConnectionCount == 0)
            }
            #expect(slow.arrivals.longestStep > 1, "it was slow")
            #expect(rogues[1].connectionCount > 1, "it was thrown out, and came back")
            for rogue in rogues { rogue.stop() }
            for (connection, _, _) in good + [slow] { connection.close() }
        }
    }
}
