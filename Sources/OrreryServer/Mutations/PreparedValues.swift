/// Memory for values between the check of a mutation and its effect. It is reused for the next mutation.
struct PreparedValues: ~Copyable {
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    private var used = 0

    init() {
        capacity = 4096
        base = .allocate(byteCount: capacity, alignment: 64)
    }

    deinit { base.deallocate() }

    /// Makes room for one mutation's values, all uninitialized.
    /// - Precondition: The memory holds no value.
    mutating func reserve(_ byteCount: Int) {
        used = 0
        guard byteCount > capacity else { return }
        base.deallocate()
        capacity = byteCount
        base = .allocate(byteCount: capacity, alignment: 64)
    }

    /// The next uninitialized value.
    /// - Precondition: The reserved memory has room for it.
    mutating func place(size: Int, alignment: Int) -> UnsafeMutableRawPointer {
        let start = (used + alignment - 1) / alignment * alignment
        precondition(alignment <= 64 && start + size <= capacity, "more than was reserved")
        used = start + size
        return base + start
    }
}
