import ArgumentParser
import OrreryInspector
import OrreryQuery
import OrrerySchema

struct Inspect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows the entities and components of a running world.",
        usage: "orrery inspect [<url>] [options]",
        discussion: """
            On a terminal: a table, redrawn once a second until q or Ctrl-C. Into a pipe: the same table, once. \
            No component type need be known here: the server describes them.

            Examples:
              orrery inspect                                  this machine's world, live
              orrery inspect example.org:7600 --once          a table of a world elsewhere
              orrery inspect --query "Position, Body" --json  those that have both, as JSON
              orrery inspect --query "Health where Health.current < 50"
                                                              what is hurt
              orrery inspect --sort "Orbit.distance desc" --limit 20
                                                              the 20 farthest
              orrery inspect --query orrery.Session           who is connected
              orrery inspect --csv > world.csv                one column for each field
              orrery inspect --entity 12v3                    one entity alone
              orrery inspect --watch                          every change, until Ctrl-C
              orrery inspect --watch --json --ticks 60        the changes of 60 ticks


            """ + ExitStatus.help)

    @Argument(help: "Where the world is: ws://host:port, or host:port.")
    var url = ServerAddress.local

    @Flag(help: "Print a table once, and end.")
    var once = false

    @OptionGroup
    var output: OutputOptions

    @Flag(
        help: ArgumentHelp(
            "Print each change as it happens, until interrupted; what is there already is not printed. Where "
                + "ticks come faster than they can be shown, several are merged into the last of them."
        ))
    var watch = false

    @Option(
        help: ArgumentHelp(
            "Show what matches this query: \"Position, Body where Body.name ~ \\\"mar\\\"\" (docs/QUERIES.md).",
            valueName: "text"))
    var query: String?

    @Option(help: "Show this entity alone: 12v3. A watch ends when it is despawned.")
    var entity: String?

    @Option(
        help: ArgumentHelp(
            "Sort by these fields, as after 'order by' in a query: \"Orbit.distance desc, Body.name\".",
            valueName: "fields"))
    var sort: String?

    @Option(
        help: ArgumentHelp(
            "Show at most this many entities, of which no more are sent; or with --watch, changes.", valueName: "n"))
    var limit: Int?

    @Option(
        help: ArgumentHelp(
            "How long to wait for the connection, and for the first state, in seconds.", valueName: "seconds"))
    var timeout = 10.0

    @Option(name: .customLong("for"), help: ArgumentHelp("End a watch after this many seconds.", valueName: "seconds"))
    var duration: Double?

    @Option(help: ArgumentHelp("End a watch after this many ticks of the server.", valueName: "n"))
    var ticks: UInt64?

    @OptionGroup
    var access: Access

    func validate() throws {
        for (isWrong, sentence) in contradictions where isWrong { throw ValidationError(sentence) }
        if let limit, limit <= 0 { throw ValidationError("--limit must be greater than 0; it is \(limit)") }
        if ticks == 0 { throw ValidationError("--ticks must be greater than 0; it is 0") }
        try check(timeout, "--timeout")
        try check(duration, "--for")
        _ = try request()
    }

    private var contradictions: [(Bool, String)] {
        [
            (once && watch, "--once shows a state and --watch the changes after it; choose one"),
            (output.csv && watch, "changes have no columns in common, so --watch prints no --csv; use --json"),
            (duration != nil && !watch, "--for bounds a --watch; add --watch"),
            (ticks != nil && !watch, "--ticks bounds a --watch; add --watch"),
            (sort != nil && watch, "changes come in the order of time; leave out --sort"),
        ]
    }

    private func check(_ value: Double?, _ name: String) throws {
        guard let value else { return }
        guard value > 0, value <= 1e9 else {
            throw ValidationError("\(name) must be greater than 0, and at most 1000000000 seconds; it is \(value)")
        }
    }

    private func request() throws -> Request {
        var wanted: Entity?
        if let entity {
            guard let parsed = Entity(entity), parsed.description == entity, parsed != .none else {
                throw ValidationError("'\(entity)' names no entity; write index and generation: 12v3")
            }
            wanted = parsed
        }
        do {
            return Request(
                url: try ServerAddress.url(from: url), access: access,
                query: try InspectorQuery(
                    query, entities: wanted.map { [$0] }, sort: sort, limit: watch ? nil : limit),
                entity: wanted, changeLimit: limit, timeout: .seconds(timeout))
        } catch let error as OptionError {
            throw ValidationError("\(error)")
        }
    }

    func run() async throws {
        let request = try request()
        if watch {
            let bound = Watching.Bound(time: duration.map { .seconds($0) }, ticks: ticks)
            try await Watching(request: request, form: output.json ? .json : .readable, bound: bound).run()
        } else if !once, output.format == .table, Terminal.isAvailable {
            try await LiveTable(request: request).run()
        } else {
            try await Printing(request: request, format: output.format).run()
        }
    }
}
