import ArgumentParser
import Glibc
import OrrerySchema

@main
struct Orrery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "orrery",
        abstract: "Looks into running worlds.",
        discussion: """
            Examples:
              orrery inspect                                  this machine's world, live
              orrery inspect example.org:7600 --json | jq .   a world elsewhere, as JSON lines
              orrery inspect --watch --for 10                 every change of ten seconds
              orrery query "Health where Health.current < 50" who matches, at one tick
              orrery set 12v3 Health.current=50               this machine's world, by one field


            """ + ExitStatus.help,
        version: OrreryVersion.current,
        subcommands: [
            Inspect.self, QueryCommand.self, GetCommand.self, SetCommand.self, SpawnCommand.self, DespawnCommand.self,
            InsertCommand.self, RemoveCommand.self,
        ])

    static func main() async {
        // A closed socket or pipe is reported as an error of `write`; see Output.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try parseAsRoot(ServerAddress.completed(Array(CommandLine.arguments.dropFirst())))
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            Glibc.exit(report(error).rawValue)
        }
    }

    /// Prints one line that says what is wrong.
    private static func report(_ error: any Error) -> ExitStatus {
        if let error = ToolError(error) {
            Output.standardError(error.message)
            return error.status
        }
        guard exitCode(for: error) != .success else {
            // The user asked for help or the version: this is the answer.
            print(fullMessage(for: error))
            return .done
        }
        Output.standardError("\(message(for: error)) (see 'orrery --help')")
        return .usage
    }
}
