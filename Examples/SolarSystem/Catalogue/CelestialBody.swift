/// One of the bodies that the simulation starts with.
struct CelestialBody: Equatable, Sendable {
    var body: Body
    /// At the catalogue's epoch, JD 2451545.0 TDB, unless advanced.
    var state: StateVector

    /// The part that gravity needs.
    var massive: MassiveBody {
        MassiveBody(state: state, gravitationalParameter: body.gravitationalParameter, radius: body.radius)
    }

    /// The name of the body that this one orbits: the Earth for the Moon, none for the Sun, the Sun for all others.
    var primaryName: String? {
        switch body.name {
        case "sun": nil
        case "moon": "earth"
        default: "sun"
        }
    }
}

extension CelestialBody {
    static let catalogueHeader = "name,gm_km3_s2,radius_km,x_km,y_km,z_km,vx_km_s,vy_km_s,vz_km_s"

    /// The Sun, the planets, the Moon and Pluto, built into the program, in the file's order. Source: JPL DE421.
    static func catalogue() throws(CSVError) -> [CelestialBody] {
        try catalogue(PackageResources.bodies_csv)
    }

    /// Reads a catalogue.
    /// - Throws: ``CSVError`` if the file is malformed, names a body twice, or lacks the primary of a body.
    static func catalogue(_ bytes: some Collection<UInt8>) throws(CSVError) -> [CelestialBody] {
        let table = try CSVTable(bytes, header: catalogueHeader)
        var bodies: [CelestialBody] = []
        for row in table.rows {
            let name = row.text(0)
            guard !bodies.contains(where: { $0.body.name == name }) else {
                throw row.error(0, "'\(name)' is listed twice")
            }
            bodies.append(
                CelestialBody(
                    body: Body(
                        name: name, gravitationalParameter: try row.positiveNumber(1),
                        radius: try row.positiveNumber(2)),
                    state: StateVector(
                        position: Position(x: try row.number(3), y: try row.number(4), z: try row.number(5)),
                        velocity: Velocity(x: try row.number(6), y: try row.number(7), z: try row.number(8)))))
        }
        for (index, body) in bodies.enumerated() {
            guard let primary = body.primaryName, !bodies.contains(where: { $0.body.name == primary }) else { continue }
            throw table.rows[index].error(0, "'\(body.body.name)' goes round '\(primary)', which is not listed")
        }
        return bodies
    }
}
