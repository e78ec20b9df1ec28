import DequeModule
import OrreryQuery
import OrreryStore

/// The queries that only lost connections had, with their members at the tick at which the last one was lost.
///
/// They are not evaluated. If a client comes back and asks for one, one evaluation tells who joined and left meanwhile;
/// without it nobody could say who left, and the query would begin anew.
struct FrozenQueries {
    private struct Frozen {
        var definition: QueryTable.Definition
        var membership: Membership
        var number: UInt64
    }

    private var queries: [Query: Frozen] = [:]
    /// In the order in which they were kept, with those that were taken or kept again since.
    private var order: Deque<(query: Query, number: UInt64, at: Duration)> = []
    private var lastNumber: UInt64 = 0
    /// Bytes of the members of all of them.
    private(set) var byteCount = 0

    /// How long a query is kept for its clients to come back.
    static let retention: Duration = .seconds(30)
    /// Bytes of all queries that are kept; beyond it, the oldest go. Bounds the memory for clients that are away.
    static let sizeMax = 64 << 20
    /// Queries that are kept.
    static let countMax = 4096

    var count: Int { queries.count }

    mutating func keep(_ definition: QueryTable.Definition, _ membership: Membership, at now: Duration) {
        lastNumber += 1
        byteCount += membership.byteCount
        queries[definition.query] = Frozen(definition: definition, membership: membership, number: lastNumber)
        order.append((definition.query, lastNumber, now))
        while byteCount > Self.sizeMax || order.count > Self.countMax { dropOldest() }
    }

    /// Takes a query out, to be evaluated again.
    mutating func take(_ query: Query) -> (QueryTable.Definition, Membership)? {
        guard let frozen = queries.removeValue(forKey: query) else { return nil }
        byteCount -= frozen.membership.byteCount
        return (frozen.definition, frozen.membership)
    }

    /// Drops those whose clients did not come back in time.
    mutating func expire(now: Duration) {
        while let oldest = order.first, now - oldest.at >= Self.retention { dropOldest() }
    }

    private mutating func dropOldest() {
        guard let oldest = order.popFirst(), queries[oldest.query]?.number == oldest.number else { return }
        _ = take(oldest.query)
    }
}
