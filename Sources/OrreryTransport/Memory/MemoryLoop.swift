/// The loop of a ``MemoryNetwork``.
///
/// Closing needs no answer from the peer here: the handler gets `connectionClosed` in the next round.
public final class MemoryLoop: TransportLoop, @unchecked Sendable {
    // Guard: the network's lock, for every access to the following properties. The handler is always called outside the
    // lock.

    enum Role {
        case server(name: String)
        case client(server: String, HTTPRequest)
    }

    /// An event for the handler. Bound: what the links hold and what may wait, and a few for each connection.
    enum Event {
        /// A client requests a connection.
        case asked(MemoryEndpoint)
        case opened(MemoryEndpoint)
        case message(MemoryParcel, from: MemoryEndpoint, to: MemoryEndpoint)
        case drained(MemoryEndpoint)
        /// Messages of this endpoint are read again.
        case resumed(MemoryEndpoint)
        /// The other side closed the connection.
        case peerClosed(MemoryEndpoint, ConnectionEnd)
        /// This side closed the connection, or an attempt failed.
        case closed(MemoryEndpoint, ConnectionEnd)
        case refused(TransportRefusal)
        case page(HTTPRequest, method: String, reply: @Sendable (HTTPResponse?) -> Void)
        case woken
    }

    let network: MemoryNetwork
    private let role: Role
    package let limits: TransportLimits
    private let condition: Condition
    /// The lanes of a client's connection.
    let toServer = MemoryLane()
    let toClient = MemoryLane()
    private var inbox = Queue<Event>()
    private(set) var endpoints: [ConnectionID: MemoryEndpoint] = [:]
    private var lastID: UInt64 = 0
    private var lastArrival = ConnectionID(0)
    private var hasBegun = false
    private var hasRun = false
    private var isWakeQueued = false
    private var isShuttingDown = false

    init(network: MemoryNetwork, role: Role, limits: TransportLimits) {
        self.network = network
        self.role = role
        self.limits = limits
        condition = Condition(of: network.lock)
    }

    deinit {
        // The loop was released without a shut-down: its peers see a broken connection.
        network.lock.withLock {
            for endpoint in endpoints.values.sorted(by: { $0.id < $1.id }) {
                // The two ends of a connection hold references to each other.
                let peer = endpoint.peer
                endpoint.peer = nil
                endpoint.isClosed = true
                endpoint.dropHeld()
                guard let peer, !peer.isClosed else { continue }
                let closure = ConnectionEnd(code: .abnormal, reason: "the connection broke", wasEstablished: true)
                network.deliver(.peerClosed(peer, closure), to: peer)
            }
        }
    }

    // MARK: Running

    public func run(_ handler: any TransportHandler) throws(TransportError) {
        precondition(!hasRun, "a loop runs once")
        hasRun = true
        let clock = ContinuousClock()
        var timerDue = clock.now + limits.timerInterval
        while true {
            poll(handler)
            if clock.now >= timerDue {
                handler.loopTimerFired()
                timerDue = max(timerDue + limits.timerInterval, clock.now)
            }
            let goesOn = network.lock.withLock {
                if hasFinishedLocked { return false }
                if inbox.isEmpty { condition.wait(atMost: timerDue - clock.now) }
                return true
            }
            if !goesOn { return }
        }
    }

    /// Hands all waiting events to `handler`, and returns whether there were any. A client's first poll requests its
    /// connection from the server. The method does not block and has no clock: the caller has to call the handler's
    /// `loopTimerFired` when it is due. Events that result from these calls wait for the next poll.
    /// - Parameter countMax: The maximum number of events to hand over; the rest waits.
    @discardableResult
    package func poll(_ handler: any TransportHandler, atMost countMax: Int = .max) -> Bool {
        let (count, begins) = network.lock.withLock {
            let begins = !hasBegun
            if begins { begin() }
            return (min(inbox.count, countMax), begins)
        }
        for _ in 0..<count {
            guard let event = network.lock.withLock({ nextToHandle() }) else { continue }
            tell(handler, event)
        }
        return count > 0 || begins
    }

    /// Breaks the connections of this loop, as a network failure does: messages on the way are lost, and no close frame
    /// arrives.
    /// - Parameters:
    ///   - tellsPeers: Whether the peers notice, immediately; otherwise the connections are half open, and what the
    ///     peers send is lost.
    ///   - lateness: The time after which messages that this client sent and that are still on the way arrive after
    ///     all; `nil` if never.
    package func cut(tellsPeers: Bool, sentArrivesAfter lateness: Duration? = nil) {
        network.lock.withLock {
            let closure = ConnectionEnd(code: .abnormal, reason: "the connection broke", wasEstablished: true)
            for endpoint in endpoints.values.sorted(by: { $0.id < $1.id }) where !endpoint.isClosed {
                endpoint.isClosed = true
                endpoint.dropHeld()
                endpoint.dropWaiting(linkByteCountMax: lateness == nil ? 0 : network.linkByteCountMax)
                push(.closed(endpoint, closure))
                guard let peer = endpoint.peer, !peer.isClosed else { continue }
                peer.dropWaiting(linkByteCountMax: 0)
                if tellsPeers { peer.loop?.push(.peerClosed(peer, closure)) }
            }
            if let lateness { toServer.heldUntil = network.now + lateness }
        }
    }

    /// Whether the loop was shut down and has reported its last connection as closed.
    package var hasFinished: Bool { network.lock.withLock { hasFinishedLocked } }

    private var hasFinishedLocked: Bool { isShuttingDown && endpoints.isEmpty && inbox.isEmpty }

    private func tell(_ handler: any TransportHandler, _ event: Event) {
        switch event {
        case .asked(let endpoint): decide(endpoint, handler)
        case .opened(let endpoint): handler.connectionOpened(endpoint.id, granted: nil)
        case .message(let parcel, from: _, to: let endpoint):
            parcel.frame?.withPayload { handler.connection(endpoint.id, received: $0) }
        case .drained(let endpoint): handler.connectionDrained(endpoint.id)
        case .resumed(let endpoint):
            while let held = network.lock.withLock({ nextHeld(of: endpoint) }) { tell(handler, held) }
        case .peerClosed(let endpoint, let closure), .closed(let endpoint, let closure):
            handler.connectionClosed(endpoint.id, closure)
        case .refused(let refusal): handler.refused(refusal)
        case .page(let request, let method, let reply):
            let answer = handler.answer(request, method: method, limits: limits)
            if let answer, answer.isRefusal { handler.refused(.request(status: answer.status)) }
            reply(answer)
        case .woken: handler.loopWoken()
        }
    }

    /// Accepts a client, or refuses it with the handler's answer. Both ends are told in this round or their next.
    private func decide(_ endpoint: MemoryEndpoint, _ handler: any TransportHandler) {
        let decision = handler.decision(onUpgrade: endpoint.request)
        let isOpen = network.lock.withLock {
            guard !endpoint.isClosed, let peer = endpoint.peer else { return false }
            guard case .refused(let refusal) = decision else {
                endpoint.wasOpened = true
                network.deliver(.opened(peer), to: peer)
                return true
            }
            let text = String(decoding: refusal.body, as: UTF8.self).split(separator: "\n").first ?? ""
            let closure = ConnectionEnd(
                code: .abnormal, reason: "the server refuses (\(refusal.status)): \(text)", wasEstablished: false,
                refusalStatus: refusal.status)
            close(endpoint, closure)
            return false
        }
        switch decision {
        case .refused(let refusal): handler.refused(.request(status: refusal.status))
        case .granted(let granted): if isOpen { handler.connectionOpened(endpoint.id, granted: granted) }
        }
    }

    /// Requests a page from a server, as over HTTP. `reply` is called on the loop's thread, with nil if the peer is
    /// told to upgrade.
    package func requestPage(
        _ request: HTTPRequest, method: String = "GET", reply: @escaping @Sendable (HTTPResponse?) -> Void
    ) {
        network.lock.withLock { push(.page(request, method: method, reply: reply)) }
    }

    // MARK: TransportLoop

    public func wake() {
        network.lock.withLock {
            guard !isWakeQueued else { return }
            isWakeQueued = true
            push(.woken)
        }
    }

    public func send(_ frame: Frame, to connection: ConnectionID) {
        precondition(frame.count <= limits.sentMessageSizeMax, "a message is longer than sentMessageSizeMax")
        network.lock.withLock {
            guard let endpoint = endpoints[connection], !endpoint.isClosed, let peer = endpoint.peer, !peer.isClosed
            else { return }
            let parcel = MemoryParcel(frame)
            endpoint.put(parcel)
            network.deliver(.message(parcel, from: endpoint, to: peer), to: peer)
            let pending = endpoint.pendingByteCount(linkByteCountMax: network.linkByteCountMax)
            if pending > limits.pendingByteCountMax {
                let reason = "too slow: more than \(limits.pendingByteCountMax) bytes wait to be read"
                close(endpoint, ConnectionEnd(code: .policyViolation, reason: reason, wasEstablished: true))
                noteRefusal(.policyViolation)
            } else if pending > 0 {
                endpoint.owesDrained = true
            }
        }
    }

    public func close(_ connection: ConnectionID, code: CloseCode, reason: String) {
        precondition(code != .abnormal && code != .noStatus, "\(code) is never sent")
        network.lock.withLock {
            guard let endpoint = endpoints[connection] else { return }
            close(endpoint, ConnectionEnd(code: code, reason: reason.cutToCloseReason, wasEstablished: true))
        }
    }

    /// There is nothing to reload.
    public func reload() {}

    public func shutDown(lingerMax: Duration) {
        network.lock.withLock {
            guard !isShuttingDown else { return }
            isShuttingDown = true
            stopListening()
            for endpoint in endpoints.values.sorted(by: { $0.id < $1.id }) {
                close(endpoint, ConnectionEnd(code: .goingAway, reason: "shutting down", wasEstablished: true))
            }
            condition.signal()
        }
    }

    // MARK: Inside the lock

    func push(_ event: Event) {
        if case .message(let parcel, from: _, to: let endpoint) = event { endpoint.noteArrival(of: parcel) }
        inbox.append(event)
        condition.signal()
    }

    private func stopListening() {
        if case .server(let name) = role, network.listener(name: name) === self {
            network.setListener(nil, name: name)
        }
    }

    /// IDs ascend in the order in which clients arrive, which may differ from the order in which they started.
    private func rename(_ endpoint: MemoryEndpoint) {
        if endpoint.id < lastArrival {
            endpoints[endpoint.id] = nil
            lastID += 1
            endpoint.id = ConnectionID(lastID)
            endpoints[endpoint.id] = endpoint
        }
        lastArrival = endpoint.id
    }

    private func addEndpoint() -> MemoryEndpoint {
        lastID += 1
        let endpoint = MemoryEndpoint(id: ConnectionID(lastID), loop: self)
        endpoints[endpoint.id] = endpoint
        return endpoint
    }

    /// Starts a client's attempt.
    private func begin() {
        hasBegun = true
        guard case .client(let name, let request) = role, !isShuttingDown else { return }
        let endpoint = addEndpoint()
        func refuse(_ reason: String) {
            endpoint.isClosed = true
            push(.closed(endpoint, ConnectionEnd(code: .abnormal, reason: reason, wasEstablished: false)))
        }
        guard let server = network.listener(name: name) else {
            return refuse("nothing listens at memory://\(name) (connection refused)")
        }
        guard server.endpoints.count < server.limits.connectionCountMax else {
            return refuse("memory://\(name) refuses: it already serves \(server.endpoints.count) connections")
        }
        let peer = server.addEndpoint()
        endpoint.peer = peer
        peer.peer = endpoint
        endpoint.lane = toClient
        peer.lane = toServer
        peer.request = request
        network.deliver(.asked(peer), to: peer)
    }

    /// Notes that a server refused a peer, for its handler to count.
    private func noteRefusal(_ code: CloseCode) {
        if case .server = role { push(.refused(.connection(code))) }
    }

    private func close(_ endpoint: MemoryEndpoint, _ closure: ConnectionEnd) {
        guard !endpoint.isClosed else { return }
        endpoint.isClosed = true
        endpoint.dropHeld()
        endpoint.dropWaiting(linkByteCountMax: network.linkByteCountMax)
        push(.closed(endpoint, closure))
        if let peer = endpoint.peer, !peer.isClosed { network.deliver(.peerClosed(peer, closure), to: peer) }
    }

    /// Takes the oldest event and applies it to the links. Nil if the handler is not to be told.
    private func nextToHandle() -> Event? {
        guard let event = inbox.popFirst(), !isHeld(event) else { return nil }
        return handle(event)
    }

    /// Applies an event to the links. Nil if the handler is not to be told.
    func handle(_ event: Event) -> Event? {
        switch event {
        case .asked(let endpoint):
            guard !endpoint.isClosed else { return nil }
            rename(endpoint)
            return event
        case .opened(let endpoint):
            guard !endpoint.isClosed else { return nil }
            endpoint.wasOpened = true
            return event
        case .refused, .page:
            return event
        case .drained(let endpoint), .resumed(let endpoint):
            return endpoint.isClosed ? nil : event
        case .message(let parcel, let sender, let endpoint):
            guard let frame = parcel.frame else { return nil }
            let taken = sender.take()
            assert(taken === parcel, "parcels arrive in the order in which they were sent")
            drain(sender)
            guard !endpoint.isClosed else { return nil }
            guard frame.count <= limits.messageSizeMax else {
                let reason = "a message is longer than \(limits.messageSizeMax) bytes"
                close(endpoint, ConnectionEnd(code: .messageTooBig, reason: reason, wasEstablished: true))
                noteRefusal(.messageTooBig)
                return nil
            }
            return event
        case .peerClosed(let endpoint, let closure):
            guard !endpoint.isClosed else { return nil }
            endpoint.isClosed = true
            endpoint.dropHeld()
            return end(endpoint, closure)
        case .closed(let endpoint, let closure):
            return end(endpoint, closure)
        case .woken:
            isWakeQueued = false
            return event
        }
    }

    /// Tells a sender that nothing waits any more, if something did.
    private func drain(_ sender: MemoryEndpoint) {
        guard sender.owesDrained, !sender.isClosed,
            sender.pendingByteCount(linkByteCountMax: network.linkByteCountMax) == 0
        else { return }
        sender.owesDrained = false
        sender.loop?.push(.drained(sender))
    }

    /// The last event of a connection. A client is also told of failed attempts; a server only of connections that it
    /// was told had opened.
    private func end(_ endpoint: MemoryEndpoint, _ closure: ConnectionEnd) -> Event? {
        endpoints[endpoint.id] = nil
        endpoint.peer = nil
        var closure = closure
        closure.wasEstablished = endpoint.wasOpened
        if endpoint.wasOpened { closure.refusalStatus = nil }
        if case .server = role, !endpoint.wasOpened { return nil }
        return .closed(endpoint, closure)
    }
}
