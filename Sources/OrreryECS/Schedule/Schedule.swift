public import OrrerySchema

/// The systems of a simulation and the order in which they run: by phase, within a phase as they were added.
///
/// ```swift
/// var schedule = Schedule()
/// schedule.add("integrate", in: .update, Write<Position>.self, Read<Velocity>.self) { query, tick in
///     query.without(Frozen.self).forEach { position, velocity in
///         position.x += velocity.x * tick.seconds
///     }
/// }
/// ```
/// A schedule is a value: it holds no state of a world and can run any. After each system the world's commands are
/// flushed, so a
/// system sees the structure that the one before it left.
public struct Schedule: Sendable {
    struct System: Sendable {
        let name: String
        let phase: Phase
        let accesses: [Access]
        let run: @Sendable (World, TickContext) -> Void
    }

    /// One component that a system asks for.
    struct Access: Sendable {
        let type: any Component.Type
        let isWrite: Bool

        init<Term: QueryTerm>(_ term: Term.Type) {
            type = Term.Value.self
            isWrite = Term.isWrite
        }

        var description: String { "\(isWrite ? "Write" : "Read")<\(type.componentName)>" }
    }

    /// By phase, then in order of addition.
    private(set) var systems: [System] = []
    private var error: ScheduleError?

    public init() {}

    /// The names of the systems, in the order in which they run.
    public var systemNames: [String] { systems.map(\.name) }

    /// Tells what is wrong with the schedule.
    /// - Throws: The ``ScheduleError`` of the first addition that was wrong: a name that is taken, or a system that
    /// asks for the
    ///   same component twice.
    public func validate() throws(ScheduleError) {
        if let error { throw error }
    }

    /// Runs all systems once, flushing commands after each.
    ///
    /// - Precondition: The schedule is valid (``validate()``).
    /// - Parameters:
    ///   - tick: What the systems are told; the world's own ``World/tick`` is set to it.
    ///   - seconds: How much simulated time the tick is.
    public func run(_ world: World, tick: Tick, seconds: Double) {
        if let error { fatalError("Schedule: \(error)") }
        world.tick = tick
        let context = TickContext(tick: tick, seconds: seconds, commands: world.commands)
        for system in systems {
            world.runSystem(named: system.name) { system.run(world, context) }
            world.flushCommands()
        }
    }

    /// Runs the tick that follows the world's: moves the world's tick on, runs all systems, ends the tick.
    ///
    /// - Precondition: The schedule is valid (``validate()``).
    /// - Parameter step: How much simulated time the tick is.
    public func runTick(on world: World, step: Duration) {
        let (seconds, attoseconds) = step.components
        run(world, tick: world.tick.next, seconds: Double(seconds) + Double(attoseconds) * 1e-18)
        world.endTick()
    }

    mutating func append(_ system: System) {
        error = error ?? problem(of: system)
        let place = systems.firstIndex { $0.phase > system.phase } ?? systems.endIndex
        systems.insert(system, at: place)
    }

    private func problem(of system: System) -> ScheduleError? {
        if let other = systems.first(where: { $0.name == system.name }) {
            return ScheduleError(
                code: .nameTaken, system: system.name,
                sentence: "Two systems are named '\(system.name)', one in phase .\(other.phase) and one in phase "
                    + ".\(system.phase); give each a name of its own.")
        }
        for (position, access) in system.accesses.enumerated() {
            guard let other = system.accesses[..<position].first(where: { $0.type == access.type }) else { continue }
            return ScheduleError(
                code: .accessConflict, system: system.name,
                sentence: "System '\(system.name)' asks for both \(other.description) and \(access.description); "
                    + "name a component once, as Write if it is written.")
        }
        return nil
    }
}
