import Dispatch
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
    private let periodNanoseconds: UInt64
    private var mutations: MutationIntake
    /// Work for the next tick; `nil` when there will be no more ticks.
    private let work = Mutex<[@Sendable (World?) -> Void]?>([])
    /// Called after a log was handed over.
    private let wakeSync: @Sendable () -> Void

    init(
        world: World, schedule: Schedule, configuration: SimulationConfiguration, handover: ChangeHandover,
        exchange: MutationExchange, applier: consuming MutationApplier, pulse: TickPulse, metrics: ServerMetrics,
        log: BoundedLog, now: @escaping @Sendable () -> Duration, wakeSync: @escaping @Sendable () -> Void
    ) {
        losses = LossLog(world, schedule, metrics: metrics, log: log, now: now)
        self.world = world
        self.schedule = schedule
        step = configuration.step
        waitingWorkMax = configuration.waitingWorkMax
        self.handover = handover
        self.pulse = pulse
        self.metrics = metrics
        periodNanoseconds = UInt64(configuration.tickRate.period.nanoseconds)
        mutations = MutationIntake(
            exchange, applier, world: world,
            workMax: max(1, configuration.mutationWorkRateMax * 1000 / configuration.tickRate.ticksPer1000Seconds))
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
        let beginning = DispatchTime.now().uptimeNanoseconds
        // First, so that the systems of the tick see them.
        if mutations.take(at: world.tick.next) { wakeSync() }
        let arrived = work.withLock { work in
            defer { work?.removeAll(keepingCapacity: true) }
            return work
        }
        for body in arrived ?? [] { body(world) }
        schedule.runTick(on: world, step: step)
        losses.look(at: world)
        mutations.takeSights()
        handOver()
        let nanoseconds = DispatchTime.now().uptimeNanoseconds - beginning
        metrics.tickRan(nanoseconds: nanoseconds, isOverrun: nanoseconds > periodNanoseconds)
    }

    /// Skips a tick on purpose.
    func rest() { pulse.tickBegins() }

    func ticksWereSkipped(_ count: UInt64) { losses.ticksWereSkipped(count) }

    /// Hands over the world's changes, if the sync thread has taken the previous ones.
    private func handOver() {
        guard let log = handover.takeFree() else { return }
        world.drainChanges(into: log)
        handover.put(log)
        wakeSync()
    }
}
