/// A map from a Swift type to a small number, in raw memory.
///
/// Every typed call on a world uses this map, so it is a table of type addresses instead of a `Dictionary`. Each type
/// has one home slot, which depends only on its address, so that in a loop only one load and one comparison remain. A
/// type whose home slot is taken goes into a second table, which is searched by linear probing.
@usableFromInline
struct TypeIndexStorage: BitwiseCopyable {
    @usableFromInline
    struct Slot: BitwiseCopyable {
        /// The address of the type's metadata; 0 for a free slot.
        @usableFromInline var key: UInt
        @usableFromInline var value: UInt32
    }

    /// A power of two. Type addresses are some hundred bytes apart, so types of a module seldom collide.
    @usableFromInline static var homeCount: Int { 512 }

    @usableFromInline let homes: UnsafeMutablePointer<Slot>
    private var others: UnsafeMutablePointer<Slot>
    private var otherCapacity = 8
    private var otherCount = 0

    init() {
        homes = .allocate(repeating: Slot(key: 0, value: 0), count: Self.homeCount)
        others = .allocate(repeating: Slot(key: 0, value: 0), count: otherCapacity)
    }

    /// - Complexity: O(1).
    @inlinable @inline(__always)
    func find(_ type: ObjectIdentifier) -> UInt32? {
        findAtHome(type) ?? findOther(UInt(bitPattern: type))
    }

    /// Like ``find(_:)``, but covers only the common case.
    @inlinable @inline(__always)
    func findAtHome(_ type: ObjectIdentifier) -> UInt32? {
        let key = UInt(bitPattern: type)
        let home = homes + Self.home(of: key)
        return home.pointee.key == key ? home.pointee.value : nil
    }

    @inlinable @inline(__always)
    static func home(of key: UInt) -> Int { Int(truncatingIfNeeded: key &>> 4) & (homeCount &- 1) }

    @usableFromInline @inline(never)
    func findOther(_ key: UInt) -> UInt32? {
        let slot = others[place(of: key)]
        return slot.key == key ? slot.value : nil
    }

    /// - Precondition: `type` is not in the map.
    mutating func insert(_ type: ObjectIdentifier, _ value: UInt32) {
        let slot = Slot(key: UInt(bitPattern: type), value: value)
        let home = Self.home(of: slot.key)
        guard homes[home].key != 0 else { return homes[home] = slot }
        if (otherCount + 1) * 2 > otherCapacity { grow() }
        others[place(of: slot.key)] = slot
        otherCount += 1
    }

    func deallocate() {
        homes.deallocate()
        others.deallocate()
    }

    /// Where a key is in the second table, or would be.
    private func place(of key: UInt) -> Int {
        let mask = otherCapacity - 1
        var place = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
        while others[place].key != key, others[place].key != 0 { place = (place + 1) & mask }
        return place
    }

    private mutating func grow() {
        let (old, oldCapacity) = (others, otherCapacity)
        otherCapacity *= 2
        others = .allocate(repeating: Slot(key: 0, value: 0), count: otherCapacity)
        for slot in UnsafeBufferPointer(start: old, count: oldCapacity) where slot.key != 0 {
            others[place(of: slot.key)] = slot
        }
        old.deallocate()
    }
}
