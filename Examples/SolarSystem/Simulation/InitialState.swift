/// What the simulation starts from, as plain values: the bodies at JD 2451545.0 TDB and a belt of massless asteroids.
struct InitialState: Sendable {
    /// In the catalogue's order.
    var bodies: [CelestialBody]
    /// Barycentric.
    var asteroids: [StateVector]

    /// - Parameter seed: of the asteroids; equal seeds give equal asteroids on every machine.
    /// - Precondition: `asteroidCount` is not negative.
    /// - Throws: ``CSVError`` when the catalogue that is built in is broken, which the tests exclude.
    init(asteroidCount: Int = 0, seed: UInt64 = 1) throws(CSVError) {
        bodies = try CelestialBody.catalogue()
        let sun = bodies.first { $0.primaryName == nil }
        asteroids = sun.map { AsteroidBelt.states(count: asteroidCount, seed: seed, about: $0.massive) } ?? []
    }

    /// The place in ``bodies`` of what a body goes round; `nil` for the Sun.
    func primaryIndex(ofBody index: Int) -> Int? {
        guard let primary = bodies[index].primaryName else { return nil }
        return bodies.firstIndex { $0.body.name == primary }
    }

    /// Lets the bodies move on, without the asteroids.
    mutating func advanceBodies(by seconds: Double) {
        var system = NBodySystem(bodies.map(\.massive))
        system.advance(by: seconds)
        for index in bodies.indices { bodies[index].state = system[index] }
    }
}
