import ArgumentParser
import BenchmarkReport

/// `orrery-bench interest`: many sessions, each of which asks for its own part of the world.
struct InterestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "interest",
        abstract: "What it costs to send each session its own part of the world, beside plain C.",
        discussion: """
            singles: sessions that list entities of their own, one query each; all entities move.
            shared_filter: sessions with one filter that keeps 1,000 of 10,000 entities, of which 1 % change and 10 \
            join and leave per tick; each follows an entity of its own, too.
            many_filters, many_filters_or: 500 filters on 100,000 entities, of which 1 % change; each keeps 100, and \
            one joins and leaves it per tick.
            top: the 20 of 100,000 entities that have the highest scores, of which 1 % change per tick; and the same \
            while all 20 fall in every tick.
            window: 60 rows at offset 5,000 of the same entities, with 10 ticks per second.
            regions: sessions with a region of their own each around one of 10,000 walkers, which holds about a \
            hundred of them, with 20 ticks per second; and the ticks that are missed with 40.
            cameras: sessions that move a region around a point over the same walkers, 20 times a second each.
            idle: nothing changes, of 100,000 entities; 50 sessions with a filter each.
            resume: 100 clients with 16 filters each, four of their own and twelve that eleven others have too, lose \
            their connections at one moment and come back together five seconds later; of 100,000 entities 1 % \
            change per tick.
            screen: 'orrery inspect --query' on a terminal, with a condition that keeps 50 of 100,000 entities of five \
            components, all of which change in every tick.

            Server and floor, a plain C server that sends messages of the same size, take turns. ratio: processor time \
            of all threads of the server by the batches that it sent, as a multiple of the floor's; ratio_per_session: \
            the same for what the second half of the sessions adds. ms: processor time of the thread that serves \
            clients per tick, less what it takes without clients, which is to take over the world's changes; us: the \
            same in an idle world, and process_us of all threads. merged: how often a session was not sent a tick \
            that others were sent. ticks_missed: ticks of the world that began late or were skipped. \
            bytes_per_filter: memory of the server by filters, less what it needs without clients.

            Of resume, per client: bytes_per_client is the payload of all messages after the Welcome, up to the batch \
            that makes the client whole; answer_bytes are the answers to its subscriptions among them. cell_bytes: \
            each value that differs or is new to it, once, with its row number; membership_bytes: the row numbers of \
            who joined and left each filter, and the identities of new entities; both by a model in plain numbers of \
            what the world does. ratio: bytes_per_client by their sum. wrong: clients that were not sent what the \
            model says. ticks_until_whole: from the tick in which the first client began to connect to the last tick \
            that made one whole. server_cpu_ms: of all threads for all clients, less what the world takes anyway.

            Of screen: kilobytes_per_second is payload, by the server's own count; tool_core_percent the processor \
            time of the tool; watching_ms that of the thread that serves clients, per tick, less without the tool.
            """)

    enum Row: String, CaseIterable, ExpressibleByArgument {
        case singles
        case sharedFilter = "shared_filter"
        case manyFilters = "many_filters"
        case manyFiltersOr = "many_filters_or"
        case top
        case window
        case regions
        case cameras
        case idle
        case resume
        case screen
    }

    @Flag(help: "One JSON object a line.")
    var json = false

    @Flag(name: .customLong("assert"), help: "Fail if somebody missed something, or a figure is over its limit.")
    var asserts = false

    @Option(name: .customLong("row"), help: ArgumentHelp("What to measure; may be repeated.", valueName: "name"))
    var rows: [Row] = []

    @Option(help: ArgumentHelp("Sessions of 'singles' and 'shared_filter'.", valueName: "count"))
    var sessions: Int?

    @Option(help: ArgumentHelp("Entities that each session of 'singles' lists.", valueName: "count"))
    var own = 64

    @Option(help: ArgumentHelp("Ticks per second.", valueName: "hz"))
    var rate = 60

    @Option(help: ArgumentHelp("How long each row is measured in all.", valueName: "seconds"))
    var seconds = 30.0

    func validate() throws {
        guard (2...9000).contains(sessions ?? 300) else { throw ValidationError("--sessions must be 2 to 9000.") }
        guard (1...100).contains(own) else { throw ValidationError("--own must be 1 to 100.") }
        guard (1...1000).contains(rate) else { throw ValidationError("--rate must be 1 to 1000.") }
        guard (1...3600).contains(seconds) else { throw ValidationError("--seconds must be 1 to 3600.") }
    }

    func run() throws {
        var output = Output(asJSON: json)
        var isOver = false
        for row in rows.isEmpty ? Row.allCases : rows {
            let (result, isWithinLimits) =
                switch row {
                case .singles: try measureSingles()
                case .sharedFilter: try measureSharedFilter()
                case .manyFilters: try measureManyFilters(row, "Level where Level.group = #", millisecondsMax: 0.5)
                case .manyFiltersOr:
                    try measureManyFilters(
                        row, "Level where Level.group = # or Level.turn = -1", millisecondsMax: 1.5)
                case .top: try measureTop()
                case .window: try measureWindow()
                case .regions: try measureRegions()
                case .cameras: try measureCameras()
                case .idle: try measureIdle()
                case .resume: try measureResume()
                case .screen: try measureScreen()
                }
            output.write(result)
            isOver = isOver || !isWithinLimits
        }
        if asserts, isOver { throw ExitCode.failure }
    }

    // MARK: Beside the floor

    private func measureSingles() throws -> (Result, Bool) {
        let sessions = sessions ?? 300
        let (server, floor) = try measureBoth(
            Scene(entities: sessions * own, rate: rate, subscribers: sessions, ownEntities: own), shares: 2)
        let ratio = try server.perDelivery() / floor.perDelivery()
        var result = Result()
        result.set("name", Row.singles.rawValue)
        result.set("sessions", sessions)
        result.set("own", own)
        result.set("ratio", ratio, digits: 2)
        try report(server, floor, in: &result)
        return (result, ratio <= 2.0 && server.missedTicks == 0 && server.load?.unequalTicks == 0)
    }

    private func measureSharedFilter() throws -> (Result, Bool) {
        let sessions = sessions ?? 200
        var scene = Scene(
            entities: 10_000, changedPercent: 1, rate: rate, subscribers: sessions, groups: 1, members: 1000, moves: 10,
            queries: ["Level where Level.group = 0", "#v1, Level?"])
        let (server, floor) = try measureBoth(scene, shares: 4)
        scene.subscribers = sessions / 2
        let (fewServer, fewFloor) = try measureBoth(scene, shares: 4)
        let ratio = try server.perDelivery() / floor.perDelivery()
        let further =
            (server.millisecondsPerTick() - fewServer.millisecondsPerTick())
            / (floor.millisecondsPerTick() - fewFloor.millisecondsPerTick())
        var result = Result()
        result.set("name", Row.sharedFilter.rawValue)
        result.set("sessions", sessions)
        result.set("ratio", ratio, digits: 2)
        result.set("ratio_per_session", further, digits: 2)
        try report(server, floor, in: &result)
        return (result, ratio <= 1.4 && further <= 1.25 && server.missedTicks == 0)
    }

    /// Server and floor in turn.
    /// - Parameter shares: How many such parts the time of a row has.
    func measureBoth(_ scene: Scene, shares: Int) throws -> (server: Measurement, floor: Measurement) {
        var (server, floor) = (Measurement(), Measurement())
        let rounds = seconds < 10 ? 1 : 3
        for _ in 0..<rounds {
            server.add(try measure(Stage.serving(scene), shares: shares * rounds))
            floor.add(
                try measure(Stage.floor(scene, messageSize: Int(server.bytesPerDelivery)), shares: shares * rounds))
        }
        return (server, floor)
    }

    func report(_ server: Measurement, _ floor: Measurement, in result: inout Result) throws {
        result.set("server_us_per_delivery", try server.perDelivery(), digits: 2)
        result.set("floor_us_per_delivery", try floor.perDelivery(), digits: 2)
        result.set("server_cpu_ms_per_tick", server.millisecondsPerTick())
        result.set("sync_cpu_ms_per_tick", server.millisecondsPerTick(ServerThread.sync))
        result.set("ticks", Int(server.ticks))
        result.set("ticks_missed", Int(server.missedTicks))
        result.set("merged", Int(server.load?.unequalTicks ?? 0))
        result.set("longest_silence", server.load?.longestSilence, digits: 3)
        result.set("bytes_per_delivery", Int(server.bytesPerDelivery))
    }

    // MARK: Beside the same world without clients

    private func measureManyFilters(_ row: Row, _ text: String, millisecondsMax: Double) throws -> (Result, Bool) {
        let (clients, filters) = (10, 500)
        let scene = Scene(
            entities: 100_000, changedPercent: 1, rate: rate, subscribers: clients, groups: filters,
            queries: Array(repeating: text, count: filters / clients))
        let (with, without) = try measureWithAndWithoutClients(scene)
        let milliseconds = Self.difference(with, without)
        let size = (Int(with.residentSize) - Int(without.residentSize)) / filters
        var result = Result()
        result.set("name", row.rawValue)
        result.set("filters", filters)
        result.set("ms", milliseconds)
        result.set("bytes_per_filter", size)
        reportTicks(with, without, in: &result)
        return (result, milliseconds <= millisecondsMax && size <= 16 << 10)
    }

    private func measureTop() throws -> (Result, Bool) {
        let scene = ranked("Score order by Score.points desc limit 20", rate: rate)
        let (with, without) = try measureWithAndWithoutClients(scene)
        var falling = scene
        falling.falling = 20
        let (fallingWith, fallingWithout) = try measureWithAndWithoutClients(falling)
        let milliseconds = Self.difference(with, without)
        let fallingMilliseconds = Self.difference(fallingWith, fallingWithout)
        var result = Result()
        result.set("name", Row.top.rawValue)
        result.set("ms", milliseconds)
        result.set("falling_ms", fallingMilliseconds)
        reportTicks(with, without, in: &result)
        return (result, milliseconds <= 0.05 && fallingMilliseconds <= 0.5)
    }

    private func measureWindow() throws -> (Result, Bool) {
        let (with, without) = try measureWithAndWithoutClients(
            ranked("Score order by Score.points limit 60 offset 5000", rate: 10))
        let milliseconds = Self.difference(with, without)
        var result = Result()
        result.set("name", Row.window.rawValue)
        result.set("ms", milliseconds)
        reportTicks(with, without, in: &result)
        return (result, milliseconds <= 3)
    }

    private func ranked(_ query: String, rate: Int) -> Scene {
        Scene(entities: 100_000, changedPercent: 1, rate: rate, subscribers: 1, isRanked: true, queries: [query])
    }

    /// Milliseconds of the thread that serves clients, per tick, of which the world takes a part.
    private static func difference(_ with: Measurement, _ without: Measurement) -> Double {
        with.millisecondsPerTick(ServerThread.sync) - without.millisecondsPerTick(ServerThread.sync)
    }

    private func reportTicks(_ with: Measurement, _ without: Measurement, in result: inout Result) {
        result.set("intake_ms", without.millisecondsPerTick(ServerThread.sync))
        result.set("server_cpu_ms_per_tick", with.millisecondsPerTick())
        result.set("ticks", Int(with.ticks))
        result.set("ticks_missed", Int(with.missedTicks))
        result.set("bytes_per_delivery", Int(with.bytesPerDelivery))
    }

    private func measureIdle() throws -> (Result, Bool) {
        let scene = Scene(
            entities: 100_000, changedPercent: 0, rate: rate, subscribers: 50, groups: 50,
            queries: ["Level where Level.group = #"])
        let (with, without) = try measureWithAndWithoutClients(scene)
        let core = Self.difference(with, without) * 1000
        let process = (with.millisecondsPerTick() - without.millisecondsPerTick()) * 1000
        var result = Result()
        result.set("name", Row.idle.rawValue)
        result.set("clients", scene.subscribers)
        result.set("us", core, digits: 1)
        result.set("process_us", process, digits: 1)
        result.set("ticks", Int(with.ticks))
        result.set("ticks_missed", Int(with.missedTicks))
        return (result, core <= 20 && process <= 60)
    }

    private func measureWithAndWithoutClients(_ scene: Scene) throws -> (with: Measurement, without: Measurement) {
        var alone = scene
        alone.subscribers = 0
        var (with, without) = (Measurement(), Measurement())
        let rounds = seconds < 10 ? 1 : 3
        for _ in 0..<rounds {
            with.add(try measure(Stage.serving(scene), shares: 2 * rounds))
            without.add(try measure(Stage.serving(alone), shares: 2 * rounds))
        }
        return (with, without)
    }

    func measure(_ stage: Stage, shares: Int) throws -> Measurement {
        try stage.settle()
        return try stage.measure(seconds: max(1, seconds / Double(shares)))
    }
}

extension Measurement {
    /// Microseconds of the processor for one batch to one client.
    func perDelivery() throws -> Double {
        guard let microsecondsPerDelivery else { throw ChildProcess.Failure(description: "bench-load does not report") }
        return microsecondsPerDelivery
    }
}
