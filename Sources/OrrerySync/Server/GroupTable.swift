import OrrerySchema

/// The sessions that are kept up to date on the same cells, and so are sent the same bytes.
struct Group {
    var coverage: Coverage
    var memberCount = 0
    /// No member is at an earlier tick: the base of the next batch.
    var lastBatchTick: Tick
    /// The units of work of its last batch: the estimate for the next one.
    var work: Int
}

/// All groups, by their cells.
struct GroupTable {
    private(set) var groups: [Group] = []
    private var positions: [Coverage: Int] = [:]
    private var unused: [Int] = []

    var count: Int { groups.count }

    /// Whether the lookup by its cells finds this group.
    func isFound(_ position: Int) -> Bool { positions[groups[position].coverage] == position }

    subscript(position: Int) -> Group {
        get { groups[position] }
        _modify { yield &groups[position] }
    }

    /// Adds a member to the group that is kept up to date on these cells.
    /// - Parameter tick: The tick of the new member.
    /// - Returns: the position of the group.
    /// - Complexity: O(size of the coverage).
    mutating func join(_ coverage: Coverage, at tick: Tick) -> Int {
        if let position = positions[coverage] {
            groups[position].memberCount += 1
            return position
        }
        let group = Group(
            coverage: coverage, memberCount: 1, lastBatchTick: tick, work: BatchBuilder.expectedWork(of: coverage))
        let position: Int
        if let free = unused.popLast() {
            groups[free] = group
            position = free
        } else {
            groups.append(group)
            position = groups.count - 1
        }
        positions[coverage] = position
        return position
    }

    mutating func leave(_ position: Int) {
        groups[position].memberCount -= 1
        guard groups[position].memberCount == 0 else { return }
        positions[groups[position].coverage] = nil
        groups[position].coverage = Coverage()
        unused.append(position)
    }
}
