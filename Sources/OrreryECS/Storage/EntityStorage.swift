public import OrrerySchema

/// The row of a living entity, until the structure changes or a table grows.
@usableFromInline
struct EntityRow: BitwiseCopyable {
    /// The directory entry of the row's page.
    @usableFromInline let page: UnsafeMutablePointer<PageDirectory.Entry>
    /// The row's place in the directory (``EntityStorage/Slot/place``).
    @usableFromInline let place: UInt32

    @inlinable @inline(__always)
    init(page: UnsafeMutablePointer<PageDirectory.Entry>, place: UInt32) {
        self.page = page
        self.place = place
    }

    @inlinable @inline(__always)
    var table: TablePointer { page.pointee.table }

    /// The memory of the chunk.
    @inlinable @inline(__always)
    var memory: UnsafeMutableRawPointer { page.pointee.memory }

    /// The row, counted from the first row of the chunk.
    @inlinable @inline(__always)
    var offset: Int { Int(truncatingIfNeeded: place &- page.pointee.placeOfChunk) }

    /// The row, counted from the first row of the table.
    @inlinable @inline(__always)
    var index: Int { Int(truncatingIfNeeded: page.pointee.firstRow) &+ offset }

    /// The table's entry for a component.
    @inlinable @inline(__always)
    func known(_ component: ComponentID) -> UnsafeMutablePointer<TableComponent> {
        page.pointee.components + component.index
    }
}

/// Which entities live, and where their rows are.
///
/// A slot is reused only after the tick in which it became free has ended. Its generation grows with each life. A slot
/// that has used up its generations is retired.
@usableFromInline
struct EntityStorage: BitwiseCopyable {
    @usableFromInline
    struct Slot: BitwiseCopyable {
        /// For a living entity: the number of its page in the upper of 31 bits, and the row in the page in the lower
        /// bits. For a slot without a living entity: a link to the next one.
        @usableFromInline var place: UInt32
        /// The generation of the slot's current or last life.
        @usableFromInline var generation: UInt32

        @inlinable @inline(__always)
        init(place: UInt32, generation: UInt32) {
            self.place = place
            self.generation = generation
        }

        /// A link to a slot: the upper bit distinguishes it from a place.
        @inlinable @inline(__always)
        static func link(to index: Int) -> UInt32 { 1 << 31 | UInt32(truncatingIfNeeded: index) }

        @inlinable @inline(__always)
        static func index(of link: UInt32) -> Int { Int(truncatingIfNeeded: link & 0x7fff_ffff) }
    }

    @usableFromInline var slots: UnsafeMutablePointer<Slot>
    /// The pages that the places of the slots refer to.
    @usableFromInline var pages = PageDirectory()
    @usableFromInline var slotCount = 0
    @usableFromInline var slotCapacity: Int
    /// The most slots that there will ever be.
    @usableFromInline let entityCountMax: Int
    @usableFromInline var livingCount = 0
    var retiredCount = 0
    /// A link to nothing.
    @usableFromInline static var noLink: UInt32 { .max }
    /// Slots that may be used: a link to the first.
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
        // One test checks that the generation matches and that the place is not a link.
        guard (slot.pointee.generation ^ entity.generation) | place >> 31 == 0 else { return nil }
        return EntityRow(page: pages.entries + Int(truncatingIfNeeded: place >> UInt32(pageShift)), place: place)
    }

    /// The living entity with an index.
    func living(at index: UInt32) -> Entity? {
        guard Int(index) < slotCount, slots[Int(index)].place >> 31 == 0 else { return nil }
        return Entity(index: index, generation: slots[Int(index)].generation)
    }

    /// How many entities can be allocated now.
    var vacancyCount: Int { entityCountMax - livingCount - retiredCount - pendingCount }

    /// Begins an entity's life, if a slot is left. The caller gives the entity a place.
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

    /// Sets the place of an entity.
    @inlinable @inline(__always)
    func settle(_ entity: Entity, at place: UInt32) {
        slots[Int(truncatingIfNeeded: entity.index)].place = place
    }

    /// Ends an entity's life.
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

    /// Makes the slots that became free available.
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

    /// Makes room for `count` slots.
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
