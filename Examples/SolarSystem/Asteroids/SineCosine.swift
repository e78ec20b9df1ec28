/// Sine and cosine of an angle, computed only with additions and multiplications: the mathematical libraries of
/// different machines differ in the last bit, and the asteroids must be the same everywhere.
struct SineCosine: Sendable {
    let sine: Double
    let cosine: Double

    /// - Parameter angle: in radians. The error stays below 2⁻⁵¹ for angles within ±1000.
    init(_ angle: Double) {
        // Reduced to a quarter turn around zero; splitting π/2 into two parts keeps the digits that the subtraction
        // would lose.
        let quarterTurns = (angle * (2 / Double.pi)).rounded()
        let rest = (angle - quarterTurns * 0x1.921FB544p0) - quarterTurns * 0x1.0B4611A626331p-34
        let square = rest * rest
        let sine = rest * SineCosine.series(square, divisors: [6, 20, 42, 72, 110, 156, 210, 272])
        let cosine = SineCosine.series(square, divisors: [2, 12, 30, 56, 90, 132, 182, 240])
        switch Int(quarterTurns) & 3 {
        case 0: (self.sine, self.cosine) = (sine, cosine)
        case 1: (self.sine, self.cosine) = (cosine, -sine)
        case 2: (self.sine, self.cosine) = (-sine, -cosine)
        default: (self.sine, self.cosine) = (-cosine, sine)
        }
    }

    /// 1 − s/d₀ (1 − s/d₁ (1 − s/d₂ (…))): the Taylor series, innermost term first.
    private static func series(_ square: Double, divisors: [Double]) -> Double {
        var value = 1.0
        for divisor in divisors.reversed() { value = 1 - square / divisor * value }
        return value
    }
}
