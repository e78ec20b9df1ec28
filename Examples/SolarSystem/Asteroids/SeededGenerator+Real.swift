import OrrerySchema

/// Conversions to floating point that the belt uses. The standard library's own conversions may change.
extension SeededGenerator {
    /// A multiple of 2⁻⁵³ from 0 up to, but not including, 1.
    mutating func unit() -> Double {
        Double(next() &>> 11) * 0x1p-53
    }

    /// Close to a normal distribution of mean 0 and deviation 1, never beyond ±6: the sum of twelve uniform numbers. It
    /// needs no logarithm, whose last bit differs between mathematical libraries.
    mutating func nearlyNormal() -> Double {
        var sum = -6.0
        for _ in 0..<12 { sum += unit() }
        return sum
    }

    /// Close to a Rayleigh distribution with the given mean; values above `maximum` are drawn again.
    /// - Precondition: `maximum` is not below `mean`, so that most draws are kept.
    mutating func nearlyRayleigh(mean: Double, maximum: Double) -> Double {
        precondition(maximum >= mean, "almost every draw would be thrown away")
        // The mean of a Rayleigh distribution is its scale times √(π/2).
        let scale = mean / (Double.pi / 2).squareRoot()
        while true {
            let (first, second) = (nearlyNormal(), nearlyNormal())
            let value = scale * (first * first + second * second).squareRoot()
            if value <= maximum { return value }
        }
    }
}
