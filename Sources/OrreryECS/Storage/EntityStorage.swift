public import OrrerySchema

/// Which entities live, and where their rows are.
///
/// A slot is given out again only after the tick in which it became free has ended; its generation grows with each
/// life, and a slot that has used up its generations is retired.
@usableFromInline
struct EntityStorage: BitwiseCopyable {
    @usableFromInline
    struct Slot {
        /// The table of the living entity; `nil` for a free slot.
        @usableFromInline var table: TablePointer?
        /// Its row; in a free slot the next free one.
        @usableFromInline var row: UInt32
        /// The life that this slot is in, or was in last.
        @usableFromInline var generation: UInt32

        @inlinable @inline(__always)
        init(table: TablePointer?, row: UInt32, generation: UInt32) {
            self.table = table
            self.row = row
            self.generation = generation
        }
    }

    @usableFromInline var slots: UnsafeMutablePointer<Slot>
    @usableFromInline var slotCount = 0
    @usableFromInline var slotCapacity: Int
    /// The most slots that there will ever be.
    @usableFromInline let entityCountMax: Int
    @usableFromInline var livingCount = 0
    var retiredCount = 0
    /// Slots that may be given out: the head of a list through `row`.
    @usableFromInline var firstFree = UInt32.max
    /// Slots that became free in this tick: head and tail of a list through `row`.
    var firstPending = UInt32.max
    var lastPending = UInt32.max
    var pendingCount = 0

    init(entityCountMax: Int) {
        self.entityCountMax = entityCountMax
        slotCapacity = min(256, max(entityCountMax, 1))
        slots = .allocate(capacity: slotCapacity)
    }

    /// Where a living entity is; `nil` if it is not alive.
    /// - Complexity: O(1).
    @inlinable @inline(__always)
    func find(_ entity: Entity) -> (table: TablePointer, row: Int)? {
        let index = Int(truncatingIfNeeded: entity.index)
        guard index < slotCount, slots[index].generation == entity.generation, let table = slots[index].table else {
            return nil
        }
        return (table, Int(truncatingIfNeeded: slots[index].row))
    }

    /// How many lives can begin now.
    var vacancyCount: Int { entityCountMax - livingCount - retiredCount - pendingCount }

    /// Begins a life, if a slot is left. The caller gives it a place.
    /// - Complexity: amortised O(1).
    @inlinable @inline(__always)
    mutating func allocate() -> Entity? {
        let index: Int
        if firstFree != .max {
            index = Int(truncatingIfNeeded: firstFree)
            firstFree = slots[index].row
        } else {
            guard slotCount < entityCountMax else { return nil }
            if slotCount == slotCapacity { grow(toHold: slotCount &+ 1) }
            index = slotCount
            (slots + index).initialize(to: Slot(table: nil, row: .max, generation: 0))
            slotCount = index &+ 1
        }
        let generation = slots[index].generation &+ 1
        slots[index].generation = generation
        livingCount = livingCount &+ 1
        return Entity(index: UInt32(truncatingIfNeeded: index), generation: generation)
    }

    /// Gives a life its place.
    @inlinable @inline(__always)
    func settle(_ entity: Entity, in table: TablePointer, row: Int) {
        let slot = slots + Int(truncatingIfNeeded: entity.index)
        slot.pointee.table = table
        slot.pointee.row = UInt32(truncatingIfNeeded: row)
    }

    /// Ends a life.
    @inline(__always)
    mutating func release(_ entity: Entity) {
        let index = Int(entity.index)
        slots[index].table = nil
        slots[index].row = .max
        livingCount -= 1
        guard entity.generation < .max else {
            retiredCount += 1
            return
        }
        pendingCount += 1
        if firstPending == .max {
            lastPending = entity.index
        } else {
            slots[index].row = firstPending
        }
        firstPending = entity.index
    }

    /// Lets the slots that became free be given out.
    /// - Complexity: O(1).
    mutating func endTick() {
        guard firstPending != .max else { return }
        slots[Int(lastPending)].row = firstFree
        firstFree = firstPending
        firstPending = .max
        lastPending = .max
        pendingCount = 0
    }

    func deallocate() {
        slots.deallocate()
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
