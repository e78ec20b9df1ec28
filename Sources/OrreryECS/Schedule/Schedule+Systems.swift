extension Schedule {
    /// Adds a system that has the world to itself: it may spawn, despawn and query as it likes.
    /// - Parameters:
    ///   - name: Unique in the schedule.
    ///   - run: Called once per tick.
    public mutating func add(
        _ name: String, in phase: Phase, run: @escaping @Sendable (World, TickContext) -> Void
    ) {
        append(System(name: name, phase: phase, accesses: [], run: run))
    }

    /// Adds a system that works on the entities of a query with one term.
    /// - Parameters:
    ///   - name: Unique in the schedule.
    ///   - run: Called once per tick, with the query and the tick.
    public mutating func add<A: QueryTerm>(
        _ name: String, in phase: Phase, _ term: A.Type,
        run: @escaping @Sendable (Query<A>, TickContext) -> Void
    ) {
        append(
            System(name: name, phase: phase, accesses: [Access(A.self)]) { world, context in
                run(world.query(A.self), context)
            })
    }

    /// Adds a system that works on the entities of a query.
    ///
    /// Written terms come before those that are read, as in `forEach`.
    /// - Parameters:
    ///   - name: Unique in the schedule.
    ///   - run: Called once per tick, with the query and the tick.
    public mutating func add<A: QueryTerm, B: QueryTerm, each Term: QueryTerm>(
        _ name: String, in phase: Phase, _ first: A.Type, _ second: B.Type, _ rest: repeat (each Term).Type,
        run: @escaping @Sendable (Query<A, B, repeat each Term>, TickContext) -> Void
    ) {
        var accesses = [Access(A.self), Access(B.self)]
        repeat accesses.append(Access((each Term).self))
        append(
            System(name: name, phase: phase, accesses: accesses) { world, context in
                run(world.query(A.self, B.self, repeat (each Term).self), context)
            })
    }
}
