import ArgumentParser

/// `solar-system`: the example's command line.
@main
struct SolarSystemCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "solar-system",
        abstract: "The solar system as a live simulation.",
        version: "0.1.0",
        subcommands: [EphemerisCommand.self])
}
