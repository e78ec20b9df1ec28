/// Massive bodies that move under their mutual attraction: Newtonian, in double precision.
///
/// Equal inputs give equal bits on every machine: the code uses only additions, multiplications, divisions and square
/// roots, in a fixed order, and fuses none of them.
///
/// ```swift
/// var system = NBodySystem(bodies)
/// var trace = GravityTrace()
/// system.advance(by: 1440, tracing: &trace)             // the bodies, remembering where they stood
/// trace.carry(count: rows.count, read: …, write: …)     // massless particles along the same path
/// ```
struct NBodySystem: Sendable {
    let count: Int
    private var places: [VectorLanes]
    private var velocities: [VectorLanes]
    /// The bodies at the last evaluation of the force, without the end of ``places`` that only fills lanes.
    private var sources: [PullSource]

    /// - Complexity: O(bodies).
    init(_ bodies: [MassiveBody]) {
        count = bodies.count
        let blocks = (bodies.count + VectorLanes.count - 1) / VectorLanes.count
        places = Array(repeating: VectorLanes(), count: blocks)
        velocities = places
        sources = bodies.map { body in
            let (position, radius) = (body.state.position, max(body.radius, MassiveBody.radiusMin))
            return PullSource(
                x: position.x, y: position.y, z: position.z,
                gravitationalParameter: body.gravitationalParameter, radiusSquared: radius * radius)
        }
        for (index, body) in bodies.enumerated() {
            places[index / VectorLanes.count].store(body.state.position, lane: index % VectorLanes.count)
            velocities[index / VectorLanes.count].store(body.state.velocity, lane: index % VectorLanes.count)
        }
    }

    /// The state of a body, by its index in the list that the system was made from.
    subscript(_ index: Int) -> StateVector {
        precondition(index >= 0 && index < count, "no such body")
        let (block, lane) = index.quotientAndRemainder(dividingBy: VectorLanes.count)
        return StateVector(
            position: places[block].position(lane: lane), velocity: velocities[block].velocity(lane: lane))
    }

    /// Advances the bodies.
    /// - Complexity: O(steps × bodies²).
    mutating func advance(by seconds: Double, stepSecondsMax: Double = Integrator.stepSecondsMax) {
        let integrator = Integrator(seconds: seconds, stepSecondsMax: stepSecondsMax)
        for _ in 0..<integrator.stepCount { step(integrator) { _ in } }
    }

    /// Advances the bodies and records their positions at every evaluation of the force, so that massless particles can
    /// be moved along; see ``GravityTrace/carry(count:read:write:)``.
    ///
    /// Overwrites the trace; reusing the same trace avoids allocating its memory again.
    /// - Complexity: O(steps × bodies²), and O(steps × bodies) of memory: suitable for a tick, not for a year.
    mutating func advance(
        by seconds: Double, stepSecondsMax: Double = Integrator.stepSecondsMax, tracing trace: inout GravityTrace
    ) {
        let integrator = Integrator(seconds: seconds, stepSecondsMax: stepSecondsMax)
        trace.restart(integrator, bodyCount: count)
        for _ in 0..<integrator.stepCount { step(integrator) { trace.append($0) } }
    }

    @inline(__always)
    private mutating func step(_ integrator: Integrator, onStage: ([PullSource]) -> Void) {
        for stage in 0..<Integrator.stageCount {
            drift(by: integrator.drifts[stage])
            stageSources()
            onStage(sources)
            for block in places.indices {
                let pull = gravitationalPull(at: places[block], of: sources.span)
                velocities[block].add(pull, times: integrator.kicks[stage])
            }
        }
        drift(by: integrator.drifts[Integrator.stageCount])
    }

    private mutating func drift(by seconds: Double) {
        for block in places.indices { places[block].add(velocities[block], times: seconds) }
    }

    /// Updates the force sources to the bodies' current positions.
    private mutating func stageSources() {
        for index in sources.indices {
            let (block, lane) = index.quotientAndRemainder(dividingBy: VectorLanes.count)
            sources[index].x = places[block].x[lane]
            sources[index].y = places[block].y[lane]
            sources[index].z = places[block].z[lane]
        }
    }
}

extension VectorLanes {
    @inline(__always)
    mutating func store(_ position: Position, lane: Int) {
        x[lane] = position.x
        y[lane] = position.y
        z[lane] = position.z
    }

    @inline(__always)
    mutating func store(_ velocity: Velocity, lane: Int) {
        x[lane] = velocity.x
        y[lane] = velocity.y
        z[lane] = velocity.z
    }

    @inline(__always)
    func position(lane: Int) -> Position { Position(x: x[lane], y: y[lane], z: z[lane]) }

    @inline(__always)
    func velocity(lane: Int) -> Velocity { Velocity(x: x[lane], y: y[lane], z: z[lane]) }
}
