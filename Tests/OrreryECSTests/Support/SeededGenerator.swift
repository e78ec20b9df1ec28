#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// SplitMix64: the same numbers from the same seed, everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }

    mutating func chance(_ part: Int, in whole: Int) -> Bool { Int.random(in: 0..<whole, using: &self) < part }
}

/// The seeds of a random test: the one in `ORRERY_SEED`, or fixed ones and a new one.
func testSeeds() -> [UInt64] {
    if let text = getenv("ORRERY_SEED").map({ String(cString: $0) }), let seed = UInt64(text) { return [seed] }
    return [1, 2, 3, UInt64.random(in: 4...9_999_999)]
}
