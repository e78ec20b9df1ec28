/// A random number generator that gives the same numbers for a seed on every machine. SplitMix64.
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014, figure 17.
public struct SeededGenerator: RandomNumberGenerator, Hashable, Sendable {
    private var state: UInt64

    /// Creates a generator. The same seed gives the same numbers on every machine.
    public init(seed: UInt64) {
        state = seed
    }

    /// Creates the generator of a path: the same numbers for the same seed and path, unrelated ones for any other.
    /// - Parameter path: What distinguishes this use from others: a tick, a name's hash, the number of a chunk.
    public init(seed: UInt64, path: UInt64...) {
        state = seed
        for part in path { state = next() ^ part }
        state = next()
    }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// Returns `true` once in `count` times, on average.
    public mutating func oneIn(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &self) == 0 }
}
