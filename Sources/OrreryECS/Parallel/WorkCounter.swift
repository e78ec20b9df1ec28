import Synchronization

/// Hands out the numbers 0, 1, 2 and so on to threads, each number once.
final class WorkCounter: Sendable {
    private let next = Atomic(0)

    /// The next number, if it is below `count`.
    func take(below count: Int) -> Int? {
        let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
        return number < count ? number : nil
    }
}
