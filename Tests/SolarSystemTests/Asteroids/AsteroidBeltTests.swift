import Testing

@testable import SolarSystem

@Suite struct AsteroidBeltTests {
    private let au = AsteroidBelt.astronomicalUnit
    private let orbits = AsteroidBelt.orbits(count: 5000, seed: 42)

    @Test func noneIsInAGapOrOutsideTheBelt() {
        for orbit in orbits {
            let axis = orbit.semiMajorAxis / au
            #expect(AsteroidBelt.semiMajorAxes.contains(axis))
            #expect(!AsteroidBelt.kirkwoodGaps.contains { $0.contains(axis) }, "\(axis) au")
        }
    }

    @Test func everyStretchBetweenTheGapsIsSettled() {
        for stretch in [2.1..<2.47, 2.53..<2.80, 2.84..<2.935, 2.965..<3.24] {
            #expect(orbits.contains { stretch.contains($0.semiMajorAxis / au) })
        }
    }

    @Test func shapesFollowTheRealBelt() {
        let count = Double(orbits.count)
        let eccentricity = orbits.reduce(0) { $0 + $1.eccentricity } / count
        let inclination = orbits.reduce(0) { $0 + $1.inclination } / count
        #expect((eccentricity - 0.15).magnitude < 0.01)
        #expect((inclination * 180 / .pi - 8).magnitude < 0.3)
        #expect(orbits.allSatisfy { (0...0.35).contains($0.eccentricity) })
        #expect(orbits.allSatisfy { (0...AsteroidBelt.inclinationMax).contains($0.inclination) })
    }

    /// The energy of a state gives back the semi-major axis that it was made from (vis-viva), its angular momentum the
    /// rest.
    @Test func statesLieOnTheirOrbits() throws {
        let start = try InitialState(asteroidCount: 500, seed: 42)
        let sun = start.bodies[0]
        let gm = sun.body.gravitationalParameter
        // The pole of the ecliptic, in equatorial axes.
        let pole = SineCosine(KeplerOrbit.obliquity)
        for (orbit, state) in zip(orbits, start.asteroids) {
            let (p, v) = ((state - sun.state).position, (state - sun.state).velocity)
            let distance = distance(p, Position())
            let speed = SolarSystemTests.distance(v, Velocity())
            let axis = 1 / (2 / distance - speed * speed / gm)
            #expect((axis / orbit.semiMajorAxis - 1).magnitude < 1e-12)

            let momentum = Position(x: p.y * v.z - p.z * v.y, y: p.z * v.x - p.x * v.z, z: p.x * v.y - p.y * v.x)
            let length = SolarSystemTests.distance(momentum, Position())
            let parameter = orbit.semiMajorAxis * (1 - orbit.eccentricity * orbit.eccentricity)
            #expect((length * length / (gm * parameter) - 1).magnitude < 1e-12)
            let tilt = (momentum.z * pole.cosine - momentum.y * pole.sine) / length
            #expect((tilt - SineCosine(orbit.inclination).cosine).magnitude < 1e-12)
        }
    }

    @Test func aSeedNamesABelt() throws {
        #expect(AsteroidBelt.orbits(count: 5000, seed: 42) == orbits)
        #expect(AsteroidBelt.orbits(count: 10, seed: 42) == Array(orbits.prefix(10)))
        #expect(AsteroidBelt.orbits(count: 10, seed: 43) != Array(orbits.prefix(10)))
        #expect(AsteroidBelt.orbits(count: 0, seed: 42).isEmpty)
    }

    @Test func aBeltHasTheSameBitsEverywhere() throws {
        let belt = try InitialState(asteroidCount: 1000, seed: 42).asteroids
        #expect(fingerprint(belt) == 11_162_305_294_933_073_960)
    }
}
