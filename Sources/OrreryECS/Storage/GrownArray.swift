extension UnsafeMutablePointer where Pointee: BitwiseCopyable {
    /// An array of so many equal values, one at least.
    static func allocate(repeating value: Pointee, count: Int) -> Self {
        let array = Self.allocate(capacity: Swift.max(count, 1))
        array.initialize(repeating: value, count: Swift.max(count, 1))
        return array
    }

    /// A longer copy of an array, filled up with a value; this one is gone.
    func grown(from oldCount: Int, to count: Int, repeating value: Pointee) -> Self {
        let new = Self.allocate(repeating: value, count: count)
        new.update(from: self, count: oldCount)
        deallocate()
        return new
    }
}
