import OrrerySchema
import OrrerySync
import OrreryWire

/// Applies waiting mutations to the world, on the simulation thread at the beginning of a tick: as many as the budget
/// allows, in turn by client; the others wait.
struct MutationIntake: ~Copyable {
    private let exchange: MutationExchange
    private var applier: MutationApplier
    /// Units of work that mutations may take in one tick.
    private let workMax: Int
    private var queue = MutationQueue()
    /// Lists that are swapped with those of the exchange.
    private var arrived: [MutationRequest] = []
    private var results: [MutationResult] = []

    init(_ exchange: MutationExchange, _ applier: consuming MutationApplier, workMax: Int) {
        self.exchange = exchange
        self.applier = applier
        self.workMax = workMax
    }

    /// - Parameter tick: The tick that is about to run.
    /// - Returns: Whether any mutation was decided.
    mutating func take(at tick: Tick) -> Bool {
        exchange.takeRequests(into: &arrived)
        queue.append(&arrived)
        var work = 0
        while work < workMax, let request = queue.next() {
            let (outcome, units) = applier.apply(request, at: tick)
            work += units
            results.append(MutationResult(request, outcome))
        }
        guard !results.isEmpty else { return false }
        exchange.finished(&results)
        return true
    }
}
