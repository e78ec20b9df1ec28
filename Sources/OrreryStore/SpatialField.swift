/// A component by which entities are found by place: where its coordinates are, and the grid that they are found with.
package struct SpatialField: Hashable, Sendable {
    /// The positions of the fields that lead to the coordinates; empty if the component itself has them.
    package let path: [Int]
    /// The length of the sides of a cell of the grid, in the unit of the coordinates.
    package let cellSize: Double

    /// Cells from the origin to the last ones, in each direction. What lies beyond is nowhere.
    package static let cellCountMax = 1 << 20

    /// - Precondition: ``isUsable(cellSize:)``.
    package init(path: [Int], cellSize: Double) {
        precondition(Self.isUsable(cellSize: cellSize), "\(cellSize) is no length of the side of a cell")
        self.path = path
        self.cellSize = cellSize
    }

    /// Whether a grid can have cells of this size: squares of the lengths in it are finite, and none is zero.
    package static func isUsable(cellSize: Double) -> Bool { (1e-100...1e100).contains(cellSize) }
}
