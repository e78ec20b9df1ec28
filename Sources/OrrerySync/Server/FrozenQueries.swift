import DequeModule
import OrreryQuery
import OrrerySchema
import OrreryStore

/// The queries that only lost connections had, of all classes, with their members at the tick at which the last one was
/// lost.
///
/// They are not evaluated. If a client comes back and asks for one, one evaluation tells who joined and left meanwhile;
/// without it nobody could say who left, and the query would begin anew.
///
/// A class, since the tables of all views share one, and its limits.
final class FrozenQueries {
    /// A query of one view, which is known by its epoch.
    struct Key: Hashable {
        var epoch: Epoch
        var query: Query
    }

    struct Frozen {
        var definition: QueryTable.Definition
        var membership: Membership
        /// Where its window began, if it follows an entity.
        var anchor: RowOrder.Place?
        /// Where its region lay, if its centre is an entity that was seen.
        var centre: Point?
        fileprivate var number: UInt64
    }

    private var queries: [Key: Frozen] = [:]
    /// In the order in which they were kept, with those that were taken or kept again since.
    private var order: Deque<(key: Key, number: UInt64, at: Duration)> = []
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

    func keep(_ entry: QueryTable.Entry, _ membership: Membership, of epoch: Epoch, at now: Duration) {
        let key = Key(epoch: epoch, query: entry.query)
        lastNumber += 1
        byteCount += membership.byteCount
        queries[key] = Frozen(
            definition: entry.definition, membership: membership, anchor: entry.ranking?.anchor,
            centre: entry.region?.centre, number: lastNumber)
        order.append((key, lastNumber, now))
        while byteCount > Self.sizeMax || order.count > Self.countMax { dropOldest() }
    }

    /// Takes a query out, to be evaluated again.
    func take(_ query: Query, of epoch: Epoch) -> Frozen? { take(Key(epoch: epoch, query: query)) }

    private func take(_ key: Key) -> Frozen? {
        guard let frozen = queries.removeValue(forKey: key) else { return nil }
        byteCount -= frozen.membership.byteCount
        return frozen
    }

    /// Drops those whose clients did not come back in time.
    func expire(now: Duration) {
        while let oldest = order.first, now - oldest.at >= Self.retention { dropOldest() }
    }

    private func dropOldest() {
        guard let oldest = order.popFirst(), queries[oldest.key]?.number == oldest.number else { return }
        _ = take(oldest.key)
    }
}
