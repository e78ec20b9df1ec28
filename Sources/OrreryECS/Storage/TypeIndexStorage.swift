/// A map from a Swift type to a small number, in raw memory.
///
/// Every typed call on a world goes through it, so it is an open-addressing table of type addresses instead of a
/// `Dictionary`: one multiplication, one load and one comparison in the common case.
@usableFromInline
struct TypeIndexStorage: BitwiseCopyable {
    @usableFromInline
    struct Slot {
        /// The address of the type's metadata; 0 for a free slot.
        @usableFromInline var key: UInt
        @usableFromInline var value: UInt32
    }

    @usableFromInline var slots: UnsafeMutablePointer<Slot>
    @usableFromInline var shift = UInt(UInt.bitWidth - 5)
    /// The number of slots less one.
    @usableFromInline var mask = 31
    @usableFromInline var count = 0

    init() {
        slots = Self.makeSlots(capacity: mask + 1)
    }

    /// - Complexity: O(1).
    @inlinable @inline(__always)
    func find(_ type: ObjectIdentifier) -> UInt32? {
        let key = UInt(bitPattern: type)
        var position = home(of: key)
        while true {
            let slot = slots[position]
            if slot.key == key { return slot.value }
            if slot.key == 0 { return nil }
            position = (position &+ 1) & mask
        }
    }

    /// Where a key is, if no other was there before it.
    @inlinable @inline(__always)
    func home(of key: UInt) -> Int { Int(bitPattern: (key &* 0x9E37_79B9_7F4A_7C15) &>> shift) }

    /// - Precondition: `type` is not in the map.
    mutating func insert(_ type: ObjectIdentifier, _ value: UInt32) {
        if (count + 1) * 2 > mask { grow() }
        place(Slot(key: UInt(bitPattern: type), value: value))
        count += 1
    }

    mutating func deallocate() {
        slots.deallocate()
    }

    private mutating func grow() {
        let old = slots
        let oldCapacity = mask + 1
        shift -= 1
        mask = mask * 2 + 1
        slots = Self.makeSlots(capacity: mask + 1)
        for position in 0..<oldCapacity where old[position].key != 0 { place(old[position]) }
        old.deallocate()
    }

    private func place(_ slot: Slot) {
        var position = home(of: slot.key)
        while slots[position].key != 0 { position = (position + 1) & mask }
        slots[position] = slot
    }

    private static func makeSlots(capacity: Int) -> UnsafeMutablePointer<Slot> {
        let slots = UnsafeMutablePointer<Slot>.allocate(capacity: capacity)
        slots.initialize(repeating: Slot(key: 0, value: 0), count: capacity)
        return slots
    }
}
