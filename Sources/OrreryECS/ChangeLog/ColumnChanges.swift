package import OrrerySchema

/// The rows of one component that were written since the previous drain: entities and values, in the same order.
///
/// Values lie in memory layout, `stride` bytes apart; they are copies of their own and live until the log is reset.
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
    /// - Complexity: O(chunks / 8 + marked chunks + marked rows).
    func drain(_ column: ColumnPointer) {
        guard let marks = column.pointee.marks else { return }
        let table = column.pointee.table
        // One access to the copies for all chunks.
        func drain(into copies: inout RowCopies) {
            marks.drainChunks(rows: table.pointee.rowCount) { chunk in
                guard chunk < table.pointee.usedChunkCount else { return }
                copies.drain(
                    marks.words + chunk * (chunkRowCount / 64), rowCount: table.pointee.rowCount(chunk: chunk),
                    entities: table.pointee.entities(chunk: chunk),
                    values: table.pointee.chunks[chunk].memory + column.pointee.offset)
            }
        }
        drain(into: &rowsCopied)
    }

    /// Destroys the values; buffers are kept.
    func reset() { rowsCopied.removeAll() }
}
