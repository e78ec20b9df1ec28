import ArgumentParser

/// `solar-system ephemeris`: prints positions after some days, without serving.
struct EphemerisCommand: ParsableCommand {
    static let daysMax = 3652.5

    static let configuration = CommandConfiguration(
        commandName: "ephemeris",
        abstract: "Print where the bodies are after some days.",
        discussion: """
            Barycentric positions in km, axes of the ICRF, counted from JD 2451545.0 (2000-01-01 12:00 TDB).
            """)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Days after the epoch, from 0 to 3652.5; fractions are allowed.", valueName: "days"))
    var days: Double

    @Flag(help: "Print name,x_km,y_km,z_km with all digits instead of a table.")
    var csv = false

    func validate() throws {
        guard days >= 0, days <= EphemerisCommand.daysMax else {
            throw ValidationError(
                "--days must be a number from 0 to \(EphemerisCommand.daysMax) (ten years), not \(days).")
        }
    }

    func run() throws {
        var state = try InitialState()
        state.advanceBodies(by: days * 86400)
        try StandardOutput.write(csv ? EphemerisText.csv(state.bodies) : EphemerisText.table(state.bodies, days: days))
    }
}
