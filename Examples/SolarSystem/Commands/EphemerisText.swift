/// Positions of bodies as text.
enum EphemerisText {
    /// For programs: comma-separated, with enough digits to restore every bit.
    static func csv(_ bodies: [CelestialBody]) -> String {
        var text = "name,x_km,y_km,z_km\n"
        for body in bodies {
            let position = body.state.position
            text += "\(body.body.name),\(position.x),\(position.y),\(position.z)\n"
        }
        return text
    }

    /// For people: aligned columns, with metres as the last digit.
    static func table(_ bodies: [CelestialBody], days: Double) -> String {
        let header = ["body", "x (km)", "y (km)", "z (km)"]
        let lines =
            [header]
            + bodies.map { body in
                let position = body.state.position
                return [body.body.name] + [position.x, position.y, position.z].map(fixed)
            }
        let widths = header.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        var text = "\(days) days after JD 2451545.0 TDB, barycentric, axes of the ICRF\n\n"
        for line in lines {
            let cells = zip(line, widths).enumerated().map { column, cell in
                let padding = String(repeating: " ", count: cell.1 - cell.0.count)
                return column == 0 ? cell.0 + padding : padding + cell.0
            }
            text += cells.joined(separator: "  ") + "\n"
        }
        return text
    }

    /// Three decimals.
    /// - Precondition: the magnitude is below 10¹⁵, where a `Double` still has three.
    static func fixed(_ value: Double) -> String {
        let thousandths = Int64((value * 1000).rounded())
        let decimals = String(thousandths.magnitude % 1000)
        return (thousandths < 0 ? "-" : "") + "\(thousandths.magnitude / 1000)."
            + String(repeating: "0", count: 3 - decimals.count) + decimals
    }
}
