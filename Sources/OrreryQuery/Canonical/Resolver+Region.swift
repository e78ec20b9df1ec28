import OrrerySchema
import OrreryStore

extension Resolver {
    func region(_ syntax: RegionSyntax) throws(QueryError) -> Region {
        let (entry, field, coordinates) = try spatialComponent(syntax)
        let dimensionCount = coordinates.parts.count
        let radius = syntax.radius.double
        let radiusMax = field.cellSize * Double(Region.radiusCellCountMax(dimensionCount: dimensionCount))
        guard radius <= radiusMax else {
            throw QueryError(
                .limit, column: syntax.radiusColumn,
                expected: "a distance of at most \(QuerySpelling.number(radiusMax)): a region lies in few cells, and "
                    + "those of '\(entry.name)' are \(QuerySpelling.number(field.cellSize)) long")
        }
        switch syntax.centre {
        case .entity(let entity): return Region(column: entry.column, radius: radius, centre: .entity(entity))
        case .point(let numbers, let column):
            guard numbers.count == dimensionCount else {
                throw QueryError(
                    .type, column: column,
                    expected: dimensionCount == 2
                        ? "(x, y): '\(entry.name)' has two coordinates"
                        : "(x, y, z): '\(entry.name)' has three coordinates")
            }
            let values = numbers.map(\.double)
            guard values.allSatisfy(\.isFinite) else {
                throw QueryError(.limit, column: column, expected: "coordinates that a Double can have")
            }
            let point = Point(x: values[0], y: values[1], z: values.count > 2 ? values[2] : 0)
            return Region(column: entry.column, radius: radius, centre: .point(point))
        }
    }

    /// The component that says where entities are: the one that is named, or the only one.
    private func spatialComponent(
        _ syntax: RegionSyntax
    ) throws(QueryError) -> (ComponentTable.Entry, SpatialField, Coordinates) {
        func place(_ entry: ComponentTable.Entry) -> (ComponentTable.Entry, SpatialField, Coordinates)? {
            guard let field = entry.spatial, let coordinates = Coordinates(of: entry) else { return nil }
            return (entry, field, coordinates)
        }
        let choices = table.entries.compactMap(place)
        let names = choices.map { QuerySpelling.name($0.0.name) }
        guard !isStatusQuery else {
            throw QueryError(
                .type, column: syntax.column, expected: "no within: only entities of the world are somewhere")
        }
        guard !choices.isEmpty else {
            throw QueryError(
                .type, column: syntax.column,
                expected: "no within: the server has registered no component as spatial")
        }
        guard let path = syntax.component else {
            guard choices.count == 1 else {
                throw QueryError(
                    .type, column: syntax.column,
                    expected: "by and a component after the centre: "
                        + (Self.list(of: names).map { "one of \($0)" } ?? "several say where entities are"))
            }
            return choices[0]
        }
        let entry = try wholeComponent(path, isResource: false)
        guard let found = place(entry) else {
            throw QueryError(
                .type, column: path.column,
                expected: "a component that the server has registered as spatial"
                    + (Self.list(of: names).map { ": \($0)" } ?? ""))
        }
        return found
    }
}
