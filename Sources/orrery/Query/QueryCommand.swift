import ArgumentParser
import OrreryClient
import OrreryInspector
import OrrerySchema

/// `orrery query`: asks a running world once, for scripts.
struct QueryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract: "Asks a running world once who matches a query.",
        usage: "orrery query [<url>] <text> [options]",
        discussion: """
            The world is asked at one tick: all that is printed is of that tick. docs/QUERIES.md describes the language.

            Examples:
              orrery query "Health where Health.current < 50"
              orrery query example.org:7600 "Position, Body" --json | jq .Body.name
              orrery query --entity 12v3 --entity 14v1 "Health?"
              orrery query "Body order by Body.name limit 10"
              orrery query "orrery.System order by orrery.System.time desc"
              orrery query "Health where Health.current < 50 count"
              orrery query --explain "Body where Body.name ~ \\"mar\\""


            """ + ExitStatus.help)

    @OptionGroup
    var editing: Editing

    @Argument(help: "What to ask; empty for everything of each --entity.")
    var text: String

    @OptionGroup
    var output: OutputOptions

    @Option(help: "Only this entity may match: 12v3. May be given several times.", transform: Editing.entity)
    var entity: [Entity] = []

    @Option(
        help: ArgumentHelp(
            "Ask once the world has reached this tick; the server waits as long as it allows (queryWaitMax).",
            valueName: "tick"))
    var atLeast: UInt64 = 0

    @Option(
        help: ArgumentHelp(
            "Sort by these fields, as after 'order by' in a query: \"Orbit.distance desc, Body.name\".",
            valueName: "fields"))
    var sort: String?

    @Option(help: ArgumentHelp("Print at most this many entities.", valueName: "n"))
    var limit: Int?

    @Flag(help: "Print how the server reads the query and what it costs, and no entities.")
    var explain = false

    func validate() throws {
        // No query is written like that.
        if text.contains(/^(wss?:\/\/.*|[^\s"]+:[0-9]+)$/) {
            throw ValidationError("the address comes before the text: orrery query \(text) \"Health\"")
        }
        if let limit, limit < 0 { throw ValidationError("--limit must not be negative; it is \(limit)") }
        do {
            _ = try query()
        } catch let error as OptionError {
            throw ValidationError("\(error)")
        }
        if explain, output.format != .table {
            throw ValidationError("--explain prints no entities; leave out --json and --csv")
        }
    }

    /// The text goes to the server as it is, so that the server says what is wrong with it.
    private func query() throws -> InspectorQuery {
        let entities = entity.isEmpty ? nil : entity
        guard sort != nil || limit != nil else { return InspectorQuery(text, checked: entities) }
        return try InspectorQuery(text, entities: entities, sort: sort, limit: limit)
    }

    func run() async throws {
        let undecodable = try await print { try Output.write($0, output.format.form) }
        if let warning = undecodable.warning { throw ToolError(.protocolTrouble, warning) }
    }

    /// Asks, and prints the answer.
    /// - Parameter write: Takes the next bytes.
    func print(to write: ([UInt8]) throws -> Void) async throws -> UndecodableValues {
        let query = try query()
        var undecodable = UndecodableValues()
        try await editing.withConnection { connection in
            let reason = atLeast > 0 ? "its world may not have reached tick \(atLeast)" : nil
            let rows = try await editing.waiting(reason: reason) {
                try await connection.rows(query.oneShot(atLeast: Tick(atLeast), explains: explain))
            }
            // A slow reader of our output does not burden the server.
            let table = connection.componentTable
            connection.close()
            if explain {
                try write(Array(query.explanation(in: table, cost: rows.cost).utf8))
            } else if try query.asksOnlyForCount(in: table) {
                try write(Array(output.format.text(ofTotal: rows.total).utf8))
            } else {
                undecodable = try output.format.print(
                    rows.members, of: rows.answer.store, ShownComponents(rows.answer.shown, in: table),
                    chunkSize: Output.chunkSize, to: write)
            }
        }
        return undecodable
    }
}
