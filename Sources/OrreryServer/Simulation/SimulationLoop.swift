import OrreryECS
import OrrerySchema
import OrrerySync
import OrreryWire
import Synchronization

/// The simulation thread's half of a server: the world, its schedule, and their input and output.
///
/// `@unchecked Sendable`: handed to one thread, the only one that calls ``runTick()``. Guard: `SimulationServer` starts
/// one such thread; tests have one thread.
package final class SimulationLoop: @unchecked Sendable {
    private let world: World
    private let schedule: Schedule
    private let step: Duration
    private let waitingWorkMax: Int
    private let handover: ChangeHandover
    private let pulse: TickPulse
    private let metrics: ServerMetrics
    private var losses: LossLog
    private let status: StatusExchange
    private var reporter: SimulationReporter
    private let now: @Sendable () -> Duration
    private let period: Duration
    private var mutations: MutationIntake
    /// What each personal client is shown.
    private var sights: PersonalSights
    /// Work for the next tick; `nil` when there will be no more ticks.
    private let work = Mutex<[@Sendable (World?) -> Void]?>([])
    /// Called after a log was handed over.
    private let wakeSync: @Sendable () -> Void

    /// Whether the sync thread has the changes of the last tick.
    private var isHandedOver = true

    init(
        world: World, schedule: Schedule, configuration: SimulationConfiguration, handover: ChangeHandover,
        exchange: MutationExchange, applier: consuming MutationApplier, sights: PersonalSights, pulse: TickPulse,
        metrics: ServerMetrics, status: StatusExchange, reportsSystemTimes: Bool, log: BoundedLog,
        now: @escaping @Sendable () -> Duration,
        wakeSync: @escaping @Sendable () -> Void
    ) {
        losses = LossLog(world, schedule, metrics: metrics, log: log, now: now)
        self.world = world
        self.schedule = schedule
        step = configuration.step
        waitingWorkMax = configuration.waitingWorkMax
        self.handover = handover
        self.pulse = pulse
        self.metrics = metrics
        self.status = status
        reporter = SimulationReporter(schedule, reportsSystemTimes: reportsSystemTimes)
        self.now = now
        period = configuration.tickRate.period
        mutations = MutationIntake(
            exchange, applier, world: world,
            workMax: max(1, configuration.mutationWorkRateMax * 1000 / configuration.tickRate.ticksPer1000Seconds))
        self.sights = sights
        self.wakeSync = wakeSync
    }

    /// Defers work to the beginning of the next tick. Any thread. `body` gets `nil` if there will be no more ticks.
    /// - Returns: Whether it was taken: there was room, and there may be a next tick.
    func enqueue(_ body: @escaping @Sendable (World?) -> Void) -> Bool {
        work.withLock { work in
            guard work != nil, work!.count < waitingWorkMax else { return false }
            work!.append(body)
            return true
        }
    }

    /// Ends the work that waits: there will be no more ticks.
    func refuseWork() {
        let waiting = work.withLock { work in
            defer { work = nil }
            return work
        }
        for body in waiting ?? [] { body(nil) }
    }

    /// Runs one tick: incoming mutations and work, the systems, the hand-over of the changes. Never waits for the sync
    /// thread.
    package func runTick() {
        pulse.tickBegins()
        let beginning = now()
        // First, so that the systems of the tick see them.
        if mutations.take(at: world.tick.next, telling: &sights) { wakeSync() }
        let arrived = work.withLock { work in
            defer { work?.removeAll(keepingCapacity: true) }
            return work
        }
        for body in arrived ?? [] { body(world) }
        schedule.runTick(on: world, step: step)
        losses.look(at: world)
        mutations.takeVisibilities(telling: &sights)
        // Before the log, so that both are of this tick.
        let hasReported = status.answer { reporter.report(on: world) }
        isHandedOver = handOver()
        if !isHandedOver, hasReported { wakeSync() }
        let duration = now() - beginning
        let isOverrun = duration > period
        metrics.tickRan(nanoseconds: UInt64(clamping: duration.nanoseconds), isOverrun: isOverrun)
        reporter.tickRan(for: duration, isOverrun: isOverrun)
    }

    /// Skips a tick on purpose.
    package func rest() {
        pulse.tickBegins()
        // What the sync thread had no time to take in the last tick: no later tick brings it.
        if !isHandedOver { isHandedOver = handOver() }
        mutations.takeClients(telling: &sights)
        if isHandedOver, sights.hasNewcomers, let rows = sights.decideForNewcomers() {
            handover.put(rows)
            wakeSync()
        }
        if status.answer({ reporter.report(on: world) }) { wakeSync() }
    }

    func ticksWereSkipped(_ count: UInt64) {
        losses.ticksWereSkipped(count)
        reporter.ticksWereSkipped(count)
    }

    /// Hands over the world's changes, if the sync thread has taken the previous ones.
    /// - Returns: Whether it did.
    private func handOver() -> Bool {
        guard let log = handover.takeFree() else { return false }
        world.drainChanges(into: log)
        handover.put(log, sights.follow(log))
        for client in sights.takeCutClients() { losses.note(cut: client) }
        wakeSync()
        return true
    }
}
