import ArgumentParser
import OrreryClient
import OrreryInspector
import OrrerySchema

/// `orrery set`: writes fields of a running world, for scripts.
struct SetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Writes fields of an entity in a running world.",
        usage: "orrery set <url> <entity> <Component.field=value> ...",
        discussion: """
            The server decides: a component is read-only unless it was registered as writable. The assignments are made one after \
            the other, each as a whole or not at all; the first that is refused ends the command.

            Examples:
              orrery set ws://127.0.0.1:7600 12v3 Health.current=50
              orrery set example.org:7600 12v3 Position.x=1.5 Position.y=0
              orrery set 127.0.0.1:7600 12v3 Label.text="a name" Mode.value=walk


            """ + ExitStatus.help)

    @Argument(help: "Where the world is: ws://host:port, or host:port.")
    var url: String

    @Argument(help: "Which entity: index and generation, 12v3.")
    var entity: String

    @Argument(help: "What to write: Component.field=value.")
    var assignments: [String]

    @Option(
        help: ArgumentHelp(
            "How long to wait for the connection, and for each answer, in seconds.", valueName: "seconds"))
    var timeout = 10.0

    @OptionGroup
    var access: Access

    func validate() throws {
        guard timeout > 0, timeout <= 1e9 else {
            throw ValidationError("--timeout must be greater than 0, and at most 1000000000 seconds; it is \(timeout)")
        }
        _ = try parsed()
    }

    private func parsed() throws -> (url: String, entity: Entity, assignments: [(path: String, text: String)]) {
        guard let named = Entity(entity), named != .none else {
            throw ValidationError("'\(entity)' names no entity; write index and generation: 12v3")
        }
        let pairs = try assignments.map { assignment in
            let halves = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard halves.count == 2, !halves[0].isEmpty else {
                throw ValidationError("'\(assignment)' is no assignment; write Component.field=value")
            }
            return (path: String(halves[0]), text: String(halves[1]))
        }
        return (try ServerAddress.url(from: url), named, pairs)
    }

    func run() async throws {
        let (url, entity, assignments) = try parsed()
        let limit = Duration.seconds(timeout)
        let client = try access.client(url: url, connectTimeout: limit, name: "orrery set")
        let late = ToolError(.cannotConnect, "\(url) did not answer within \(limit); --timeout gives it more time")
        let connection = try await within(limit, else: late) { try await client.connect() }
        defer { connection.close() }
        for (path, text) in assignments {
            let names = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            let (component, field) = (names[0], Array(names.dropFirst()))
            let value: DynamicValue
            do {
                value = try ValueText.parse(text, as: try connection.type(of: component, field))
            } catch let error as ValueText {
                throw ToolError(.usage, "\(path): \(error)")
            }
            let mutation = connection.enqueue(.set(component, on: entity, [(field, value)]))
            try await within(limit, else: late) { _ = try await mutation.outcome }
        }
    }
}
