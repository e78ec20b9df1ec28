import OrrerySchema
import OrreryStore
package import OrrerySync
package import OrreryTransport
package import OrreryWire

/// One connection's state, behind a lock: the protocol core, and who waits for what.
///
/// The loop's thread feeds it; everybody else reads it or leaves messages for the loop to send. Observers are called by the loop's
/// thread outside of the lock, in the order of what they are told.
package final class ClientSession: TransportHandler, Sendable {
    package typealias Answer = @Sendable (Result<Void, ClientError>) -> Void

    private struct State {
        var core: SyncClient
        var connection: ConnectionID?
        /// Set when the connection is over.
        var end: ClientError?
        var welcomeWaiters: [Answer] = []
        /// Who waits for the first state of a subscription, or for the answer to an unsubscription.
        var subscriptionWaiters: [SubscriptionID: Answer] = [:]
        var unsubscriptionWaiters: [SubscriptionID: Answer] = [:]
        var observers: [(id: Int, call: @Sendable (Result<AppliedBatch, ClientError>) -> Void)] = []
        var nextObserver = 0
        var receivedByteCount: UInt64 = 0
        /// Set by the owner; the loop closes the connection when it sees it.
        var isClosing = false
        var openedAt: Duration?
    }

    private let state: Guarded<State>
    private let loop: any TransportLoop
    private let url: String
    private let now: @Sendable () -> Duration
    /// Time from the connection to the server's welcome.
    private let welcomeTimeout: Duration = .seconds(5)

    package init(
        core: sending SyncClient, loop: any TransportLoop, url: String, now: @escaping @Sendable () -> Duration
    ) {
        state = Guarded(State(core: core))
        self.loop = loop
        self.url = url
        self.now = now
    }

    // MARK: What the loop tells

    package func connectionOpened(_ connection: ConnectionID) {
        state.withLock {
            $0.connection = connection
            $0.openedAt = now()
        }
        flush()
    }

    package func connection(_ connection: ConnectionID, received message: UnsafeRawBufferPointer) {
        var calls: [() -> Void] = []
        state.withLock { state in
            guard state.end == nil else { return }
            state.receivedByteCount += UInt64(message.count)
            for event in state.core.receive(message) { handle(event, &state, &calls) }
        }
        flush()
        for call in calls { call() }
    }

    package func connectionDrained(_ connection: ConnectionID) {}

    package func connectionClosed(_ connection: ConnectionID, _ closure: Closure) {
        end(ClientError(closure, url: url))
        loop.shutDown(lingerMax: .zero)
    }

    package func loopWoken() {
        flush()
        let closing = state.withLock { $0.isClosing ? $0.connection : nil }
        if let closing {
            loop.close(closing, code: .normal, reason: "the client leaves")
        } else if state.withLock({ $0.isClosing }) {
            loop.shutDown(lingerMax: .zero)
        }
    }

    package func loopTimerFired() {
        let isLate = state.withLock { state in
            state.core.welcome == nil && (state.openedAt.map { now() - $0 > welcomeTimeout } ?? false)
        }
        guard isLate, let connection = state.withLock({ $0.connection }) else { return }
        end(ClientError(.protocolViolation, "\(url) said nothing for \(welcomeTimeout); is it an Orrery server?"))
        loop.close(connection, code: .protocolError, reason: "no Welcome")
    }

    private func handle(_ event: ClientEvent, _ state: inout State, _ calls: inout [() -> Void]) {
        switch event {
        case .welcomed:
            let waiters = state.welcomeWaiters
            state.welcomeWaiters = []
            calls.append { for waiter in waiters { waiter(.success(())) } }
        case .subscribed, .heartbeat: break
        case .refused(let id, let refusal):
            if let waiter = state.subscriptionWaiters.removeValue(forKey: id) {
                calls.append { waiter(.failure(ClientError(refusal))) }
            }
        case .unsubscribed(let id, let refusal):
            if let waiter = state.unsubscriptionWaiters.removeValue(forKey: id) {
                calls.append { waiter(refusal.map { .failure(ClientError($0)) } ?? .success(())) }
            }
        case .applied(let batch):
            let observers = state.observers
            calls.append { for observer in observers { observer.call(.success(batch)) } }
            for id in batch.started {
                if let waiter = state.subscriptionWaiters.removeValue(forKey: id) {
                    calls.append { waiter(.success(())) }
                }
            }
        case .failed(let error):
            let connection = state.connection
            calls.append {
                self.end(
                    ClientError(.protocolViolation, "the server at \(self.url) broke the protocol: \(error.message)"))
                if let connection {
                    self.loop.close(connection, code: CloseCode(error.closeCode.rawValue), reason: error.message)
                }
            }
        }
    }

    /// Sends what the core has to say. Loop thread only.
    private func flush() {
        let (connection, messages) = state.withLock { state in
            (state.connection, state.connection == nil ? [] : state.core.takeOutgoing())
        }
        guard let connection else { return }
        for message in messages { loop.send(Frame(message), to: connection) }
    }

    /// The connection is over: everyone who waits is told, once.
    private func end(_ error: ClientError) {
        var waiters: [Answer] = []
        var observers: [@Sendable (Result<AppliedBatch, ClientError>) -> Void] = []
        state.withLock { state in
            guard state.end == nil else { return }
            state.end = state.isClosing ? ClientError(.closed, "the connection was closed") : error
            state.connection = nil
            waiters = state.welcomeWaiters
            waiters += state.subscriptionWaiters.sorted { $0.key < $1.key }.map(\.value)
            waiters += state.unsubscriptionWaiters.sorted { $0.key < $1.key }.map(\.value)
            state.welcomeWaiters = []
            state.subscriptionWaiters = [:]
            state.unsubscriptionWaiters = [:]
            observers = state.observers.map(\.call)
        }
        guard let end = state.withLock({ $0.end }) else { return }
        for waiter in waiters { waiter(.failure(end)) }
        for observer in observers { observer(.failure(end)) }
    }

    /// The loop has ended, with an error or without.
    package func loopEnded(_ error: TransportError?) {
        end(ClientError(.cannotConnect, error?.message ?? "the connection to \(url) has ended"))
    }

    // MARK: What the owner asks for. Any thread.

    /// Calls `answer` when the server has said which components there are.
    package func whenWelcomed(_ answer: @escaping Answer) {
        let result: Result<Void, ClientError>? = state.withLock { state in
            if let end = state.end { return .failure(end) }
            if state.core.welcome != nil { return .success(()) }
            state.welcomeWaiters.append(answer)
            return nil
        }
        if let result { answer(result) }
    }

    /// Calls `answer` when everything that matches is in the store, or when the server has refused.
    /// - Returns: the subscription's name; `nil` if the connection is over.
    @discardableResult
    package func subscribe(_ selection: Selection, _ answer: @escaping Answer) -> SubscriptionID? {
        let result: Result<SubscriptionID, ClientError> = state.withLock { state in
            if let end = state.end { return .failure(end) }
            let id = state.core.subscribe(selection)
            state.subscriptionWaiters[id] = answer
            return .success(id)
        }
        switch result {
        case .success(let id):
            loop.wake()
            return id
        case .failure(let error):
            answer(.failure(error))
            return nil
        }
    }

    package func unsubscribe(_ id: SubscriptionID, _ answer: @escaping Answer) {
        let end: ClientError? = state.withLock { state in
            guard state.end == nil else { return state.end }
            state.core.unsubscribe(id)
            state.unsubscriptionWaiters[id] = answer
            return nil
        }
        if let end { answer(.failure(end)) } else { loop.wake() }
    }

    /// Calls `observer` after every applied batch, and once when the connection is over.
    package func addObserver(_ observer: @escaping @Sendable (Result<AppliedBatch, ClientError>) -> Void) -> Int {
        let (id, end) = state.withLock { state in
            state.nextObserver += 1
            state.observers.append((state.nextObserver, observer))
            state.core.recordsChanges = true
            return (state.nextObserver, state.end)
        }
        if let end { observer(.failure(end)) }
        return id
    }

    package func removeObserver(_ id: Int) {
        state.withLock { state in
            state.observers.removeAll { $0.id == id }
            state.core.recordsChanges = !state.observers.isEmpty
        }
    }

    /// Reads the core. Nothing is applied meanwhile.
    package func withCore<R, Failure: Error>(_ body: (SyncClient) throws(Failure) -> R) throws(Failure) -> R {
        try state.read { (state) throws(Failure) in try body(state.core) }
    }

    package var end: ClientError? { state.withLock { $0.end } }
    package var receivedByteCount: UInt64 { state.withLock { $0.receivedByteCount } }

    /// Ends the connection. Nothing is applied after it returns.
    package func close() {
        state.withLock { $0.isClosing = true }
        end(ClientError(.closed, "the connection was closed"))
        loop.wake()
    }
}
