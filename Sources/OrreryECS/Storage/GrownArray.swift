extension UnsafeMutablePointer where Pointee: BitwiseCopyable {
    /// An array of `count` equal values, but at least one.
    static func allocate(repeating value: Pointee, count: Int) -> Self {
        let array = Self.allocate(capacity: Swift.max(count, 1))
        array.initialize(repeating: value, count: Swift.max(count, 1))
        return array
    }

    /// A longer copy of this array, filled up with a value. This array is deallocated.
    func grown(from oldCount: Int, to count: Int, repeating value: Pointee) -> Self {
        let new = Self.allocate(repeating: value, count: count)
        new.update(from: self, count: oldCount)
        deallocate()
        return new
    }
}
