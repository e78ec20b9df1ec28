@testable import SolarSystem

/// The distance between two places, in km.
func distance(_ one: Position, _ other: Position) -> Double {
    let (x, y, z) = (one.x - other.x, one.y - other.y, one.z - other.z)
    return (x * x + y * y + z * z).squareRoot()
}

/// The difference between two velocities, in km/s.
func distance(_ one: Velocity, _ other: Velocity) -> Double {
    let (x, y, z) = (one.x - other.x, one.y - other.y, one.z - other.z)
    return (x * x + y * y + z * z).squareRoot()
}

/// The catalogue's bodies, ready to be moved.
func massiveBodies() throws -> [MassiveBody] {
    try CelestialBody.catalogue().map(\.massive)
}

/// Kinetic and potential energy of bodies, times the gravitational constant.
func energy(_ bodies: [MassiveBody]) -> Double {
    var sum = 0.0
    for (index, body) in bodies.enumerated() {
        let velocity = body.state.velocity
        let square = velocity.x * velocity.x + velocity.y * velocity.y + velocity.z * velocity.z
        sum += body.gravitationalParameter * square / 2
        for other in bodies[..<index] {
            sum -=
                body.gravitationalParameter * other.gravitationalParameter
                / distance(body.state.position, other.state.position)
        }
    }
    return sum
}

/// The sum of the angular momenta of bodies, times the gravitational constant.
func angularMomentum(_ bodies: [MassiveBody]) -> Position {
    var sum = Position()
    for body in bodies {
        let (p, v) = (body.state.position, body.state.velocity)
        sum.x += body.gravitationalParameter * (p.y * v.z - p.z * v.y)
        sum.y += body.gravitationalParameter * (p.z * v.x - p.x * v.z)
        sum.z += body.gravitationalParameter * (p.x * v.y - p.y * v.x)
    }
    return sum
}

extension NBodySystem {
    /// The states of all bodies.
    var states: [StateVector] { (0..<count).map { self[$0] } }
}

/// A number that stands for the bits of states. Source: Fowler, Noll, Vo, FNV-1a of 64 bits.
func fingerprint(_ states: [StateVector]) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for state in states {
        let (p, v) = (state.position, state.velocity)
        for value in [p.x, p.y, p.z, v.x, v.y, v.z] {
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                hash = (hash ^ (value.bitPattern &>> shift & 0xFF)) &* 0x100_0000_01B3
            }
        }
    }
    return hash
}
