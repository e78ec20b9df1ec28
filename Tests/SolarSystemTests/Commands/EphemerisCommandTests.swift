import ArgumentParser
import Testing

@testable import SolarSystem

@Suite struct EphemerisCommandTests {
    @Test(arguments: ["0", "0.5", "3652.5"])
    func takesDaysUpToTenYears(days: String) throws {
        let command = try SolarSystemCommand.parseAsRoot(["ephemeris", "--days", days, "--csv"])
        #expect((command as? EphemerisCommand)?.days == Double(days))
    }

    @Test(arguments: ["-1", "3652.6", "nan", "inf", "soon", ""])
    func refusesOtherDaysAsAUsageError(days: String) {
        let error = #expect(throws: (any Error).self) {
            try SolarSystemCommand.parseAsRoot(["ephemeris", "--days", days])
        }
        guard let error else { return }
        #expect(SolarSystemCommand.exitCode(for: error).rawValue == 64)
        #expect(SolarSystemCommand.fullMessage(for: error).contains("--days"))
    }

    @Test func csvGivesBackEveryBit() throws {
        let bodies = try CelestialBody.catalogue()
        let table = try CSVTable(EphemerisText.csv(bodies).utf8, header: "name,x_km,y_km,z_km")
        #expect(table.rows.map { $0.text(0) } == bodies.map(\.body.name))
        for (row, body) in zip(table.rows, bodies) {
            #expect(try row.number(1) == body.state.position.x)
            #expect(try row.number(2) == body.state.position.y)
            #expect(try row.number(3) == body.state.position.z)
        }
    }

    @Test func tableIsAligned() throws {
        let lines = EphemerisText.table(try CelestialBody.catalogue(), days: 0).split(separator: "\n").dropFirst()
        #expect(lines.count == 12)
        #expect(Set(lines.map(\.count)).count == 1)
    }

    @Test(arguments: [(0.0, "0.000"), (-0.0004, "0.000"), (-1.5, "-1.500"), (12.3456, "12.346"), (-0.05, "-0.050")])
    func printsThreeDecimals(value: Double, text: String) {
        #expect(EphemerisText.fixed(value) == text)
    }
}
