/// The initial state as plain values: the bodies at JD 2451545.0 TDB and a belt of massless asteroids.
struct InitialState: Sendable {
    /// The bodies in the catalogue's order.
    var bodies: [CelestialBody]
    /// The barycentric states of the asteroids.
    var asteroids: [StateVector]

    /// - Parameter seed: The seed of the asteroids; equal seeds give equal asteroids on every machine.
    /// - Precondition: `asteroidCount` is not negative.
    /// - Throws: ``CSVError`` if the built-in catalogue is broken, which the tests exclude.
    init(asteroidCount: Int = 0, seed: UInt64 = 1) throws(CSVError) {
        bodies = try CelestialBody.catalogue()
        let sun = bodies.first { $0.primaryName == nil }
        asteroids = sun.map { AsteroidBelt.states(count: asteroidCount, seed: seed, about: $0.massive) } ?? []
    }

    /// The index in ``bodies`` of the body that this one orbits; `nil` for the Sun.
    func primaryIndex(ofBody index: Int) -> Int? {
        guard let primary = bodies[index].primaryName else { return nil }
        return bodies.firstIndex { $0.body.name == primary }
    }

    /// Advances the bodies, without the asteroids.
    mutating func advanceBodies(by seconds: Double) {
        var system = NBodySystem(bodies.map(\.massive))
        system.advance(by: seconds)
        for index in bodies.indices { bodies[index].state = system[index] }
    }
}
