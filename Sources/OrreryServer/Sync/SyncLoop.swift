import Dispatch
import Logging
import OrreryECS
import OrrerySchema
package import OrreryStore
package import OrrerySync
package import OrreryTransport
import OrreryWire
import Synchronization

/// The sync thread's half of a server: it owns the store and the sessions, and the transport's loop reports every event
/// to it.
///
/// `@unchecked Sendable`: only the loop's thread calls its methods, except ``requestStop()``.
package final class SyncLoop: TransportHandler, @unchecked Sendable {
    private let loop: any TransportLoop
    private let handover: ChangeHandover
    private let exchange: MutationExchange
    private let now: @Sendable () -> Duration
    private let lingerMax: Duration
    private let logger: Logger
    private let metrics: ServerMetrics
    private let status: StatusExchange
    /// A report of the simulation that waits for a tick.
    private var report: SimulationReport?
    private let pages: ServerPages
    private var intake: ChangeIntake
    package private(set) var core: SyncServer
    private let stopRequested = Atomic(false)
    private let reloadRequested = Atomic(false)
    private var isStopping = false
    /// Lists that are swapped with those of the core and the exchange.
    private var clientChanges: [ClientChange] = []
    private var requests: [MutationRequest] = []
    private var results: [MutationResult] = []
    /// Connections from before the end of the world's first tick, and their first messages; nil from then on.
    private var early: EarlyConnections?
    private var refusalLog: BoundedLog
    /// Separate, so that refused peers cannot silence it.
    private var exhaustionLog: BoundedLog

    init(
        loop: any TransportLoop, handover: ChangeHandover, exchange: MutationExchange, core: consuming SyncServer,
        intake: ChangeIntake, lingerMax: Duration, logger: Logger, refusalLogRateMax: Int, metrics: ServerMetrics,
        status: StatusExchange, pages: ServerPages, now: @escaping @Sendable () -> Duration
    ) {
        self.loop = loop
        self.handover = handover
        self.exchange = exchange
        self.core = core
        self.intake = intake
        self.lingerMax = lingerMax
        self.logger = logger
        self.metrics = metrics
        self.status = status
        self.pages = pages
        self.now = now
        refusalLog = BoundedLog(logger, perSecond: refusalLogRateMax, now: now())
        exhaustionLog = BoundedLog(logger, perSecond: 1, now: now())
    }

    package var store: ComponentStore { core.store }

    package var occupancies: [Occupancy] { core.occupancies + exchange.occupancies }

    /// Makes the loop close all connections and end. Any thread.
    func requestStop() {
        stopRequested.store(true, ordering: .releasing)
        loop.wake()
    }

    /// Makes the loop read renewed files again. Any thread.
    func requestReload() {
        reloadRequested.store(true, ordering: .releasing)
        loop.wake()
    }

    private func reload() {
        do throws(TransportError) {
            try loop.reload()
            logger.notice("read again what may have been renewed")
        } catch {
            logger.error("what could not be renewed stays as it was", metadata: ["error": "\(error)"])
        }
    }

    package func connectionOpened(_ connection: ConnectionID, granted: (any Sendable)?) {
        guard let admission = granted as? Admission else {
            preconditionFailure("\(connection) opened without having been granted")
        }
        logger.debug("connection opened", metadata: ["connection": "\(connection)"])
        guard early?.open(connection, admission) == nil else { return }
        core.open(SessionID(connection.rawValue), admission, now: now())
    }

    package func connection(_ connection: ConnectionID, received message: UnsafeRawBufferPointer) {
        metrics.received(byteCount: message.count)
        if let isKept = early?.keep(message, of: connection) {
            if !isKept { cut(connection, .protocolError, "more than a Hello before Welcome") }
            return
        }
        core.receive(message, from: SessionID(connection.rawValue), now: now())
        perform()
    }

    package func connection(_ connection: ConnectionID, receivedBesideMessages byteCount: Int) {
        core.receivedBesideMessages(byteCount, from: SessionID(connection.rawValue), now: now())
        perform()
    }

    package func connectionDrained(_ connection: ConnectionID) {
        core.transportHolds(0, taken: nil, of: SessionID(connection.rawValue), now: now())
        perform()
    }

    package func connectionClosed(_ connection: ConnectionID, _ closure: ConnectionEnd) {
        logger.debug(
            "connection closed",
            metadata: ["connection": "\(connection)", "code": "\(closure.code)", "reason": "\(closure.reason)"])
        guard early?.close(connection) == nil else { return }
        core.closed(SessionID(connection.rawValue), isFinal: closure.code == .normal, now: now())
        perform()
    }

    package func loopWoken() {
        // First: of the tick in which a client's sight changes it is sent nothing by the old one.
        for new in exchange.takeVisibilities() { core.setVisibility(new.visibility, of: new.client, now: now()) }
        takeLog()
        if let report = status.take() { keep(report) }
        // After the log: the answers to mutations in it may leave at once.
        exchange.takeResults(into: &results)
        if !results.isEmpty {
            for result in results { metrics.mutationAnswered(result.answer.outcome) }
            core.mutationsFinished(results)
            results.removeAll(keepingCapacity: true)
        }
        perform()
        if reloadRequested.exchange(false, ordering: .acquiringAndReleasing) { reload() }
        if stopRequested.load(ordering: .acquiring), !isStopping {
            isStopping = true
            loop.shutDown(lingerMax: lingerMax)
        }
    }

    package func loopTimerFired() {
        for session in core.sessionsThatHold {
            let connection = ConnectionID(session.rawValue)
            core.transportHolds(
                loop.pendingByteCount(of: connection), taken: loop.progress(of: connection)?.takenByteCount,
                of: session, now: now())
        }
        core.timePassed(now: now())
        perform()
        wantStatus()
        countSessions()
        metrics.logLinesDropped(droppedLogLines)
        refusalLog.timePassed(now: now())
        exhaustionLog.timePassed(now: now())
        intake.timePassed(now: now())
    }

    package func decision(onUpgrade request: HTTPRequest) -> UpgradeDecision {
        switch pages.admission(ofUpgrade: request) {
        case .success(let admission): return .granted(admission)
        case .failure(let refusal):
            note("refusing a connection", [:], refusal.response, of: request)
            return .refused(refusal.response)
        }
    }

    package func page(for request: HTTPRequest) -> HTTPResponse? {
        if request.path == "/metrics" {
            countSessions()
            metrics.logLinesDropped(droppedLogLines)
        }
        let page = pages.page(for: request, isStarting: early != nil) { admission in
            QueryPage.response(to: request, for: admission, &core, now: now())
        }
        // The path can be logged: only the server's own pages are refused this way.
        if let page, page.isRefusal { note("refusing a page", ["page": "\(request.path)"], page, of: request) }
        return page
    }

    /// Logs a refused peer, and what can be done about it. Paths and fields that may hold a token are not logged.
    private func note(
        _ message: Logger.Message, _ place: Logger.Metadata, _ refusal: HTTPResponse, of request: HTTPRequest
    ) {
        guard let remedy = ServerPages.remedy(for: refusal) else { return }
        func shown(_ field: String?) -> Logger.MetadataValue { "\(field.map { $0.prefix(256) } ?? "-")" }
        let facts: Logger.Metadata = [
            "peer": "\(request.peerAddress)", "host": shown(request.host), "origin": shown(request.origin),
            "status": "\(refusal.status)", "remedy": "\(remedy)",
        ]
        refusalLog.note(message, facts.merging(place) { $1 }, now: now())
    }

    package func refused(_ refusal: TransportRefusal) {
        let kind = RefusedInput(refusal)
        metrics.inputRefused(kind)
        switch kind {
        // Logged above, with the address.
        case .unauthorized, .forbidden: break
        case .exhausted:
            exhaustionLog.note(
                """
                somebody waits who cannot be taken in: this process or the system has no file or memory left; raise \
                the limit of open files (ulimit -n, or LimitNOFILE of systemd), or lower `connectionCountMax`
                """, ["sessions": "\(core.sessionCount)"], level: .error, now: now())
        default: refusalLog.note("refused input", ["kind": "\(kind.rawValue)"], now: now())
        }
    }

    /// Asks the simulation for what only it knows, if somebody looks.
    private func wantStatus() {
        guard core.wantsStatus(now: now()) else { return }
        if let report { core.showStatus(report, now: now(), isInTick: false) } else { status.want() }
    }

    /// A report has come without a tick, since the world is paused: it shows what was not shown yet, and waits for the
    /// next tick to bring the rest up to date.
    private func keep(_ new: SimulationReport) {
        report = new
        core.showStatus(new, now: now(), isInTick: false)
    }

    private func countSessions() {
        metrics.sessionsCounted(core.sessionCount, lagMax: core.longestLag)
        for (code, count) in core.takeRefusedMutations() {
            metrics.mutationsRefused(code, count: count)
        }
    }

    /// Lines that this server's log has dropped, for all loggers of its queue together.
    private var droppedLogLines: UInt64 { (logger.handler as? NonBlockingLogHandler)?.queue.droppedLineCount ?? 0 }

    /// Makes connections wait for the end of the first tick, so that no client sees an empty world before it. Call it
    /// before the loop runs.
    func awaitFirstTick() { early = EarlyConnections() }

    /// Admits the early connections.
    private func admitEarly() {
        guard let connections = early?.connections else { return }
        early = nil
        for (connection, admission, hello) in connections {
            core.open(SessionID(connection.rawValue), admission, now: now())
            if let hello {
                hello.withUnsafeBytes { core.receive($0, from: SessionID(connection.rawValue), now: now()) }
            }
        }
        perform()
    }

    /// Takes the log that the simulation thread has left, if any, and updates the sessions. Loop's thread.
    func takeLog() {
        let (log, rows) = handover.takeFilled()
        if let rows { core.take(rows) }
        if let log { take(log) }
        if rows != nil {
            core.letInThoseWhoWait(now: now())
            perform()
        }
    }

    private func take(_ log: ChangeLog) {
        intake.take(log, now: now())
        metrics.valuesLeftOut(intake.takeLeftOutCount())
        log.reset()
        handover.recycle(log)
        metrics.worldTaken(entityCount: store.entities.count)
        let beginning = DispatchTime.now().uptimeNanoseconds
        if let report = status.take() ?? report { core.showStatus(report, now: now(), isInTick: true) }
        report = nil
        core.worldAdvanced(now: now())
        perform()
        if core.sessionCount > 0 {
            metrics.batchesMade(nanoseconds: DispatchTime.now().uptimeNanoseconds - beginning)
        }
        wantStatus()
        admitEarly()
    }

    private func perform() {
        // First, so that nobody asks for a change before the world knows them.
        core.takeClientChanges(into: &clientChanges)
        exchange.offer(&clientChanges)
        // Refusing a mutation because there is no room adds an action.
        while core.hasActions {
            var actions = core.takeActions()
            let now = now()
            for action in actions { perform(action, now: now) }
            core.recycle(&actions)
            handOverMutations()
        }
    }

    private func handOverMutations() {
        core.takeRequests(into: &requests)
        guard !requests.isEmpty else { return }
        exchange.offer(&requests)
        guard !requests.isEmpty else { return }
        let reason = "\(exchange.waitingMax) mutations wait for the next tick; send it again later"
        core.mutationsFinished(requests.map { MutationResult($0, .refused(Refusal(.limitReached, reason))) })
        requests.removeAll(keepingCapacity: true)
    }

    private func perform(_ action: ServerAction, now: Duration) {
        switch action {
        case .broadcast(let frame, let sessions):
            metrics.sent(byteCount: frame.count * sessions.count)
            for session in sessions { send(frame, to: session, now: now) }
        case .send(let frame, let session):
            metrics.sent(byteCount: frame.count)
            send(frame, to: session, now: now)
        case .setReading(let isReading, let session):
            loop.setReading(isReading, of: ConnectionID(session.rawValue))
        case .close(let session, let error):
            cut(ConnectionID(session.rawValue), error.closeCode, error.message)
        }
    }

    private func send(_ frame: Frame, to session: SessionID, now: Duration) {
        let connection = ConnectionID(session.rawValue)
        loop.send(frame, to: connection)
        core.transportHolds(loop.pendingByteCount(of: connection), taken: nil, of: session, now: now)
    }

    /// Closes a connection for something that its peer did, or failed to do.
    private func cut(_ connection: ConnectionID, _ code: CloseCode, _ reason: String) {
        metrics.inputRefused(RefusedInput(code))
        refusalLog.note(
            "closing a session", ["session": "\(connection)", "code": "\(code)", "reason": "\(reason)"], now: now())
        loop.close(connection, code: code, reason: reason)
    }
}
