import Dispatch
import Foundation
public import Logging
public import OrreryECS
package import OrrerySchema
import OrreryStore
import OrrerySync
public import OrreryTransport
import OrreryWire
public import ServiceLifecycle
import Synchronization

/// A server that cannot start.
public struct ServerError: Error, Sendable, CustomStringConvertible {
    /// One sentence for people.
    public var message: String
    public var description: String { message }
}

/// A server that runs a world and shows it to clients.
///
/// ```swift
/// let server = try SimulationServer(world: world, schedule: schedule, transport: .webSocket(port: 7600)) { sync in
///     try sync.register(Position.self)
/// }
/// try await server.run()
/// ```
///
/// The server has two threads: one runs the ticks and owns the world, the other owns the store, the sessions and the
/// sockets. The first hands the changes of a tick to the second through one slot; a tick never waits for a socket or a
/// client.
///
/// The address answers HTTP too: `/healthz`, `/metrics` for Prometheus, `/schema`, and `/query`.
/// ``SimulationConfiguration/authorize`` decides who may connect and read `/metrics`, `/schema` and `/query`.
public final class SimulationServer: Service {
    /// Where clients reach the server: `ws://127.0.0.1:7600`.
    public let url: String
    /// The configuration that the server was made with.
    public let configuration: SimulationConfiguration

    private let loop: any TransportLoop
    private let simulation: SimulationLoop
    private let sync: SyncLoop
    private let logger: Logger
    private let stopped = DispatchSemaphore(value: 0)
    private let gate = TickGate()
    private let transportWarnings: @Sendable () -> [String]
    private let state = Mutex(State())

    private struct State {
        var wasRun = false
        var isStopping = false
        var statistics = SimulationStatistics()
    }

    /// Opens the transport's address. Clients are served, and ticks run, once ``run()`` is called.
    /// - Parameters:
    ///   - world: The world, which the server takes over; from now on, reach it through ``perform(_:)``. A world that
    ///     another server has shown is shown from the beginning, as another life.
    ///   - schedule: The systems that run on the world.
    ///   - configuration: Tick rate, access, and every limit.
    ///   - transport: Where clients connect, such as `.webSocket(port: 7600)`.
    ///   - logger: Where the server writes its log.
    ///   - register: Registers the components and resources that clients see.
    /// - Throws: ``ServerError`` if settings contradict one another, `TransportError` if the address cannot be opened,
    ///   `SchemaError` if a component cannot be shown, `ScheduleError` if the schedule contradicts itself, and the
    ///   errors of `register`.
    public init(
        world: sending World, schedule: Schedule, configuration: SimulationConfiguration = .init(),
        transport: any ServerTransport, logger: Logger = Logger(label: "orrery.server"),
        register: (inout SyncRegistry) throws -> Void
    ) throws {
        try schedule.validate()
        try configuration.validate(entityCountMax: world.entityCountMax)
        var registry = SyncRegistry(limits: configuration.sync.limits)
        try register(&registry)
        self.configuration = configuration
        self.logger = logger
        (loop, url) = try transport.listen(limits: configuration.transportLimits)
        var generator = SystemRandomNumberGenerator()
        let clock = ContinuousClock()
        let started = clock.now
        (simulation, sync) = try Self.makeHalves(
            world: world, schedule: schedule, configuration: configuration, registry: registry, loop: loop,
            url: url, epoch: .random(using: &generator), logger: logger,
            makeRandom: { UInt64.random(in: 0...UInt64.max) }, now: { clock.now - started })
        transportWarnings = { [limits = configuration.transportLimits] in transport.warnings(limits: limits) }
        warnIfOpen()
        warnOfTransport()
    }

    /// The two halves of a server around a loop. Tests drive both from one thread with a clock of their own.
    /// - Parameter reportsSystemTimes: Whether those who look are told how long systems took, by the machine's clock.
    package static func makeHalves(
        world: World, schedule: Schedule, configuration: SimulationConfiguration, registry: SyncRegistry,
        loop: any TransportLoop, url: String = "", epoch: Epoch, logger: Logger,
        reportsSystemTimes: Bool = true, makeRandom: @escaping @Sendable () -> UInt64,
        now: @escaping @Sendable () -> Duration
    ) throws -> (SimulationLoop, SyncLoop) {
        let descriptors = registry.entries.map(\.descriptor)
        let table = try StatusTable.appended(to: registry.table)
        let store = ComponentStore(table)
        var permissions = MutationPermissions()
        permissions.maySpawn = registry.spawning.isOpen
        permissions.mayDespawn = registry.despawning.isOpen
        var syncConfiguration = configuration.sync
        syncConfiguration.orderedFields = registry.orderedFields
        let core = SyncServer(
            store: store, epoch: epoch, ticksPer1000Seconds: configuration.tickRate.ticksPer1000Seconds,
            configuration: syncConfiguration, permissions: permissions, makeRandom: makeRandom)
        guard core.welcomeSize <= configuration.transportLimits.sentMessageSizeMax else {
            throw ServerError(
                message:
                    "the schemas of \(table.entries.count) components take \(core.welcomeSize) bytes, but a message "
                    + "has at most \(configuration.transportLimits.sentMessageSizeMax); shorten their "
                    + "documentation")
        }
        world.insertResource(Clients())
        // The store is empty, even if earlier readers already had the changes.
        world.forgetChangeReader()
        let ids = registry.entries.map { $0.track(world) }
        world.track(VisibilityGroups.self)
        let groups = ComponentDescriptor(try ComponentCoder<VisibilityGroups>())
        let handover = ChangeHandover()
        let metrics = ServerMetrics(factory: configuration.metrics, systems: schedule.queryingSystemNames)
        let pulse = TickPulse(period: configuration.tickRate.period, now: now)
        let exchange = MutationExchange(waitingMax: configuration.waitingMutationMax)
        let applier = MutationApplier(
            writers: registry.entries.map { $0.makeWriter(world) }, world: world, spawnRule: registry.spawning,
            despawnRule: registry.despawning, visibilityRules: registry.visibilityRules)
        let sights = PersonalSights(
            registry.visibilityRules, world, shownCountMax: configuration.personalEntityCountMax)
        let status = StatusExchange()
        let simulation = SimulationLoop(
            world: world, schedule: schedule, configuration: configuration, handover: handover, exchange: exchange,
            applier: applier, sights: sights, pulse: pulse, metrics: metrics, status: status,
            reportsSystemTimes: reportsSystemTimes,
            log: BoundedLog(logger, perSecond: configuration.refusalLogRateMax, now: now()), now: now,
            wakeSync: { loop.wake() })
        let pages = ServerPages(
            configuration, url: url, components: table, metrics: metrics, pulse: pulse)
        let sync = SyncLoop(
            loop: loop, handover: handover, exchange: exchange, core: core,
            intake: ChangeIntake(
                store: store, components: Array(zip(ids, descriptors)),
                groups: (world.register(VisibilityGroups.self), groups),
                valueSizeMax: configuration.sync.limits.valueSizeMax,
                log: BoundedLog(logger, perSecond: configuration.refusalLogRateMax, now: now())),
            lingerMax: configuration.lingerMax, logger: logger,
            refusalLogRateMax: configuration.refusalLogRateMax, metrics: metrics, status: status, pages: pages, now: now
        )
        return (simulation, sync)
    }

    /// Serves until the task is cancelled, a graceful shutdown is triggered, or ``stop()`` is called. Then the server
    /// sends clients a close frame (1001), and gives them ``SimulationConfiguration/lingerMax`` to answer it.
    /// - Throws: `TransportError` if the loop cannot run.
    /// - Precondition: Called once.
    public func run() async throws {
        let isFirst = state.withLock { state in
            defer { state.wasRun = true }
            return !state.wasRun
        }
        precondition(isFirst, "a server runs once")
        try await withTaskCancellationHandler {
            try await withGracefulShutdownHandler {
                try await serve()
            } onGracefulShutdown: {
                self.stop()
            }
        } onCancel: {
            self.stop()
        }
    }

    /// Ends ``run()``. Any thread; repeated calls do no harm.
    public func stop() {
        let isFirst = state.withLock { state in
            defer { state.isStopping = true }
            return !state.isStopping
        }
        guard isFirst else { return }
        stopped.signal()
        sync.requestStop()
    }

    /// Reads the transport's certificate and key, and the file of ``Authorizer/bearer(file:rights:)``, again.
    ///
    /// Nobody is disconnected: the new ones apply to connections from now on. If one cannot be used, the server logs
    /// that and keeps the old one. Any thread.
    public func reload() {
        do {
            try configuration.authorize?.renew?()
        } catch {
            logger.error("the token stays as it was", metadata: ["error": "\(error)"])
        }
        sync.requestReload()
        warnOfTransport()
    }

    private func warnOfTransport() {
        for warning in transportWarnings() { logger.warning("\(warning)") }
    }

    /// Runs `body` on the world at the beginning of the next tick, and returns its result.
    /// - Throws: ``ServerError`` if the server has stopped or ``SimulationConfiguration/waitingWorkMax`` such calls
    ///   wait already, and the errors of `body`.
    public func perform<R: Sendable>(_ body: @escaping @Sendable (World) throws -> R) async throws -> R {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<R, any Error>) in
            let isTaken = simulation.enqueue { world in
                continuation.resume(
                    with: Result {
                        guard let world else { throw ServerError(message: "the server has stopped") }
                        return try body(world)
                    })
            }
            if !isTaken {
                continuation.resume(
                    throwing: ServerError(
                        message: "the server has stopped, or \(configuration.waitingWorkMax) calls wait already"))
            }
        }
    }

    /// Pauses the simulation from the next tick on; clients stay connected and see that it is paused. Mutations and
    /// calls of ``perform(_:)`` wait for the next tick. Any thread.
    public func pause() { gate.pause() }

    /// Resumes the simulation at its rate. The paused time is not caught up with. Any thread.
    public func resume() { gate.resume() }

    /// Runs `count` ticks of a paused simulation, at its tick rate. Does nothing if the simulation is not paused. Any
    /// thread.
    /// - Precondition: `count` is not negative.
    public func step(_ count: Int = 1) {
        precondition(count >= 0, "a simulation does not run backwards: \(count) ticks")
        gate.step(count)
    }

    /// Whether the simulation is paused. Any thread.
    public var isPaused: Bool { gate.isPaused }

    /// Statistics of the ticks so far. Any thread.
    public var statistics: SimulationStatistics { state.withLock { $0.statistics } }

    private func warnIfOpen() {
        guard let host = WebOrigin(url)?.host, !url.hasPrefix("memory:"), !host.isLoopback else { return }
        if configuration.authorize == nil {
            logger.warning(
                """
                everybody who reaches this address can read this world, and steer what it lets clients write: set \
                `authorize` in the configuration, or listen at 127.0.0.1 behind a proxy that does
                """, metadata: ["url": "\(url)"])
        } else if url.hasPrefix("ws:") {
            logger.warning(
                """
                tokens cross the network unencrypted: give the transport a certificate, or put a proxy with TLS \
                in front
                """,
                metadata: ["url": "\(url)"])
        }
    }

    private func serve() async throws {
        logger.info("serving", metadata: ["url": "\(url)", "tick-rate": "\(configuration.tickRate)"])
        sync.awaitFirstTick()
        async let ticks: Void = onThread("orrery-ticks") { self.runTicks() }
        // The sync thread ends last: it waits for the clients' answers to the close frame.
        try await onThread("orrery-sync") { try self.loop.run(self.sync) }
        stop()
        try await ticks
        logger.info("stopped", metadata: ["url": "\(url)"])
    }

    private func runTicks() {
        var hasBegun = false
        var countedSkippedTicks: UInt64 = 0
        var pacer = TickPacer(period: configuration.tickRate.period, now: DispatchTime.now().uptimeNanoseconds)
        while true {
            let due = pacer.nextTick(now: DispatchTime.now().uptimeNanoseconds)
            if stopped.wait(timeout: DispatchTime(uptimeNanoseconds: due)) == .success { break }
            let began = DispatchTime.now().uptimeNanoseconds
            pacer.tickBegins(at: began, due: due)
            // Always run the first tick: the first client sees the world as it is after it.
            guard gate.takeTick() || !hasBegun else {
                simulation.rest()
                continue
            }
            simulation.runTick()
            hasBegun = true
            let duration = Duration.nanoseconds(DispatchTime.now().uptimeNanoseconds - began)
            let (late, skipped) = (pacer.lateTickCount, pacer.skippedTickCount)
            if skipped > countedSkippedTicks {
                simulation.ticksWereSkipped(skipped - countedSkippedTicks)
                countedSkippedTicks = skipped
            }
            state.withLock { state in
                state.statistics.tickEnded(after: duration)
                state.statistics.lateTickCount = late
                state.statistics.skippedTickCount = skipped
            }
        }
        simulation.refuseWork()
    }

    /// Runs `body` on a thread of its own, and waits for it without blocking a thread of the caller.
    private func onThread(_ name: String, _ body: @escaping @Sendable () throws -> Void) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let started = DispatchSemaphore(value: 0)
            let thread = Thread {
                // A thread can only set its own name, and only once `start` has returned.
                started.wait()
                Thread.current.name = name
                continuation.resume(with: Result { try body() })
            }
            thread.start()
            started.signal()
        }
    }
}
