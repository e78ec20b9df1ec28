import ArgumentParser
import OrrerySchema

/// `solar-system`: the example's command line.
@main
struct SolarSystemCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "solar-system",
        abstract: "The solar system as a live simulation.",
        version: OrreryVersion.current,
        subcommands: [ServeCommand.self, EphemerisCommand.self])
}
