import Dispatch
public import OrrerySchema

extension Schedule {
    /// Runs all systems once, stage by stage.
    ///
    /// - Precondition: The schedule is valid (``validate()``).
    /// - Parameters:
    ///   - world: The world that the systems work on.
    ///   - tick: The tick that the systems get; the world's own ``World/tick`` is set to it.
    ///   - seconds: The simulated time of the tick.
    public func run(_ world: World, tick: Tick, seconds: Double) {
        world.tick = tick
        // Applies commands given before the tick, for example by mutations and their observers, even if there is no
        // system.
        world.flushCommands()
        switch plan {
        case .failure(let error): fatalError("Schedule: \(error)")
        case .success(let plan):
            // The array is reused from tick to tick, so that a tick allocates nothing.
            var systems: [(system: Schedule.System, run: SystemState)] = []
            swap(&systems, &world.stageSystems)
            for stage in plan.stages {
                for system in stage {
                    let run = world.systemRun(of: system)
                    if system.condition.holds(world, run.lastRun) { systems.append((system, run)) }
                }
                Stage(systems: systems, world: world, seconds: seconds, threadCount: threadCount).run()
                systems.removeAll(keepingCapacity: true)
            }
            swap(&systems, &world.stageSystems)
        }
    }
}

/// One stage of a running tick.
private struct Stage {
    /// The systems whose condition holds.
    let systems: [(system: Schedule.System, run: SystemState)]
    let world: World
    let seconds: Double
    let threadCount: Int

    func run() {
        for (system, run) in systems { (run.accesses, run.hasEntities) = (system.accesses, nil) }
        if systems.count > 1 {
            for (system, _) in systems {
                for access in system.accesses ?? [] { access.prepare(world) }
            }
        }
        if systems.count > 1, !mustRunInTurn {
            runSharing()
        } else {
            runInTurn()
        }
        for (_, run) in systems {
            run.commands.flush(on: world)
            run.outbox.flush(into: world)
        }
        world.flushCommands()
    }

    /// Each system gets its own end stamp: observers of a later system may write what an earlier one has read.
    private func runInTurn() {
        for (system, run) in systems {
            self.run(system, run)
            run.lastRun = world.storage.advanceStamp()
        }
    }

    /// Runs systems that do not conflict. What they share besides values does not change meanwhile, even on one thread,
    /// so that the result does not depend on the number of threads. They share one end stamp: no system uses what
    /// another writes.
    private func runSharing() {
        defer {
            let end = world.storage.advanceStamp()
            for (_, run) in systems { run.lastRun = end }
        }
        world.share {
            // Other threads do not know what this one holds.
            guard threadCount > 1, !holdsValues else {
                for (system, run) in systems { self.run(system, run) }
                return
            }
            // One thread runs each system, and no other system of the stage writes what it uses.
            nonisolated(unsafe) let stage = self
            let next = WorkCounter()
            DispatchQueue.concurrentPerform(iterations: min(threadCount, systems.count)) { _ in
                while let position = next.take(below: stage.systems.count) {
                    stage.run(stage.systems[position].system, stage.systems[position].run)
                }
            }
        }
    }

    /// Observers run on the world's thread, and a system's first run registers it with the world.
    private var mustRunInTurn: Bool {
        if systems.contains(where: { $0.run.timings.runCount == 0 }) { return true }
        guard world.storage.pointee.isWatched else { return false }
        return systems.contains { system, _ in
            (system.accesses ?? []).contains { $0.isWrite && $0.isWatched(world) }
        }
    }

    private func run(_ system: Schedule.System, _ run: SystemState) {
        let clock = ContinuousClock()
        let began = clock.now
        let context = TickContext(
            tick: world.tick, seconds: seconds, threadCount: threadCount, world: world, system: run)
        if system.accesses == nil {
            // The system makes its own queries, which get its last run here. It may run another schedule.
            let outer = world.storage.pointee.readerStamp
            world.storage.pointee.readerStamp = run.lastRun
            defer { world.storage.pointee.readerStamp = outer }
            system.run(world, context)
        } else {
            system.run(world, context)
        }
        run.endReading()
        if let hasEntities = run.hasEntities { run.timings.asked(hasEntities: hasEntities) }
        run.timings.ran(for: clock.now - began)
    }
}
