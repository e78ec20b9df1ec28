/// Which entities are in which group, tick by tick, in plain numbers.
///
/// A server does to its world what a plan says; whoever runs the same plan knows what the world holds at each tick.
public struct GroupPlan {
    /// What happens to an entity; entities are counted from 0.
    public enum Change {
        /// It leaves its group.
        case leave(Int)
        /// It joins a group.
        case join(Int, group: Int)
        /// Its number is raised by one.
        case turn(Int)
    }

    public let groupCount: Int
    private let memberCount: Int
    private let movedCount: Int
    private let stayingCount: Int
    /// The members of all groups, in turn one of each, then those who are in none.
    private var order: [Int]
    /// From one that changes to the next, so that they lie apart. A prime: each group has its turn.
    private static let stride = 7919
    private var next = 0
    private var nextOutside: Int
    private var nextTurned = 0

    /// - Parameters:
    ///   - entityCount: How many entities there are.
    ///   - members: Entities of each group.
    ///   - moves: Entities that join each group in a tick, while as many leave it.
    ///   - changedCount: Entities that change in a tick, those who join and leave among them.
    public init(entityCount: Int, groupCount: Int, members: Int, moves: Double, changedCount: Int) {
        self.groupCount = groupCount
        memberCount = groupCount * members
        movedCount = min(Int((Double(groupCount) * moves).rounded()), changedCount / 2)
        stayingCount = changedCount - 2 * movedCount
        order = Array(0..<entityCount)
        nextOutside = memberCount
    }

    /// Calls `body` with each entity that is in a group before the first tick.
    public func forEachFirstMember(_ body: (_ entity: Int, _ group: Int) -> Void) {
        for position in 0..<memberCount { body(position, position % groupCount) }
    }

    /// What happens in the next tick: some change places with others outside, further ones change where they are.
    public mutating func runTick(_ body: (Change) -> Void) {
        for _ in 0..<movedCount {
            body(.leave(order[next]))
            body(.join(order[nextOutside], group: next % groupCount))
            order.swapAt(next, nextOutside)
            next = (next + Self.stride) % memberCount
            nextOutside = memberCount + (nextOutside - memberCount + Self.stride) % (order.count - memberCount)
        }
        for _ in 0..<stayingCount {
            body(.turn(order[nextTurned]))
            nextTurned = (nextTurned + Self.stride) % memberCount
        }
    }
}
