import ArgumentParser

/// Starts servers, clients and floors as processes of their own, and compares what they used.
@main
struct OrreryBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "orrery-bench",
        abstract: "Measure the way from a tick to a client's socket.",
        discussion: """
            On a machine that does other things too, trust processor times and ratios inside one run, and no wall time.
            """,
        subcommands: [
            SyncCommand.self, ReadCommand.self, SoakCommand.self, CrowdCommand.self, StarveCommand.self,
            MutateCommand.self, InterestCommand.self,
        ])
}
