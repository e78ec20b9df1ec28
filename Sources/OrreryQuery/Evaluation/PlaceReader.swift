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

    /// Reads where some rows of a page are.
    /// - Parameters:
    ///   - rows: Of which to read it.
    ///   - places: By row of the page, of which it has ``RowSet/pageRows``: not a number for a row that is nowhere.
    ///     Those of other rows are left as they are.
    /// - Complexity: O(rows).
    package func readPlaces(of rows: PageMask, on page: PageHandle?, into places: inout [Point]) {
        precondition(places.count == RowSet.pageRows, "there is room for the places of a page")
        places.withUnsafeMutableBufferPointer { places in
            guard let page, let size = page.valueSize else { return rows.forEach { places[$0] = .nowhere } }
            let (start, present) = (page.fixedValues(from: 0), page.presentMask)
            (rows & ~present).forEach { places[$0] = .nowhere }
            (rows & present).forEach { places[$0] = place(at: start + $0 &* size) ?? .nowhere }
        }
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
    func mask(_ rows: PageMask, in area: Area, onPage number: Int, of store: ComponentStore) -> PageMask {
        guard let centre = area.centre else { return .zero }
        let (joining, staying) = (area.joining * area.joining, area.staying * area.staying)
        guard let page = store[column].page(at: number), let size = page.valueSize else { return .zero }
        let (insiders, start) = (area.insiders.mask(ofPage: UInt32(number)), page.fixedValues(from: 0))
        return (rows & page.presentMask).filter { row in
            guard let place = place(at: start + row &* size) else { return false }
            return place.squaredDistance(to: centre) <= (insiders.contains(row) ? staying : joining)
        }
    }
}
