@usableFromInline typealias EdgePointer = UnsafeMutablePointer<TableEdge>

/// The step between two tables, one of which has one more component, with the data for moving a row along it.
@usableFromInline
struct TableEdge: BitwiseCopyable {
    /// A few plain bytes of each row that both tables have: a value, or a part of one.
    @usableFromInline
    struct Piece: BitwiseCopyable {
        /// Where the first row's bytes lie in the chunks of the smaller and of the larger table.
        @usableFromInline let offset: Int
        @usableFromInline let largerOffset: Int
    }

    /// A group of pieces whose address in a row is computed in the same way. The pieces follow this header in memory.
    @usableFromInline
    struct PieceGroup: BitwiseCopyable {
        /// Bytes from one row to the next.
        @usableFromInline let stride: Int
        /// Bytes of each piece.
        @usableFromInline let size: Int
        @usableFromInline let end: UnsafeMutableRawPointer
    }

    /// What a processor copies at once: a piece, or a few bytes more.
    @usableFromInline typealias Bits = SIMD2<UInt64>

    @usableFromInline let smaller: TablePointer
    @usableFromInline let larger: TablePointer
    /// The column that only the larger table has.
    let extra: ColumnPointer
    /// Where the extra column begins in a chunk, and the bytes from one row to the next.
    @usableFromInline fileprivate(set) var extraOffset = 0
    @usableFromInline fileprivate(set) var extraStride = 0
    /// The end of the groups of pieces, which follow this header. There is at least one group, which may be empty.
    @usableFromInline fileprivate(set) var groupsEnd: UnsafeMutableRawPointer
    /// How many rows a piece may reach over when it is copied to a new row, the new row included.
    @usableFromInline fileprivate(set) var rowReach = 1
    /// Whether pieces make up the whole row: no values are moved by other means, there are no marks or stamps, and the
    /// extra column is not watched.
    fileprivate(set) var isPlain = false

    /// The most bytes of a piece.
    static let pieceSizeMax = MemoryLayout<Bits>.size
    /// Longer values are not copied piece by piece.
    private static let valueSizeMax = 128

    /// Whether the values of a column are copied in pieces.
    static func hasPieces(_ column: ColumnPointer) -> Bool {
        column.pointee.isBitwise && column.pointee.stride <= valueSizeMax
    }

    /// Calls a closure with each column that both tables have.
    func forEachColumn(_ body: (_ column: ColumnPointer, _ largerColumn: ColumnPointer) -> Void) {
        for position in 0..<smaller.pointee.columnCount {
            let column = larger.pointee.columns + position
            body(smaller.pointee.columns + position, column < extra ? column : column + 1)
        }
    }
}

extension EdgePointer {
    /// Makes the edge between two tables and enters it in both.
    static func make(from smaller: TablePointer, to larger: TablePointer, extra: ColumnPointer) -> EdgePointer {
        var size = MemoryLayout<TableEdge>.stride + MemoryLayout<TableEdge.PieceGroup>.stride
        for position in 0..<smaller.pointee.columnCount {
            let pieceCount = smaller.pointee.columns[position].stride / TableEdge.pieceSizeMax + 1
            size += 2 * MemoryLayout<TableEdge.PieceGroup>.stride + pieceCount * MemoryLayout<TableEdge.Piece>.stride
        }
        let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
        let edge = memory.bindMemory(to: TableEdge.self, capacity: 1)
        edge.initialize(to: TableEdge(smaller: smaller, larger: larger, extra: extra, groupsEnd: memory))
        edge.refresh()
        return edge
    }

    /// Where the groups of pieces begin: right behind the header, so finding them takes no load.
    @inlinable @inline(__always)
    var groups: UnsafeMutableRawPointer { UnsafeMutableRawPointer(self + 1) }

    /// Updates the edge after columns of its tables have moved, got marks or stamps, or become watched.
    func refresh() {
        pointee.extraOffset = pointee.extra.pointee.offset
        pointee.extraStride = pointee.extra.pointee.stride
        let keepsMarks = pointee.smaller.pointee.keepsMarks || pointee.larger.pointee.keepsMarks
        pointee.isPlain = !keepsMarks && !pointee.extra.pointee.isWatched
        pointee.forEachColumn { column, _ in
            if !TableEdge.hasPieces(column) { pointee.isPlain = false }
        }
        pointee.groupsEnd = groups
        pointee.rowReach = 1
        // The group with the most pieces first: it is copied without a call.
        let kinds = pieces.sorted { left, right in
            (right.value.count, left.key.stride, left.key.size) < (left.value.count, right.key.stride, right.key.size)
        }
        for (kind, pieces) in kinds { addGroup(kind, pieces) }
        if kinds.isEmpty { addGroup(PieceKind(stride: 0, size: 0), []) }
        let component = pointee.extra.pointee.component.index
        pointee.smaller.pointee.components[component].setEdge(self, isUp: true)
        pointee.larger.pointee.components[component].setEdge(self, isUp: false)
    }

    /// The properties that all pieces of a group share.
    private struct PieceKind: Hashable {
        let stride: Int
        /// Bytes of each piece.
        let size: Int
    }

    /// No two pieces share a byte: otherwise a byte that has already been replaced would be copied.
    private var pieces: [PieceKind: [TableEdge.Piece]] {
        var pieces: [PieceKind: [TableEdge.Piece]] = [:]
        pointee.forEachColumn { column, largerColumn in
            let stride = column.pointee.stride
            guard TableEdge.hasPieces(column) else { return }
            for first in Swift.stride(from: 0, to: stride, by: TableEdge.pieceSizeMax) {
                let kind = PieceKind(stride: stride, size: Swift.min(stride - first, TableEdge.pieceSizeMax))
                pieces[kind, default: []].append(
                    TableEdge.Piece(
                        offset: column.pointee.offset + first, largerOffset: largerColumn.pointee.offset + first))
            }
        }
        return pieces
    }

    private func addGroup(_ kind: PieceKind, _ pieces: [TableEdge.Piece]) {
        // A piece that is shorter than one copy is the last of its value, and the copy reaches over the rows behind.
        let excess = TableEdge.pieceSizeMax - kind.size
        if kind.size > 0 {
            pointee.rowReach = Swift.max(pointee.rowReach, 1 + (excess + kind.stride - 1) / kind.stride)
        }
        let group = pointee.groupsEnd.assumingMemoryBound(to: TableEdge.PieceGroup.self)
        let first = UnsafeMutableRawPointer(group + 1).assumingMemoryBound(to: TableEdge.Piece.self)
        for (position, piece) in pieces.enumerated() { (first + position).initialize(to: piece) }
        pointee.groupsEnd = UnsafeMutableRawPointer(first + pieces.count)
        group.initialize(to: TableEdge.PieceGroup(stride: kind.stride, size: kind.size, end: pointee.groupsEnd))
    }
}

extension UnsafeMutablePointer<WorldStorage> {
    /// The edge from a table to the table that has one component more or less.
    /// - Complexity: O(1) once it is known, else O(components).
    func edge(of component: ComponentID, at table: TablePointer) -> EdgePointer {
        if let known = table.pointee.components[component.index].edge { return known }
        var signature = table.pointee.signature
        if let position = signature.firstIndex(of: component) {
            signature.remove(at: position)
        } else {
            signature.insert(component, at: signature.firstIndex { $0 > component } ?? signature.endIndex)
        }
        let other = self.table(signature: signature)
        let (smaller, larger) = table.pointee.has(component) ? (other, table) : (table, other)
        guard let extra = larger.pointee.column(of: component) else {
            preconditionFailure("a table has what was added")
        }
        return EdgePointer.make(from: smaller, to: larger, extra: extra)
    }
}
