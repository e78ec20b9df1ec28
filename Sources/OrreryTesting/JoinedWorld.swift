public import Logging
public import OrreryClient
public import OrreryECS
public import OrrerySchema
package import OrreryStore
public import OrreryServer
package import OrrerySync
import OrreryTransport

/// A world, its server and any number of clients on the calling thread, joined by a network in memory.
///
/// Nothing happens but by the methods here, and time is what they say: the same calls give the same bytes every time.
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
    /// The world; another one after ``restart(with:clientsNotice:)``.
    public private(set) var world: World
    /// Simulated time since the beginning.
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

    /// One life of the server.
    private struct Halves {
        let simulation: SimulationLoop
        let sync: SyncLoop
        let loop: MemoryLoop
        let url: String
    }

    /// - Parameters:
    ///   - world: What is simulated. It stays the caller's: spawn and look at it between ticks.
    ///   - schedule: The systems that move it.
    ///   - configuration: The server's.
    ///   - linkByteCountMax: What one direction of a connection holds before it waits at the sender.
    ///   - epoch: The name of the first life of the world.
    ///   - logger: Where the server writes its log; nowhere unless stated.
    ///   - register: Says which components are visible, in each life of the world.
    public init(
        world: World = World(), schedule: Schedule = Schedule(), configuration: SimulationConfiguration = .init(),
        linkByteCountMax: Int = 256 << 10, epoch: Epoch = Epoch(1),
        logger: Logger = Logger(label: "joined") { _ in SwiftLogNoOpLogHandler() },
        register: @escaping (inout SyncRegistry) throws -> Void
    ) throws {
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
            epoch: epoch,
            logger: logger, makeRandom: { randomness.next() },
            now: { clock.now })
        return Halves(simulation: simulation, sync: sync, loop: loop, url: url)
    }

    /// The server stops, and another one begins in its place with a world of its own: another life, tick 0 again.
    /// - Parameters:
    ///   - world: That of the next life.
    ///   - clientsNotice: Whether the server says good-bye; otherwise it is gone like a machine without power, and its
    ///     clients find out by themselves.
    public func restart(with world: World, clientsNotice: Bool = true) throws {
        if !clientsNotice { halves.loop.cut(tellsPeers: false) }
        halves.loop.shutDown(lingerMax: .zero)
        deliver()
        self.world = world
        epoch = Epoch(epoch.rawValue + 1)
        halves = try Self.begin(world, schedule, configuration, register, network, epoch, clock, logger)
    }

    /// Connects a client, and delivers until it is welcomed.
    /// - Parameters:
    ///   - name: with which it introduces itself; `client-0`, `client-1` and so on unless stated.
    ///   - configuration: what it takes.
    ///   - isDelivering: or else it waits for its welcome.
    public func connect(
        name: String? = nil, configuration: ClientConfiguration = .init(), delivering isDelivering: Bool = true
    ) throws -> JoinedClient {
        let client = try JoinedClient(
            network: network, url: halves.url, clock: clock, name: name ?? "client-\(clients.count)",
            configuration: configuration)
        clients.append(client)
        if isDelivering { deliver() }
        return client
    }

    /// Connects a peer that says what it is told to, and delivers.
    public func connectRaw() throws -> RawClient {
        let client = try RawClient(network: network, url: halves.url)
        rawClients.append(client)
        deliver()
        return client
    }

    /// Delivers what was said, runs one tick of the world, and delivers what comes of it.
    public func tick() {
        deliver()
        runTick()
        deliver()
    }

    /// Runs one tick of the world while the server's other half is busy: nothing is taken from it, nothing delivered.
    public func runTick() {
        advanceTime(by: configuration.tickRate.period)
        halves.simulation.runTick()
    }

    /// Lets everyone handle what has arrived, until nothing is left but what links hold back. Clients that are stalled
    /// do not, slow readers as far as they may.
    /// - Returns: whether anything had arrived.
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

    /// Lets time pass without a tick: heartbeats and time-outs.
    public func passTime(_ duration: Duration) {
        advanceTime(by: duration)
        halves.sync.loopTimerFired()
        for client in clients where !client.isStalled { client.session.loopTimerFired() }
        deliver()
    }

    /// Lets time pass for the clients alone: the server is silent.
    public func passClientTime(_ duration: Duration) {
        advanceTime(by: duration)
        for client in clients where !client.isStalled { client.session.loopTimerFired() }
    }

    /// How many clients the server serves.
    public var sessionCount: Int { halves.sync.core.sessionCount }

    /// How full everything is that has a limit, on both sides.
    package var occupancies: [Occupancy] {
        halves.sync.occupancies + halves.loop.occupancies + clients.flatMap(\.occupancies)
    }

    /// How each session of the server stands.
    package var sessionStates: [SessionState] { halves.sync.core.sessionStates }

    /// What the server shows.
    public var contents: Contents { Contents(of: halves.sync.store) }

    /// Which life of the world it is, and the tick that the server shows.
    public var revision: Revision { Revision(epoch: epoch, tick: serverTick) }

    /// The tick that the server shows.
    public var serverTick: Tick { halves.sync.store.tick }

    /// Answers to mutations that wait until their clients have come to their ticks.
    package var waitingAnswerCount: Int { halves.sync.core.waitingAnswerCount }

    package var store: ComponentStore { halves.sync.store }

    /// How often a block was encoded so far.
    package var builtBlockCount: Int { halves.sync.core.builtBlockCount }
}
