public import OrrerySchema

/// One parameter of a system, as its closure gets it.
///
/// ```swift
/// schedule.add(
///     "fire", in: .update,
///     .query(Read<Gun>.self, Read<Position>.self), .accessor(Ammo.self), .events(Trigger.self), .resource(Rules.self)
/// ) { guns, ammo, triggers, rules, tick in … }
/// ```
/// A parameter's type determines what it reads and writes, and a system cannot access anything else: an undeclared
/// access does not compile. Two systems conflict if both use the same component or resource and one of them writes it.
/// Systems that do not conflict may run in parallel.
public struct SystemParameter<Value>: Sendable {
    /// What it reads and writes; `nil` for the whole world.
    let accesses: [SystemAccess]?
    /// The query that it is.
    let query: SystemQuery?
    /// Makes the closure's argument when a run begins.
    let make: @Sendable (World, SystemState) -> Value

    init(
        _ accesses: [SystemAccess]?, query: SystemQuery? = nil,
        _ make: @escaping @Sendable (World, SystemState) -> Value
    ) {
        self.accesses = accesses
        self.query = query
        self.make = make
    }
}

extension SystemParameter where Value == World {
    /// The world itself. A system with this parameter runs alone, and may do anything.
    public static var world: Self { SystemParameter(nil) { world, _ in world } }
}

extension SystemParameter {
    /// The entities that have a component.
    ///
    /// No other parameter of the system may access what this query writes. To read most values and write few, use a
    /// query that reads, and an ``accessor(_:)``.
    public static func query<A: QueryTerm>(_ term: A.Type) -> Self where Value == Query<A> {
        SystemParameter(query: A.self)
    }

    /// The entities that have the components of both terms.
    public static func query<A: QueryTerm, B: QueryTerm>(
        _ first: A.Type, _ second: B.Type
    ) -> Self where Value == Query<A, B> {
        SystemParameter(query: A.self, B.self)
    }

    /// The entities that have the components of all three terms.
    public static func query<A: QueryTerm, B: QueryTerm, C: QueryTerm>(
        _ first: A.Type, _ second: B.Type, _ third: C.Type
    ) -> Self where Value == Query<A, B, C> {
        SystemParameter(query: A.self, B.self, C.self)
    }

    /// The entities that have the components of all four terms.
    public static func query<A: QueryTerm, B: QueryTerm, C: QueryTerm, D: QueryTerm>(
        _ first: A.Type, _ second: B.Type, _ third: C.Type, _ fourth: D.Type
    ) -> Self where Value == Query<A, B, C, D> {
        SystemParameter(query: A.self, B.self, C.self, D.self)
    }

    /// The entities that have the components of all terms.
    public static func query<
        A: QueryTerm, B: QueryTerm, C: QueryTerm, D: QueryTerm, E: QueryTerm, each Term: QueryTerm
    >(
        _ first: A.Type, _ second: B.Type, _ third: C.Type, _ fourth: D.Type, _ fifth: E.Type,
        _ rest: repeat (each Term).Type
    ) -> Self where Value == Query<A, B, C, D, E, repeat each Term> {
        SystemParameter(query: A.self, B.self, C.self, D.self, E.self, repeat (each Term).self)
    }

    init<each Term: QueryTerm>(query term: repeat (each Term).Type) where Value == Query<repeat each Term> {
        let identity = SystemIdentity()
        var accesses: [SystemAccess] = []
        repeat accesses.append(.term((each Term).self, of: identity))
        var terms: [SystemQuery.Term] = []
        repeat terms.append(.init((each Term).self))
        let query = SystemQuery(terms: terms) { world in world.query(terms: repeat (each Term).self).count }
        self.init(accesses, query: query) { world, run in world.query(terms: repeat (each Term).self).of(run) }
    }

    /// One component of any entity, to read.
    public static func reader<C: Component>(_ type: C.Type) -> Self where Value == ComponentReader<C> {
        SystemParameter([.reads(type)]) { world, _ in world.reader(type) }
    }

    /// One component of any entity, to read and write.
    public static func accessor<C: Component>(_ type: C.Type) -> Self where Value == Accessor<C> {
        SystemParameter([.writes(type)]) { world, _ in world.accessor(type) }
    }

    /// The resource of a type, to read; `nil` while there is none.
    public static func resource<Resource: Sendable>(_ type: Resource.Type) -> Self where Value == Resource? {
        SystemParameter([.reads(resource: type)]) { world, _ in world.resource(type) }
    }

    /// The resource of a type, to read. If there is none, the world gets this default before the system runs.
    public static func resource(
        default make: @autoclosure @escaping @Sendable () -> Value
    ) -> Self where Value: Sendable {
        SystemParameter([.reads(resource: Value.self, default: make)]) { world, _ in
            world.resourceAccessor(default: make).value
        }
    }

    /// The resource of a type, to read and write; `nil` while there is none.
    public static func resourceAccessor<Resource: Sendable>(
        _ type: Resource.Type
    ) -> Self where Value == ResourceAccessor<Resource>? {
        SystemParameter([.writes(resource: type)]) { world, _ in world.resourceAccessor(type) }
    }

    /// The resource of a type, to read and write. If there is none, the world gets this default before the system runs.
    public static func resourceAccessor<Resource: Sendable>(
        default make: @autoclosure @escaping @Sendable () -> Resource
    ) -> Self where Value == ResourceAccessor<Resource> {
        SystemParameter([.writes(resource: Resource.self, default: make)]) { world, _ in
            world.resourceAccessor(default: make)
        }
    }

    /// The events of a type that this system has not seen yet; in its first run, all events that are still kept.
    ///
    /// An event is kept for its tick and the next one. ``Events/missedCount`` tells a system that runs less often how
    /// many events it missed.
    public static func events<Event: Sendable>(_ type: Event.Type) -> Self where Value == Events<Event> {
        SystemParameter([]) { world, run in run.readEvents(of: type, from: world) }
    }

    /// The removals of a component since the last run of this system, in the order in which they happened, including
    /// those of despawned entities.
    ///
    /// Removals are kept until every system that asks for them has run, however rarely it runs. Beyond
    /// ``World/eventCountMax`` the oldest are dropped and counted in ``Events/missedCount``. They count from the
    /// system's first run on; that run sees none.
    public static func removals<C: Component>(of type: C.Type) -> Self where Value == Events<Removal<C>> {
        // Removals change only with the structure, which cannot change while systems run in parallel.
        SystemParameter([]) { world, run in
            let buffer = world.keepRemovals(of: type)
            run.beginReading(Removal<C>.self, at: buffer.end)
            return run.readEvents(of: Removal<C>.self, from: world)
        }
    }
}
