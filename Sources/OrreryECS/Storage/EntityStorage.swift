public import OrrerySchema

/// The row of a living entity, until the structure changes or a table grows.
@usableFromInline
struct EntityRow: BitwiseCopyable {
    /// Its entry in the directory.
    @usableFromInline let page: UnsafeMutablePointer<PageDirectory.Entry>
    /// Its place in the directory (``EntityStorage/Slot/place``).
    @usableFromInline let place: UInt32

    @inlinable @inline(__always)
    init(page: UnsafeMutablePointer<PageDirectory.Entry>, place: UInt32) {
        self.page = page
        self.place = place
    }

    @inlinable @inline(__always)
    var table: TablePointer { page.pointee.table }

    /// That of the chunk.
    @inlinable @inline(__always)
    var memory: UnsafeMutableRawPointer { page.pointee.memory }

    /// Counted from the first of the chunk.
    @inlinable @inline(__always)
    var offset: Int { Int(truncatingIfNeeded: place &- page.pointee.placeOfChunk) }

    /// Counted from the first of the table.
    @inlinable @inline(__always)
    var index: Int { Int(truncatingIfNeeded: page.pointee.firstRow) &+ offset }

    /// What the table knows of a component.
    @inlinable @inline(__always)
    func known(_ component: ComponentID) -> UnsafeMutablePointer<TableComponent> {
        page.pointee.components + component.index
    }
}

/// Which entities live, and where their rows are.
///
/// A slot is given out again only after the tick in which it became free has ended; its generation grows with each
/// life, and a slot that has used up its generations is retired.
@usableFromInline
struct EntityStorage: BitwiseCopyable {
    @usableFromInline
    struct Slot: BitwiseCopyable {
        /// Of a living entity, the number of its page in the upper of 31 bits and the row in the page in the lower
        /// ones; of a slot that nobody lives in, a link to the next one.
        @usableFromInline var place: UInt32
        /// The life that this slot is in, or was in last.
        @usableFromInline var generation: UInt32

        @inlinable @inline(__always)
        init(place: UInt32, generation: UInt32) {
            self.place = place
            self.generation = generation
        }

        /// A link to a slot: the upper bit tells it from a place.
        @inlinable @inline(__always)
        static func link(to index: Int) -> UInt32 { 1 << 31 | UInt32(truncatingIfNeeded: index) }

        @inlinable @inline(__always)
        static func index(of link: UInt32) -> Int { Int(truncatingIfNeeded: link & 0x7fff_ffff) }
    }

    @usableFromInline var slots: UnsafeMutablePointer<Slot>
    /// What the places of the slots refer to.
    @usableFromInline var pages = PageDirectory()
    @usableFromInline var slotCount = 0
    @usableFromInline var slotCapacity: Int
    /// The most slots that there will ever be.
    @usableFromInline let entityCountMax: Int
    @usableFromInline var livingCount = 0
    var retiredCount = 0
    /// A link to nothing.
    @usableFromInline static var noLink: UInt32 { .max }
    /// Slots that may be given out: a link to the first.
    @usableFromInline var firstFree = noLink
    /// Slots that became free in this tick: links to the first and the last.
    var firstPending = noLink
    var lastPending = noLink
    var pendingCount = 0

    init(entityCountMax: Int) {
        self.entityCountMax = entityCountMax
        slotCapacity = min(256, max(entityCountMax, 1))
        slots = .allocate(capacity: slotCapacity)
    }

    /// Where a living entity is; `nil` if it is not alive.
    /// - Complexity: O(1).
    @inlinable @inline(__always)
    func find(_ entity: Entity) -> EntityRow? {
        let index = Int(truncatingIfNeeded: entity.index)
        guard index < slotCount else { return nil }
        let slot = slots + index
        let place = slot.pointee.place
        // In one test: that it is the same life, and no link.
        guard (slot.pointee.generation ^ entity.generation) | place >> 31 == 0 else { return nil }
        return EntityRow(page: pages.entries + Int(truncatingIfNeeded: place >> UInt32(pageShift)), place: place)
    }

    /// How many lives can begin now.
    var vacancyCount: Int { entityCountMax - livingCount - retiredCount - pendingCount }

    /// Begins a life, if a slot is left. The caller gives it a place.
    /// - Complexity: amortised O(1).
    @inlinable @inline(__always)
    mutating func allocate() -> Entity? {
        let index: Int
        if firstFree != Self.noLink {
            index = Slot.index(of: firstFree)
            firstFree = slots[index].place
        } else {
            guard slotCount < entityCountMax else { return nil }
            if slotCount == slotCapacity { grow(toHold: slotCount &+ 1) }
            index = slotCount
            (slots + index).initialize(to: Slot(place: Self.noLink, generation: 0))
            slotCount = index &+ 1
        }
        let generation = slots[index].generation &+ 1
        slots[index].generation = generation
        livingCount = livingCount &+ 1
        return Entity(index: UInt32(truncatingIfNeeded: index), generation: generation)
    }

    /// Gives a life its place.
    @inlinable @inline(__always)
    func settle(_ entity: Entity, at place: UInt32) {
        slots[Int(truncatingIfNeeded: entity.index)].place = place
    }

    /// Ends a life.
    @inline(__always)
    mutating func release(_ entity: Entity) {
        let index = Int(entity.index)
        livingCount -= 1
        guard entity.generation < .max else {
            settle(entity, at: Self.noLink)
            retiredCount += 1
            return
        }
        pendingCount += 1
        if firstPending == Self.noLink { lastPending = Slot.link(to: index) }
        settle(entity, at: firstPending)
        firstPending = Slot.link(to: index)
    }

    /// Lets the slots that became free be given out.
    /// - Complexity: O(1).
    mutating func endTick() {
        guard firstPending != Self.noLink else { return }
        slots[Slot.index(of: lastPending)].place = firstFree
        firstFree = firstPending
        firstPending = Self.noLink
        lastPending = Self.noLink
        pendingCount = 0
    }

    func deallocate() {
        slots.deallocate()
        pages.deallocate()
    }

    /// Makes room for so many slots.
    /// - Precondition: `count` is at most `entityCountMax`.
    @usableFromInline
    mutating func grow(toHold count: Int) {
        guard count > slotCapacity else { return }
        let capacity = min(max(slotCapacity * 2, count), entityCountMax)
        let grown = LargeMemory.allocate(Slot.self, capacity: capacity)
        grown.moveInitialize(from: slots, count: slotCount)
        slots.deallocate()
        slots = grown
        slotCapacity = capacity
    }
}
