internal import OrrerySchema

/// Identifies a system or query: the same in all copies of a schedule, and different from all others.
final class SystemIdentity: Sendable {}

/// The state of one system that a world keeps between its runs.
///
/// A system that runs in parallel with others touches only its own state, which is emptied into the world when its
/// stage has ended.
final class SystemState {
    let commands = Commands()
    let outbox = EventOutbox()
    /// How far the system has read the events of each type.
    private(set) var readers: [ObjectIdentifier: UInt64] = [:]
    /// The same for what the current run has read.
    private var readTo: [ObjectIdentifier: UInt64] = [:]
    var timings: SystemTimings
    /// Whether any of the queries of this run has an entity; `nil` if there is no query.
    var hasEntities: Bool?
    /// The world's stamp when the system last ended; 0 before its first run.
    var lastRun: UInt64 = 0
    /// The accesses that the system declared; `nil` for a system with exclusive access to the world.
    var accesses: [SystemAccess]?
    /// `nil` for the state of one part of a parallel loop.
    fileprivate var identity: SystemIdentity?
    /// The number of systems that the world knew before this one.
    fileprivate let position: Int

    /// The hash of the system's name, for random streams.
    let nameHash: UInt64

    /// The state of the parts of its parallel loops.
    private(set) var parts: [SystemState] = []

    convenience init(partOf system: SystemState, number: Int) {
        self.init(name: "\(system.timings.name)[\(number)]", identity: nil, position: number)
    }

    fileprivate init(name: String, identity: SystemIdentity?, position: Int) {
        self.identity = identity
        self.position = position
        timings = SystemTimings(name: name)
        nameHash = StableHash(of: name.utf8).value
    }

    /// Whether its parameters let it read a component.
    func mayRead<C: Component>(_ type: C.Type) -> Bool {
        accesses?.contains { $0.target == ObjectIdentifier(type) } ?? true
    }

    /// The events of a type that the system has not seen yet.
    func readEvents<Event: Sendable>(of type: Event.Type, from world: World) -> Events<Event> {
        let key = ObjectIdentifier(type)
        let reader = readers[key] ?? 0
        let events = world.events(of: type, from: reader)
        readTo[key] = reader + events.missedCount + UInt64(events.count)
        return events
    }

    /// Ends a run: what it has read is not read again. Until then, two parameters of one type read the same.
    func endReading() {
        guard !readTo.isEmpty else { return }
        readers.merge(readTo) { _, new in new }
        readTo.removeAll(keepingCapacity: true)
    }

    /// Starts reading events of a type at a number, unless the system has already started.
    func beginReading<Event>(_ type: Event.Type, at number: UInt64) {
        let key = ObjectIdentifier(type)
        if readers[key] == nil { readers[key] = number }
    }

    /// Makes room for a parallel loop of `count` parts.
    func prepareParts(_ count: Int) {
        while parts.count < count { parts.append(SystemState(partOf: self, number: parts.count)) }
        for part in parts { part.accesses = accesses }
    }

    /// Takes over the commands and events of a loop's parts, in their order.
    func gatherParts() {
        for part in parts {
            commands.take(part.commands)
            outbox.take(part.outbox)
        }
    }
}

extension Schedule {
    /// The names of the systems that work on the entities of a query, in the order in which they run; empty if the
    /// schedule is not valid.
    package var queryingSystemNames: [String] {
        ((try? plan.get())?.stages ?? []).flatMap { $0.filter { $0.accesses != nil }.map(\.name) }
    }

    /// Calls a closure with the timings of each of ``queryingSystemNames`` that has run on a world, and its position
    /// there.
    /// - Complexity: O(systems); nothing is allocated.
    package func forEachQueryingSystem(on world: World, _ body: (_ position: Int, _ timings: SystemTimings) -> Void) {
        guard case .success(let plan) = plan else { return }
        var position = 0
        for stage in plan.stages {
            for system in stage where system.accesses != nil {
                if let run = world.systemRuns[ObjectIdentifier(system.identity)] { body(position, run.timings) }
                position += 1
            }
        }
    }
}

extension World {
    func systemRun(of system: Schedule.System) -> SystemState {
        let key = ObjectIdentifier(system.identity)
        if let known = systemRuns[key] { return known }
        forgetEndedSystems()
        let made = SystemState(name: system.name, identity: system.identity, position: systemCount)
        systemCount += 1
        systemRuns[key] = made
        return made
    }

    /// Forgets systems whose schedules are gone: they never run again.
    /// - Complexity: O(systems).
    func forgetEndedSystems() {
        var hasEnded = false
        for run in systemRuns.values where isKnownUniquelyReferenced(&run.identity) { hasEnded = true }
        if hasEnded { systemRuns = systemRuns.filter { !isKnownUniquelyReferenced(&$0.value.identity) } }
    }

    /// The timings of each system that has run on this world, sorted by name. Systems with the same name, from several
    /// schedules, are in the order of their first runs.
    /// - Complexity: O(systems).
    public var systemTimings: [SystemTimings] {
        systemRuns.values.sorted { ($0.timings.name, $0.position) < ($1.timings.name, $1.position) }.map(\.timings)
    }
}
