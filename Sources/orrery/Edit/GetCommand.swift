import ArgumentParser
import OrreryClient
import OrreryInspector
import OrrerySchema

/// `orrery get`: reads an entity of a running world, for scripts.
struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Reads components or fields of an entity in a running world, or resources, as JSON.",
        usage: "orrery get [<url>] <entity> [<Component[.field]> ...]",
        discussion: """
            Each name is a line, in the order in which they are given; null for a component that the entity does not \
            have. Without names, all that it has is one JSON object. The word 'resource' instead of an entity reads \
            the resources of the world.

            Examples:
              orrery get 12v3
              orrery get 12v3 Health.current Position
              orrery get resource Score.points
              orrery get resource orrery.Server.tickTime      how the server is doing


            """ + ExitStatus.help)

    @OptionGroup
    var editing: Editing

    @Argument(help: "Which entity: index and generation, 12v3; or 'resource'.", transform: Editing.owner)
    var entity: Entity

    @Argument(help: "What to read: Component, or Component.field.", transform: Assignment.init)
    var names: [Assignment] = []

    func validate() throws {
        if let name = names.first(where: { $0.text != nil })?.name {
            throw ValidationError("'\(name)=' assigns; 'orrery set' does that")
        }
    }

    func run() async throws {
        try await editing.withConnection { connection in
            let names = names.map { $0.resolved(on: connection) }
            for name in names { _ = try connection.type(of: name.component, name.path) }
            let shown = try await editing.show(
                names.isEmpty ? nil : names.map(\.component), of: entity, on: connection)
            defer { withExtendedLifetime(shown) {} }
            for name in names {
                let text = try Shown.text(of: name.component, name.path, of: entity, connection)
                try Output.write(Array("\(text ?? "null")\n".utf8), .json)
            }
            guard names.isEmpty else { return }
            let components = connection.withSnapshot { $0.components(of: entity) }
            let parts = try components.map { schema in
                let text = try Shown.text(of: schema.name, [], of: entity, connection)
                return "\(ValueText.json(.string(schema.name), as: .string)):\(text ?? "null")"
            }
            let head = entity == .none ? "\"entity\":null" : "\"entity\":\"\(entity)\""
            try Output.write(Array("{\(head)\(parts.map { ",\($0)" }.joined())}\n".utf8), .json)
        }
    }
}
