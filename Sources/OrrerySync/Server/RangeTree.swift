import OrrerySchema

/// Ranges of keys, each of a query, found by a key that is in them. Ranges of one key are searched in a list, the
/// others in a tree whose root is in the middle of the ordered ranges.
struct RangeTree {
    struct Node {
        let keys: ClosedRange<UInt64>
        let slot: QueryTable.Slot
        /// Whether being in a range of the query is being a member.
        let decides: Bool
        /// The last key of its part of the tree.
        fileprivate var lastKey: UInt64
    }

    /// Those of one key; ascending once they are in order, as are the others by their first key.
    private var points: [Node] = []
    /// Their keys once they are in order, close together for the search.
    private var pointKeys: [UInt64] = []
    private var nodes: [Node] = []
    private var isOrdered = true

    mutating func insert(_ keys: ClosedRange<UInt64>, of slot: QueryTable.Slot, decides: Bool) {
        let node = Node(keys: keys, slot: slot, decides: decides, lastKey: keys.upperBound)
        if keys.lowerBound == keys.upperBound { points.append(node) } else { nodes.append(node) }
        isOrdered = false
    }

    mutating func remove(_ slot: QueryTable.Slot) {
        points.removeAll { $0.slot == slot }
        nodes.removeAll { $0.slot == slot }
        isOrdered = false
    }

    /// - Complexity: O(n) if most are in order.
    mutating func order() {
        guard !isOrdered else { return }
        points.sort { $0.lastKey < $1.lastKey }
        pointKeys = points.map(\.lastKey)
        nodes.sort { $0.keys.lowerBound < $1.keys.lowerBound }
        _ = order(0..<nodes.count)
        isOrdered = true
    }

    /// - Returns: The last key in a part of the tree.
    private mutating func order(_ part: Range<Int>) -> UInt64 {
        guard !part.isEmpty else { return 0 }
        let root = (part.lowerBound + part.upperBound) / 2
        nodes[root].lastKey = max(
            nodes[root].keys.upperBound, order(part.lowerBound..<root), order(root + 1..<part.upperBound))
        return nodes[root].lastKey
    }

    /// Calls `body` with each range that has a key.
    /// - Precondition: They are in order.
    /// - Complexity: O(log n) for each of them.
    func forEach(at key: UInt64, _ body: (Node) -> Void) {
        var next = firstPoint(at: key)
        while next < points.count, points[next].lastKey == key {
            body(points[next])
            next += 1
        }
        nodes.withUnsafeBufferPointer { Self.forEach(at: key, in: 0..<$0.count, of: $0, body) }
    }

    /// The position of the first key that is not less: by halves, without a branch that the processor has to guess.
    private func firstPoint(at key: UInt64) -> Int {
        pointKeys.withUnsafeBufferPointer { keys in
            var (first, count) = (0, keys.count)
            while count > 0 {
                let half = count - count / 2
                first &+= keys[first &+ half &- 1] < key ? half : 0
                count /= 2
            }
            return first
        }
    }

    private static func forEach(
        at key: UInt64, in part: Range<Int>, of nodes: UnsafeBufferPointer<Node>, _ body: (Node) -> Void
    ) {
        guard !part.isEmpty else { return }
        let root = (part.lowerBound + part.upperBound) / 2
        guard nodes[root].lastKey >= key else { return }
        forEach(at: key, in: part.lowerBound..<root, of: nodes, body)
        guard nodes[root].keys.lowerBound <= key else { return }
        if nodes[root].keys.upperBound >= key { body(nodes[root]) }
        forEach(at: key, in: root + 1..<part.upperBound, of: nodes, body)
    }
}
