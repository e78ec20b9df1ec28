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
        forEachChunkHandle { chunk in
            var position = 1
            ChunkHandle.call(
                body, chunk.rows, chunk.values(0, A.self), chunk.values(1, B.self),
                repeat chunk.values(advance(&position), (each Term).self))
        }
    }

    /// Calls a closure for each chunk of up to 1024 rows, with the column of the one term.
    ///
    /// A form of its own, since the compiler does not infer packs of one element in closures of one statement.
    /// - Complexity: O(tables + chunks).
    @inlinable
    public func forEachChunk<A: QueryTerm>(_ body: (ChunkRows, A.Values) -> Void) where Row == (Entity, A) {
        forEachChunkHandle { chunk in ChunkHandle.call(body, chunk.rows, chunk.values(0, A.self)) }
    }

    @inlinable @inline(__always)
    func advance(_ position: inout Int) -> Int {
        position &+= 1
        return position
    }

    /// Visits the chunks of all matching tables with the structure held still, and marks what is written.
    @inlinable @inline(__always)
    func forEachChunkHandle(_ body: (ChunkHandle) -> Void) {
        plan.refresh()
        let storage = world.storage
        storage.beginBorrow()
        defer { storage.endBorrow() }
        let terms = plan.terms
        plan.columns.withUnsafeBufferPointer { columns in
            forEachChunkRange { table, chunks, first in
                for chunk in chunks {
                    body(ChunkHandle(table, chunk, columns, first))
                    for term in 0..<terms.count where terms[term].isWrite {
                        mark(table, columns[first &+ term], chunk)
                    }
                }
            }
        }
    }

    @inlinable @inline(__always)
    func mark(_ table: TablePointer, _ column: Int, _ chunk: Int) {
        if let part {
            part.note(table, column: column, chunk: chunk)
        } else {
            table.mark(column: column, chunk: chunk)
        }
    }
}
