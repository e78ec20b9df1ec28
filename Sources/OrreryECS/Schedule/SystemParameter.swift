public import OrrerySchema

/// One thing that a system works with, as its closure gets it.
///
/// ```swift
/// schedule.add(
///     "fire", in: .update,
///     .query(Read<Gun>.self, Read<Position>.self), .accessor(Ammo.self), .events(Trigger.self), .resource(Rules.self)
/// ) { guns, ammo, triggers, rules, tick in … }
/// ```
/// What a parameter reads and writes is known from its type, and a system reaches nothing else: an access that was not
/// declared does not compile. Two systems conflict if both use the same component or resource and one of them writes
/// it; those that do not conflict may run side by side.
public struct SystemParameter<Value>: Sendable {
    /// What it reads and writes; `nil` for the whole world.
    let accesses: [SystemAccess]?
    /// Makes what the closure gets, when a run begins.
    let make: @Sendable (World, SystemState) -> Value

    init(_ accesses: [SystemAccess]?, _ make: @escaping @Sendable (World, SystemState) -> Value) {
        self.accesses = accesses
        self.make = make
    }
}

extension SystemParameter where Value == World {
    /// The world itself. Its system runs alone, and may do anything.
    public static var world: Self { SystemParameter(nil) { world, _ in world } }
}

extension SystemParameter {
    /// The entities that have a component.
    ///
    /// What one query of a system writes, no other parameter of the system may show. Who reads most values and writes
    /// few takes a query that reads, and an ``accessor(_:)``.
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
        let query = SystemIdentity()
        var accesses: [SystemAccess] = []
        repeat accesses.append(.term((each Term).self, of: query))
        self.init(accesses) { world, run in world.query(terms: repeat (each Term).self).of(run) }
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
    public static func resource<Resource>(_ type: Resource.Type) -> Self where Value == Resource? {
        SystemParameter([.reads(resource: type)]) { world, _ in world.resource(type) }
    }

    /// The resource of a type, to read. Where there is none, the world gets this one before the system runs.
    public static func resource(default make: @autoclosure @escaping @Sendable () -> Value) -> Self {
        SystemParameter([.reads(resource: Value.self, default: make)]) { world, _ in
            world.resourceAccessor(default: make).value
        }
    }

    /// The resource of a type, to read and write; `nil` while there is none.
    public static func resourceAccessor<Resource>(
        _ type: Resource.Type
    ) -> Self where Value == ResourceAccessor<Resource>? {
        SystemParameter([.writes(resource: type)]) { world, _ in world.resourceAccessor(type) }
    }

    /// The resource of a type, to read and write. Where there is none, the world gets this one before the system runs.
    public static func resourceAccessor<Resource>(
        default make: @autoclosure @escaping @Sendable () -> Resource
    ) -> Self where Value == ResourceAccessor<Resource> {
        SystemParameter([.writes(resource: Resource.self, default: make)]) { world, _ in
            world.resourceAccessor(default: make)
        }
    }

    /// The events of a type that this system has not seen yet. In its first run, those that are kept.
    ///
    /// An event is kept for its tick and the one after it; a system that runs less often is told how many it missed
    /// (``Events/missedCount``).
    public static func events<Event: Sendable>(_ type: Event.Type) -> Self where Value == Events<Event> {
        SystemParameter([]) { world, run in run.readEvents(of: type, from: world) }
    }

    /// The losses of a component since the last run of this system, in the order in which they happened: by removal,
    /// and with the entity's end.
    ///
    /// They are kept until each system that asks has run, however rarely it does; of more than
    /// ``World/eventCountMax`` the oldest are dropped, and counted in ``Events/missedCount``. They count from the
    /// system's first run on, which sees none.
    public static func removals<C: Component>(of type: C.Type) -> Self where Value == Events<Removal<C>> {
        // It changes only with the structure, which stands still while systems run side by side.
        SystemParameter([]) { world, run in
            let buffer = world.keepRemovals(of: type)
            run.beginReading(Removal<C>.self, at: buffer.end)
            return run.readEvents(of: Removal<C>.self, from: world)
        }
    }
}
