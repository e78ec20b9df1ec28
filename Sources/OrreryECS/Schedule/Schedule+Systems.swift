extension Schedule {
    /// Adds a system with exclusive access to the world: it may spawn, despawn and query freely.
    /// - Parameters:
    ///   - name: Unique in the schedule.
    ///   - phase: The part of the tick in which it runs.
    ///   - order: The systems of the phase that it runs before or after; otherwise it runs in the order of addition.
    ///   - when: In which ticks it runs.
    ///   - run: Called once per tick.
    public mutating func add(
        _ name: String, in phase: Phase, order: [SystemOrder] = [], when: RunCondition = .always,
        run: @escaping @Sendable (World, TickContext) -> Void
    ) {
        add(name, in: phase, .world, order: order, when: when, run: run)
    }

    /// Adds a system that works on the entities of a query with one term.
    ///
    /// Shorthand for a system whose only ``SystemParameter`` is the query.
    public mutating func add<A: QueryTerm>(
        _ name: String, in phase: Phase, _ term: A.Type, order: [SystemOrder] = [], when: RunCondition = .always,
        run: @escaping @Sendable (Query<A>, TickContext) -> Void
    ) {
        add(name, in: phase, .query(term), order: order, when: when, run: run)
    }

    /// Adds a system that works on the entities of a query with two terms.
    ///
    /// Shorthand for a system whose only ``SystemParameter`` is the query.
    public mutating func add<A: QueryTerm, B: QueryTerm>(
        _ name: String, in phase: Phase, _ first: A.Type, _ second: B.Type,
        order: [SystemOrder] = [], when: RunCondition = .always,
        run: @escaping @Sendable (Query<A, B>, TickContext) -> Void
    ) {
        add(name, in: phase, .query(first, second), order: order, when: when, run: run)
    }

    /// Adds a system that works on the entities of a query with three terms.
    ///
    /// Shorthand for a system whose only ``SystemParameter`` is the query.
    public mutating func add<A: QueryTerm, B: QueryTerm, C: QueryTerm>(
        _ name: String, in phase: Phase, _ first: A.Type, _ second: B.Type, _ third: C.Type,
        order: [SystemOrder] = [], when: RunCondition = .always,
        run: @escaping @Sendable (Query<A, B, C>, TickContext) -> Void
    ) {
        add(name, in: phase, .query(first, second, third), order: order, when: when, run: run)
    }

    /// Adds a system that works on the entities of a query with four terms.
    ///
    /// Shorthand for a system whose only ``SystemParameter`` is the query.
    public mutating func add<A: QueryTerm, B: QueryTerm, C: QueryTerm, D: QueryTerm>(
        _ name: String, in phase: Phase, _ first: A.Type, _ second: B.Type, _ third: C.Type, _ fourth: D.Type,
        order: [SystemOrder] = [], when: RunCondition = .always,
        run: @escaping @Sendable (Query<A, B, C, D>, TickContext) -> Void
    ) {
        add(name, in: phase, .query(first, second, third, fourth), order: order, when: when, run: run)
    }

    /// Adds a system that works on the entities of a query with five terms or more.
    ///
    /// Shorthand for a system whose only ``SystemParameter`` is the query.
    public mutating func add<
        A: QueryTerm, B: QueryTerm, C: QueryTerm, D: QueryTerm, E: QueryTerm, each Term: QueryTerm
    >(
        _ name: String, in phase: Phase, _ first: A.Type, _ second: B.Type, _ third: C.Type, _ fourth: D.Type,
        _ fifth: E.Type,
        _ rest: repeat (each Term).Type,
        order: [SystemOrder] = [], when: RunCondition = .always,
        run: @escaping @Sendable (Query<A, B, C, D, E, repeat each Term>, TickContext) -> Void
    ) {
        add(
            name, in: phase, .query(first, second, third, fourth, fifth, repeat each rest), order: order, when: when,
            run: run)
    }

    /// Adds a system with any number of parameters: queries, resources, events and whatever else ``SystemParameter``
    /// offers.
    ///
    /// ```swift
    /// schedule.add("score", in: .publish, .events(Hit.self), .resourceAccessor(default: Score())) { hits, score, _ in
    ///     score.value.points += hits.count
    /// }
    /// ```
    /// - Parameters:
    ///   - name: Unique in the schedule.
    ///   - phase: The part of the tick in which it runs.
    ///   - first: The first parameter.
    ///   - rest: The other parameters.
    ///   - order: The systems of the phase that it runs before or after; otherwise it runs in the order of addition.
    ///   - when: In which ticks it runs.
    ///   - run: Called once per tick, with the values of the parameters and the tick.
    public mutating func add<First, each Rest>(
        _ name: String, in phase: Phase, _ first: SystemParameter<First>, _ rest: repeat SystemParameter<each Rest>,
        order: [SystemOrder] = [], when: RunCondition = .always,
        run: @escaping @Sendable (First, repeat each Rest, TickContext) -> Void
    ) {
        var accesses = first.accesses
        repeat accesses = joined(accesses, (each rest).accesses)
        var queries = [first.query]
        repeat queries.append((each rest).query)
        append(
            System(
                name: name, phase: phase, order: order, condition: when, accesses: accesses,
                queries: queries.compactMap(\.self)
            ) { world, tick in
                call(run, first.make(world, tick.system), repeat (each rest).make(world, tick.system), tick)
            })
    }
}

/// Joins two lists; `nil` stands for the whole world.
private func joined(_ left: [SystemAccess]?, _ right: [SystemAccess]?) -> [SystemAccess]? {
    guard let left, let right else { return nil }
    return left + right
}

/// A closure call cannot directly take another argument after the values of a pack.
func call<each Value>(_ body: (repeat each Value) -> Void, _ value: repeat each Value) {
    body(repeat each value)
}
