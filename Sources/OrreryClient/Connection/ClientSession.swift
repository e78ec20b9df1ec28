package import OrrerySchema
import OrreryStore
package import OrrerySync
package import OrreryTransport
package import OrreryWire
import Synchronization

/// One client's state over all its connections, behind a lock: the protocol core, and the callers waiting for answers.
///
/// The loop's thread feeds the session; other threads read it or leave messages for the loop to send. Observers are
/// called outside the lock, one at a time, in the order of the events.
package final class ClientSession: TransportHandler, Sendable {
    package typealias Answer = @Sendable (Result<Void, ClientError>) -> Void
    package typealias OutcomeAnswer = @Sendable (Result<MutationOutcome, ClientError>) -> Void
    package typealias QueryAnswerer = @Sendable (Result<QueryAnswer, ClientError>) -> Void
    /// The tick at which a subscription was verified; `nil` if it is over.
    package typealias VerifyAnswer = @Sendable (Result<Tick?, ClientError>) -> Void
    package typealias Observer = @Sendable (Result<AppliedBatch, ClientError>) -> Void

    /// Not copyable, so that no read copies it.
    struct State: ~Copyable {
        var core: SyncClient
        var connection: ConnectionID?
        /// Set when the session has ended.
        var end: ClientError?
        /// Set by the owner; the loop then closes the connection.
        var isClosing = false
        /// Whether there is a connection or an attempt to connect.
        var isAttached = true
        var attempt = 0
        var lostConnectionCount = 0
        var openedAt: Duration?
        var heardAt = Duration.zero
        /// When this client last verified a subscription by itself.
        var verifiedAt = Duration.zero
        var receivedByteCount: UInt64 = 0
        /// The system's count of received bytes, including incomplete messages; `nil` since the last complete message.
        var arrivedByteCount: UInt64?
        var waiters = Waiters()
        /// The interests of views and subscriptions.
        var pool = SubscriptionPool()
        var observers: [(id: Int, call: Observer)] = []
        /// Whose queries they read.
        var ownersOfReaders: [Int: ObjectIdentifier] = [:]
        /// Called with each error, and with `nil` at the end.
        var errorObservers: [(id: Int, call: @Sendable (ClientError?) -> Void)] = []
        /// Called with each change of ``connectionState`` and ``isStale``, and with `nil` at the end.
        var statusObservers: [(id: Int, call: @Sendable (ConnectionStatus?) -> Void)] = []
        var told = (state: ConnectionStatus.State.connecting, isStale: true)
        var nextObserver = 0
        /// Calls to make outside the lock, in order.
        var outbox: [() -> Void] = []
        /// Whether some thread is making these calls.
        var isDelivering = false

        var connectionState: ConnectionStatus.State {
            end != nil ? .ended : core.isWelcomed ? .connected : isAttached ? .connecting : .waiting
        }

        var isStale: Bool { connectionState != .connected || core.isShowingVoidState }
    }

    let state: Guarded<State>
    /// The core's store, the same for its whole life. Guard: the lock of `state`.
    nonisolated(unsafe) let store: ComponentStore
    /// The loop of the current connection or attempt.
    private let currentLoop: Mutex<any TransportLoop>
    let leftovers = Mutex(Leftovers())
    let bindings = Bindings()
    private let url: String
    private let policy: ReconnectPolicy
    let now: @Sendable () -> Duration
    package let configuration: ClientConfiguration
    /// Called once, when the session has ended.
    private let onEnd: @Sendable () -> Void

    package init(
        core: sending SyncClient, loop: any TransportLoop, url: String, policy: ReconnectPolicy = .never,
        configuration: ClientConfiguration = .init(), onEnd: @escaping @Sendable () -> Void = {},
        now: @escaping @Sendable () -> Duration
    ) {
        store = core.store
        state = Guarded(State(core: core))
        currentLoop = Mutex(loop)
        self.url = url
        self.policy = policy
        self.configuration = configuration
        self.onEnd = onEnd
        self.now = now
    }

    var loop: any TransportLoop { currentLoop.withLock { $0 } }

    // MARK: Called by the loop

    package func connectionOpened(_ connection: ConnectionID, granted: (any Sendable)?) {
        state.withLock {
            $0.connection = connection
            $0.openedAt = now()
            $0.heardAt = now()
            $0.arrivedByteCount = nil
        }
        flush()
    }

    package func connection(_ connection: ConnectionID, received message: UnsafeRawBufferPointer) {
        state.withLock { state in
            guard state.end == nil, state.connection == connection else { return }
            state.receivedByteCount += UInt64(message.count)
            state.heardAt = now()
            state.arrivedByteCount = nil
            handle(state.core.receive(message), &state)
        }
        flush()
        deliver()
    }

    package func connectionDrained(_ connection: ConnectionID) {}

    package func connectionClosed(_ connection: ConnectionID, _ closure: ConnectionEnd) {
        var error = ClientError(closure, url: url)
        if state.withLock({ $0.core.welcome != nil }) { error.phase = .resume }
        lose(error)
    }

    package func loopWoken() {
        state.withLock { takeLeftovers(&$0) }
        flush()
        deliver()
        let (closing, connection) = state.withLock { ($0.isClosing, $0.connection) }
        guard closing else { return }
        if let connection { loop.close(connection, code: .normal, reason: "the client leaves") }
        loop.shutDown(lingerMax: .milliseconds(200))
    }

    package func loopTimerFired() {
        noteArrival()
        let error: ClientError? = state.withLock { state in
            guard state.connection != nil, let openedAt = state.openedAt else { return nil }
            if !state.core.isWelcomed, now() - max(openedAt, state.heardAt) > configuration.welcomeTimeout {
                // A busy server may send its welcome late.
                let silence = "\(url) said nothing for \(configuration.welcomeTimeout)"
                return state.core.welcome == nil
                    ? ClientError(
                        .cannotConnect, "\(silence); is it an Orrery server, or a very busy one?", phase: .handshake)
                    : ClientError(.connectionLost, silence, phase: .resume)
            }
            if state.core.isWelcomed, now() - state.heardAt > configuration.silenceTimeout {
                return ClientError(
                    .connectionLost, "\(url) said nothing for \(configuration.silenceTimeout)", phase: .apply)
            }
            return nil
        }
        if let error { return lose(error) }
        verifyIfDue()
    }

    private func verifyIfDue() {
        guard let interval = configuration.verifyInterval else { return }
        state.withLock { state in
            guard state.core.isWelcomed, now() - state.verifiedAt >= interval else { return }
            state.verifiedAt = now()
            state.core.verifyNext()
        }
        flush()
    }

    /// Bytes of an incomplete message count as activity: over a slow link, a message may take longer than the silence
    /// timeout.
    private func noteArrival() {
        let connection = state.withLock { $0.connection }
        guard let connection, let arrived = loop.progress(of: connection)?.arrivedByteCount else { return }
        state.withLock { state in
            if let known = state.arrivedByteCount, known != arrived { state.heardAt = now() }
            state.arrivedByteCount = arrived
        }
    }

    func handle(_ events: [ClientEvent], _ state: inout State) {
        for event in events { handle(event, &state) }
    }

    private func handle(_ event: ClientEvent, _ state: inout State) {
        switch event {
        case .welcomed:
            state.attempt = 0
            let waiting = state.waiters.takeWelcome()
            state.outbox.append { for answer in waiting { answer(.success(())) } }
            endUnfitting(&state)
        case .subscribed, .heartbeat: break
        case .refused(let id, let refusal, let query):
            refused(id, ClientError(refusal, query, phase: .subscribe), &state)
        case .unsubscribed(let id):
            let answers = state.waiters.unsubscriptions.removeValue(forKey: id) ?? []
            state.outbox.append { for answer in answers { answer(.success(())) } }
            // Cancelled before its first state arrived.
            if let answer = state.waiters.subscriptions.removeValue(forKey: id) {
                state.outbox.append {
                    answer(.failure(ClientError(.closed, "the subscription was cancelled", phase: .subscribe)))
                }
            }
        case .applied(let batch): applied(batch, &state)
        case .mutated(let sequence, let outcome):
            if let waiting = state.waiters.mutations.removeValue(forKey: sequence) {
                state.outbox.append { waiting.answer(.success(outcome)) }
            }
        case .answered(let id, let answer): answered(id, .success(answer), &state)
        case .unanswered(let id, let refusal, let query):
            answered(id, .failure(ClientError(refusal, query, phase: .query)), &state)
        case .verified(let id, let tick): verified(id, .success(tick), &state)
        case .differs(let id, let difference):
            let error = ClientError(difference)
            report(error, &state)
            verified(id, .failure(error), &state)
        case .unverified(let id, let refusal):
            let isOver = refusal.code == .badSubscription
            verified(id, isOver ? .success(nil) : .failure(ClientError(refusal, phase: .verify)), &state)
        case .failed(let error):
            let (connection, loop) = (state.connection, loop)
            state.outbox.append {
                if let connection {
                    loop.close(connection, code: error.closeCode, reason: error.message)
                }
                self.lose(ClientError(error, url: self.url))
            }
        }
    }

    private func answered(_ id: QueryID, _ result: Result<QueryAnswer, ClientError>, _ state: inout State) {
        guard let answer = state.waiters.queries.removeValue(forKey: id) else { return }
        state.outbox.append { answer(result) }
    }

    private func verified(_ id: SubscriptionID, _ result: Result<Tick?, ClientError>, _ state: inout State) {
        guard let answers = state.waiters.verifications.removeValue(forKey: id) else { return }
        state.outbox.append { for answer in answers { answer(result) } }
    }

    private func refused(_ id: SubscriptionID, _ error: ClientError, _ state: inout State) {
        if let outcomes = state.pool.refused(id, error, through: &state.core) { return settle(outcomes, &state) }
        if let answer = state.waiters.subscriptions.removeValue(forKey: id) {
            state.outbox.append { answer(.failure(error)) }
        } else {
            // A subscription that was accepted before and is refused after a reconnection.
            report(error, &state)
        }
    }

    private func applied(_ batch: AppliedBatch, _ state: inout State) {
        let observers = state.observers
        state.outbox.append { for observer in observers { observer.call(.success(batch)) } }
        for id in batch.started {
            if let answer = state.waiters.subscriptions.removeValue(forKey: id) {
                state.outbox.append { answer(.success(())) }
            }
        }
        settle(state.pool.started(batch.started, through: &state.core), &state)
        settle(state.pool.despawned(batch.despawned, at: batch.tick, through: &state.core), &state)
        if batch.changedTable { endUnfitting(&state) }
    }

    /// Makes the calls in the outbox. If another thread is doing so, that thread continues.
    func deliver() {
        while true {
            let call: (() -> Void)? = state.withLock { state in
                guard !state.isDelivering else { return nil }
                noteStatus(&state)
                guard !state.outbox.isEmpty else { return nil }
                state.isDelivering = true
                let calls = state.outbox
                state.outbox = []
                return { for call in calls { call() } }
            }
            guard let call else { return }
            call()
            state.withLock { $0.isDelivering = false }
        }
    }

    private func noteStatus(_ state: inout State) {
        let now = (state: state.connectionState, isStale: state.isStale)
        guard now != state.told, state.end == nil else { return }
        state.told = now
        let (observers, status) = (state.statusObservers, status(of: state))
        state.outbox.append { for observer in observers { observer.call(status) } }
    }

    func report(_ error: ClientError, _ state: inout State) {
        let observers = state.errorObservers
        state.outbox.append { for observer in observers { observer.call(error) } }
    }

    /// Sends the core's outgoing messages. Loop's thread only.
    private func flush() {
        let (connection, messages) = state.withLock { state in
            (state.connection, state.connection == nil ? [] : state.core.takeOutgoing())
        }
        guard let connection else { return }
        for message in messages { loop.send(Frame(message), to: connection) }
    }

    /// The connection or attempt has ended: for good, or until the next attempt.
    private func lose(_ error: ClientError, loopHasEnded: Bool = false) {
        let isNews = state.withLock { state in
            guard state.isAttached else { return false }
            state.isAttached = false
            state.connection = nil
            guard state.end == nil else { return true }
            let wasWelcomed = state.core.welcome != nil
            if state.core.isWelcomed { state.lostConnectionCount += 1 }
            guard policy.isEnabled, wasWelcomed, error.mayPass, !state.isClosing else {
                end(error, &state)
                return true
            }
            report(error, &state)
            handle(state.core.disconnected(), &state)
            return true
        }
        if isNews, !loopHasEnded { loop.shutDown(lingerMax: .milliseconds(200)) }
        deliver()
    }

    /// Ends the session and tells every waiting caller, once.
    private func end(_ error: ClientError, _ state: inout State) {
        guard state.end == nil else { return }
        let end = state.isClosing ? ClientError(.closed, "the connection was closed") : error
        state.end = end
        if end.code != .closed { report(end, &state) }
        let (waiters, fates) = (state.waiters, state.pool.removeAll())
        state.waiters = Waiters()
        let (observers, errorObservers, statusObservers) =
            (state.observers, state.errorObservers, state.statusObservers)
        let status = status(of: state)
        state.outbox.append {
            waiters.fail(end)
            for fate in fates { fate.finish(end) }
            for observer in observers { observer.call(.failure(end)) }
            // Errors of mutations whose outcome nobody awaited.
            let errors = self.leftovers.withLock { leftovers in
                defer { leftovers = Leftovers(isOver: true) }
                return leftovers.errors
            }
            for observer in errorObservers {
                for error in errors { observer.call(error) }
                observer.call(nil)
            }
            for observer in statusObservers {
                observer.call(status)
                observer.call(nil)
            }
            self.onEnd()
        }
    }

    // MARK: Called by the thread that runs the loops

    /// The time until the next attempt; `nil` when the session has ended. Called when a loop has ended.
    package func nextDelay(random: Double) -> Duration? {
        lose(ClientError(.cannotConnect, "the connection to \(url) has ended"), loopHasEnded: true)
        return state.withLock { state in
            guard state.end == nil else { return nil }
            defer { state.attempt += 1 }
            return policy.delay(beforeAttempt: state.attempt, random: random)
        }
    }

    /// Begins the next attempt.
    /// - Returns: Whether to run the loop: `false` if the session has ended.
    package func attach(_ loop: any TransportLoop) -> Bool {
        let isWanted = state.withLock { state in
            guard state.end == nil else { return false }
            currentLoop.withLock { $0 = loop }
            state.isAttached = true
            state.openedAt = nil
            takeLeftovers(&state)
            return true
        }
        deliver()
        return isWanted
    }

    /// A loop could not be made or could not run.
    package func loopFailed(_ error: TransportError) {
        state.withLock { $0.isAttached = true }
        lose(ClientError(.cannotConnect, error.message), loopHasEnded: true)
    }

    /// Ends the session. Nothing is applied after this method returns.
    package func close() {
        state.withLock { state in
            state.isClosing = true
            end(ClientError(.closed, "the connection was closed"), &state)
        }
        deliver()
        loop.wake()
    }
}
