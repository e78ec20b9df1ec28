/// The table and columns for spawning entities of one list of types, found once per list.
@usableFromInline
struct SpawnShape: BitwiseCopyable {
    @usableFromInline let table: TablePointer
    /// The column of each type of the list.
    @usableFromInline let columns: UnsafeMutablePointer<ColumnPointer>
    fileprivate let columnCount: Int

    /// Whether a component of the entities is watched.
    /// - Complexity: O(components).
    var isWatched: Bool {
        table.pointee.isWatched || (0..<columnCount).contains { columns[$0].pointee.isWatched }
    }
}

/// The shapes that were spawned so far, keyed by the type of the tuple of their components.
@usableFromInline
struct SpawnShapes: BitwiseCopyable {
    @usableFromInline var index = TypeIndexStorage()
    @usableFromInline var shapes: UnsafeMutablePointer<SpawnShape>
    var count = 0
    var capacity = 16

    init() {
        shapes = .allocate(capacity: capacity)
    }

    /// - Complexity: O(1).
    @inlinable @inline(__always)
    func find(_ type: ObjectIdentifier) -> SpawnShape? {
        guard let position = index.find(type) else { return nil }
        return shapes[Int(truncatingIfNeeded: position)]
    }

    mutating func insert(_ type: ObjectIdentifier, table: TablePointer, columns: [ColumnPointer]) -> SpawnShape {
        if count == capacity { grow() }
        let copy = UnsafeMutablePointer<ColumnPointer>.allocate(capacity: max(1, columns.count))
        for (position, column) in columns.enumerated() { (copy + position).initialize(to: column) }
        let shape = SpawnShape(table: table, columns: copy, columnCount: columns.count)
        (shapes + count).initialize(to: shape)
        index.insert(type, UInt32(count))
        count += 1
        return shape
    }

    mutating func deallocate() {
        for position in 0..<count { shapes[position].columns.deallocate() }
        shapes.deallocate()
        index.deallocate()
    }

    private mutating func grow() {
        let grown = UnsafeMutablePointer<SpawnShape>.allocate(capacity: capacity * 2)
        grown.moveInitialize(from: shapes, count: count)
        shapes.deallocate()
        shapes = grown
        capacity *= 2
    }
}
