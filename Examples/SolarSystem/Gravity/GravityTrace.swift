/// The positions of the bodies at every evaluation of the force during one advance. Massless particles are moved along
/// this trace, at the cost of particles × bodies per evaluation.
///
/// A trace is a plain value and reading does not change it, so chunks of particles can be moved one after another or in
/// parallel, with equal results.
struct GravityTrace: Sendable {
    private var integrator = Integrator(seconds: 0)
    private var bodyCount = 0
    /// Indexed by step, by stage, by body.
    private var sources: [PullSource] = []

    init() {}

    mutating func restart(_ integrator: Integrator, bodyCount: Int) {
        self.integrator = integrator
        self.bodyCount = bodyCount
        sources.removeAll(keepingCapacity: true)
        sources.reserveCapacity(integrator.stepCount * Integrator.stageCount * bodyCount)
    }

    mutating func append(_ stage: [PullSource]) {
        sources.append(contentsOf: stage)
    }

    /// Moves massless particles over the time of the trace: reads each row once, moves it through all steps in
    /// registers, and writes it once.
    ///
    /// ```swift
    /// trace.carry(
    ///     count: rows.count,
    ///     read: { StateVector(position: position[$0], velocity: velocity[$0]) },
    ///     write: { (position[$0], velocity[$0]) = ($1.position, $1.velocity) })
    /// ```
    /// - Complexity: O(count × steps × bodies).
    @inline(__always)
    func carry(count: Int, read: (Int) -> StateVector, write: (Int, StateVector) -> Void) {
        var first = 0
        while first < count {
            let filled = min(VectorLanes.count, count - first)
            var places = VectorLanes()
            var velocities = VectorLanes()
            for lane in 0..<filled {
                let state = read(first + lane)
                places.store(state.position, lane: lane)
                velocities.store(state.velocity, lane: lane)
            }
            carry(&places, &velocities)
            for lane in 0..<filled {
                write(
                    first + lane,
                    StateVector(position: places.position(lane: lane), velocity: velocities.velocity(lane: lane)))
            }
            first += filled
        }
    }

    /// The same drifts and kicks as for the bodies.
    @inline(never)
    private func carry(_ places: inout VectorLanes, _ velocities: inout VectorLanes) {
        let all = sources.span
        let drifts = integrator.drifts.span
        let kicks = integrator.kicks.span
        var place = places
        var velocity = velocities
        var first = 0
        for _ in 0..<integrator.stepCount {
            for stage in 0..<Integrator.stageCount {
                place.add(velocity, times: drifts[stage])
                let pull = gravitationalPull(at: place, of: all.extracting(first..<first + bodyCount))
                velocity.add(pull, times: kicks[stage])
                first += bodyCount
            }
            place.add(velocity, times: drifts[Integrator.stageCount])
        }
        places = place
        velocities = velocity
    }
}
