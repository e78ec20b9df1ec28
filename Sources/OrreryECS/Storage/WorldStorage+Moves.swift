public import OrrerySchema

/// A value that an entity has lost, and the value that is to take its place: that of the last row, maybe the same.
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

/// Entities that gain and lose components, so that their rows move from table to table.
///
/// Along a plain edge, and where no table grows or shrinks, a row is moved in place of the call, so that all that is
/// known of it stays in registers. The rest is done by functions at the end, in every case.
extension UnsafeMutablePointer<WorldStorage> {
    /// Gives an entity a component along a plain edge. The value is left for the caller to initialise.
    /// - Returns: Where the value is to be; `nil` in all other cases, with nothing changed: ``extend(_:by:)`` is for
    ///   them.
    /// - Complexity: O(components).
    @inlinable @inline(__always)
    func attach(_ component: ComponentID, to entity: Entity) -> UnsafeMutableRawPointer? {
        guard pointee.borrowCount == 0, let row = pointee.entities.find(entity),
            let move = PlainMove(of: row, by: component, isUp: true)
        else { return nil }
        return move.runUp(entity, slots: pointee.entities.slots)
    }

    /// Takes a component from an entity along a plain edge. The value is left for the caller to move out, and to be
    /// replaced then by its filler.
    /// - Returns: `nil` in all other cases, with nothing changed: ``shrink(_:by:)`` is for them.
    /// - Complexity: O(components).
    @inlinable @inline(__always)
    func detach(_ component: ComponentID, from entity: Entity) -> ValueGap? {
        guard pointee.borrowCount == 0, let row = pointee.entities.find(entity),
            let move = PlainMove(of: row, by: component, isUp: false)
        else { return nil }
        return move.runDown(entity, slots: pointee.entities.slots)
    }
}

/// The way of a row along a plain edge. What it needs of the tables' headers it reads where it needs it: that takes no
/// more than to read it back from the stack.
@usableFromInline
struct PlainMove: BitwiseCopyable {
    @usableFromInline let row: EntityRow
    @usableFromInline let edge: EdgePointer
    @usableFromInline let target: TablePointer

    @inlinable @inline(__always)
    var source: TablePointer { row.table }

    /// - Returns: `nil` if there is no such edge, and near the end of a page: there is no room for what pieces reach
    ///   over, or the last row is the first of its page.
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

    /// Enters the entity in the new row.
    @inlinable @inline(__always)
    func settle(_ entity: Entity, _ slots: UnsafeMutablePointer<EntityStorage.Slot>) {
        slots[Int(truncatingIfNeeded: entity.index)].place = target.pointee.tail.place(row: target.pointee.tail.count)
        target.pointee.tail.memory.setEntity(entity, row: target.pointee.tail.count)
    }

    /// Whether it is the last row, which leaves no gap.
    @inlinable @inline(__always)
    var isLast: Bool {
        row.offset == source.pointee.tail.count &- 1 && row.memory == source.pointee.tail.memory
    }

    /// Enters the entity of the last row in the row.
    @inlinable @inline(__always)
    func fillGap(_ slots: UnsafeMutablePointer<EntityStorage.Slot>) {
        let moved = source.pointee.tail.memory.entity(row: source.pointee.tail.count &- 1)
        row.memory.setEntity(moved, row: row.offset)
        slots[Int(truncatingIfNeeded: moved.index)].place = row.place
    }

    /// Copies the pieces of a group to the new row. Behind that lie rows that are not in use, so it may be a few bytes
    /// more.
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

    /// Copies the pieces of a group to the new row, and those of the last row into their place.
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

    /// Counts the rows.
    /// - Returns: Where the value is to be.
    @inlinable @inline(__always)
    func endUp() -> UnsafeMutableRawPointer {
        let value =
            target.pointee.tail.memory
            + (edge.pointee.extraOffset &+ target.pointee.tail.count &* edge.pointee.extraStride)
        target.pointee.tail.count &+= 1
        source.pointee.tail.count &-= 1
        return value
    }

    /// Counts the rows.
    /// - Returns: Where the value was.
    @inlinable @inline(__always)
    func endDown() -> ValueGap {
        target.pointee.tail.count &+= 1
        source.pointee.tail.count &-= 1
        let (offset, stride) = (edge.pointee.extraOffset, edge.pointee.extraStride)
        return ValueGap(
            value: row.memory + (offset &+ row.offset &* stride),
            filler: source.pointee.tail.memory + (offset &+ source.pointee.tail.count &* stride))
    }

    /// Copies further groups before.
    @usableFromInline @inline(never)
    func endUp(_ first: UnsafeMutableRawPointer, isLast: Bool) -> UnsafeMutableRawPointer {
        var next = first
        while next != edge.pointee.groupsEnd { next = isLast ? copy(next, isUp: true) : copyBoth(next, isUp: true) }
        return endUp()
    }

    /// Copies further groups before.
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

/// Copies a piece in words, and nothing behind it: the next row may be read as a whole a moment later, and a processor
/// that reads as a whole what it has written in parts waits for it.
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

/// The same in every case, column by column.
extension UnsafeMutablePointer<WorldStorage> {
    /// Gives an entity a component that it does not have. The value is left for the caller to initialise and to mark.
    /// - Returns: Where the value is to be; `nil` if the entity has it or does not live, or the structure stands still.
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

    /// Takes a component from an entity that has it; its value has been moved out or destroyed already.
    /// - Complexity: O(components).
    @usableFromInline @inline(never)
    func shrink(_ entity: Entity, by component: ComponentID) {
        guard let table = pointee.entities.find(entity)?.table else { return }
        let edge = edge(of: component, at: table)
        if edge.pointee.extra.pointee.marks != nil { pointee.journal.losing(component, entity, in: table) }
        move(entity, along: edge, isUp: false)
    }

    /// Moves an entity's row to the table at the other end of an edge, and the last row into its place. The extra value
    /// is left for the caller to initialise, or is gone already.
    private func move(_ entity: Entity, along edge: EdgePointer, isUp: Bool) {
        let (source, target) =
            isUp
            ? (edge.pointee.smaller, edge.pointee.larger) : (edge.pointee.larger, edge.pointee.smaller)
        let targetRow = target.pointee.append(entity)
        let tail = target.pointee.tail
        // Not before: the directory may have grown.
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
