/// The position and velocity of something at one instant.
struct StateVector: Equatable, Sendable {
    var position = Position()
    var velocity = Velocity()

    static func + (left: StateVector, right: StateVector) -> StateVector {
        StateVector(
            position: Position(
                x: left.position.x + right.position.x,
                y: left.position.y + right.position.y,
                z: left.position.z + right.position.z),
            velocity: Velocity(
                x: left.velocity.x + right.velocity.x,
                y: left.velocity.y + right.velocity.y,
                z: left.velocity.z + right.velocity.z))
    }

    static prefix func - (state: StateVector) -> StateVector {
        StateVector(
            position: Position(x: -state.position.x, y: -state.position.y, z: -state.position.z),
            velocity: Velocity(x: -state.velocity.x, y: -state.velocity.y, z: -state.velocity.z))
    }

    static func - (left: StateVector, right: StateVector) -> StateVector { left + -right }
}

/// A body that attracts everything else.
struct MassiveBody: Equatable, Sendable {
    var state: StateVector
    /// Gravitational constant times mass, in km³/s².
    var gravitationalParameter: Double
    /// In km; a value below ``radiusMin`` counts as ``radiusMin``. Inside a body, the force is that of a homogeneous
    /// ball.
    var radius: Double

    /// There are no point masses: their force would grow without bound, and on themselves it would not be a number.
    static let radiusMin = 1.0
}
