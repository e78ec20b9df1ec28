internal import OrrerySchema

/// What observers have not been told yet, of all components, in the order in which it happened. What an observer writes
/// comes last, so each observer is told all steps, in order.
struct ObservationQueue {
    /// Observers that cause each other, at most; deeper, they are taken for an endless loop.
    static let depthMax = 32
    /// Steps that observers have caused and that wait, at most: observers that write for ever may do so in breadth.
    static let causedCountMax = 1 << 20

    enum Overrun {
        case depth, count
    }

    /// The components of the steps; each keeps its own. Those up to ``toldCount`` have been told.
    private var waiting: [(watch: any AnyComponentWatch, depth: Int)] = []
    private var toldCount = 0
    private var causedCount = 0
    /// How many observers led to the step that is told; 0 for what nobody caused, and where nothing is told.
    private var depth = 0
    private(set) var isTelling = false

    /// Room for so many steps is kept when all have been told.
    private static let waitingCountKept = 4096

    var isEmpty: Bool { waiting.isEmpty }

    /// Puts a step of a component last.
    /// - Returns: Which limit it is over.
    mutating func append(_ watch: any AnyComponentWatch) -> Overrun? {
        let depth = isTelling ? depth + 1 : 0
        guard depth < Self.depthMax else { return .depth }
        if depth > 0 {
            causedCount += 1
            guard causedCount <= Self.causedCountMax else { return .count }
        }
        waiting.append((watch, depth))
        return nil
    }

    /// Takes the oldest step, to tell it.
    mutating func next() -> (any AnyComponentWatch)? {
        guard toldCount < waiting.count else {
            waiting.removeAll(keepingCapacity: waiting.count <= Self.waitingCountKept)
            (toldCount, depth, isTelling) = (0, 0, false)
            return nil
        }
        let (watch, depth) = waiting[toldCount]
        toldCount += 1
        if depth > 0 { causedCount -= 1 }
        self.depth = depth
        isTelling = true
        return watch
    }
}
