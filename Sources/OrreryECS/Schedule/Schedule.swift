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
/// schedule.add("reap", in: .late, Read<Health>.self, order: [.after("damage")], when: .every(ticks: 10)) {
///     query, tick in …
/// }
/// ```
/// Systems run by phase, and within a phase in the order of addition, unless their ``SystemOrder`` says otherwise.
/// Neighbouring systems form a *stage* if they do not conflict (none writes a component or resource that another one
/// uses) and have no order between them. The systems of a stage see the same structure and may run in parallel on
/// ``threadCount`` threads. Their commands and events take effect when the stage has ended, system by system. The
/// result is the same for every number of threads, to the byte.
///
/// A schedule is a value and holds no state of a world. Each world that it runs on keeps the state of its systems
/// between ticks (last run, events read, timings), as long as the schedule or a copy of it exists. Several schedules
/// may run on one world in turn; they share nothing, even if their systems have the same names.
public struct Schedule: Sendable {
    struct System: Sendable {
        /// The same in all copies of the schedule.
        let identity = SystemIdentity()
        let name: String
        let phase: Phase
        let order: [SystemOrder]
        let condition: RunCondition
        /// What the system uses; `nil` for a system with exclusive access to the world.
        let accesses: [SystemAccess]?
        let queries: [SystemQuery]
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

    /// The names of the systems by stage, in the order in which they run; empty if the schedule is not valid.
    public var stageNames: [[String]] { ((try? plan.get())?.stages ?? []).map { $0.map(\.name) } }

    /// Checks that the schedule is valid.
    /// - Throws: The ``ScheduleError`` of the first problem: a duplicate name; a system that declares twice what it
    ///   writes, or one component in two terms; an order that names an unknown system or a system of another phase; or
    ///   a cycle.
    public func validate() throws(ScheduleError) { _ = try plan.get() }

    /// Runs the world's next tick: advances the world's tick, runs all systems, ends the tick.
    ///
    /// - Precondition: The schedule is valid (``validate()``).
    /// - Parameters:
    ///   - world: The world that the systems work on.
    ///   - step: The simulated time of the tick.
    public func runTick(on world: World, step: Duration) {
        run(world, tick: world.tick.next, seconds: step / .seconds(1))
        world.endTick()
    }

    mutating func append(_ system: System) {
        systems.append(system)
        plan = Result { () throws(ScheduleError) in try SchedulePlan(systems) }
    }
}
