import Logging
import OrreryECS

/// Tells of what a world drops without an error: in metrics, and in the log at a bounded rate.
struct LossLog {
    private var log: BoundedLog
    private let now: @Sendable () -> Duration
    private var commandCount: Int
    private var eventCount: UInt64

    /// What was dropped before is not told.
    init(_ world: World, log: BoundedLog, now: @escaping @Sendable () -> Duration) {
        self.log = log
        self.now = now
        commandCount = world.commands.droppedCount
        eventCount = world.droppedEventCount
    }

    /// After each tick.
    /// - Complexity: O(1) where nothing was dropped.
    mutating func look(at world: World, _ metrics: ServerMetrics) {
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
}
