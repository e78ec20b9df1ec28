/// The chunks of a query that one thread handles.
///
/// A part writes through its query only, and no two chunks of a column have marks or stamps in one piece of memory: so parts mark what
/// they write by themselves.
@usableFromInline
struct QueryPart {
    /// Which of the plan's tables.
    @usableFromInline let positions: Range<Int>
    /// The first chunk of the first table, and the end of the chunks of the last.
    private let firstChunk: Int
    private let endChunk: Int

    init(positions: Range<Int>, firstChunk: Int, endChunk: Int) {
        self.positions = positions
        self.firstChunk = firstChunk
        self.endChunk = endChunk
    }

    func chunks(_ position: Int, of table: TablePointer) -> Range<Int> {
        let first = position == positions.lowerBound ? firstChunk : 0
        return first..<(position == positions.upperBound - 1 ? endChunk : table.pointee.usedChunkCount)
    }

    @usableFromInline
    func rows(_ position: Int, of table: TablePointer) -> Range<Int> {
        let chunks = chunks(position, of: table)
        let end = min(chunks.upperBound * chunkRowCount, table.pointee.rowCount)
        return min(chunks.lowerBound * chunkRowCount, end)..<end
    }

    /// With the chunk that makes it so many rows a part ends. It does not depend on the number of threads, so neither does what parts do.
    static let rowCount = 16_384

    /// The parts of a plan, in its order.
    /// - Complexity: O(tables + chunks).
    static func divide(_ matches: QueryMatches) -> [QueryPart] {
        var parts: [QueryPart] = []
        var (start, firstChunk, rows) = (0, 0, 0)
        for position in 0..<matches.count {
            let table = matches.tables[position]
            for chunk in 0..<table.pointee.usedChunkCount {
                rows += table.pointee.rowCount(chunk: chunk)
                guard rows >= rowCount else { continue }
                parts.append(QueryPart(positions: start..<position + 1, firstChunk: firstChunk, endChunk: chunk + 1))
                (start, firstChunk, rows) = (position, chunk + 1, 0)
            }
        }
        if rows > 0 {
            let end = matches.tables[matches.count - 1].pointee.usedChunkCount
            parts.append(QueryPart(positions: start..<matches.count, firstChunk: firstChunk, endChunk: end))
        }
        return parts
    }
}
