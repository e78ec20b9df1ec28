// The overloads differ in the query's terms, so the compiler picks one before it looks at any closure.
// swift-format-ignore-file: AmbiguousTrailingClosureOverload

public import OrrerySchema

/// The rows that one call of a chunk closure handles. Valid only in that closure.
public struct ChunkRows {
    /// The entity of each row.
    public let entities: ColumnView<Entity>

    @inlinable
    init(entities: ColumnView<Entity>) {
        self.entities = entities
    }

    /// How many rows; at most 65,536.
    @inlinable public var count: Int { entities.count }

    /// The rows, counted from 0.
    @inlinable public var indices: Range<Int> { 0..<entities.count }
}

@available(*, unavailable)
extension ChunkRows: Sendable {}

extension QueryOf {
    /// Calls a closure for each chunk of up to 65,536 rows, with one column per term.
    ///
    /// Use it for loops that need an index, and for any number and order of terms.
    ///
    /// ```swift
    /// world.query(Write<Position>.self, Read<Velocity>.self).forEachChunk { rows, position, velocity in
    ///     for row in rows.indices { position[row].x += velocity[row].x }
    /// }
    /// ```
    /// All rows of a chunk count as changed in the columns of its `Write` terms. Structural changes are not allowed
    /// while the closure runs.
    /// - Complexity: O(tables + chunks).
    @inlinable
    public func forEachChunk<A: QueryTerm, B: QueryTerm, each Term: QueryTerm>(
        _ body: (ChunkRows, A.Values, B.Values, repeat (each Term).Values) -> Void
    ) where Row == (Entity, A, B, repeat each Term) {
        forEachChunkHandle { $0.call(body, A.self, B.self, repeat (each Term).self) }
    }

    /// Calls a closure for each chunk of up to 65,536 rows, with the column of the one term.
    ///
    /// A separate overload, since the compiler does not infer one-element packs in single-statement closures.
    /// - Complexity: O(tables + chunks).
    @inlinable
    public func forEachChunk<A: QueryTerm>(_ body: (ChunkRows, A.Values) -> Void) where Row == (Entity, A) {
        forEachChunkHandle { $0.call(body, A.self) }
    }

    /// Visits the rows of all matching tables with structural changes blocked, and marks the written columns.
    @inlinable @inline(__always)
    func forEachChunkHandle(_ body: (ChunkHandle) -> Void) {
        let matches = matches
        let storage = matches.pointee.storage
        if matches.pointee.isBehind { refresh() }
        guard matches.pointee.isPlain, selection == nil, !matches.pointee.isWatched else {
            return visitRuns(body)
        }
        storage.beginBorrow()
        if let part {
            visit(part, body)
        } else {
            let termCount = matches.pointee.termCount
            let written = matches.pointee.written
            var table = matches.pointee.tables
            let end = table + matches.pointee.count
            var columns = matches.pointee.columns
            while table != end {
                visit(table.pointee, columns, written, body)
                table += 1
                columns += termCount
            }
        }
        storage.endBorrow()
    }

    /// Visits the chunks of a part.
    @inlinable @inline(never)
    func visit(_ part: QueryPart, _ body: (ChunkHandle) -> Void) {
        for position in part.positions {
            let table = matches.pointee.tables[position]
            let columns = matches.pointee.columns + position &* matches.pointee.termCount
            let rows = part.rows(position, of: table)
            var row = rows.lowerBound
            while row < rows.upperBound {
                let first = row &- table.pointee.firstRow(ofChunkWith: row)
                let count = min(table.pointee.chunkRowCount &- first, rows.upperBound &- row)
                let memory = table.pointee.memory(row: row)
                body(ChunkHandle(memory: memory, first: first, count: count, columns: columns))
                if table.pointee.keepsMarks { mark(row..<row &+ count, columns, matches.pointee.written) }
                row &+= count
            }
        }
    }

    /// Visits all rows of a table.
    @inlinable @inline(__always)
    func visit(
        _ table: TablePointer, _ columns: UnsafeMutablePointer<QueryMatches.FoundColumn>, _ written: UInt64,
        _ body: (ChunkHandle) -> Void
    ) {
        let end = table.pointee.rowCount
        var row = 0
        var chunk = table.pointee.chunks
        while row < end {
            let count = min(table.pointee.chunkRowCount, end &- row)
            body(ChunkHandle(memory: chunk.pointee, first: 0, count: count, columns: columns))
            if table.pointee.keepsMarks, written != 0 {
                mark(Range(uncheckedBounds: (row, row &+ count)), columns, written)
            }
            row &+= count
            chunk += 1
        }
    }

    @usableFromInline
    func refresh() { plan.refresh() }

    /// Marks the columns of the written terms.
    @usableFromInline
    func mark(
        _ rows: Range<Int>, _ columns: UnsafeMutablePointer<QueryMatches.FoundColumn>, _ written: UInt64
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
