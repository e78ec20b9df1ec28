/// The tables that one more, or one less, component leads to.
@usableFromInline
struct TableEdges: BitwiseCopyable {
    @usableFromInline var tables: UnsafeMutablePointer<TablePointer?>?
    @usableFromInline var count = 0

    init() {}

    /// - Complexity: O(1).
    @inlinable
    subscript(_ component: ComponentID) -> TablePointer? {
        guard component.index < count, let tables else { return nil }
        return tables[component.index]
    }

    mutating func set(_ component: ComponentID, _ table: TablePointer) {
        if component.index >= count {
            let grownCount = component.index + 1
            tables =
                tables?.grown(from: count, to: grownCount, repeating: nil)
                ?? .allocate(repeating: nil, count: grownCount)
            count = grownCount
        }
        tables?[component.index] = table
    }

    func deallocate() {
        tables?.deallocate()
    }
}
