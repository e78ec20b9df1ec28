public import OrrerySchema

/// A value that an entity has lost, and the value that replaces it: that of the last row, which may be the same value.
@usableFromInline
struct ValueGap: BitwiseCopyable {
    @usableFromInline let value: UnsafeMutableRawPointer
    @usableFromInline let filler: UnsafeMutableRawPointer

    @inlinable @inline(__always)
    init(value: UnsafeMutableRawPointer, filler: UnsafeMutableRawPointer) {
        self.value = value
        self.filler = filler
    }
}

/// Moving rows from table to table when entities gain and lose components.
///
/// Along a plain edge, and if no table grows or shrinks, the move is inlined into the caller, so that all that is known
/// of the row stays in registers. The functions at the end handle every case.
extension UnsafeMutablePointer<WorldStorage> {
    /// Adds a component to an entity along a plain edge. The caller initialises the value.
    /// - Returns: The address for the value; `nil` in all other cases, with nothing changed: use ``extend(_:by:)`` for
    ///   them.
    /// - Complexity: O(components).
    @inlinable @inline(__always)
    func attach(_ component: ComponentID, to entity: Entity) -> UnsafeMutableRawPointer? {
        guard pointee.borrowCount == 0, let row = pointee.entities.find(entity),
            let move = PlainMove(of: row, by: component, isUp: true)
        else { return nil }
        return move.runUp(entity, slots: pointee.entities.slots)
    }

    /// Removes a component from an entity along a plain edge. The caller moves the value out, and then replaces it by
    /// its filler.
    /// - Returns: `nil` in all other cases, with nothing changed: use ``shrink(_:by:)`` for them.
    /// - Complexity: O(components).
    @inlinable @inline(__always)
    func detach(_ component: ComponentID, from entity: Entity) -> ValueGap? {
        guard pointee.borrowCount == 0, let row = pointee.entities.find(entity),
            let move = PlainMove(of: row, by: component, isUp: false)
        else { return nil }
        return move.runDown(entity, slots: pointee.entities.slots)
    }
}

/// The move of a row along a plain edge. It reads the tables' headers where it needs them, which costs no more than
/// reading copies back from the stack.
@usableFromInline
struct PlainMove: BitwiseCopyable {
    @usableFromInline let row: EntityRow
    @usableFromInline let edge: EdgePointer
    @usableFromInline let target: TablePointer

    @inlinable @inline(__always)
    var source: TablePointer { row.table }

    /// - Returns: `nil` if there is no such edge, and near the end of a page: there is no room for the rows that pieces
    ///   reach over, or the last row is the first of its page.
    @inlinable @inline(__always)
    init?(of row: EntityRow, by component: ComponentID, isUp: Bool) {
        let known = row.known(component)
        guard known.pointee.hasPlainEdge(isUp: isUp) else { return nil }
        self.row = row
        edge = known.pointee.edge.unsafelyUnwrapped
        target = known.pointee.plainTarget(isUp: isUp)
        guard target.pointee.tail.count &+ edge.pointee.rowReach <= target.pointee.tail.limit,
            source.pointee.tail.count &- 1 > source.pointee.tail.spare
        else { return nil }
    }

    @inlinable @inline(__always)
    func runUp(_ entity: Entity, slots: UnsafeMutablePointer<EntityStorage.Slot>) -> UnsafeMutableRawPointer {
        settle(entity, slots)
        if isLast {
            let next = copy(edge.groups, isUp: true)
            return next == edge.pointee.groupsEnd ? endUp() : endUp(next, isLast: true)
        }
        fillGap(slots)
        let next = copyBoth(edge.groups, isUp: true)
        return next == edge.pointee.groupsEnd ? endUp() : endUp(next, isLast: false)
    }

    @inlinable @inline(__always)
    func runDown(_ entity: Entity, slots: UnsafeMutablePointer<EntityStorage.Slot>) -> ValueGap {
        settle(entity, slots)
        if isLast {
            let next = copy(edge.groups, isUp: false)
            return next == edge.pointee.groupsEnd ? endDown() : endDown(next, isLast: true)
        }
        fillGap(slots)
        let next = copyBoth(edge.groups, isUp: false)
        return next == edge.pointee.groupsEnd ? endDown() : endDown(next, isLast: false)
    }

    /// Records the entity in the new row.
    @inlinable @inline(__always)
    func settle(_ entity: Entity, _ slots: UnsafeMutablePointer<EntityStorage.Slot>) {
        slots[Int(truncatingIfNeeded: entity.index)].place = target.pointee.tail.place(row: target.pointee.tail.count)
        target.pointee.tail.memory.setEntity(entity, row: target.pointee.tail.count)
    }

    /// Whether the row is the last one, which leaves no gap.
    @inlinable @inline(__always)
    var isLast: Bool {
        row.offset == source.pointee.tail.count &- 1 && row.memory == source.pointee.tail.memory
    }

    /// Records the entity of the last row in the freed row.
    @inlinable @inline(__always)
    func fillGap(_ slots: UnsafeMutablePointer<EntityStorage.Slot>) {
        let moved = source.pointee.tail.memory.entity(row: source.pointee.tail.count &- 1)
        row.memory.setEntity(moved, row: row.offset)
        slots[Int(truncatingIfNeeded: moved.index)].place = row.place
    }

    /// Copies the pieces of a group to the new row. The rows behind it are not in use, so the copy may be a few bytes
    /// longer.
    /// - Returns: Where the next group begins.
    @inlinable @inline(__always)
    func copy(_ first: UnsafeMutableRawPointer, isUp: Bool) -> UnsafeMutableRawPointer {
        let group = first.assumingMemoryBound(to: TableEdge.PieceGroup.self)
        let from = row.memory + row.offset &* group.pointee.stride
        let to = target.pointee.tail.memory + target.pointee.tail.count &* group.pointee.stride
        let end = group.pointee.end
        var next = UnsafeMutableRawPointer(group + 1)
        while next != end {
            let piece = next.assumingMemoryBound(to: TableEdge.Piece.self).pointee
            let bits = from.loadUnaligned(fromByteOffset: piece.source(isUp: isUp), as: TableEdge.Bits.self)
            to.storeBytes(of: bits, toByteOffset: piece.target(isUp: isUp), as: TableEdge.Bits.self)
            next += MemoryLayout<TableEdge.Piece>.stride
        }
        return next
    }

    /// Copies the pieces of a group to the new row, and the pieces of the last row into their place.
    /// - Returns: Where the next group begins.
    @inlinable @inline(__always)
    func copyBoth(_ first: UnsafeMutableRawPointer, isUp: Bool) -> UnsafeMutableRawPointer {
        let group = first.assumingMemoryBound(to: TableEdge.PieceGroup.self)
        let from = row.memory + row.offset &* group.pointee.stride
        let to = target.pointee.tail.memory + target.pointee.tail.count &* group.pointee.stride
        let last = source.pointee.tail.memory + (source.pointee.tail.count &- 1) &* group.pointee.stride
        let (end, size) = (group.pointee.end, group.pointee.size)
        var next = UnsafeMutableRawPointer(group + 1)
        while next != end {
            let piece = next.assumingMemoryBound(to: TableEdge.Piece.self).pointee
            let offset = piece.source(isUp: isUp)
            let bits = from.loadUnaligned(fromByteOffset: offset, as: TableEdge.Bits.self)
            to.storeBytes(of: bits, toByteOffset: piece.target(isUp: isUp), as: TableEdge.Bits.self)
            fillPiece(from + offset, from: last + offset, size: size)
            next += MemoryLayout<TableEdge.Piece>.stride
        }
        return next
    }

    /// Updates the row counts.
    /// - Returns: The address for the value.
    @inlinable @inline(__always)
    func endUp() -> UnsafeMutableRawPointer {
        let value =
            target.pointee.tail.memory
            + (edge.pointee.extraOffset &+ target.pointee.tail.count &* edge.pointee.extraStride)
        target.pointee.tail.count &+= 1
        source.pointee.tail.count &-= 1
        return value
    }

    /// Updates the row counts.
    /// - Returns: The gap that the value leaves.
    @inlinable @inline(__always)
    func endDown() -> ValueGap {
        target.pointee.tail.count &+= 1
        source.pointee.tail.count &-= 1
        let (offset, stride) = (edge.pointee.extraOffset, edge.pointee.extraStride)
        return ValueGap(
            value: row.memory + (offset &+ row.offset &* stride),
            filler: source.pointee.tail.memory + (offset &+ source.pointee.tail.count &* stride))
    }

    /// Copies the remaining groups first.
    @usableFromInline @inline(never)
    func endUp(_ first: UnsafeMutableRawPointer, isLast: Bool) -> UnsafeMutableRawPointer {
        var next = first
        while next != edge.pointee.groupsEnd { next = isLast ? copy(next, isUp: true) : copyBoth(next, isUp: true) }
        return endUp()
    }

    /// Copies the remaining groups first.
    @usableFromInline @inline(never)
    func endDown(_ first: UnsafeMutableRawPointer, isLast: Bool) -> ValueGap {
        var next = first
        while next != edge.pointee.groupsEnd { next = isLast ? copy(next, isUp: false) : copyBoth(next, isUp: false) }
        return endDown()
    }
}

extension TableEdge.Piece {
    @inlinable @inline(__always)
    func source(isUp: Bool) -> Int { isUp ? offset : largerOffset }

    @inlinable @inline(__always)
    func target(isUp: Bool) -> Int { isUp ? largerOffset : offset }
}

/// Copies a piece in words, and nothing behind it. The next row may be read as a whole soon after, and a processor
/// stalls when it reads as a whole what it has just written in parts.
@inlinable @inline(__always)
func fillPiece(_ target: UnsafeMutableRawPointer, from source: UnsafeRawPointer, size: Int) {
    /// Two words, which may overlap.
    func copyWords<First: BitwiseCopyable, Second: BitwiseCopyable>(_ first: First.Type, _ second: Second.Type) {
        let offset = size &- MemoryLayout<Second>.size
        let word = source.loadUnaligned(as: first)
        let secondWord = source.loadUnaligned(fromByteOffset: offset, as: second)
        target.storeBytes(of: word, as: first)
        target.storeBytes(of: secondWord, toByteOffset: offset, as: second)
    }
    switch size {
    case 12: copyWords(UInt64.self, UInt32.self)
    case 8...: copyWords(UInt64.self, UInt64.self)
    case 4...: copyWords(UInt32.self, UInt32.self)
    case 2...: copyWords(UInt16.self, UInt16.self)
    default: copyWords(UInt8.self, UInt8.self)
    }
}

/// The same moves for every case, column by column.
extension UnsafeMutablePointer<WorldStorage> {
    /// Adds a component that the entity does not have. The caller initialises and marks the value.
    /// - Returns: The place for the value; `nil` if the entity has the component or does not live, or the structure is
    ///   locked.
    /// - Complexity: O(components).
    @usableFromInline @inline(never)
    func extend(_ entity: Entity, by component: ComponentID) -> Place? {
        guard pointee.borrowCount == 0, let row = pointee.entities.find(entity),
            row.known(component).pointee.column == nil
        else { return nil }
        let edge = edge(of: component, at: row.table)
        if edge.pointee.extra.pointee.marks != nil { pointee.journal.gaining(entity, in: row.table) }
        move(entity, along: edge, isUp: true)
        return Place(inLastRowOf: edge.pointee.extra)
    }

    /// Removes a component from an entity that has it. The caller has already moved out or destroyed the value.
    /// - Complexity: O(components).
    @usableFromInline @inline(never)
    func shrink(_ entity: Entity, by component: ComponentID) {
        guard let table = pointee.entities.find(entity)?.table else { return }
        let edge = edge(of: component, at: table)
        if edge.pointee.extra.pointee.marks != nil { pointee.journal.losing(component, entity, in: table) }
        move(entity, along: edge, isUp: false)
    }

    /// Moves an entity's row to the table at the other end of an edge, and the last row into its place. The caller
    /// initialises the extra value, or has already removed it.
    private func move(_ entity: Entity, along edge: EdgePointer, isUp: Bool) {
        let (source, target) =
            isUp
            ? (edge.pointee.smaller, edge.pointee.larger) : (edge.pointee.larger, edge.pointee.smaller)
        let targetRow = target.pointee.append(entity)
        let tail = target.pointee.tail
        // Looked up only now: the directory may have grown.
        guard let row = pointee.entities.find(entity) else { return }
        edge.pointee.forEachColumn { column, largerColumn in
            let (column, target) = isUp ? (column, largerColumn) : (largerColumn, column)
            column.moveValue(row.memory, row.offset, to: target, tail.memory, tail.count - 1)
            if source.pointee.keepsMarks {
                target.takeMarks(row: targetRow, from: column.pointee, sourceRow: row.index)
            }
        }
        removeRow(row)
        pointee.entities.settle(entity, at: tail.lastPlace)
    }
}
