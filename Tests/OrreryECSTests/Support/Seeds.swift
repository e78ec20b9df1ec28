import OrrerySchema

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension SeededGenerator {
    /// Whether something happens that happens `part` times in `whole`.
    mutating func chance(_ part: Int, in whole: Int) -> Bool { Int.random(in: 0..<whole, using: &self) < part }
}

/// The seeds of a random test: the one in `ORRERY_SEED`, or fixed ones and a new one.
func testSeeds() -> [UInt64] {
    if let text = getenv("ORRERY_SEED").map({ String(cString: $0) }), let seed = UInt64(text) { return [seed] }
    return [1, 2, 3, UInt64.random(in: 4...9_999_999)]
}

/// The seeds of random schedules: the one in `ORRERY_SEED`, or twenty.
func scheduleSeeds() -> Range<UInt64> {
    let seed = getenv("ORRERY_SEED").flatMap { UInt64(String(cString: $0)) }
    return seed.map { $0..<$0 + 1 } ?? 0..<20
}
