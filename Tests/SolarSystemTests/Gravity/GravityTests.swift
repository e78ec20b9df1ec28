import Testing

@testable import SolarSystem

@Suite struct GravityTests {
    private let ball = PullSource(x: 10, y: 0, z: 0, gravitationalParameter: 8, radiusSquared: 4)

    private func pull(x: Double) -> Double {
        let place = VectorLanes(x: SIMD4(repeating: x))
        return gravitationalPull(at: place, of: [ball].span).x[0]
    }

    @Test func fallsWithTheSquareOfTheDistance() {
        #expect(pull(x: 0) == 8.0 / 100)
        #expect(pull(x: 6) == 8.0 / 16)
        #expect(pull(x: 14) == -8.0 / 16)
    }

    @Test func isThatOfABallInside() {
        #expect(pull(x: 8) == 2)
        #expect(pull(x: 9) == 1)
        #expect(pull(x: 10) == 0)
    }

    /// The same force and the same steps: a particle goes where a body without mass goes, to the bit.
    @Test func particlesMoveAsBodiesWithoutMass() throws {
        let bodies = try massiveBodies()
        let particle = StateVector(position: Position(x: 3e8, y: 1e8), velocity: Velocity(x: -5, y: 18))
        var joined = NBodySystem(bodies + [MassiveBody(state: particle, gravitationalParameter: 0, radius: 0)])
        joined.advance(by: 5 * 86400, stepSecondsMax: 7200)

        var carried = [particle]
        var system = NBodySystem(bodies)
        var trace = GravityTrace()
        for _ in 0..<5 {
            system.advance(by: 86400, stepSecondsMax: 7200, tracing: &trace)
            trace.carry(count: 1, read: { carried[$0] }, write: { carried[$0] = $1 })
        }
        #expect(carried[0] == joined[bodies.count])
        #expect(system.states == Array(joined.states.dropLast()))
    }

    @Test(arguments: [0, 1, 3, 4, 5, 8, 11])
    func particlesDoNotHearOfEachOther(count: Int) throws {
        let start = try InitialState(asteroidCount: count, seed: 7)
        var system = NBodySystem(start.bodies.map(\.massive))
        var trace = GravityTrace()
        system.advance(by: 2880, tracing: &trace)
        var together = start.asteroids
        trace.carry(count: count, read: { together[$0] }, write: { together[$0] = $1 })
        for (index, asteroid) in start.asteroids.enumerated() {
            var alone = asteroid
            trace.carry(count: 1, read: { _ in alone }, write: { alone = $1 })
            #expect(alone == together[index])
            #expect(alone != asteroid)
        }
    }
}
