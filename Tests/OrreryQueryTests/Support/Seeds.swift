import Foundation

/// The seeds of a random test. A failing one is in the name of its test case; `ORRERY_SEED=n` runs that one alone.
func seeds(_ count: UInt64) -> Range<UInt64> {
    let seed = ProcessInfo.processInfo.environment["ORRERY_SEED"].flatMap { UInt64($0) }
    return seed.map { $0..<$0 + 1 } ?? 0..<count
}
