public import OrrerySchema

/// What a system knows of the tick that it runs in, and how it reaches what its query does not show.
public struct TickContext {
    /// The tick that is run.
    public let tick: Tick
    /// How much simulated time a tick is. The same for all ticks of a run, whatever the clock says.
    public let seconds: Double
    /// How many threads parallel loops may use.
    public let threadCount: Int

    let world: World
    let system: SystemRun

    /// Changes to the structure of the world, applied when the system's stage has ended.
    public var commands: Commands { system.commands }

    /// Sends an event: readers in later stages of this tick, and those before in the next, see it.
    /// - Complexity: O(1), amortised.
    public func send<Event: Sendable>(_ event: Event) { system.outbox.send(event) }

    /// The events of a type that this system has not seen yet. In the first run, those that are kept.
    ///
    /// An event is kept for its tick and the one after it: a system that runs less often is told how many it missed.
    /// - Precondition: not in a part of a divided query, which comes and goes with the number of rows; the system reads
    ///   them before.
    /// - Complexity: O(1).
    public func events<Event: Sendable>(of type: Event.Type) -> Events<Event> {
        guard !system.isPart else {
            fatalError(
                "Schedule: '\(system.timings.name)', a part of a divided query, reads events of '\(type)'; "
                    + "read them in the system, before the query is divided.")
        }
        let key = ObjectIdentifier(type)
        let reader = system.readers[key] ?? 0
        let events = world.events(of: type, from: reader)
        system.readers[key] = reader + events.missedCount + UInt64(events.count)
        return events
    }

    /// Random numbers of this system in this tick: the same for the same ``World/seed``, tick, system's name and
    /// stream, whatever else runs and on however many threads.
    /// - Parameter stream: tells several uses in one run of the system from each other.
    public func makeRandom(stream: UInt64 = 0) -> SeededGenerator {
        SeededGenerator(seed: world.seed, path: tick.rawValue, system.nameHash, stream)
    }

    /// The resource of a type; `nil` if there is none.
    /// - Precondition: the system said so in its `access`.
    /// - Complexity: O(1).
    public func resource<Resource>(_ type: Resource.Type) -> Resource? {
        require(type, "\(type)", isWrite: false)
        return world.resource(type)
    }

    /// Changes the resource of a type in place.
    /// - Precondition: the system said so in its `access`; not in a part of a divided query.
    /// - Throws: ``WorldError`` `resourceMissing`.
    /// - Complexity: O(1).
    public func withResource<Resource, Result>(
        _ type: Resource.Type, _ body: (inout Resource) -> Result
    ) throws(WorldError) -> Result {
        require(type, "\(type)", isWrite: true)
        return try world.withResource(type, body)
    }

    /// Reads one component of any entity.
    /// - Precondition: the system has the component in its query or in its `access`.
    /// - Complexity: O(1).
    public func reader<C: Component>(_ type: C.Type) -> ComponentReader<C> {
        require(type, C.componentName, isWrite: false)
        return ComponentReader(accessor: world.accessor(type))
    }

    /// Reads and writes one component of any entity.
    /// - Precondition: the system has the component in its query or in its `access`, as written; not in a part of a
    ///   divided query.
    /// - Complexity: O(1).
    public func accessor<C: Component>(_ type: C.Type) -> Accessor<C> {
        require(type, C.componentName, isWrite: true)
        return world.accessor(type)
    }

    /// What one part of a parallel loop of this system is told.
    func part(_ number: Int) -> TickContext {
        TickContext(
            tick: tick, seconds: seconds, threadCount: 1, world: world, system: system.parts[number])
    }

    private func require<Target>(_ type: Target.Type, _ name: @autoclosure () -> String, isWrite: Bool) {
        guard !system.mayUse(type, isWrite: isWrite) else { return }
        if system.isPart && isWrite {
            fatalError(
                "Schedule: '\(system.timings.name)', a part of a divided query, writes '\(name())' beside others that may do so too; "
                    + "write through the part's query, or give it to `commands`.")
        }
        fatalError(
            "Schedule: system '\(system.timings.name)' \(isWrite ? "writes" : "reads") '\(name())' without having said so; "
                + "add it to the `access` of the system.")
    }
}

@available(*, unavailable)
extension TickContext: Sendable {}

/// One component of any entity, for a system that only reads it.
public struct ComponentReader<C: Component> {
    @usableFromInline let accessor: Accessor<C>

    /// The component's value; `nil` if the entity does not live or has none.
    /// - Complexity: O(1).
    @inlinable public subscript(_ entity: Entity) -> C? { accessor[entity] }

    /// Whether an entity lives and has the component.
    /// - Complexity: O(1).
    @inlinable public func contains(_ entity: Entity) -> Bool { accessor.contains(entity) }
}
