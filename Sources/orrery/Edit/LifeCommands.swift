import ArgumentParser
import OrreryClient
import OrreryInspector
import OrrerySchema

/// `orrery spawn`: spawns an entity in a running world.
struct SpawnCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spawn",
        abstract: "Makes an entity in a running world, and prints its name.",
        usage: "orrery spawn [<url>] [<Component[.field=value]> ...]",
        discussion: """
            Fields that are not given have the server's default values. The server decides whether clients may spawn.

            Examples:
              orrery spawn Position.x=1 Position.y=2 Frozen


            """ + ExitStatus.help)

    @OptionGroup
    var editing: Editing

    @Argument(help: "What it is made of: Component, or Component.field=value.", transform: Assignment.init)
    var components: [Assignment] = []

    func run() async throws {
        try await editing.withConnection { connection in
            let groups = try Assignment.grouped(components, on: connection)
            let applied = try await editing.apply(.spawn(groups), on: connection)
            for entity in applied.entities { try Editing.print("\(entity)") }
        }
    }
}

/// `orrery despawn`: despawns entities of a running world.
struct DespawnCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "despawn",
        abstract: "Ends entities of a running world, one after the other.",
        usage: "orrery despawn [<url>] <entity> ...",
        discussion: """
            The first that is refused ends the command. Each line names what was done.


            """ + ExitStatus.help)

    @OptionGroup
    var editing: Editing

    @Argument(help: "Which entities: index and generation, 12v3.", transform: Editing.entity)
    var entities: [Entity]

    func run() async throws {
        try await editing.withConnection { connection in
            for entity in entities {
                _ = try await editing.apply(.despawn(entity), on: connection)
                try Editing.print("\(entity) despawned")
            }
        }
    }
}

/// `orrery insert`: adds components to an entity, or resources to the world.
struct InsertCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "insert",
        abstract: "Gives an entity components (or the world resources), or writes those that it has.",
        usage: "orrery insert [<url>] <entity> <Component[.field=value]> ...",
        discussion: """
            Fields that are not given get the server's default values, also where the entity has the component \
            already. Components are inserted one after the other; the first that is refused ends the command. The \
            word 'resource' instead of an entity inserts resources of the world.

            Examples:
              orrery insert 12v3 Frozen
              orrery insert 12v3 Health.current=50 Health.maximum=80


            """ + ExitStatus.help)

    @OptionGroup
    var editing: Editing

    @Argument(help: "Which entity: index and generation, 12v3; or 'resource'.", transform: Editing.owner)
    var entity: Entity

    @Argument(help: "What to insert: Component, or Component.field=value.", transform: Assignment.init)
    var components: [Assignment]

    func run() async throws {
        try await editing.withConnection { connection in
            for group in try Assignment.grouped(components, on: connection) {
                _ = try await editing.apply(.insert(group.name, on: entity, group.fields), on: connection)
                try Editing.print("\(Editing.name(of: entity)) \(group.name) inserted")
            }
        }
    }
}

/// `orrery remove`: removes components from an entity, or resources from the world.
struct RemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Takes components from an entity (or resources from the world), one after the other.",
        usage: "orrery remove [<url>] <entity> <Component> ...",
        discussion: """
            The first that is refused ends the command. Each line names what was done. The word 'resource' instead of \
            an entity removes resources of the world.


            """ + ExitStatus.help)

    @OptionGroup
    var editing: Editing

    @Argument(help: "Which entity: index and generation, 12v3; or 'resource'.", transform: Editing.owner)
    var entity: Entity

    @Argument(help: "The names of the components.")
    var components: [String]

    func run() async throws {
        try await editing.withConnection { connection in
            for component in components {
                _ = try await editing.apply(.remove(component, from: entity), on: connection)
                try Editing.print("\(Editing.name(of: entity)) \(component) removed")
            }
        }
    }
}
