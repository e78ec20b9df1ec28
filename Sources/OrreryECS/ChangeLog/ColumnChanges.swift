package import OrrerySchema

/// The rows of one component that were written since the previous drain: entities and values, in the same order.
///
/// Values have their memory layout, `stride` bytes apart. They are copies and live until the log is reset.
package final class ColumnChanges {
    package let component: ComponentID
    package let type: any Component.Type
    /// Bytes from one value to the next; 0 for a tag, which has no values.
    package let stride: Int

    private var rowsCopied: RowCopies

    init(_ component: ComponentID, _ operations: ComponentOperations) {
        self.component = component
        type = operations.type
        stride = operations.stride
        rowsCopied = RowCopies(of: operations)
    }

    deinit {
        rowsCopied.removeAll()
        rowsCopied.deallocate()
    }

    package var count: Int { rowsCopied.count }

    /// The entities of the rows. Each once.
    package var entities: UnsafeBufferPointer<Entity> { UnsafeBufferPointer(start: rowsCopied.entities, count: count) }

    /// The values of the rows; `nil` if there are none or the component is a tag.
    package var rows: UnsafeRawPointer? {
        count == 0 || stride == 0 ? nil : rowsCopied.values.map { UnsafeRawPointer($0) }
    }

    /// Appends all marked rows of a column, and clears the marks.
    /// - Complexity: O(pages / 8 + marked pages + marked rows).
    func drain(_ column: ColumnPointer) {
        guard let marks = column.pointee.marks else { return }
        let table = column.pointee.table
        // One access to the copies for all pages.
        func drain(into copies: inout RowCopies) {
            marks.drainPages(rows: table.pointee.rowCount) { page in
                guard page < table.pointee.usedPageCount else { return }
                let rows = table.pointee.rows(page: page)
                copies.drain(
                    marks.words + rows.lowerBound / 64, rowCount: rows.count,
                    entities: table.pointee.entities(from: rows.lowerBound),
                    values: Place(column: column, row: rows.lowerBound).address)
            }
        }
        drain(into: &rowsCopied)
    }

    /// Appends a row.
    func append(_ entity: Entity, copying value: UnsafeRawPointer) { rowsCopied.append(entity, copying: value) }

    /// Destroys the values; buffers are kept.
    func reset() { rowsCopied.removeAll() }
}
