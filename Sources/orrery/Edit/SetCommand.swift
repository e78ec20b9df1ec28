import ArgumentParser
import OrreryClient
import OrreryInspector
import OrrerySchema

/// `orrery set`: writes fields of a running world, for scripts.
struct SetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Writes fields of an entity in a running world, or of resources.",
        usage: "orrery set [<url>] <entity> <Component.field=value> ...",
        discussion: """
            The server decides: a component is read-only unless it was registered as writable. The fields of one \
            component are written together, or not at all; components one after the other. The first that is refused \
            ends the command. Each field that was written is printed, with its old and its new value. The word \
            'resource' instead of an entity writes resources of the world.

            Examples:
              orrery set 12v3 Health.current=50
              orrery set example.org:7600 12v3 Position.x=1.5 Position.y=0
              orrery set 12v3 Label.text="a name" Mode.value=walk
              orrery set resource Score.points=5


            """ + ExitStatus.help)

    @OptionGroup
    var editing: Editing

    @Argument(help: "Which entity: index and generation, 12v3; or 'resource'.", transform: Editing.owner)
    var entity: Entity

    @Argument(help: "What to write: Component.field=value.", transform: Assignment.init)
    var assignments: [Assignment]

    func validate() throws {
        if let name = assignments.first(where: { $0.text == nil })?.name {
            throw ValidationError("'\(name)' is no assignment; write Component.field=value")
        }
    }

    func run() async throws {
        try await editing.withConnection { connection in
            let groups = try Assignment.grouped(assignments, on: connection)
            let shown = try await editing.show(groups.map(\.name), of: entity, on: connection)
            defer { withExtendedLifetime(shown) {} }
            for group in groups {
                let old = try group.fields.map { try Shown.text(of: group.name, $0.path, of: entity, connection) }
                _ = try await editing.apply(.set(group.name, on: entity, group.fields), on: connection)
                for (field, old) in zip(group.fields, old) {
                    let name = ([group.name] + field.path).joined(separator: ".")
                    let new = try Shown.text(of: group.name, field.path, of: entity, connection)
                    try Editing.print("\(Editing.name(of: entity)) \(name): \(old ?? "-") -> \(new ?? "-")")
                }
            }
        }
    }
}
