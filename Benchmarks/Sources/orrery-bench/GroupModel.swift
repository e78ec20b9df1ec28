import BenchmarkWorld

/// What the groups of a server's world hold at each tick, from the plan that the server follows: nothing of it comes
/// over a wire.
struct GroupModel {
    /// The world at one tick. Entities are counted from 0.
    struct State {
        /// Of each entity; -1 for none.
        var groups: [Int]
        var turns: [Int]
        /// Of each group, ascending.
        var members: [[Int]]
    }

    /// What a client with some groups has to be told to come from one tick to another, at the least.
    struct Need: Equatable {
        /// Values that differ, or are new to the client: each once.
        var cells = 0
        /// Entities that are new to the client.
        var entered = 0
        /// Members that came and went, of all groups together.
        var joined = 0
        var left = 0
        /// Bytes of the cells, with their row numbers.
        var cellBytes = 0
        /// Bytes of the row numbers of members that came and went, and of the identities of new entities.
        var membershipBytes = 0
    }

    /// Bytes of a `Level`.
    static let valueSize = 8
    /// Bytes of an entity's generation.
    private static let generationSize = 4

    private var plan: GroupPlan
    private var tick = 0
    private var state: State

    init(_ plan: GroupPlan, entityCount: Int) {
        self.plan = plan
        state = State(
            groups: Array(repeating: -1, count: entityCount), turns: Array(repeating: 0, count: entityCount),
            members: [])
        plan.forEachFirstMember { entity, group in state.groups[entity] = group }
    }

    /// The world after a tick.
    /// - Precondition: Ticks are asked for in ascending order.
    mutating func state(at tick: Int) -> State {
        precondition(tick >= self.tick, "the plan runs forward only")
        while self.tick < tick {
            plan.runTick { change in
                switch change {
                case .leave(let entity): state.groups[entity] = -1
                case .join(let entity, let group): state.groups[entity] = group
                case .turn(let entity): state.turns[entity] += 1
                }
            }
            self.tick += 1
        }
        var result = state
        result.members = Array(repeating: [], count: plan.groupCount)
        for (entity, group) in state.groups.enumerated() where group >= 0 { result.members[group].append(entity) }
        return result
    }

    /// - Parameter groups: those that the client shows, none twice.
    static func need(of groups: [Int], from before: State, to after: State) -> Need {
        var need = Need()
        let shown = Set(groups)
        var entered: [Int] = []
        for group in groups {
            let joined = after.members[group].filter { before.groups[$0] != group }
            let left = before.members[group].filter { after.groups[$0] != group }
            let changed = after.members[group].filter {
                before.turns[$0] != after.turns[$0] || before.groups[$0] != after.groups[$0]
            }
            entered += joined.filter { !shown.contains(before.groups[$0]) }
            need.joined += joined.count
            need.left += left.count
            need.cells += changed.count
            need.cellBytes += changed.count * valueSize + rowBytes(changed)
            need.membershipBytes += rowBytes(joined) + rowBytes(left)
        }
        need.entered = entered.count
        need.membershipBytes += entered.count * generationSize + rowBytes(entered.sorted())
        return need
    }

    /// Bytes of ascending numbers, each as its distance from the one before: seven bits in a byte.
    private static func rowBytes(_ rows: [Int]) -> Int {
        var (sum, next) = (0, 0)
        for row in rows {
            sum += max(1, ((row - next).bitWidth - (row - next).leadingZeroBitCount + 6) / 7)
            next = row + 1
        }
        return sum
    }
}
