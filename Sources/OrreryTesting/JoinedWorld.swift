public import Logging
public import OrreryClient
public import OrreryECS
public import OrrerySchema
package import OrreryStore
public import OrreryServer
package import OrrerySync
import OrreryTransport

/// A world, its server and any number of clients on the calling thread, connected by an in-memory network.
///
/// Everything, including time, advances only through the methods here: the same calls always give the same bytes.
///
/// ```swift
/// let joined = try JoinedWorld { sync in try sync.register(Position.self) }
/// let client = try joined.connect()
/// let everything = try joined.run { try await client.connection.subscribeToAll() }
/// joined.world.spawn(Position())
/// joined.tick()
/// #expect(client.contents == joined.contents)
/// ```
public final class JoinedWorld {
    /// The world; replaced by ``restart(with:clientsNotice:)``.
    public private(set) var world: World
    /// Simulated time since the start.
    public var now: Duration { clock.now }
    private let network: MemoryNetwork
    private let clock = SimulatedClock()
    private let schedule: Schedule
    private let configuration: SimulationConfiguration
    private let register: (inout SyncRegistry) throws -> Void
    private var halves: Halves
    private var epoch: Epoch
    private(set) var clients: [JoinedClient] = []
    private var rawClients: [RawClient] = []
    private let logger: Logger

    /// One life of the server, with its own epoch.
    private struct Halves {
        let simulation: SimulationLoop
        let sync: SyncLoop
        let loop: MemoryLoop
        let url: String
    }

    /// Creates a world with its server.
    /// - Parameters:
    ///   - world: The simulated world. The caller may still spawn in it and read it between ticks.
    ///   - schedule: The systems that simulate the world.
    ///   - configuration: The server's configuration.
    ///   - linkByteCountMax: How many bytes one direction of a connection holds before further bytes wait at the
    ///     sender.
    ///   - epoch: The world's first epoch.
    ///   - logger: The server's logger; by default nothing is logged.
    ///   - register: Registers the visible components, in each epoch.
    public init(
        world: World = World(), schedule: Schedule = Schedule(), configuration: SimulationConfiguration = .init(),
        linkByteCountMax: Int = 256 << 10, epoch: Epoch = Epoch(1),
        logger: Logger = Logger(label: "joined") { _ in SwiftLogNoOpLogHandler() },
        register: @escaping (inout SyncRegistry) throws -> Void
    ) throws {
        try schedule.validate()
        self.world = world
        self.schedule = schedule
        self.configuration = configuration
        self.register = register
        self.epoch = epoch
        self.logger = logger
        network = MemoryNetwork(linkByteCountMax: linkByteCountMax)
        halves = try Self.begin(world, schedule, configuration, register, network, epoch, clock, logger)
    }

    private static func begin(
        _ world: World, _ schedule: Schedule, _ configuration: SimulationConfiguration,
        _ register: (inout SyncRegistry) throws -> Void, _ network: MemoryNetwork, _ epoch: Epoch,
        _ clock: SimulatedClock, _ logger: Logger
    ) throws -> Halves {
        try configuration.validate(entityCountMax: world.entityCountMax)
        let (anyLoop, url) = try network.server(name: "joined").listen(limits: configuration.transportLimits)
        guard let loop = anyLoop as? MemoryLoop else { preconditionFailure("a memory network makes memory loops") }
        var registry = SyncRegistry(limits: configuration.sync.limits)
        try register(&registry)
        let randomness = SharedGenerator(seed: epoch.rawValue)
        let (simulation, sync) = try SimulationServer.makeHalves(
            world: world, schedule: schedule, configuration: configuration, registry: registry, loop: loop,
            epoch: epoch, logger: logger, reportsSystemTimes: false, makeRandom: { randomness.next() },
            now: { clock.now })
        return Halves(simulation: simulation, sync: sync, loop: loop, url: url)
    }

    /// Stops the server and starts another in its place, with its own world: another epoch, at tick 0.
    /// - Parameters:
    ///   - world: The world of the new epoch.
    ///   - clientsNotice: Whether the server closes its connections; otherwise it disappears as in a power failure, and
    ///     its clients have to detect that by themselves.
    public func restart(with world: World, clientsNotice: Bool = true) throws {
        if !clientsNotice { halves.loop.cut(tellsPeers: false) }
        halves.loop.shutDown(lingerMax: .zero)
        deliver()
        self.world = world
        epoch = Epoch(epoch.rawValue + 1)
        halves = try Self.begin(world, schedule, configuration, register, network, epoch, clock, logger)
    }

    /// Connects a client, and delivers until it is welcomed. A client whose visibility is personal is welcomed with the
    /// next tick.
    /// - Parameters:
    ///   - name: The name that the client sends to the server; by default `client-0`, `client-1` and so on.
    ///   - token: What it shows the server's authorizer.
    ///   - configuration: The client's configuration.
    ///   - isDelivering: If `false`, nothing is delivered, and the client still waits for its welcome.
    public func connect(
        name: String? = nil, token: String? = nil, configuration: ClientConfiguration = .init(),
        delivering isDelivering: Bool = true
    ) throws -> JoinedClient {
        let client = try JoinedClient(
            network: network, url: halves.url, clock: clock, name: name ?? "client-\(clients.count)",
            token: token, configuration: configuration)
        clients.append(client)
        if isDelivering { deliver() }
        return client
    }

    /// Connects a peer that sends whatever the test says, and delivers.
    public func connectRaw() throws -> RawClient {
        let client = try RawClient(network: network, url: halves.url)
        rawClients.append(client)
        deliver()
        return client
    }

    /// Delivers waiting messages, runs one tick of the world, and delivers the results.
    public func tick() {
        deliver()
        runTick()
        deliver()
    }

    /// Runs one tick of the world while the server's other half is busy: it takes and delivers nothing.
    public func runTick() {
        advanceTime(by: configuration.tickRate.period)
        halves.simulation.runTick()
    }

    /// Lets all sides handle what has arrived, until only messages held back by links remain. Stalled clients handle
    /// nothing, slow readers only up to their limit.
    /// - Returns: Whether anything had arrived.
    @discardableResult
    public func deliver() -> Bool {
        for client in clients { client.beginDelivery() }
        var (hasHandled, isQuiet) = (false, false)
        while !isQuiet {
            isQuiet = !halves.loop.poll(halves.sync)
            for client in clients where client.poll() { isQuiet = false }
            for client in rawClients where client.poll() { isQuiet = false }
            if !isQuiet { hasHandled = true }
        }
        return hasHandled
    }

    private func advanceTime(by duration: Duration) {
        clock.advance(by: duration)
        network.advance(to: clock.now)
    }

    /// Lets time pass without a tick, for heartbeats and time-outs.
    public func passTime(_ duration: Duration) {
        advanceTime(by: duration)
        halves.simulation.rest()
        halves.sync.loopTimerFired()
        for client in clients where !client.isStalled { client.session.loopTimerFired() }
        deliver()
    }

    /// Lets time pass for the clients only: the server is silent.
    public func passClientTime(_ duration: Duration) {
        advanceTime(by: duration)
        for client in clients where !client.isStalled { client.session.loopTimerFired() }
    }

    /// The number of clients that the server serves.
    public var sessionCount: Int { halves.sync.core.sessionCount }

    /// The fill level of everything that has a limit, on both sides.
    package var occupancies: [Occupancy] {
        halves.sync.occupancies + halves.loop.occupancies + clients.flatMap(\.occupancies)
    }

    /// The state of each of the server's sessions.
    package var sessionStates: [SessionState] { halves.sync.core.sessionStates }

    /// What clients see, each with the epoch that it is told, and the client that alone sees it.
    package var classes: [(epoch: Epoch, visibility: Visibility, client: ClientID?)] { halves.sync.core.classes }

    /// The groups of the entities that only some see.
    package var groups: [Entity: VisibilityGroups] {
        var result: [Entity: VisibilityGroups] = [:]
        store.groups.rows.forEach { row in
            guard let entity = store.entity(at: row), let value = store.groups.fixedValue(of: row) else { return }
            result[entity] = VisibilityGroups(rawValue: UInt64(littleEndian: value.loadUnaligned(as: UInt64.self)))
        }
        return result
    }

    /// The contents that the server shows.
    public var contents: Contents { Contents(of: halves.sync.store) }

    /// The epoch, and the tick that the server shows.
    public var revision: Revision { Revision(epoch: epoch, tick: serverTick) }

    /// The tick that the server shows.
    public var serverTick: Tick { halves.sync.store.tick }

    /// The number of answers to mutations that wait until their clients reach the answers' ticks.
    package var waitingAnswerCount: Int { halves.sync.core.waitingAnswerCount }

    package var store: ComponentStore { halves.sync.store }

    /// How often the server brought up to date what a component shows of it, and the rows that show it now.
    package var statusRefreshCount: Int { halves.sync.core.statusRefreshCount }
    package var statusRowCount: Int {
        store.table.entries.filter(\.isStatus).reduce(0) { $0 + store[$1.column].count }
    }

    /// The number of block encodings so far.
    package var builtBlockCount: Int { halves.sync.core.builtBlockCount }
}
