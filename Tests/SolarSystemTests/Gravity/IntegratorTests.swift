import Testing

@testable import SolarSystem

@Suite struct IntegratorTests {
    @Test(arguments: [
        (0.0, 0, 0.0), (1440.0, 1, 1440.0), (1441.0, 2, 720.5), (-2880.0, 2, -1440.0), (1.0, 1, 1.0),
    ])
    func cutsTimeIntoEqualSteps(seconds: Double, count: Int, step: Double) {
        let integrator = Integrator(seconds: seconds, stepSecondsMax: 1440)
        #expect(integrator.stepCount == count)
        #expect(integrator.stepSeconds == step)
    }

    @Test func theWeightsOfAStepAddUpToOne() {
        #expect((Integrator.driftWeights.reduce(0, +) - 1).magnitude < 1e-15)
        #expect((Integrator.kickWeights.reduce(0, +) - 1).magnitude < 1e-15)
    }

    /// Fourth order: half the step, a sixteenth of the error.
    @Test func theErrorFallsWithTheFourthPowerOfTheStep() throws {
        let bodies = try massiveBodies()
        func states(stepSeconds: Double) -> [StateVector] {
            var system = NBodySystem(bodies)
            system.advance(by: 10 * 86400, stepSecondsMax: stepSeconds)
            return system.states
        }
        let reference = states(stepSeconds: 1800)
        func error(stepSeconds: Double) -> Double {
            zip(states(stepSeconds: stepSeconds), reference).map { distance($0.position, $1.position) }.max() ?? 0
        }
        let ratio = error(stepSeconds: 28800) / error(stepSeconds: 14400)
        print("error at twice the step: \(ratio) times as large")
        #expect((13.0...19.0).contains(ratio))
    }

    @Test func runsBackwards() throws {
        let bodies = try massiveBodies()
        var system = NBodySystem(bodies)
        system.advance(by: 30 * 86400)
        #expect(distance(system[3].position, bodies[3].state.position) > 1e7)
        system.advance(by: -30 * 86400)
        for (state, body) in zip(system.states, bodies) {
            #expect(distance(state.position, body.state.position) < 1e-3)
            #expect(distance(state.velocity, body.state.velocity) < 1e-9)
        }
    }

    @Test func standsStillForNoTime() throws {
        let bodies = try massiveBodies()
        var system = NBodySystem(bodies)
        system.advance(by: 0)
        #expect(system.states == bodies.map(\.state))
    }

    /// Equal on every machine, in debug and release builds, with and without vector units.
    @Test func givesTheSameBitsEverywhere() throws {
        var system = NBodySystem(try massiveBodies())
        system.advance(by: 10 * 86400)
        #expect(fingerprint(system.states) == 1_777_374_356_062_615_605)
    }
}
