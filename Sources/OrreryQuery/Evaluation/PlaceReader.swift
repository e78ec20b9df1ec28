import OrrerySchema
package import OrreryStore

/// Reads where entities are.
package struct PlaceReader: Sendable {
    package let column: ColumnID
    package let cellSize: Double
    private let coordinates: [(offset: Int, scalar: Scalar)]
    /// The first coordinate that is beyond the grid.
    private let limit: Double

    /// - Returns: `nil` unless entities are found by this component.
    init?(_ column: ColumnID, in table: ComponentTable) {
        guard let entry = table[column], let spatial = entry.spatial, let coordinates = Coordinates(of: entry) else {
            return nil
        }
        self.column = column
        self.coordinates = coordinates.parts
        cellSize = spatial.cellSize
        limit = cellSize * Double(SpatialField.cellCountMax)
    }

    package var dimensionCount: Int { coordinates.count }

    /// Where an entity is; `nil` without the component, and for a place that is not finite or beyond the grid.
    package func place(of row: UInt32, in store: ComponentStore) -> Point? {
        let (page, row) = (store[column].page(at: Int(row) / RowSet.pageRows), Int(row) % RowSet.pageRows)
        guard let page, page.presentMask.contains(row) else { return nil }
        return place(at: page.fixedValues(from: row))
    }

    /// Calls `body` with each of some rows of a page, and where it is.
    @inline(__always)
    package func forEachPlace(
        of rows: PageMask, on page: PageHandle?, _ body: (_ row: Int, Point?) -> Void
    ) {
        guard let page, let size = page.valueSize else { return rows.forEach { body($0, nil) } }
        let (start, present) = (page.fixedValues(from: 0), page.presentMask)
        rows.forEach { row in body(row, present.contains(row) ? place(at: start + row &* size) : nil) }
    }

    @inline(__always)
    private func place(at value: UnsafeRawPointer) -> Point? {
        @inline(__always)
        func coordinate(_ number: Int) -> Double {
            coordinates[number].scalar.double(at: value + coordinates[number].offset)
        }
        let (x, y, z) = (coordinate(0), coordinate(1), coordinates.count > 2 ? coordinate(2) : 0)
        // What is not finite is not less.
        return abs(x) < limit && abs(y) < limit && abs(z) < limit ? Point(x: x, y: y, z: z) : nil
    }

    /// Which of some rows of a page are in an area.
    func mask(_ rows: PageMask, in area: Area, onPage page: Int, of store: ComponentStore) -> PageMask {
        guard let centre = area.centre else { return .zero }
        let (joining, staying) = (area.joining * area.joining, area.staying * area.staying)
        let insiders = area.insiders.mask(ofPage: UInt32(page))
        var inside = PageMask.zero
        forEachPlace(of: rows, on: store[column].page(at: page)) { row, place in
            guard let distance = place?.squaredDistance(to: centre) else { return }
            if distance <= (insiders.contains(row) ? staying : joining) { inside[row / 64] |= 1 << UInt64(row % 64) }
        }
        return inside
    }
}
