/// A table's entry for one component of the world: its column, and the edge to the table without the component, or with
/// the component if there is no column.
@usableFromInline
struct TableComponent: BitwiseCopyable {
    /// `nil` for a component that the entities of the table do not have.
    @usableFromInline private(set) var column: ColumnPointer?
    /// Where the column begins in a chunk.
    @usableFromInline var offset = 0
    /// The edge, if it is known.
    @usableFromInline private(set) var edge: EdgePointer?
    /// The address of the table at the edge's other end. Its lower bits are free and store the kind of edge.
    @usableFromInline private(set) var otherBits: UInt = 0

    /// The bit of a plain edge to the table that also has the component (`isUp`), or that lacks it.
    @inlinable @inline(__always)
    static func plainBit(isUp: Bool) -> UInt { isUp ? 1 : 2 }

    init() {}

    init(column: ColumnPointer) {
        self.column = column
    }

    mutating func setEdge(_ edge: EdgePointer, isUp: Bool) {
        self.edge = edge
        let other = isUp ? edge.pointee.larger : edge.pointee.smaller
        otherBits = UInt(bitPattern: other) | (edge.pointee.isPlain ? Self.plainBit(isUp: isUp) : 0)
    }

    /// Whether there is a plain edge to the table that also has the component (`isUp`), or that lacks it. There is none
    /// if the entities already have the component, or already lack it.
    @inlinable @inline(__always)
    func hasPlainEdge(isUp: Bool) -> Bool { otherBits & Self.plainBit(isUp: isUp) != 0 }

    /// The table at the other end of a plain edge.
    @inlinable @inline(__always)
    func plainTarget(isUp: Bool) -> TablePointer {
        TablePointer(bitPattern: otherBits &- Self.plainBit(isUp: isUp)).unsafelyUnwrapped
    }
}
