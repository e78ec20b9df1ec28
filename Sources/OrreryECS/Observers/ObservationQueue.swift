internal import OrrerySchema

/// The steps of all components that observers have not been notified of yet, in the order in which they happened. What
/// an observer writes is appended, so each observer is notified of all steps, in order.
struct ObservationQueue {
    /// The maximum depth of observers that cause each other; deeper ones are taken for an endless loop.
    static let depthMax = 32
    /// The maximum number of waiting steps that observers have caused: an endless loop of writes may also grow in
    /// breadth.
    static let causedCountMax = 1 << 20

    enum Overrun {
        case depth, count
    }

    /// The components of the steps; each watch keeps its own steps. Observers have been notified of those up to
    /// ``toldCount``.
    private var waiting: [(watch: any AnyComponentWatch, depth: Int)] = []
    private var toldCount = 0
    private var causedCount = 0
    /// How many observers led to the current step; 0 if no observer caused it, and while no observer is notified.
    private var depth = 0
    private(set) var isTelling = false

    /// When no step is waiting any more, room for at most this many is kept.
    private static let waitingCountKept = 4096

    var isEmpty: Bool { waiting.isEmpty }

    /// Appends a step of a component.
    /// - Returns: The limit that the step exceeds, if any.
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

    /// Takes the oldest step, to notify observers of it.
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
