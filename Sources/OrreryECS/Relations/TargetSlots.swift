/// One bit per entity slot: whether a relation points at its entity, or has pointed at it in this life. Without the
/// bit, the end of an entity need not check the relations.
struct TargetSlots: BitwiseCopyable {
    private var words: UnsafeMutablePointer<UInt64>?
    private var wordCount = 0
    /// The number of entities, in any slots, that are pointed at before they live, counted once for each relation.
    var unbornCount = 0

    /// Whether no entity is pointed at, or was since it came to life.
    var isEmpty: Bool { wordCount == 0 && unbornCount == 0 }

    /// Whether a relation may point at the entity that lives in a slot.
    /// - Complexity: O(1).
    @inline(__always)
    func mayHold(_ index: UInt32) -> Bool { unbornCount > 0 || contains(index) }

    /// - Complexity: O(1).
    @inline(__always)
    private func contains(_ index: UInt32) -> Bool {
        let word = Int(truncatingIfNeeded: index >> 6)
        guard word < wordCount, let words else { return false }
        return words[word] & (1 << UInt64(index & 63)) != 0
    }

    /// - Complexity: O(1), amortised.
    mutating func insert(_ index: UInt32) {
        let word = Int(index >> 6)
        if word >= wordCount { grow(toHold: word + 1) }
        words?[word] |= 1 << UInt64(index & 63)
    }

    func remove(_ index: UInt32) {
        guard contains(index) else { return }
        words?[Int(index >> 6)] &= ~(1 << UInt64(index & 63))
    }

    func deallocate() { words?.deallocate() }

    private mutating func grow(toHold count: Int) {
        let larger = max(count, wordCount * 2, 16)
        words =
            words?.grown(from: wordCount, to: larger, repeating: 0) ?? .allocate(repeating: 0, count: larger)
        wordCount = larger
    }
}
