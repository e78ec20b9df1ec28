internal import CLibWebSockets
internal import CLibWebSocketsShim
internal import OrreryTransport
internal import Synchronization

/// One libwebsockets context on one libev loop: a server's connections, or a client's only one.
///
/// Guard of the unchecked `Sendable`: everything belongs to the thread inside `run`, except `wakeRequested` and
/// `eventLoop.wake()`, which are thread-safe. Before `run`, only the creator of the loop uses it.
final class WebSocketLoop: TransportLoop, @unchecked Sendable {
    enum Role {
        case server([ListeningSocket], TLSConfiguration?)
        case client(WebSocketURL, ClientSettings)
    }

    /// How often deadlines are checked, both ours and those of libwebsockets. (Under libev, libwebsockets does not arm
    /// a timer that is earlier than the armed one; so its timers are polled.)
    private static let housekeepingInterval = Duration.milliseconds(100)

    let limits: TransportLimits
    let subprotocol: String
    let closeTimeout: Duration
    let pingTimes: PingTimes
    private var tls: TLSConfiguration?
    let clock = ContinuousClock()
    let began: ContinuousClock.Instant

    // Loop thread only.
    private(set) var handler: (any TransportHandler)!
    private(set) var context: OpaquePointer?
    /// A server's listening sockets; empty when it has stopped listening.
    private(set) var listeners: [ListeningSocket] = []
    var listenerWatchers: [Watcher] = []
    var listenersRestUntil: ContinuousClock.Instant?
    private var timer: Rhythm
    private var housekeeping: Rhythm
    /// A server's peers whose requests have not arrived yet.
    var places: HandshakePlaces
    /// Receives the peers of a server without TLS.
    private(set) var reception: Reception?
    /// The connection that is being handed to libwebsockets, which does not know it yet.
    var adopting: WebSocketConnection?
    var attempt: ConnectAttempt?
    private(set) var connections: [ConnectionID: WebSocketConnection] = [:]
    private(set) var lastID: UInt64 = 0
    private var lastOpened = ConnectionID(0)
    var establishedCount = 0
    /// The number of bytes that wait on all connections.
    var pendingByteCount = 0
    /// The number of connections with paused reading.
    var pausedCount = 0
    /// The number of bytes of pages that are being sent.
    var waitingPageByteCount = 0
    /// Refusals for the handler to count, reported outside the calls in which they arise. Bound: two for each
    /// connection and round.
    var refusalsToTell: [TransportRefusal] = []
    /// Connections that the handler is to be told are closed, before their sockets are.
    var closedToTell: [WebSocketConnection] = []
    private(set) var isShuttingDown = false
    private var lingerDeadline: ContinuousClock.Instant?
    private var hasRun = false
    /// A client's frame is copied here before it is sent, because libwebsockets masks in place.
    var maskingBuffer: UnsafeMutableRawBufferPointer?

    // Any thread.
    private let wakeRequested = Atomic<Bool>(false)
    private(set) var eventLoop: EventLoop!

    init(
        role: Role, subprotocol: String, limits: TransportLimits, closeTimeout: Duration, pingTimes: PingTimes
    ) throws(TransportError) {
        assert(Frame.headRoom >= CLWS_PRE, "libwebsockets writes into the head room")
        self.limits = limits
        self.subprotocol = subprotocol
        self.closeTimeout = closeTimeout
        self.pingTimes = pingTimes
        began = clock.now
        timer = Rhythm(limits.timerInterval, from: began)
        housekeeping = Rhythm(Self.housekeepingInterval, from: began)
        places = HandshakePlaces(limits: limits)
        switch role {
        case .server(let listeners, let tls):
            self.listeners = listeners
            self.tls = tls
        case .client(let url, let client): attempt = ConnectAttempt(url: url, client)
        }
        guard let loop = EventLoop(owner: Unmanaged.passUnretained(self).toOpaque(), handler: handleLoopEvent) else {
            throw TransportError(.unavailable, "The system refuses an epoll loop (too many open files?).")
        }
        do {
            context = try makeContext(role, on: loop)
        } catch {
            loop.destroy()
            throw error
        }
        eventLoop = loop
        if !listeners.isEmpty, tls == nil { reception = Reception(self) }
    }

    deinit {
        tearDown()
        maskingBuffer?.deallocate()
    }

    // MARK: Life cycle of the loop

    func run(_ handler: any TransportHandler) throws(TransportError) {
        precondition(!hasRun, "a loop runs once")
        hasRun = true
        // OpenSSL writes without MSG_NOSIGNAL; a disconnected peer must not end the process.
        let pipeSignal = PipeSignal.block()
        defer { pipeSignal.restore() }
        self.handler = handler
        eventLoop.startTimer(min(limits.timerInterval, Self.housekeepingInterval))
        beginAttempt()
        if !stopIfDone() { eventLoop.run() }
        tearDown()
        self.handler = nil
    }

    /// Ends the remaining connections, with callbacks, and frees the loop. Called once; afterwards every call does
    /// nothing.
    private func tearDown() {
        guard let context else { return }
        isShuttingDown = true
        stopListening()
        unwatchAnswer()
        self.context = nil
        clws_context_destroy(context)
        eventLoop.destroy()
    }

    func wake() {
        // The loop is woken once per request that it has not yet seen.
        guard !wakeRequested.exchange(true, ordering: .acquiringAndReleasing) else { return }
        eventLoop.wake()
    }

    func shutDown(lingerMax: Duration) {
        guard context != nil, !isShuttingDown else { return }
        isShuttingDown = true
        lingerDeadline = clock.now + lingerMax
        stopListening()
        for connection in connections.values.sorted(by: { $0.id < $1.id }) {
            switch connection.phase {
            case .handshaking, .answering: close(connection, code: .goingAway, reason: "shut down while connecting")
            case .open: close(connection, code: .goingAway, reason: "shutting down")
            case .closing, .ending: break
            }
        }
        stopIfDone()
    }

    private func stopListening() {
        listenerWatchers = []
        for listener in listeners { listener.close() }
        listeners = []
        reception?.dropAll()
    }

    /// Makes `run` return if a shut-down was requested and no connection is left.
    @discardableResult
    private func stopIfDone() -> Bool {
        guard isShuttingDown, context != nil, connections.isEmpty else { return false }
        eventLoop.stop()
        return true
    }

    var servesTLS: Bool { tls != nil }

    func reload() throws(TransportError) {
        guard let context, let tls else { return }
        try CertificateFiles.identity(certificate: tls.certificateFile, key: tls.keyFile).renew(in: context)
    }

    // MARK: Connections

    /// An ID for the next connection.
    func nextID() -> UInt64 {
        lastID += 1
        return lastID
    }

    func addConnection(_ id: UInt64? = nil) -> WebSocketConnection {
        let connection = WebSocketConnection(id: ConnectionID(id ?? nextID()), loop: self)
        connections[connection.id] = connection
        return connection
    }

    /// IDs ascend in the order in which connections open, which may differ from the order in which their sockets
    /// arrived.
    func rename(_ connection: WebSocketConnection) {
        if connection.id < lastOpened {
            connections[connection.id] = nil
            connection.id = ConnectionID(nextID())
            connections[connection.id] = connection
        }
        lastOpened = connection.id
    }

    /// Removes a connection after the last callback of its socket.
    func remove(_ connection: WebSocketConnection) {
        connection.socket = nil
        connection.inputWatcher = nil
        unwatchAnswer()
        if mayTryAgain(connection) { return }
        guard connections.removeValue(forKey: connection.id) != nil else { return }
        places.leave(connection.id.rawValue)
        if connection.phase == .handshaking, attempt == nil, !isShuttingDown { handler.refused(.handshake) }
        connection.phase = .ending
        readAgain(connection)
        connection.dropWaiting()
        connection.inFlightByteCount = 0
        dropPage(of: connection)
        let closure = connection.closure
        if connection.wasEstablished {
            forget(connection)
        } else if let attempt, let handler {
            handler.connectionClosed(connection.id, attempt.closure(closure))
        }
        stopIfDone()
    }

    // MARK: Events of the loop

    fileprivate func handle(_ event: clws_event) {
        switch event {
        case CLWS_EVENT_WOKEN:
            tryNextAddress()
            tellRefusals()
            tellClosed()
            guard wakeRequested.exchange(false, ordering: .acquiringAndReleasing) else { return }
            handler.loopWoken()
            passTime(isAwakeAnyway: true)
        case CLWS_EVENT_GLANCE: glance()
        default: passTime(isAwakeAnyway: false)
        }
    }

    /// Does the work that is due by the clock.
    private func passTime(isAwakeAnyway: Bool) {
        let now = clock.now
        if timer.takeTurn(now, isAwakeAnyway: isAwakeAnyway) {
            if isAwakeAnyway { eventLoop.restartTimer() }
            handler.loopTimerFired()
        }
        if housekeeping.takeTurn(now, isAwakeAnyway: isAwakeAnyway) { keepHouse(now) }
    }

    private func tellRefusals() {
        let refusals = refusalsToTell
        refusalsToTell.removeAll(keepingCapacity: true)
        for refusal in refusals { handler.refused(refusal) }
    }

    private func keepHouse(_ now: ContinuousClock.Instant) {
        guard let context else { return }
        clws_context_poke(context)
        for connection in connections.values where connection.deadline.map({ $0 <= now }) == true {
            connection.deadline = nil
            if connection.phase == .handshaking { attempt?.hasTimedOut = true }
            cut(connection)
        }
        findBreaches()
        findStrayAnswer(now)
        lookAfterPaused(now)
        cutWhoDoesNotWaitForItsPage()
        lookAfterArrivals(now)
        if let lingerDeadline, lingerDeadline <= now {
            eventLoop.stop()
        }
    }
}

// A global function: a closure passed to C inherits the isolation of its context, and traps on the loop's thread.
private func handleLoopEvent(_ owner: UnsafeMutableRawPointer?, _ event: clws_event) {
    Unmanaged<WebSocketLoop>.fromOpaque(owner!).takeUnretainedValue().handle(event)
}
