/// Memory for values between the look at a mutation and its effect. Kept from one to the next.
struct PreparedValues: ~Copyable {
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    private var used = 0

    init() {
        capacity = 4096
        base = .allocate(byteCount: capacity, alignment: 64)
    }

    deinit { base.deallocate() }

    /// Room for one mutation's values, all without a value.
    /// - Precondition: no value is in it.
    mutating func reserve(_ byteCount: Int) {
        used = 0
        guard byteCount > capacity else { return }
        base.deallocate()
        capacity = byteCount
        base = .allocate(byteCount: capacity, alignment: 64)
    }

    /// The next place.
    /// - Precondition: what was reserved has room for it.
    mutating func place(size: Int, alignment: Int) -> UnsafeMutableRawPointer {
        let start = (used + alignment - 1) / alignment * alignment
        precondition(alignment <= 64 && start + size <= capacity, "more than was reserved")
        used = start + size
        return base + start
    }
}
