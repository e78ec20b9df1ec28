/// A body at one instant, as the force computation sees it.
struct PullSource: Sendable {
    var x, y, z: Double
    /// In km³/s².
    var gravitationalParameter: Double
    /// In km².
    var radiusSquared: Double
}

/// Vectors of four bodies or particles side by side, which one vector unit processes at once.
struct VectorLanes: Sendable {
    static let count = 4

    var x = SIMD4<Double>(), y = SIMD4<Double>(), z = SIMD4<Double>()

    /// Adds a multiple of other vectors. The two roundings are explicit: a fused operation would give other bits on
    /// other machines.
    @inline(__always)
    mutating func add(_ other: VectorLanes, times factor: Double) {
        x += other.x * factor
        y += other.y * factor
        z += other.z * factor
    }
}

/// Newton's law: the acceleration, in km/s², at four positions towards all sources. This is the only implementation of
/// the force; bodies and massless particles both use it.
///
/// Within a body's radius, the force is that of a homogeneous ball, which falls to zero at the centre. So a body does
/// not attract itself, and no encounter, however close, gives a non-finite number.
/// - Complexity: O(sources).
@inline(__always)
func gravitationalPull(at place: VectorLanes, of sources: borrowing Span<PullSource>) -> VectorLanes {
    var sum = VectorLanes()
    for index in sources.indices {
        let source = sources[index]
        let dx = source.x - place.x
        let dy = source.y - place.y
        let dz = source.z - place.z
        var square = dx * dx + dy * dy + dz * dz
        square.replace(with: source.radiusSquared, where: square .< source.radiusSquared)
        let factor = source.gravitationalParameter / (square * square.squareRoot())
        sum.x += dx * factor
        sum.y += dy * factor
        sum.z += dz * factor
    }
    return sum
}
