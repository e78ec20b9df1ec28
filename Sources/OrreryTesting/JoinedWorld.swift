import Logging
import OrreryClient
public import OrreryECS
public import OrrerySchema
package import OrreryStore
public import OrreryServer
import OrrerySync
import OrreryTransport

/// A world, its server and any number of clients on the calling thread, joined by a network in memory.
///
/// Nothing happens but by the methods here, and time is what they say: the same calls give the same bytes every time.
///
/// ```swift
/// let joined = try JoinedWorld { sync in try sync.register(Position.self) }
/// let client = try joined.connect()
/// try client.subscribe()
/// joined.world.spawn(Position())
/// joined.tick()
/// #expect(client.contents == joined.contents)
/// ```
public final class JoinedWorld {
    public let world: World
    /// Simulated time since the beginning.
    public var now: Duration { clock.now }
    private let network: MemoryNetwork
    private let url: String
    private let simulation: SimulationLoop
    private let sync: SyncLoop
    private let loop: MemoryLoop
    private let clock: SimulatedClock
    private let period: Duration
    private var clients: [JoinedClient] = []

    /// - Parameters:
    ///   - linkByteCountMax: what one direction of a connection holds before it waits at the sender.
    ///   - epoch: the name of this life of the world.
    public init(
        world: World = World(), schedule: Schedule = Schedule(), configuration: SimulationConfiguration = .init(),
        linkByteCountMax: Int = 256 << 10, epoch: Epoch = Epoch(1), register: (inout SyncRegistry) throws -> Void
    ) throws {
        self.world = world
        network = MemoryNetwork(linkByteCountMax: linkByteCountMax)
        let listening = try network.server(name: "joined").listen(limits: configuration.transport)
        url = listening.url
        guard let loop = listening.loop as? MemoryLoop else {
            preconditionFailure("a memory network makes memory loops")
        }
        self.loop = loop
        let clock = SimulatedClock()
        self.clock = clock
        period = configuration.tickRate.period
        var registry = SyncRegistry()
        try register(&registry)
        (simulation, sync) = try SimulationServer.makeHalves(
            world: world, schedule: schedule, configuration: configuration, registry: registry, loop: loop,
            epoch: epoch,
            logger: Logger(label: "joined") { _ in SwiftLogNoOpLogHandler() }, now: { clock.now })
    }

    /// Connects a client, and delivers until it is welcomed.
    public func connect() throws -> JoinedClient {
        let client = try JoinedClient(
            network: network, url: url, clock: clock, name: "client-\(clients.count)")
        clients.append(client)
        deliver()
        return client
    }

    /// Runs one tick of the world and delivers what comes of it.
    public func tick() {
        runTick()
        deliver()
    }

    /// Runs one tick of the world while the server's other half is busy: nothing is taken from it, nothing delivered.
    public func runTick() {
        clock.advance(by: period)
        simulation.runTick()
    }

    /// Lets everyone handle what has arrived, until nothing is under way. Clients that are stalled do not.
    public func deliver() {
        var isQuiet = false
        while !isQuiet {
            isQuiet = !loop.poll(sync)
            for client in clients where !client.isStalled && client.poll() { isQuiet = false }
        }
    }

    /// Lets time pass without a tick: heartbeats and time-outs.
    public func passTime(_ duration: Duration) {
        clock.advance(by: duration)
        sync.loopTimerFired()
        for client in clients where !client.isStalled { client.session.loopTimerFired() }
        deliver()
    }

    /// What the server shows.
    public var contents: Contents { Contents(of: sync.store) }

    /// The tick that the server shows.
    public var serverTick: Tick { sync.store.tick }

    package var store: ComponentStore { sync.store }

    /// How often a block was encoded so far.
    package var builtBlockCount: Int { sync.core.builtBlockCount }
}
