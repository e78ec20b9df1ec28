import Testing

@testable import SolarSystem

/// Positions agree with JPL's DE421 as far as Newtonian gravity can.
@Suite struct EphemerisAccuracyTests {
    /// One year, looked at on the way: the later positions contain the earlier ones' errors.
    @Test func staysCloseToDE421() throws {
        let table = try CSVTable(PackageResources.de421_check_csv, header: "days,name,x_km,y_km,z_km")
        let bodies = try CelestialBody.catalogue()
        var system = NBodySystem(bodies.map(\.massive))
        var elapsedDays = 0.0
        for (days, limit) in [(1.0, 0.1), (30.0, 10.0), (365.0, 100.0)] {
            system.advance(by: (days - elapsedDays) * 86400)
            elapsedDays = days
            var worst = (name: "", distance: 0.0)
            var checked = 0
            for row in table.rows where try row.number(0) == days {
                let index = try #require(bodies.firstIndex { $0.body.name == row.text(1) })
                let expected = Position(x: try row.number(2), y: try row.number(3), z: try row.number(4))
                let error = distance(system[index].position, expected)
                #expect(error < limit, "\(row.text(1)) after \(days) days, in km")
                if error > worst.distance { worst = (row.text(1), error) }
                checked += 1
            }
            #expect(checked == bodies.count)
            print("DE421 after \(days) days: worst is \(worst.name), off by \(EphemerisText.fixed(worst.distance)) km")
        }
    }
}
