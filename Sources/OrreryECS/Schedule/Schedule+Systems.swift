extension Schedule {
    /// Adds a system that has the world to itself: it may spawn, despawn and query as it likes.
    /// - Parameters:
    ///   - name: Unique in the schedule.
    ///   - order: Which systems of the phase it runs before and after; otherwise as they were added.
    ///   - when: In which ticks it runs.
    ///   - run: Called once per tick.
    public mutating func add(
        _ name: String, in phase: Phase, order: [SystemOrder] = [], when: RunCondition = .always,
        run: @escaping @Sendable (World, TickContext) -> Void
    ) {
        append(System(name: name, phase: phase, order: order, condition: when, accesses: nil, run: run))
    }

    /// Adds a system that works on the entities of a query with one term.
    /// - Parameters:
    ///   - name: Unique in the schedule.
    ///   - order: Which systems of the phase it runs before and after; otherwise as they were added.
    ///   - access: What it uses besides the values of its query.
    ///   - when: In which ticks it runs.
    ///   - run: Called once per tick, with the query and the tick.
    public mutating func add<A: QueryTerm>(
        _ name: String, in phase: Phase, _ term: A.Type, order: [SystemOrder] = [], access: [SystemAccess] = [],
        when: RunCondition = .always, run: @escaping @Sendable (Query<A>, TickContext) -> Void
    ) {
        append(
            System(
                name: name, phase: phase, order: order, condition: when, accesses: [SystemAccess(A.self)] + access
            ) { world, context in run(world.query(A.self).of(context.system), context) })
    }

    /// Adds a system that works on the entities of a query.
    /// - Parameters:
    ///   - name: Unique in the schedule.
    ///   - order: Which systems of the phase it runs before and after; otherwise as they were added.
    ///   - access: What it uses besides the values of its query.
    ///   - when: In which ticks it runs.
    ///   - run: Called once per tick, with the query and the tick.
    public mutating func add<A: QueryTerm, B: QueryTerm, each Term: QueryTerm>(
        _ name: String, in phase: Phase, _ first: A.Type, _ second: B.Type, _ rest: repeat (each Term).Type,
        order: [SystemOrder] = [], access: [SystemAccess] = [], when: RunCondition = .always,
        run: @escaping @Sendable (Query<A, B, repeat each Term>, TickContext) -> Void
    ) {
        var accesses = [SystemAccess(A.self), SystemAccess(B.self)]
        repeat accesses.append(SystemAccess((each Term).self))
        append(
            System(
                name: name, phase: phase, order: order, condition: when, accesses: accesses + access
            ) { world, context in run(world.query(A.self, B.self, repeat (each Term).self).of(context.system), context)
            })
    }
}
