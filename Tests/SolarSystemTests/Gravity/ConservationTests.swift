import Testing

@testable import SolarSystem

/// What nature keeps, the simulation keeps.
@Suite struct ConservationTests {
    let start: [MassiveBody]
    let end: [MassiveBody]

    init() throws {
        start = try massiveBodies()
        var system = NBodySystem(start)
        system.advance(by: 100 * 86400)
        end = zip(start, system.states).map { body, state in
            MassiveBody(
                state: state, gravitationalParameter: body.gravitationalParameter, radius: body.radius)
        }
    }

    @Test func energyStays() {
        let drift = (energy(end) / energy(start) - 1).magnitude
        print("relative drift of the energy in 100 days: \(drift)")
        #expect(drift < 1e-12)
    }

    @Test func angularMomentumStays() {
        let before = angularMomentum(start)
        let drift = distance(angularMomentum(end), before) / distance(before, Position())
        print("relative drift of the angular momentum in 100 days: \(drift)")
        #expect(drift < 1e-13)
    }

    @Test func theBarycentreMovesOnAsItDid() {
        func barycentre(_ bodies: [MassiveBody], _ path: (StateVector) -> Double) -> Double {
            let total = bodies.reduce(0) { $0 + $1.gravitationalParameter }
            return bodies.reduce(0) { $0 + $1.gravitationalParameter * path($1.state) } / total
        }
        let expected =
            barycentre(start, \.position.x) + barycentre(start, \.velocity.x) * 100 * 86400
        #expect((barycentre(end, \.position.x) - expected).magnitude < 1e-3)
    }
}
