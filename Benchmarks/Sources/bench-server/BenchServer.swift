import ArgumentParser
import BenchmarkReport
import BenchmarkWorld
import CBenchmarkSupport
import Foundation
import Logging
import OrreryECS
import OrrerySchema
import OrreryServer
import OrreryWebSocket

/// Twelve bytes, as a benchmark of 10,000 entities has them.
struct Position: Component { var x: Float = 0, y: Float = 0, z: Float = 0 }

/// What filters ask for: which group an entity is in, and a number that changes.
struct Level: Component { var group: Int32 = -1, turn: Int32 = 0 }

/// A server whose world is all benchmark.
@main
struct BenchServer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-server",
        abstract: "Serve a world in which a share of all entities changes in every tick.",
        discussion: """
            Prints its address. Commands on standard input, one a line: 'report' prints one line of JSON with the \
            processor time and the allocations of each thread so far. The end of standard input ends the program.
            """)

    @Option(help: "Entities, each with three Floats.")
    var entities = 10_000

    @Option(help: ArgumentHelp("How many of them change per tick, in percent.", valueName: "percent"))
    var changed = 100.0

    @Option(help: ArgumentHelp("Groups of entities, in place of moving entities.", valueName: "count"))
    var groups = 0

    @Option(help: ArgumentHelp("Entities of a group.", valueName: "count"))
    var members = 100

    @Option(help: ArgumentHelp("Entities that join each group in a tick, while as many leave it.", valueName: "count"))
    var moves = 1.0

    @Option(help: ArgumentHelp("Entities of five components of which all change in every tick.", valueName: "count"))
    var watched = 0

    @Flag(help: "Walkers on a square, in place of entities that move in a row.")
    var crowd = false

    @Flag(help: "Entities with scores, in place of moving entities.")
    var ranked = false

    @Option(
        help: ArgumentHelp("Of the entities with the highest scores, how many fall in every tick.", valueName: "count"))
    var falling = 0

    @Option(help: ArgumentHelp("Ticks per second.", valueName: "hz"))
    var rate = 30.0

    @Option(help: ArgumentHelp("Connections that it is to have room for.", valueName: "count"))
    var connections = 1000

    @Option(help: ArgumentHelp("Where to write when each tick began.", valueName: "file"))
    var clock: String

    func validate() throws {
        guard (1...4_000_000).contains(entities) else { throw ValidationError("--entities must be 1 to 4000000.") }
        guard groups >= 0, members > 0, (0...Double(members)).contains(moves),
            Double(groups) * (Double(members) + moves) <= Double(entities)
        else {
            throw ValidationError("--groups, --members and --moves must fit into --entities.")
        }
        guard (0...entities).contains(watched) else {
            throw ValidationError("--watched must be 0 to the number of entities.")
        }
        guard (0...entities).contains(falling) else {
            throw ValidationError("--falling must be 0 to the number of entities.")
        }
        guard (0...100).contains(changed) else { throw ValidationError("--changed must be 0 to 100.") }
        guard (1...10_000).contains(connections) else { throw ValidationError("--connections must be 1 to 10000.") }
        guard (0.1...10_000).contains(rate) else { throw ValidationError("--rate must be 0.1 to 10000.") }
    }

    func run() async throws {
        guard let tickClock = bench_tick_clock_open(clock) else {
            throw ValidationError("Cannot open \(clock): \(String(cString: strerror(errno))).")
        }
        try withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { reason in
            guard bench_raise_file_limit(connections + 64, reason.baseAddress, reason.count) else {
                throw ValidationError(String(cString: reason.baseAddress!))
            }
        }
        var logger = Logger(label: "bench-server")
        logger.logLevel = .warning
        let server = try makeServer(TickClock(tickClock), logger)
        FileHandle.standardOutput.write(Data("\(server.url)\n".utf8))
        let commands = Thread {
            while let line = readLine() {
                if line == "report" { ProcessReport.write(server.statistics) }
            }
            server.stop()
        }
        commands.name = "commands"
        commands.start()
        try await server.run()
    }

    private func makeServer(_ clock: TickClock, _ logger: Logger) throws -> SimulationServer {
        guard groups == 0 else { return try makeGroups(clock, logger) }
        guard watched == 0 else { return try makeWatched(clock, logger) }
        guard !crowd else { return try makeCrowd(clock, logger) }
        guard !ranked else { return try makeRanked(clock, logger) }
        let world = World()
        let all = (0..<entities).map { number in
            world.spawn(Position(x: Float(number), y: Float(number) * 0.5, z: 1))
        }
        return try SimulationServer(
            world: world, schedule: makeSchedule(all, clock), configuration: .init(tickRate: .hertz(rate)),
            transport: .webSocket(port: 0), logger: logger
        ) { try $0.register(Position.self, writable: .byClients) }
    }

    /// Entities of which so many are in each group. In each tick some leave, as many others join, and the rest of those
    /// that change stay where they are.
    private func makeGroups(_ clock: TickClock, _ logger: Logger) throws -> SimulationServer {
        let world = World()
        let plan = GroupPlan(
            entityCount: entities, groupCount: groups, members: members, moves: moves, changedCount: changedCount)
        let groups = EntityGroups(plan, of: (0..<entities).map { _ in world.spawn(Level()) }, in: world)
        var schedule = Schedule()
        schedule.add("clock", in: .input) { _, context in clock.begin(context.tick) }
        schedule.add("change", in: .update) { world, _ in groups.runTick(in: world) }
        return try SimulationServer(
            world: world, schedule: schedule, configuration: .init(tickRate: .hertz(rate)),
            transport: .webSocket(port: 0), logger: logger
        ) { try $0.register(Level.self) }
    }

    /// Entities that change in one tick.
    var changedCount: Int { Int((Double(entities) * changed / 100).rounded()) }

    private func makeSchedule(_ all: [Entity], _ clock: TickClock) -> Schedule {
        var schedule = Schedule()
        schedule.add("clock", in: .input) { _, context in clock.begin(context.tick) }
        let moved = changedCount
        if moved == entities {
            schedule.add("move", in: .update, Write<Position>.self) { query, tick in
                let step = Float(tick.seconds)
                query.forEach { position in position.x += step }
            }
        } else if moved > 0 {
            // Every so many-th entity, others in the next tick: written and marked one by one.
            let distance = Double(entities) / Double(moved)
            schedule.add("move", in: .update) { world, context in
                let positions = world.accessor(Position.self)
                let first = Int(context.tick.rawValue % UInt64(max(1, Int(distance))))
                for number in 0..<moved {
                    let entity = all[(first + Int(Double(number) * distance)) % all.count]
                    // All live as long as the world does.
                    try! positions.update(entity) { $0.x += 1 }
                }
            }
        }
        return schedule
    }
}

/// `@unchecked Sendable`: one thread writes, the ticks'; the file's slots are atomic.
struct TickClock: @unchecked Sendable {
    private let file: OpaquePointer

    init(_ file: OpaquePointer) {
        self.file = file
    }

    func begin(_ tick: Tick) { bench_tick_clock_begin(file, tick.rawValue) }
}

/// Entities in groups, as a plan says.
///
/// `@unchecked Sendable`: one thread uses it, the ticks'.
private final class EntityGroups: @unchecked Sendable {
    private let all: [Entity]
    private var plan: GroupPlan

    init(_ plan: GroupPlan, of all: [Entity], in world: World) {
        (self.plan, self.all) = (plan, all)
        // All live as long as the world does.
        plan.forEachFirstMember { entity, group in try! world.set(Level(group: Int32(group)), on: all[entity]) }
    }

    func runTick(in world: World) {
        let levels = world.accessor(Level.self)
        plan.runTick { change in
            switch change {
            case .leave(let entity): try! levels.update(all[entity]) { $0.group = -1 }
            case .join(let entity, let group): try! levels.update(all[entity]) { $0.group = Int32(group) }
            case .turn(let entity): try! levels.update(all[entity]) { $0.turn += 1 }
            }
        }
    }
}
