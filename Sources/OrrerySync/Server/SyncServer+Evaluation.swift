import OrreryQuery
import OrrerySchema
import OrreryStore
import OrreryWire

/// What queries cost: their first evaluation goes in parts, each session in turn; and who lets live queries cost too
/// much loses the dearest.
extension SyncServer {
    /// Determines the members of new queries further. Their sessions wait for them.
    mutating func evaluateNewQueries() {
        guard views.contains(where: { $0.queries.isUnfinished }) else { return }
        var waiting: [(index: Int, view: Int, slots: [QueryTable.Slot])] = sessions.indices.compactMap { index in
            let view = sessions[index].view
            let slots = sessions[index].queries { id in sessions[index].waiting.contains { $0.id == id } }
                .filter { !views[view].queries[$0].isFinished }
            return slots.isEmpty ? nil : (index, view, slots.reversed())
        }
        let first = waiting.firstIndex { $0.index >= nextEvaluated } ?? 0
        waiting = Array(waiting[first...] + waiting[..<first])
        while !waiting.isEmpty {
            for position in waiting.indices {
                guard !evaluationWork.isUsedUp else {
                    nextEvaluated = waiting[position].index
                    return
                }
                let (view, slot) = (waiting[position].view, waiting[position].slots[waiting[position].slots.count - 1])
                // Perhaps with those of others, before it was its turn.
                evaluationWork.charge(views[view].queries.evaluateFurther(slot, in: views[view].store))
                if views[view].queries[slot].isFinished { waiting[position].slots.removeLast() }
            }
            waiting.removeAll(where: \.slots.isEmpty)
        }
    }

    // MARK: Live queries

    /// How long the work of queries is counted, at least.
    private static let countedTime: Duration = .seconds(1)

    /// Ends queries that cost more than they may. Each session pays for all its queries, as if it alone had them; all
    /// queries together, each once, have a limit too.
    mutating func endDearQueries(now: Duration) {
        let elapsed = now - workCountedSince
        guard elapsed >= Self.countedTime else { return }
        workCountedSince = now
        let milliseconds = Int(elapsed / .milliseconds(1))
        func allowance(at rate: Int) -> Int {
            let (product, isTooLarge) = rate.multipliedReportingOverflow(by: milliseconds)
            return isTooLarge ? .max : product / 1000
        }
        let sessionMax = allowance(at: configuration.evaluationRateMax)
        let totalMax = allowance(at: configuration.evaluationRateTotalMax)
        var total = views.reduce(0) { $0 + $1.queries.totalWork }
        // Nobody can have caused more than all did.
        if total > min(sessionMax, totalMax) {
            var costs = sessions.indices.map { (index: $0, work: work(ofQueriesOf: $0)) }
            for (index, work) in costs where work > sessionMax {
                let limit = "\(configuration.evaluationRateMax) (evaluationRateMax, for the queries of a session)"
                total -= endDearest(of: index, over: limit, work, in: milliseconds)
            }
            // Then those who cost most, one query each.
            costs.sort { ($0.work, $0.index) > ($1.work, $1.index) }
            for (index, work) in costs where total > totalMax && work > 0 && work <= sessionMax {
                let limit =
                    "\(configuration.evaluationRateTotalMax) (evaluationRateTotalMax, for the queries of all sessions)"
                total -= endDearest(of: index, over: limit, total, in: milliseconds)
            }
        }
        for view in views.indices { views[view].queries.resetWork() }
    }

    /// Ends queries whose windows are among so many that nobody can look at all of them.
    mutating func endUnindexedQueries() {
        for view in views.indices {
            for slot in views[view].queries.unindexed {
                let query = views[view].queries[slot].query
                let error = QueryError(
                    .needsIndex, column: 1,
                    expected: "an order by a field that the server has registered as ordered, or at most "
                        + "\(configuration.windowRowCountMax) rows to look at (windowRowCountMax)")
                for index in sessions.indices where sessions[index].view == view { end(query, of: index, error) }
            }
        }
    }

    /// Ends the subscriptions of a session to a query, and says why.
    private mutating func end(_ query: Query, of index: Int, _ error: QueryError) {
        let (session, view) = (sessions[index], sessions[index].view)
        for subscription in session.subscriptions where views[view].queries[subscription.query].query == query {
            _ = unsubscribe(index, subscription.id)
            answer(index, .subscribeResponse(subscription.id, .refused(QueryRefusal(error).refusal, error)))
        }
    }

    private func work(ofQueriesOf index: Int) -> Int {
        sessions[index].queries { _ in true }.reduce(0) { $0 + views[sessions[index].view].queries[$1].work }
    }

    /// Ends the subscriptions of a session to the query that costs most, and says why.
    /// - Parameter sum: The work of all queries for which there is the limit.
    /// - Returns: The work that nobody has any more because of that.
    private mutating func endDearest(
        of index: Int, over limit: String, _ sum: Int, in milliseconds: Int
    ) -> Int {
        let (session, view) = (sessions[index], sessions[index].view)
        let queries = views[view].queries
        guard let dearest = session.queries({ _ in true }).max(by: { queries[$0].work < queries[$1].work }) else {
            return 0
        }
        let (query, work) = (queries[dearest].query, queries[dearest].work)
        func rate(_ work: Int) -> Int { work / max(1, milliseconds) * 1000 }
        let error = QueryError(
            .tooDear, column: 1,
            expected: "at most \(limit) rows times nodes to test in a second, not \(rate(sum)); "
                + "this query: \(rate(work / query.nodeCount)) rows times \(query.nodeCount) nodes")
        end(query, of: index, error)
        return views[view].queries.contains(query) ? 0 : work
    }
}

extension Query {
    /// Words of 64 rows times nodes that count as one unit of work.
    private static let wordsPerUnit = 32
    /// The rows of so many words.
    static let rowsPerUnit = 64 * wordsPerUnit

    /// The work of testing the rows of some pages.
    static func work(pageCount: Int, nodeCount: Int) -> Int {
        1 + pageCount * RowSet.pageWords * nodeCount / wordsPerUnit
    }

    /// The work of determining all members of it.
    func evaluationWork(in store: ComponentStore) -> Int {
        guard !isPlain, rowKind == .entities, onlyListed == nil else { return 0 }
        // Each listed entity may be in a word of its own.
        return selection.entities.map { 1 + $0.count * nodeCount / Self.wordsPerUnit }
            ?? Self.work(pageCount: store.pageCount, nodeCount: nodeCount)
    }

    /// The entities that it lists.
    var listedCount: Int { selection.entities?.count ?? 0 }
}
