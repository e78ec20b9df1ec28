/// A small random number generator: equal seeds give equal numbers on every machine and in every version of Swift.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014. The standard library's own
/// conversions to floating point may change, so the ones that are used here are part of it.
struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed &>> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed &>> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed &>> 31)
    }

    /// A multiple of 2⁻⁵³ from 0 up to, but not including, 1.
    mutating func unit() -> Double {
        Double(next() &>> 11) * 0x1p-53
    }

    /// Close to a normal distribution of mean 0 and deviation 1, never beyond ±6: the sum of twelve uniform numbers. It needs no
    /// logarithm, whose last bit differs between mathematical libraries.
    mutating func nearlyNormal() -> Double {
        var sum = -6.0
        for _ in 0..<12 { sum += unit() }
        return sum
    }

    /// Close to a Rayleigh distribution of that mean; values above `maximum` are drawn again.
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
