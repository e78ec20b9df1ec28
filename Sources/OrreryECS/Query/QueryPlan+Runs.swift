internal import OrrerySchema

/// Queries whose rows must be checked one by one: those with conditions on rows, and with sparse components.
extension QueryPlan {
    /// Consecutive rows of one table that match.
    struct RowRun {
        /// The position of the table among the matches.
        let position: Int
        let table: TablePointer
        let rows: Range<Int>

        /// The same rows in pieces of at most `count` rows; no piece crosses a chunk border.
        /// - Parameter count: A fraction of a page's rows, as a power of two.
        func pieces(of count: Int) -> some Sequence<RowRun> {
            let (first, end) = (rows.lowerBound / count, (rows.upperBound + count - 1) / count)
            return (first..<max(first, end)).lazy.map { piece in
                RowRun(position: position, table: table, rows: rows.clamped(to: piece * count..<(piece + 1) * count))
            }
        }
    }

    /// If writes are watched, at most this many rows are visited at once. A page has more rows, so the length of chunks
    /// does not affect what observers write during a query.
    static let watchedRowCount = 1024

    /// Calls a closure with all rows that match.
    ///
    /// Rows come table by table; if the query needs a sparse component, in the order of the smallest such set.
    /// - Parameters:
    ///   - since: Stamps above this one count as changed.
    ///   - part: The part to visit; `nil` for everything. The entities of a sparse set are not divided
    ///     (``isDivisible``).
    /// - Complexity: O(rows of the tables that match), but unchanged pages are skipped; O(entities of the smallest
    ///   sparse set).
    func forEachRun(since: UInt64, in part: QueryPart?, _ body: (RowRun) -> Void) {
        refresh()
        if onlySparse == nil, let smallest = requiredSparse.min(by: { $0.rowCount < $1.rowCount }) {
            for row in 0..<smallest.rowCount {
                run(of: smallest.pointee.table.pointee.entity(row: row), since: since).map(body)
            }
            return
        }
        let isRowByRow = terms.contains { storage.sparse($0.component) != nil } && onlySparse == nil
        for position in part?.positions ?? 0..<matches.pointee.count {
            let table = matches.pointee.tables[position]
            for page in part?.pages(position, of: table) ?? 0..<table.pointee.usedPageCount
            where mayHaveChanged(table, page, since: since) {
                let rows = table.pointee.rows(page: page)
                var first = rows.lowerBound
                for row in rows {
                    let isMatch = isMatch(table, row, since: since)
                    if (isRowByRow || !isMatch) && first < row {
                        body(RowRun(position: position, table: table, rows: first..<row))
                        first = row
                    }
                    if !isMatch { first = row + 1 }
                }
                if first < rows.upperBound {
                    body(RowRun(position: position, table: table, rows: first..<rows.upperBound))
                }
            }
        }
    }

    /// The row of an entity, if it matches.
    /// - Complexity: O(terms and conditions).
    func run(of entity: Entity, since: UInt64) -> RowRun? {
        refresh()
        let (position, table, row): (Int, TablePointer, Int)
        if let onlySparse {
            (position, table, row) = (0, onlySparse.pointee.table, onlySparse.pointee.row(of: entity))
            guard row >= 0 else { return nil }
        } else {
            guard let found = storage.pointee.entities.find(entity) else { return nil }
            (position, table, row) = (positionOfTable[found.table.pointee.index], found.table, found.index)
        }
        guard position >= 0, isMatch(table, row, since: since) else { return nil }
        return RowRun(position: position, table: table, rows: row..<row + 1)
    }

    /// Fills in the addresses of a run's values.
    func locate(_ run: RowRun, _ bases: UnsafeMutablePointer<UnsafeMutableRawPointer?>) {
        let columns = matches.pointee.columns + run.position * terms.count
        for (term, asked) in terms.enumerated() {
            let base: UnsafeMutableRawPointer?
            if let column = columns[term] {
                base = Place(column: column, row: run.rows.lowerBound).address
            } else {
                base = sparsePlace(of: asked.component, run)?.address
            }
            (bases + term).initialize(to: base)
        }
    }

    /// Marks the values that a run's closure received for writing.
    func mark(_ run: RowRun) {
        for (term, asked) in terms.enumerated() where asked.isWrite {
            if let column = matches.pointee.columns[run.position * terms.count + term] {
                column.mark(run.rows)
            } else {
                sparsePlace(of: asked.component, run)?.mark()
            }
        }
    }

    /// Visits a run whose writes are watched, marks it, and notifies observers.
    func visitWatched(_ run: RowRun, _ chunk: ChunkHandle, _ body: () -> Void) {
        var columns: [(watch: any AnyComponentWatch, values: UnsafeMutableRawPointer)] = []
        for (term, asked) in terms.enumerated() where asked.isWrite {
            guard let watch = world.watch(of: asked.component), let values = chunk.bases?[term] else { continue }
            columns.append((watch, values))
        }
        world.writeWatched(columns, of: chunk.entities, count: chunk.count) {
            body()
            mark(run)
        }
    }

    /// Whether the query can be visited in separate parts.
    var isDivisible: Bool { onlySparse != nil || requiredSparse.isEmpty }

    private func sparsePlace(of component: ComponentID, _ run: RowRun) -> Place? {
        guard let sparse = storage.sparse(component) else { return nil }
        let entity = run.table.pointee.entity(row: run.rows.lowerBound)
        return storage.find(component, sparse: sparse, of: entity)
    }

    private func mayHaveChanged(_ table: TablePointer, _ page: Int, since: UInt64) -> Bool {
        conditions.changes.allSatisfy { change in
            guard let column = table.pointee.column(of: change.component),
                let stamps = stamps(change.kind, column.pointee)
            else { return true }
            return stamps.pages[page] > since
        }
    }

    /// Whether a row of a table that may match does match.
    private func isMatch(_ table: TablePointer, _ row: Int, since: UInt64) -> Bool {
        for change in conditions.changes where !isChange(change, table, row, since: since) { return false }
        if onlySparse != nil { return true }
        let entity = table.pointee.entity(row: row)
        for sparse in requiredSparse where sparse.pointee.row(of: entity) < 0 { return false }
        for component in conditions.without {
            if let sparse = storage.sparse(component), sparse.pointee.row(of: entity) >= 0 { return false }
        }
        return conditions.any.allSatisfy { group in
            group.contains { component in
                if let sparse = storage.sparse(component) { return sparse.pointee.row(of: entity) >= 0 }
                return table.pointee.has(component)
            }
        }
    }

    private func isChange(
        _ change: QueryConditions.Change, _ table: TablePointer, _ row: Int, since: UInt64
    ) -> Bool {
        if let column = table.pointee.column(of: change.component) {
            return stamps(change.kind, column.pointee).map { $0.rows[row] > since } ?? true
        }
        guard let sparse = storage.sparse(change.component) else { return false }
        let sparseRow = sparse.pointee.row(of: table.pointee.entity(row: row))
        guard sparseRow >= 0, let stamps = stamps(change.kind, sparse.pointee.column.pointee) else {
            return false
        }
        return stamps.rows[sparseRow] > since
    }

    private func stamps(_ kind: QueryConditions.Change.Kind, _ column: ColumnStorage) -> StampStorage? {
        switch kind {
        case .added: column.added
        case .changed: column.changed
        }
    }
}

extension SparsePointer {
    fileprivate var rowCount: Int { pointee.table.pointee.rowCount }
}
