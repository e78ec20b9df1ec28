import Testing

@testable import SolarSystem

@Suite struct KeplerOrbitTests {
    @Test(arguments: [0, 0.001, 0.15, 0.35, 0.7])
    func solvesKeplersEquation(eccentricity: Double) {
        for step in 0..<100 {
            let orbit = KeplerOrbit(
                semiMajorAxis: 1, eccentricity: eccentricity, inclination: 0, ascendingNode: 0,
                argumentOfPerihelion: 0, meanAnomaly: Double(step) * 2 * .pi / 100)
            let anomaly = orbit.eccentricAnomaly
            #expect((anomaly - eccentricity * SineCosine(anomaly).sine - orbit.meanAnomaly).magnitude < 4e-15)
        }
    }

    /// Perihelion and aphelion of an orbit in the plane of the ecliptic, perihelion at the equinox.
    @Test func startsAtPerihelion() {
        var orbit = KeplerOrbit(
            semiMajorAxis: 100, eccentricity: 0.25, inclination: 0, ascendingNode: 0, argumentOfPerihelion: 0,
            meanAnomaly: 0)
        let near = orbit.state(gravitationalParameter: 1)
        #expect(near.position == Position(x: 75, y: 0, z: 0))
        #expect(near.velocity.x == 0)
        let equator = SineCosine(KeplerOrbit.obliquity)
        #expect((near.velocity.z * equator.cosine - near.velocity.y * equator.sine).magnitude < 1e-16)
        orbit.meanAnomaly = .pi
        #expect((orbit.state(gravitationalParameter: 1).position.x + 125).magnitude < 1e-12)
    }

    @Test func sineAndCosineAreExactWhereTheyCanBe() {
        #expect(SineCosine(0).sine == 0)
        #expect(SineCosine(0).cosine == 1)
        #expect((SineCosine(.pi / 6).sine - 0.5).magnitude < 2e-16)
        #expect((SineCosine(-.pi / 3).cosine - 0.5).magnitude < 2e-16)
        for step in -1000...1000 {
            let angle = SineCosine(Double(step) * 0.037)
            #expect((angle.sine * angle.sine + angle.cosine * angle.cosine - 1).magnitude < 4e-16)
            let twice = SineCosine(Double(step) * 0.074)
            #expect((twice.sine - 2 * angle.sine * angle.cosine).magnitude < 2e-14)
        }
    }
}
