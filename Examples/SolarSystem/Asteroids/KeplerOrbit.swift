/// An ellipse around the Sun, given by its classical elements; angles in radians, relative to the ecliptic of J2000.
struct KeplerOrbit: Equatable, Sendable {
    /// In km.
    var semiMajorAxis: Double
    /// From 0 (a circle) to below 1.
    var eccentricity: Double
    var inclination: Double
    var ascendingNode: Double
    var argumentOfPerihelion: Double
    var meanAnomaly: Double

    /// Between the ecliptic and the equator of J2000, in radians: 23.4392911°. Source: IAU 1976 system of constants.
    static let obliquity = 23.439_291_1 * Double.pi / 180

    /// The eccentric anomaly E of Kepler's equation M = E − e sin E, by Newton's method.
    /// - Precondition: the eccentricity is from 0 to below 0.9, where the method converges from its start in a few
    ///   rounds.
    var eccentricAnomaly: Double {
        precondition(eccentricity >= 0 && eccentricity < 0.9, "not an ellipse that this method is meant for")
        var anomaly = meanAnomaly + eccentricity * SineCosine(meanAnomaly).sine
        for _ in 0..<12 {
            let angle = SineCosine(anomaly)
            let error = anomaly - eccentricity * angle.sine - meanAnomaly
            anomaly -= error / (1 - eccentricity * angle.cosine)
            if error.magnitude < 1e-15 { break }
        }
        return anomaly
    }

    /// The position and velocity relative to the Sun, along the equatorial axes of the ICRF.
    /// - Parameter gravitationalParameter: the Sun's, in km³/s².
    func state(gravitationalParameter: Double) -> StateVector {
        let anomaly = SineCosine(eccentricAnomaly)
        let flattening = (1 - eccentricity * eccentricity).squareRoot()
        let speed =
            (gravitationalParameter / semiMajorAxis).squareRoot() / (1 - eccentricity * anomaly.cosine)
        let position = equatorial(
            x: semiMajorAxis * (anomaly.cosine - eccentricity), y: semiMajorAxis * flattening * anomaly.sine)
        let velocity = equatorial(x: -speed * anomaly.sine, y: speed * flattening * anomaly.cosine)
        return StateVector(
            position: Position(x: position.x, y: position.y, z: position.z),
            velocity: Velocity(x: velocity.x, y: velocity.y, z: velocity.z))
    }

    /// Rotates a vector in the plane of the orbit, with x towards perihelion, into the equatorial axes.
    private func equatorial(x: Double, y: Double) -> (x: Double, y: Double, z: Double) {
        let perihelion = SineCosine(argumentOfPerihelion)
        let tilt = SineCosine(inclination)
        let node = SineCosine(ascendingNode)
        let ecliptic = SineCosine(KeplerOrbit.obliquity)
        // From perihelion to the node, out of the ecliptic, from the node to the equinox, then to the equator.
        let along = x * perihelion.cosine - y * perihelion.sine
        let across = x * perihelion.sine + y * perihelion.cosine
        let (flat, height) = (across * tilt.cosine, across * tilt.sine)
        let equinox = along * node.cosine - flat * node.sine
        let solstice = along * node.sine + flat * node.cosine
        return (
            equinox, solstice * ecliptic.cosine - height * ecliptic.sine,
            solstice * ecliptic.sine + height * ecliptic.cosine
        )
    }
}
