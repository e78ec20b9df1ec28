import Dispatch

extension QueryOf {
    /// Divides the query into parts of some 16,384 rows and calls a closure with each, on several threads. A part is a
    /// query of its own, with every form of iteration.
    ///
    /// ```swift
    /// schedule.add("integrate", in: .update, Write<Position>.self, Read<Velocity>.self) { query, tick in
    ///     query.forEachPart(tick) { part, tick in
    ///         part.forEach { position, velocity in position.x += velocity.x * tick.seconds }
    ///     }
    /// }
    /// ```
    /// The closure's own `tick` has commands, events and random numbers for the part alone; they take effect in the
    /// order of the parts, so the result is the same for every number of threads. Events are read before, by the
    /// system.
    ///
    /// A part writes through its query. What it reads besides, its system has declared; what it writes besides, it
    /// gives to the commands.
    ///
    /// A query of less than one part is handled on the calling thread. So is, in one part, a query that goes through
    /// the set of a sparse component, one of named entities (``only(_:)``, ``sorted(by:_:)``), and one that writes what
    /// somebody observes.
    /// - Parameters:
    ///   - tick: of the system that asks; its ``TickContext/threadCount`` says how many threads.
    ///   - body: Called once for each part.
    /// - Complexity: O(tables + pages).
    public func forEachPart(_ tick: TickContext, _ body: @Sendable (_ part: Self, _ tick: TickContext) -> Void) {
        for access in tick.system.accesses ?? [] { access.prepare(world) }
        divide(threadCount: tick.threadCount) { count in
            tick.system.prepareParts(count)
        } body: { part, number in
            body(part, tick.part(number))
        }
        tick.system.gatherParts()
    }

    /// Divides the query into parts of some 16,384 rows and calls a closure with each, on several threads, outside of a
    /// schedule.
    /// - Parameters:
    ///   - threadCount: How many threads, this one included.
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
            guard threadCount > 1, parts.count > 1 else {
                for (number, part) in parts.enumerated() { body(restricted(to: part), number) }
                return
            }
            withoutActuallyEscaping(body) { body in
                let next = WorkCounter()
                // Each part is handled by one thread, and no two parts have a row in common.
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
