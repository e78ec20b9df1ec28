import OrrerySchema

/// The systems of a simulation and the order in which they run.
///
/// ```swift
/// var schedule = Schedule()
/// schedule.add("integrate", in: .update, Write<Position>.self, Read<Velocity>.self) { query, tick in
///     query.without(Frozen.self).forEach { position, velocity in
///         position.x += velocity.x * tick.seconds
///     }
/// }
/// schedule.add("reap", in: .late, Read<Health>.self, order: [.after("damage")], when: .every(ticks: 10)) { query, tick in … }
/// ```
/// Systems run by phase, within a phase as they were added, unless their ``SystemOrder`` says otherwise. Neighbours
/// that do not conflict (no component or resource that one of them writes is used by another) and that name no order
/// among them form a *stage*: they see the same structure, may run side by side on ``threadCount`` threads, and their
/// commands and events take effect when the stage has ended, system by system. The result is the same for every number
/// of threads, to the byte.
///
/// A schedule is a value and holds no state of a world. What is kept of a system between ticks (its moment, what events
/// it has read, its timings) is kept by each world that it runs on, as long as the schedule or a copy of it is there.
/// Several schedules may run on one world in turn; they share nothing, whatever their systems are named.
public struct Schedule: Sendable {
    struct System: Sendable {
        /// The same in all copies of the schedule.
        let identity = SystemIdentity()
        let name: String
        let phase: Phase
        let order: [SystemOrder]
        let condition: RunCondition
        /// What it uses; `nil` for a system that has the world to itself.
        let accesses: [SystemAccess]?
        let run: @Sendable (World, TickContext) -> Void

        func conflicts(with other: System) -> Bool {
            guard let accesses, let others = other.accesses else { return true }
            let (all, allOthers) = (accesses + condition.accesses, others + other.condition.accesses)
            return all.contains { access in allOthers.contains { access.conflicts(with: $0) } }
        }
    }

    /// How many threads the systems of one stage, and parallel loops in systems, may use.
    public var threadCount = 1

    /// In order of addition.
    private var systems: [System] = []
    private(set) var plan = Result<SchedulePlan, ScheduleError>.success(SchedulePlan())

    /// A schedule without systems.
    public init() {}

    /// The names of the systems, in the order in which they run; in order of addition if the schedule is not valid.
    public var systemNames: [String] {
        (try? plan.get()).map { $0.stages.flatMap { $0.map(\.name) } } ?? systems.map(\.name)
    }

    /// The names of the systems by stage, in the order in which they run; none if the schedule is not valid.
    public var stageNames: [[String]] { ((try? plan.get())?.stages ?? []).map { $0.map(\.name) } }

    /// Tells what is wrong with the schedule.
    /// - Throws: The ``ScheduleError`` of the first thing that is wrong: a name that is taken, a system that names in
    ///   two places what it writes, or one component in two terms, an order that names no system, or one of another
    ///   phase, or that goes round in a circle.
    public func validate() throws(ScheduleError) { _ = try plan.get() }

    /// Runs the tick that follows the world's: moves the world's tick on, runs all systems, ends the tick.
    ///
    /// - Precondition: The schedule is valid (``validate()``).
    /// - Parameters:
    ///   - world: What the systems work on.
    ///   - step: How much simulated time the tick is.
    public func runTick(on world: World, step: Duration) {
        run(world, tick: world.tick.next, seconds: step / .seconds(1))
        world.endTick()
    }

    mutating func append(_ system: System) {
        systems.append(system)
        plan = Result { () throws(ScheduleError) in try SchedulePlan(systems) }
    }
}
