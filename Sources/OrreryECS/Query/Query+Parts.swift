import Dispatch
public import OrrerySchema

extension QueryOf {
    /// Divides the query into parts of about 16,384 rows and calls a closure with each, on several threads.
    ///
    /// A part is a query of its own, with every form of iteration.
    ///
    /// ```swift
    /// schedule.add("integrate", in: .update, Write<Position>.self, Read<Velocity>.self) { query, tick in
    ///     query.forEachPart(tick) { part, tick in
    ///         part.forEach { position, velocity in position.x += velocity.x * tick.seconds }
    ///     }
    /// }
    /// ```
    /// The closure's own `tick` has commands, events and random numbers for this part alone. Commands and events take
    /// effect in the order of the parts, so the result is the same for every number of threads.
    ///
    /// A part writes through its query, and makes all other changes through the commands. To let it look up other
    /// entities, pass a `reader`:
    ///
    /// ```swift
    /// schedule.add("aim", in: .update, .query(Write<Aim>.self), .reader(Position.self)) { aims, positions, tick in
    ///     aims.forEachPart(tick, reading: positions) { part, positions, tick in
    ///         part.forEach { aim in aim.distance = positions[aim.target]?.x ?? .infinity }
    ///     }
    /// }
    /// ```
    ///
    /// A query of less than one part runs on the calling thread. Three kinds of queries also run there, as one part: a
    /// query that iterates the set of a sparse component, a query of named entities (`only`, ``sorted(by:_:)``), and a
    /// query that writes an observed component.
    /// - Parameters:
    ///   - tick: The tick of the calling system; its ``TickContext/threadCount`` is the number of threads.
    ///   - body: Called once for each part.
    /// - Complexity: O(tables + pages).
    public func forEachPart(_ tick: TickContext, body: @Sendable (_ part: Self, _ tick: TickContext) -> Void) {
        divide(tick, body: body)
    }

    /// Divides the query into parts; each gets a reader of one component of any entity.
    ///
    /// Otherwise as ``forEachPart(_:body:)``.
    /// - Precondition: The query does not write the component.
    public func forEachPart<A: Component>(
        _ tick: TickContext, reading reader: ComponentReader<A>,
        body: @Sendable (_ part: Self, _ reader: ComponentReader<A>, _ tick: TickContext) -> Void
    ) {
        divide(tick, reading: reader, body: body)
    }

    /// Divides the query into parts; each gets readers of two components of any entity.
    ///
    /// Otherwise as ``forEachPart(_:body:)``.
    /// - Precondition: The query does not write the components.
    public func forEachPart<A: Component, B: Component>(
        _ tick: TickContext, reading first: ComponentReader<A>, _ second: ComponentReader<B>,
        body:
            @Sendable (
                _ part: Self, _ first: ComponentReader<A>, _ second: ComponentReader<B>, _ tick: TickContext
            ) -> Void
    ) {
        divide(tick, reading: first, second, body: body)
    }

    private func divide<each C: Component>(
        _ tick: TickContext, reading reader: repeat ComponentReader<each C>,
        body: @Sendable (_ part: Self, repeat ComponentReader<each C>, _ tick: TickContext) -> Void
    ) {
        repeat requireUnwritten((each C).self)
        for access in tick.system.accesses ?? [] { access.prepare(world) }
        divide(threadCount: tick.threadCount) { count in
            tick.system.prepareParts(count)
        } body: { part, number in
            call(body, part, repeat each reader, tick.part(number))
        }
        tick.system.gatherParts()
    }

    private func requireUnwritten<C: Component>(_ type: C.Type) {
        guard let component = known(type), plan.terms.contains(where: { $0.isWrite && $0.component == component })
        else { return }
        fatalError(
            "Query: the parts of a query that writes '\(C.componentName)' cannot read it of other entities, which "
                + "other parts may be writing; gather what they need before the query is divided.")
    }

    /// Divides the query into parts of about 16,384 rows and calls a closure with each, on several threads, outside a
    /// schedule.
    /// - Parameters:
    ///   - threadCount: The number of threads, including the calling thread.
    ///   - body: Called once for each part.
    /// - Complexity: O(tables + pages).
    public func forEachPart(threadCount: Int, _ body: @Sendable (_ part: Self) -> Void) {
        divide(threadCount: threadCount, prepare: { _ in }, body: { part, _ in body(part) })
    }

    private func divide(
        threadCount: Int, prepare: (_ partCount: Int) -> Void, body: (_ part: Self, _ number: Int) -> Void
    ) {
        guard part == nil else { fatalError("Query: a part of a query cannot be divided again.") }
        plan.refresh()
        guard selection == nil, plan.isDivisible, !plan.matches.pointee.isWatched else {
            prepare(1)
            return body(self, 0)
        }
        let parts = QueryPart.divide(plan.matches.pointee)
        prepare(parts.count)
        plan.enlistWrittenColumns()
        world.share {
            // Other threads do not know what this one holds.
            guard threadCount > 1, parts.count > 1, !holdsValues else {
                for (number, part) in parts.enumerated() { body(restricted(to: part), number) }
                return
            }
            withoutActuallyEscaping(body) { body in
                let next = WorkCounter()
                // One thread handles each part, and no two parts have a row in common.
                nonisolated(unsafe) let work = (query: self, parts: parts, body: body)
                DispatchQueue.concurrentPerform(iterations: min(threadCount, parts.count)) { _ in
                    while let number = next.take(below: work.parts.count) {
                        work.body(work.query.restricted(to: work.parts[number]), number)
                    }
                }
            }
        }
    }

    private func restricted(to part: QueryPart) -> Self {
        var query = self
        query.part = part
        return query
    }
}
