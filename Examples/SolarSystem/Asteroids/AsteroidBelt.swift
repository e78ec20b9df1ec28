import OrrerySchema

/// A main belt of massless asteroids, generated from a seed.
///
/// Semi-major axes are evenly distributed between 2.1 and 3.3 au outside the main Kirkwood gaps, which Jupiter's
/// resonances have cleared in the real belt; eccentricities and inclinations follow the real belt's means. Asteroid
/// number `n` is the same regardless of the number of asteroids.
enum AsteroidBelt {
    /// One astronomical unit in km. Source: IAU 2012 resolution B2.
    static let astronomicalUnit = 149_597_870.7

    /// The belt's innermost and outermost semi-major axis, in au.
    static let semiMajorAxes = 2.1...3.3

    /// Semi-major axes that no asteroid has, in au: 4:1, 3:1, 5:2, 7:3 and 2:1 with Jupiter, inside out.
    static let kirkwoodGaps = [2.03...2.09, 2.47...2.53, 2.80...2.84, 2.935...2.965, 3.24...3.30]

    static let eccentricityMean = 0.15
    static let eccentricityMax = 0.35
    /// Relative to the ecliptic, in radians.
    static let inclinationMean = 8 * Double.pi / 180
    static let inclinationMax = 30 * Double.pi / 180

    /// The parts of the belt between the gaps, inside out.
    private static let stretches: [Range<Double>] = {
        var stretches: [Range<Double>] = []
        var start = semiMajorAxes.lowerBound
        for gap in kirkwoodGaps where gap.upperBound > start {
            if gap.lowerBound > start { stretches.append(start..<min(gap.lowerBound, semiMajorAxes.upperBound)) }
            start = gap.upperBound
        }
        if start < semiMajorAxes.upperBound { stretches.append(start..<semiMajorAxes.upperBound) }
        return stretches
    }()

    /// Orbits around the Sun.
    /// - Complexity: O(count).
    /// - Precondition: `count` is not negative.
    static func orbits(count: Int, seed: UInt64) -> [KeplerOrbit] {
        precondition(count >= 0, "the number of asteroids must not be negative")
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in orbit(using: &generator) }
    }

    /// Barycentric states of the asteroids of ``orbits(count:seed:)``.
    static func states(count: Int, seed: UInt64, about sun: MassiveBody) -> [StateVector] {
        orbits(count: count, seed: seed).map { orbit in
            sun.state + orbit.state(gravitationalParameter: sun.gravitationalParameter)
        }
    }

    private static func orbit(using generator: inout SeededGenerator) -> KeplerOrbit {
        // Drawn in this order; another order would give another belt.
        let axis = semiMajorAxis(at: generator.unit())
        let eccentricity = generator.nearlyRayleigh(mean: eccentricityMean, maximum: eccentricityMax)
        let inclination = generator.nearlyRayleigh(mean: inclinationMean, maximum: inclinationMax)
        return KeplerOrbit(
            semiMajorAxis: axis * astronomicalUnit, eccentricity: eccentricity, inclination: inclination,
            ascendingNode: generator.unit() * 2 * .pi, argumentOfPerihelion: generator.unit() * 2 * .pi,
            meanAnomaly: generator.unit() * 2 * .pi)
    }

    /// The semi-major axis, in au, below which the given share of the belt is.
    private static func semiMajorAxis(at share: Double) -> Double {
        let width = stretches.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) }
        var rest = share * width
        for stretch in stretches {
            let length = stretch.upperBound - stretch.lowerBound
            // Rounding must not give the far end, which belongs to the gap.
            if rest < length { return min(stretch.lowerBound + rest, stretch.upperBound.nextDown) }
            rest -= length
        }
        return semiMajorAxes.lowerBound
    }
}
