/// The pages of a query that one thread handles.
///
/// A part writes only through its query. No two pages of a column share memory for marks or stamps, so each part can
/// mark its own writes.
@usableFromInline
struct QueryPart {
    /// The positions of its tables in the plan.
    @usableFromInline let positions: Range<Int>
    /// The first page of the first table, and the end of the pages of the last.
    private let firstPage: Int
    private let endPage: Int

    init(positions: Range<Int>, firstPage: Int, endPage: Int) {
        self.positions = positions
        self.firstPage = firstPage
        self.endPage = endPage
    }

    func pages(_ position: Int, of table: TablePointer) -> Range<Int> {
        let first = position == positions.lowerBound ? firstPage : 0
        return first..<(position == positions.upperBound - 1 ? endPage : table.pointee.usedPageCount)
    }

    @usableFromInline
    func rows(_ position: Int, of table: TablePointer) -> Range<Int> {
        let pages = pages(position, of: table)
        let end = min(pages.upperBound * pageRowCount, table.pointee.rowCount)
        return min(pages.lowerBound * pageRowCount, end)..<end
    }

    /// A part ends with the page that brings it to this many rows. The limit does not depend on the number of threads,
    /// so neither do the results of parts.
    static let rowCount = 16_384

    /// The parts of a plan, in its order.
    /// - Complexity: O(tables + pages).
    static func divide(_ matches: QueryMatches) -> [QueryPart] {
        var parts: [QueryPart] = []
        var (start, firstPage, rows) = (0, 0, 0)
        for position in 0..<matches.count {
            let table = matches.tables[position]
            for page in 0..<table.pointee.usedPageCount {
                rows += table.pointee.rows(page: page).count
                guard rows >= rowCount else { continue }
                parts.append(QueryPart(positions: start..<position + 1, firstPage: firstPage, endPage: page + 1))
                (start, firstPage, rows) = (position, page + 1, 0)
            }
        }
        if rows > 0 {
            let end = matches.tables[matches.count - 1].pointee.usedPageCount
            parts.append(QueryPart(positions: start..<matches.count, firstPage: firstPage, endPage: end))
        }
        return parts
    }
}
