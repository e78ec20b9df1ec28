/// Values that contain references and have left their rows, until they are destroyed. Their deinits may use the world:
/// they find it whole, without these values.
struct DetachedValues: ~Copyable {
    private var values: [(operations: ComponentOperations, address: UnsafeMutableRawPointer)] = []

    /// Moves a value out of its row, whose memory is uninitialised afterwards.
    mutating func take(_ operations: ComponentOperations, at source: UnsafeMutableRawPointer) {
        let address = UnsafeMutableRawPointer.allocate(byteCount: operations.stride, alignment: 64)
        operations.moveInitialize(address, source)
        values.append((operations, address))
    }

    /// Moves the values of a row out of their table.
    mutating func take(row: Int, of table: TablePointer) {
        for position in 0..<table.pointee.columnCount where !table.pointee.columns[position].isBitwise {
            let column = table.pointee.columns + position
            take(table.pointee.operations(of: column), at: Place(column: column, row: row).address)
        }
    }

    deinit {
        for (operations, address) in values {
            operations.deinitialize(address, 1)
            address.deallocate()
        }
    }
}
