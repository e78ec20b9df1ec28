package import OrrerySchema
package import OrreryStore

/// A place, in the unit of the coordinates. In two dimensions `z` is 0.
@usableFromInline package struct Point: Hashable, Sendable {
    @usableFromInline package var x: Double
    @usableFromInline package var y: Double
    @usableFromInline package var z: Double

    @inlinable package init(x: Double, y: Double, z: Double = 0) {
        (self.x, self.y, self.z) = (x, y, z)
    }

    /// No place: not a number.
    package static let nowhere = Point(x: .nan, y: .nan, z: .nan)

    @inlinable package var isNowhere: Bool { x.isNaN }

    /// - Complexity: O(1).
    @inlinable @inline(__always)
    package func squaredDistance(to other: Point) -> Double {
        let (x, y, z) = (x - other.x, y - other.y, z - other.z)
        return x * x + y * y + z * z
    }
}

/// A circle or ball in which members are.
package struct Region: Hashable, Sendable {
    package enum Centre: Hashable, Sendable {
        case point(Point)
        /// Where the entity is; while it is nowhere, where it was last.
        case entity(Entity)
    }

    /// The component that says where an entity is.
    package let column: ColumnID
    /// In the unit of its coordinates; a member is at most as far away when it joins.
    package let radius: Double
    package let centre: Centre

    /// The largest radius, in cells of the grid, for as many dimensions. With those who stay a bit farther away, a
    /// region lies in about 4,000 cells at most. Bounds what a look at it costs.
    package static func radiusCellCountMax(dimensionCount: Int) -> Int { dimensionCount == 2 ? 28 : 6 }
}

/// The region of a query at one moment: where it lies, and who stays in it although they are farther away than who
/// joins.
package struct Area: Sendable {
    /// `nil` if the entity in its centre was never seen: nobody is in it.
    package let centre: Point?
    /// The distance up to which others join, and up to which those stay who are in it.
    package let (joining, staying): (Double, Double)
    /// The rows of those who are in it.
    package let insiders: RowSet

    /// - Parameter leaveRatio: The distance at which a member leaves, divided by the radius: not less than 1.
    package init(_ region: Region, around centre: Point?, leaveRatio: Double, insiders: RowSet) {
        self.centre = centre
        joining = region.radius
        staying = region.radius * leaveRatio
        self.insiders = insiders
    }
}

extension Query {
    /// Where the centre of the region is now; `nil` if that is an entity that is nowhere.
    /// - Precondition: The query has a region.
    package func centre(in store: ComponentStore) -> Point? {
        guard let region, let places else { preconditionFailure("the query has no region") }
        switch region.centre {
        case .point(let point): return point
        case .entity(let entity): return store.contains(entity) ? places.place(of: entity.index, in: store) : nil
        }
    }
}
