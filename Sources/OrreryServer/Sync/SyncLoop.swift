import Dispatch
import Logging
import OrreryECS
import OrrerySchema
package import OrreryStore
package import OrrerySync
package import OrreryTransport
import OrreryWire
import Synchronization

/// The sync thread's half of a server: it owns the store and the sessions, and is told of everything by the transport's loop.
///
/// `@unchecked Sendable`: all but ``requestStop()`` is called by the loop's thread alone.
package final class SyncLoop: TransportHandler, @unchecked Sendable {
    private let loop: any TransportLoop
    private let handover: ChangeHandover
    private let exchange: MutationExchange
    private let now: @Sendable () -> Duration
    private let lingerMax: Duration
    private let logger: Logger
    private let metrics: ServerMetrics
    private let pages: ServerPages
    private var intake: ChangeIntake
    package private(set) var core: SyncServer
    private let stopRequested = Atomic(false)
    private var isStopping = false
    private var frames = FramePool()
    /// Who came before the world's first tick has ended, and what they said; nil from then on.
    private var early: EarlyConnections?

    init(
        loop: any TransportLoop, handover: ChangeHandover, exchange: MutationExchange, core: SyncServer,
        intake: ChangeIntake, lingerMax: Duration, logger: Logger, metrics: ServerMetrics, pages: ServerPages,
        now: @escaping @Sendable () -> Duration
    ) {
        self.loop = loop
        self.handover = handover
        self.exchange = exchange
        self.core = core
        self.intake = intake
        self.lingerMax = lingerMax
        self.logger = logger
        self.metrics = metrics
        self.pages = pages
        self.now = now
    }

    package var store: ComponentStore { core.store }

    /// Has the loop closed all connections and end. Any thread.
    func requestStop() {
        stopRequested.store(true, ordering: .releasing)
        loop.wake()
    }

    package func connectionOpened(_ connection: ConnectionID) {
        logger.debug("connection opened", metadata: ["connection": "\(connection)"])
        guard early?.open(connection) == nil else { return }
        core.open(SessionID(connection.rawValue), now: now())
    }

    package func connection(_ connection: ConnectionID, received message: UnsafeRawBufferPointer) {
        metrics.received(byteCount: message.count)
        if let isKept = early?.keep(message, of: connection) {
            if !isKept { loop.close(connection, code: .protocolError, reason: "more than a Hello before Welcome") }
            return
        }
        core.receive(message, from: SessionID(connection.rawValue), now: now())
        perform()
    }

    package func connectionDrained(_ connection: ConnectionID) {}

    package func connectionClosed(_ connection: ConnectionID, _ closure: Closure) {
        logger.debug(
            "connection closed",
            metadata: ["connection": "\(connection)", "code": "\(closure.code)", "reason": "\(closure.reason)"])
        guard early?.close(connection) == nil else { return }
        core.closed(SessionID(connection.rawValue), now: now())
    }

    package func loopWoken() {
        takeLog()
        // After the log: the answers to what it holds may leave at once.
        for (request, outcome) in exchange.takeOutcomes() {
            metrics.mutationAnswered(CountedOutcome(outcome))
            core.mutationFinished(request, outcome, now: now())
        }
        perform()
        if stopRequested.load(ordering: .acquiring), !isStopping {
            isStopping = true
            loop.shutDown(lingerMax: lingerMax)
        }
    }

    package func loopTimerFired() {
        core.timePassed(now: now())
        perform()
        countSessions()
    }

    package func refusal(ofUpgrade request: HTTPRequest) -> HTTPResponse? {
        let refusal = pages.refusal(ofUpgrade: request)
        if let refusal {
            // Not the path or a field that may hold a token.
            logger.notice(
                "refusing a connection",
                metadata: [
                    "peer": "\(request.peerAddress)", "origin": "\(request.origin ?? "-")",
                    "status": "\(refusal.status)",
                ])
        }
        return refusal
    }

    package func page(for request: HTTPRequest) -> HTTPResponse? {
        if request.path == "/metrics" { countSessions() }
        return pages.page(for: request, isStarting: early != nil)
    }

    package func refused(_ refusal: TransportRefusal) { metrics.inputRefused(RefusedInput(refusal)) }

    private func countSessions() {
        metrics.sessionsCounted(core.sessionCount, lagMax: core.longestLag)
        for (code, count) in core.takeRefusedMutations() {
            metrics.mutationAnswered(CountedOutcome(code), count: count)
        }
    }

    /// Has whoever connects wait for the end of the first tick, so that nobody sees an empty world before. Before the loop runs.
    func awaitFirstTick() { early = EarlyConnections() }

    /// Those who came early have their turn.
    private func admitEarly() {
        guard let connections = early?.connections else { return }
        early = nil
        for (connection, hello) in connections {
            connectionOpened(connection)
            if let hello {
                hello.withUnsafeBytes { core.receive($0, from: SessionID(connection.rawValue), now: now()) }
            }
        }
        perform()
    }

    /// Takes what the simulation thread has left, if anything, and tells the sessions. Loop's thread.
    func takeLog() {
        guard let log = handover.takeFilled() else { return }
        intake.take(log)
        log.reset()
        handover.recycle(log)
        metrics.worldTaken(entityCount: store.entities.count)
        let beginning = DispatchTime.now().uptimeNanoseconds
        core.worldAdvanced(now: now())
        perform()
        if core.sessionCount > 0 {
            metrics.batchesMade(nanoseconds: DispatchTime.now().uptimeNanoseconds - beginning)
        }
        admitEarly()
    }

    private func perform() {
        var actions = core.takeActions()
        // Refusing a mutation for want of room adds an action.
        while !actions.isEmpty {
            for action in actions { perform(action) }
            core.recycle(&actions)
            actions = core.takeActions()
        }
    }

    private func perform(_ action: ServerAction) {
        switch action {
        case .send(let message, let sessions):
            let frame = message.withUnsafeBytes { frames.frame(copying: $0) }
            metrics.sent(byteCount: frame.count * sessions.count)
            for session in sessions { loop.send(frame, to: ConnectionID(session.rawValue)) }
        case .mutate(let request):
            guard !exchange.offer(request) else { return }
            core.mutationDeferred(
                request, "\(MutationExchange.waitingMax) mutations wait for the next tick; send it again later",
                now: now())
        case .close(let session, let error):
            metrics.inputRefused(RefusedInput(error.closeCode))
            logger.notice(
                "closing a session",
                metadata: [
                    "session": "\(session)", "code": "\(error.closeCode.rawValue)", "reason": "\(error.message)",
                ])
            loop.close(ConnectionID(session.rawValue), code: CloseCode(error.closeCode.rawValue), reason: error.message)
        }
    }
}
