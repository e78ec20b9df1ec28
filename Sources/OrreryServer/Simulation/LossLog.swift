import Logging
import OrreryECS

/// Reports what a world drops or runs in vain without an error: in metrics, and in the log at a bounded rate.
struct LossLog {
    /// The number of first runs without any matching entity after which a system is reported.
    static let unmatchedRunCountMax: UInt64 = 600

    private let schedule: Schedule
    private let metrics: ServerMetrics
    private var log: BoundedLog
    private let now: @Sendable () -> Duration
    private var commandCount: Int
    private var eventCount: UInt64
    private let systemNames: [String]
    private var unmatchedRunCounts: [UInt64]
    private var scheduleErrorCount = 0

    /// Starts counting now: earlier drops are not reported.
    /// - Parameter metrics: The metrics made for the schedule's ``Schedule/queryingSystemNames``.
    init(
        _ world: World, _ schedule: Schedule, metrics: ServerMetrics, log: BoundedLog,
        now: @escaping @Sendable () -> Duration
    ) {
        self.schedule = schedule
        self.metrics = metrics
        self.log = log
        self.now = now
        commandCount = world.commands.droppedCount
        eventCount = world.droppedEventCount
        systemNames = schedule.queryingSystemNames
        unmatchedRunCounts = Array(repeating: 0, count: systemNames.count)
    }

    /// Reports new losses. Called after each tick.
    /// - Complexity: O(systems); nothing is allocated where nothing was lost.
    mutating func look(at world: World) {
        lookAtDropped(world)
        lookAtUnmatched(world)
        lookAtScheduleErrors(world)
        log.timePassed(now: now())
    }

    /// A client is not shown all that rules of visibility show it.
    mutating func note(cut client: ClientIdentity) {
        log.note(
            """
            a client is not shown all that the rules of visibility show it; raise `personalEntityCountMax`, or show \
            less
            """,
            ["client": "\(client.id)", "name": "\(client.name)"], level: .warning, now: now())
    }

    private mutating func lookAtDropped(_ world: World) {
        let (commands, events) = (world.commands.droppedCount - commandCount, world.droppedEventCount - eventCount)
        guard commands > 0 || events > 0 else { return }
        commandCount += commands
        eventCount += events
        metrics.commandsDropped(commands)
        metrics.eventsDropped(events)
        if commands > 0 {
            log.note(
                "commands had no effect",
                [
                    "tick": "\(world.tick)", "count": "\(commands)",
                    "last": "\(world.commands.lastDrop?.description ?? "")",
                ],
                level: .warning, now: now())
        }
        if events > 0 {
            log.note(
                "events were dropped: more than \(World.eventCountMax) of a type in one tick",
                ["tick": "\(world.tick)", "count": "\(events)"], level: .warning, now: now())
        }
    }

    private mutating func lookAtUnmatched(_ world: World) {
        var idle: [String] = []
        schedule.forEachQueryingSystem(on: world) { system, timings in
            let count = timings.unmatchedRunCount
            guard count != unmatchedRunCounts[system] else { return }
            unmatchedRunCounts[system] = count
            metrics.systemRanUnmatched(system, count: count)
            // A later run without entities is normal: a game may have no shots for a while.
            if count == Self.unmatchedRunCountMax, count == timings.runCount { idle.append(systemNames[system]) }
        }
        guard !idle.isEmpty else { return }
        log.note(
            "systems have had nothing to work on so far: no entity has the components that they ask for",
            [
                "tick": "\(world.tick)", "systems": "\(idle.joined(separator: ", "))",
                "runs": "\(Self.unmatchedRunCountMax)",
            ], level: .warning, now: now())
    }

    private mutating func lookAtScheduleErrors(_ world: World) {
        let errors = world.scheduleErrors(after: scheduleErrorCount)
        guard !errors.isEmpty else { return }
        scheduleErrorCount += errors.count
        log.note(
            "a system asks for what it has not declared, and gets no entities",
            ["tick": "\(world.tick)", "errors": "\(errors.map(\.sentence).joined(separator: " "))"], level: .error,
            now: now())
    }

    /// Ticks were skipped to catch up with the clock.
    mutating func ticksWereSkipped(_ count: UInt64) {
        metrics.ticksWereSkipped(count)
        log.note(
            "ticks were given up, and simulated time is behind the clock: those before took too long",
            ["count": "\(count)"], level: .warning, now: now())
    }
}
