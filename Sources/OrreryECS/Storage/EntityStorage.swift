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
    }

    @usableFromInline var slots: UnsafeMutablePointer<Slot>
    @usableFromInline var slotCount = 0
    var slotCapacity: Int
    /// The most slots that there will ever be.
    let entityCountMax: Int
    @usableFromInline var livingCount = 0
    var retiredCount = 0
    /// Slots that may be given out: the head of a list through `row`.
    var firstFree = UInt32.max
    /// Slots that became free in this tick: head and tail of a list through `row`.
    var firstPending = UInt32.max
    var lastPending = UInt32.max

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

    /// Begins a life, if a slot is left. The caller gives it a place.
    /// - Complexity: amortised O(1).
    mutating func allocate() -> Entity? {
        let index: UInt32
        if firstFree != .max {
            index = firstFree
            firstFree = slots[Int(index)].row
        } else {
            guard slotCount < entityCountMax else { return nil }
            if slotCount == slotCapacity { grow() }
            index = UInt32(slotCount)
            (slots + slotCount).initialize(to: Slot(table: nil, row: .max, generation: 0))
            slotCount += 1
        }
        slots[Int(index)].generation += 1
        livingCount += 1
        return Entity(index: index, generation: slots[Int(index)].generation)
    }

    /// Ends a life.
    mutating func release(_ entity: Entity) {
        let index = Int(entity.index)
        slots[index].table = nil
        slots[index].row = .max
        livingCount -= 1
        guard entity.generation < .max else {
            retiredCount += 1
            return
        }
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
    }

    func deallocate() {
        slots.deallocate()
    }

    private mutating func grow() {
        let capacity = min(slotCapacity * 2, entityCountMax)
        let grown = UnsafeMutablePointer<Slot>.allocate(capacity: capacity)
        grown.moveInitialize(from: slots, count: slotCount)
        slots.deallocate()
        slots = grown
        slotCapacity = capacity
    }
}
