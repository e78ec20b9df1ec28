package import OrrerySchema

/// The rows of one component that were written since the previous drain: entities and values, in the same order.
///
/// Values lie in memory layout, `stride` bytes apart; they are copies of their own and live until the log is reset.
package final class ColumnChanges {
    package let component: ComponentID
    package let type: any Component.Type
    /// Bytes from one value to the next; 0 for a tag, which has no values.
    package let stride: Int
    package private(set) var count = 0

    private let operations: ComponentOperations
    private var capacity = 0
    private var entityBuffer: UnsafeMutablePointer<Entity>?
    private var rowBuffer: UnsafeMutableRawPointer?

    init(_ component: ComponentID, _ operations: ComponentOperations) {
        self.component = component
        self.operations = operations
        type = operations.type
        stride = operations.stride
    }

    deinit {
        reset()
        entityBuffer?.deallocate()
        rowBuffer?.deallocate()
    }

    /// The entities of the rows. Each once.
    package var entities: UnsafeBufferPointer<Entity> { UnsafeBufferPointer(start: entityBuffer, count: count) }

    /// The values of the rows; `nil` if there are none or the component is a tag.
    package var rows: UnsafeRawPointer? {
        count == 0 || stride == 0 ? nil : rowBuffer.map { UnsafeRawPointer($0) }
    }

    /// Appends those rows whose bit is set, of 64 per word.
    func append(_ words: UnsafeBufferPointer<UInt64>, entities: UnsafePointer<Entity>, values: UnsafeRawPointer) {
        let added = words.reduce(0) { $0 + $1.nonzeroBitCount }
        if count + added > capacity { grow(to: max(count + added, capacity * 2, 64)) }
        guard let entityBuffer else { return }
        // The values of a tag are nowhere, and nothing is copied there.
        let target = rowBuffer.map { $0 + count * stride } ?? UnsafeMutableRawPointer(entityBuffer)
        operations.gather(entityBuffer + count, target, entities, values, words)
        count += added
    }

    /// Destroys the values; buffers are kept.
    func reset() {
        if let rowBuffer, !operations.isBitwise, count > 0 { operations.deinitialize(rowBuffer, count) }
        count = 0
    }

    private func grow(to capacity: Int) {
        let entities = LargeMemory.allocate(Entity.self, capacity: capacity)
        if let entityBuffer {
            entities.moveInitialize(from: entityBuffer, count: count)
            entityBuffer.deallocate()
        }
        entityBuffer = entities
        if stride > 0 {
            let rows = LargeMemory.allocate(byteCount: capacity * stride)
            if let rowBuffer {
                operations.moveRun(rows, rowBuffer, count)
                rowBuffer.deallocate()
            }
            rowBuffer = rows
        }
        self.capacity = capacity
    }
}
