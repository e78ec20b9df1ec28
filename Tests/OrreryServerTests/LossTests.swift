import Logging
import MetricsTestKit
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryTesting
import Synchronization
import Testing

/// What a world drops, or does for nothing, shows in metrics and in the log.
@Suite(.timeLimit(.minutes(1))) struct LossTests {
    private struct Fuel: Component { var amount = 1.0 }
    private struct Hit: Sendable {}

    private let metrics = TestMetrics()
    private let log = Warnings()

    private func makeJoined(_ world: World, _ schedule: Schedule) throws -> JoinedWorld {
        var configuration = SimulationConfiguration()
        configuration.metrics = metrics
        let log = log
        return try JoinedWorld(
            world: world, schedule: schedule, configuration: configuration, logger: Logger(label: "losses") { _ in log }
        ) { try $0.register(Health.self) }
    }

    @Test func commandsWithoutEffect() throws {
        var schedule = Schedule()
        schedule.add("reap twice", in: .update, Read<Health>.self) { query, tick in
            query.forEachEntity { entity, _ in
                tick.commands.despawn(entity)
                tick.commands.despawn(entity)
            }
        }
        let world = World()
        for _ in 0..<3 { world.spawn(Health()) }
        let joined = try makeJoined(world, schedule)
        joined.tick()
        #expect(try metrics.expectCounter("orrery_commands_dropped_total").totalValue == 3)
        #expect(log.take().map(\.message) == ["commands had no effect"])
        joined.tick()
        #expect(log.take().isEmpty)
    }

    @Test func eventsThatNobodyHears() throws {
        var schedule = Schedule()
        schedule.add("fire", in: .update) { _, tick in
            guard tick.tick == Tick(1) else { return }
            for _ in 0..<World.eventCountMax + 5 { tick.send(Hit()) }
        }
        let joined = try makeJoined(World(), schedule)
        joined.tick()
        #expect(try metrics.expectCounter("orrery_events_dropped_total").totalValue == 5)
        let message = try #require(log.take().map(\.message).first)
        #expect(message.hasPrefix("events were dropped"))
        joined.tick()
        #expect(log.take().isEmpty)
    }

    @Test func systemsThatMatchNothingForLong() throws {
        var schedule = Schedule()
        schedule.add("burn", in: .update, Write<Fuel>.self) { query, _ in query.forEach { $0.amount -= 1 } }
        schedule.add("heal", in: .update, Write<Health>.self) { query, _ in query.forEach { $0.current += 1 } }
        // It asks for itself, or not: nobody can tell.
        schedule.add("look round", in: .late) { _, _ in }
        let world = World()
        world.spawn(Health())
        let joined = try makeJoined(world, schedule)
        func runCount(_ system: String) throws -> Double? {
            try metrics.expectMeter("orrery_system_unmatched_runs", [("system", system)]).lastValue
        }
        for _ in 0..<599 { joined.tick() }
        #expect(log.take().isEmpty)
        joined.tick()
        let line = try #require(log.take().first)
        #expect(line.message.hasPrefix("systems have had nothing to work on"))
        #expect(line.metadata["systems"] == "burn" && line.metadata["runs"] == "600")
        #expect(try runCount("burn") == 600)
        // One that always had something is not recorded again and again.
        #expect(try runCount("heal") == nil)
        #expect(throws: (any Error).self) { try runCount("look round") }
        for _ in 0..<700 { joined.tick() }
        #expect(log.take().isEmpty, "once")
        #expect(try runCount("burn") == 1300)
        let fuel = world.spawn(Fuel())
        joined.tick()
        #expect(try runCount("burn") == 0)
        try world.despawn(fuel)
        for _ in 0..<600 { joined.tick() }
        #expect(log.take().isEmpty, "a system that has had something to do may rest")
        #expect(try runCount("burn") == 600)
    }

    @Test func systemsThatAskForWhatTheyHaveNotDeclared() throws {
        var schedule = Schedule()
        schedule.add("peek", in: .late, Read<Fuel>.self) { query, _ in _ = query.changed(Health.self).count }
        schedule.add("look", in: .late, Read<Fuel>.self) { query, tick in
            if tick.tick == Tick(3) { _ = query.added(Health.self).count }
        }
        let joined = try makeJoined(World(), schedule)
        joined.tick()
        let line = try #require(log.take().first)
        #expect(line.metadata["errors"]?.contains("System 'peek' asks for changes of 'Health'") == true)
        joined.tick()
        #expect(log.take().isEmpty, "once")
        joined.tick()
        #expect(log.take().first?.metadata["errors"]?.hasPrefix("System 'look'") == true)
    }

    /// Ticks that the clock has overtaken.
    @Test func ticksThatAreGivenUp() async throws {
        let log = log
        try await LiveWorld.run(
            over: .memory, configure: { $0.metrics = metrics }, logger: Logger(label: "losses") { _ in log }
        ) { live in
            // Longer than a server catches up with.
            while !log.take().contains(where: { $0.message.hasPrefix("ticks were given up") }) {
                try await live.server.perform { _ in
                    let clock = ContinuousClock()
                    let began = clock.now
                    while clock.now - began < .milliseconds(300) {}
                }
            }
        }
        #expect(try metrics.expectCounter("orrery_ticks_skipped_total").totalValue > 0)
    }
}

/// Warnings, with what they say besides.
private struct Warnings: LogHandler {
    private final class Lines: Sendable {
        let all = Mutex<[(message: String, metadata: [String: String])]>([])
    }

    private let lines = Lines()
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.notice

    func take() -> [(message: String, metadata: [String: String])] {
        lines.all.withLock { all in
            defer { all = [] }
            return all
        }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        guard event.level >= .warning else { return }
        lines.all.withLock { $0.append(("\(event.message)", (event.metadata ?? [:]).mapValues { "\($0)" })) }
    }
}
