public import OrrerySchema
import OrreryStore

/// How entities are found by a component that says where they are: with a grid of squares or cubes.
///
/// ```swift
/// try sync.register(Position.self, spatial: .grid(cellSize: 50))
/// try sync.register(Body.self, spatial: .grid(\.place, cellSize: 50))
/// ```
/// Then clients may ask for those within a distance: `Position within 60 of 12v3`. Cells of about the size of common
/// distances are best: a client may ask for at most 28 cells in two dimensions, and for 6 in three. Whoever is more
/// than about a million cells from the origin, or at a place that is not finite, is within no distance of anything.
public struct SpatialIndex<C: Component> {
    /// The coordinates; `nil` for those of the component itself.
    private let place: PartialKeyPath<C>?
    private let cellSize: Double

    /// - Parameter cellSize: The length of the sides of a cell, in the unit of the coordinates. Positive.
    public static func grid(cellSize: Double) -> SpatialIndex { SpatialIndex(place: nil, cellSize: cellSize) }

    /// - Parameters:
    ///   - place: The property that has the coordinates: a vector, or a structure with the numbers x, y and perhaps z.
    ///   - cellSize: The length of the sides of a cell, in the unit of the coordinates. Positive.
    public static func grid(_ place: PartialKeyPath<C>, cellSize: Double) -> SpatialIndex {
        SpatialIndex(place: place, cellSize: cellSize)
    }

    /// - Throws: `SchemaError` unless there are such coordinates, and the size is one of a cell.
    func field() throws(SchemaError) -> SpatialField {
        let coder = try ComponentCoder<C>()
        let names = place.map { coder.fieldNames(of: $0) } ?? []
        guard let names, let path = coder.schema.type.positions(of: names) else {
            throw SchemaError(component: C.componentName, "has no stored property with coordinates at \(place as Any)")
        }
        guard SpatialField.isUsable(cellSize: cellSize) else {
            throw SchemaError(component: C.componentName, "has no grid with cells of the size \(cellSize)")
        }
        return SpatialField(path: path, cellSize: cellSize)
    }
}
