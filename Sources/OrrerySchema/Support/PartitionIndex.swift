extension RandomAccessCollection {
    /// The first position whose element satisfies a condition that, once it holds, holds for all elements after it.
    /// - Complexity: O(log n).
    @inlinable package func partitionIndex(where isAfter: (Element) -> Bool) -> Index {
        var (low, length) = (startIndex, count)
        while length > 0 {
            let half = length / 2
            let middle = index(low, offsetBy: half)
            if isAfter(self[middle]) {
                length = half
            } else {
                low = index(after: middle)
                length -= half + 1
            }
        }
        return low
    }
}
