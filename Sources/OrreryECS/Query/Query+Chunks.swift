// The overloads differ in what the query's terms are, which decides between them before any closure is looked at.
// swift-format-ignore-file: AmbiguousTrailingClosureOverload

public import OrrerySchema

/// The rows that one call of a chunk closure handles. Valid only in that closure.
public struct ChunkRows {
    /// The entity of each row.
    public let entities: Column<Entity>

    @inlinable
    init(entities: Column<Entity>) {
        self.entities = entities
    }

    /// How many rows; at most 1024.
    @inlinable public var count: Int { entities.count }

    /// The rows, counted from 0.
    @inlinable public var indices: Range<Int> { 0..<entities.count }
}

@available(*, unavailable)
extension ChunkRows: Sendable {}

extension QueryOf {
    /// Calls a closure for each chunk of up to 1024 rows, with one column per term: for loops that need an index, and
    /// for any
    /// number and order of terms.
    ///
    /// ```swift
    /// world.query(Write<Position>.self, Read<Velocity>.self).forEachChunk { rows, position, velocity in
    ///     for row in rows.indices { position[row].x += velocity[row].x }
    /// }
    /// ```
    /// All rows of a chunk count as changed in the columns of its `Write` terms. The structure of the world stands
    /// still
    /// meanwhile.
    /// - Complexity: O(tables + chunks).
    @inlinable
    public func forEachChunk<A: QueryTerm, B: QueryTerm, each Term: QueryTerm>(
        _ body: (ChunkRows, A.Values, B.Values, repeat (each Term).Values) -> Void
    ) where Row == (Entity, A, B, repeat each Term) {
        forEachChunkHandle { $0.call(body, A.self, B.self, repeat (each Term).self) }
    }

    /// Calls a closure for each chunk of up to 1024 rows, with the column of the one term.
    ///
    /// A form of its own, since the compiler does not infer packs of one element in closures of one statement.
    /// - Complexity: O(tables + chunks).
    @inlinable
    public func forEachChunk<A: QueryTerm>(_ body: (ChunkRows, A.Values) -> Void) where Row == (Entity, A) {
        forEachChunkHandle { $0.call(body, A.self) }
    }

    /// Visits the rows of all matching tables with the structure held still, and marks what is written.
    @inlinable @inline(__always)
    func forEachChunkHandle(_ body: (ChunkHandle) -> Void) {
        plan.refresh()
        let matches = plan.matches
        let storage = world.storage
        guard matches.pointee.isPlain, selection == nil, !storage.pointee.isWatched || !plan.writesWhatIsWatched else {
            return visitRuns(body)
        }
        let termCount = matches.pointee.termCount
        let written = matches.pointee.written
        storage.beginBorrow()
        defer { storage.endBorrow() }
        let positions = part?.positions ?? 0..<matches.pointee.count
        let (firstRow, endRow) = part?.outerRows ?? (0, .max)
        var columns = matches.pointee.columns + positions.lowerBound &* termCount
        for position in positions {
            let table = matches.pointee.tables[position]
            let isLast = position &+ 1 == positions.upperBound
            let end = isLast ? min(table.pointee.rowCount, endRow) : table.pointee.rowCount
            var first = position == positions.lowerBound ? firstRow : 0
            while first < end {
                let entities = table.pointee.entities(chunk: first >> 10)
                let count = min(chunkRowCount, end &- first)
                body(ChunkHandle(entities: entities, count: count, columns: columns))
                if written != 0, table.pointee.isObserved {
                    mark(Range(uncheckedBounds: (first, first &+ count)), columns, written)
                }
                first &+= chunkRowCount
            }
            columns += termCount
        }
    }

    /// Marks the columns of the terms that are written.
    @usableFromInline
    func mark(
        _ rows: Range<Int>, _ columns: UnsafeMutablePointer<QueryMatches.Column>, _ written: UInt64
    ) {
        var rest = written
        while rest != 0 {
            if let column = columns[rest.trailingZeroBitCount] {
                column.mark(rows)
            }
            rest &= rest &- 1
        }
    }
}
