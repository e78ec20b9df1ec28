import ArgumentParser
import OrreryClient
import OrreryInspector
import OrreryQuery
import OrrerySchema

/// Options of all commands that ask a world something and end: its address, and the time to wait.
struct Editing: ParsableArguments {
    @Argument(help: "Where the world is: ws://host:port, or host:port; this machine's port 7600 if it is left out.")
    var url: String

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
        _ = try ServerAddress.url(from: url)
    }

    /// Connects, and closes the connection when `body` is done.
    func withConnection(_ body: (ClientConnection) async throws -> Void) async throws {
        let url = try ServerAddress.url(from: url)
        let client = try access.client(url: url, connectTimeout: .seconds(timeout), name: "orrery")
        let connection = try await waiting { try await client.connect() }
        defer { connection.close() }
        try await body(connection)
    }

    /// Waits for an answer, at most as long as the user allows.
    /// - Parameter reason: What may be why it does not answer; that it needs more time if nothing is stated.
    func waiting<R: Sendable>(
        reason: String? = nil, _ body: @escaping @Sendable () async throws -> R
    ) async throws -> R {
        let limit = Duration.seconds(timeout)
        return try await within(
            limit,
            else: ToolError(
                .cannotConnect,
                "\(url) did not answer within \(limit); \(reason ?? "--timeout gives it more time")"),
            body)
    }

    /// Makes a mutation and waits for its outcome.
    func apply(_ mutation: ClientMutation, on connection: ClientConnection) async throws -> AppliedMutation {
        let handle = connection.enqueue(mutation)
        return try await waiting { try await handle.outcome }
    }

    /// Parses an entity as a person writes it.
    @Sendable static func entity(_ text: String) throws -> Entity {
        guard let entity = Entity(text), entity != .none else {
            throw ValidationError("'\(text)' names no entity; write index and generation: 12v3")
        }
        return entity
    }

    /// Parses an entity, or `resource` for the resources of the world, which belong to no entity.
    @Sendable static func owner(_ text: String) throws -> Entity {
        try text == resource ? .none : entity(text)
    }

    /// What stands in the place of an entity for the resources of the world.
    static let resource = "resource"

    /// Whose components a command has written, for its output.
    static func name(of owner: Entity) -> String { owner == .none ? resource : "\(owner)" }

    /// Shows components of an entity, or resources for `Entity.none`, until the result is released.
    /// - Parameter names: `nil` for all.
    func show(
        _ names: [String]?, of owner: Entity, on connection: ClientConnection
    ) async throws -> any Sendable {
        try await waiting {
            guard owner == .none else {
                return if let names { try await connection.subscribe(anyOf: names, for: [owner]) } else {
                    try await connection.subscribeToAll(for: [owner])
                }
            }
            var queries: [LiveQuery] = []
            for name in names ?? connection.resources.map(\.name) {
                queries.append(try await connection.query(QueryText(QueryText.resource(name))))
            }
            return queries
        }
    }

    static func print(_ line: String) throws(ToolError) { try Output.write(Array("\(line)\n".utf8), .plain) }
}

/// `Component.field=value`, or `Component` alone.
struct Assignment: Sendable {
    let component: String
    let path: [String]
    /// `nil` if no value is assigned.
    let text: String?

    @Sendable init(_ argument: String) throws {
        let halves = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let names = halves[0].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard !names[0].isEmpty else {
            throw ValidationError("'\(argument)' names no component; write Component.field=value")
        }
        component = names[0]
        path = Array(names.dropFirst())
        text = halves.count == 2 ? String(halves[1]) : nil
    }

    private init(component: String, path: [String], text: String?) {
        self.component = component
        self.path = path
        self.text = text
    }

    /// The same, where the component is the one with the longest name that fits: names may have dots.
    func resolved(on connection: ClientConnection) -> Assignment {
        let schemas = connection.components + connection.resources + connection.statusComponents
        let (names, parts) = (Set(schemas.map(\.name)), [component] + path)
        let count = (1...parts.count).last { names.contains(parts[..<$0].joined(separator: ".")) } ?? 1
        return Assignment(
            component: parts[..<count].joined(separator: "."), path: Array(parts[count...]), text: text)
    }

    /// The name of the component or field.
    var name: String { ([component] + path).joined(separator: ".") }

    func value(on connection: ClientConnection) throws -> DynamicValue {
        do {
            return try ValueText.parse(text ?? "", as: try connection.type(of: component, path))
        } catch let error as ValueText {
            throw ToolError(.usage, "\(name): \(error)")
        }
    }

    /// Groups the assignments by component, in the order in which the components are first named.
    static func grouped(
        _ assignments: [Assignment], on connection: ClientConnection
    ) throws -> [(name: String, fields: [(path: [String], value: DynamicValue)])] {
        var groups: [(name: String, fields: [(path: [String], value: DynamicValue)])] = []
        for assignment in assignments.map({ $0.resolved(on: connection) }) {
            let position = groups.firstIndex { $0.name == assignment.component } ?? groups.count
            if position == groups.count { groups.append((assignment.component, [])) }
            // Only a name: the component with the server's defaults.
            guard assignment.text != nil || !assignment.path.isEmpty else { continue }
            guard !groups[position].fields.contains(where: { $0.path == assignment.path }) else {
                throw ToolError(.usage, "\(assignment.name) is given twice")
            }
            groups[position].fields.append((assignment.path, try assignment.value(on: connection)))
        }
        return groups
    }
}
