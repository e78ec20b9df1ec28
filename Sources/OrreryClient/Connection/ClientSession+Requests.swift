import OrrerySchema
package import OrrerySync
import OrreryTransport
package import OrreryWire

/// What the owner asks for. Any thread.
extension ClientSession {
    /// Calls `answer` when the server has said which components there are.
    package func whenWelcomed(_ answer: @escaping Answer) {
        let result: Result<Void, ClientError>? = state.withLock { state in
            if let end = state.end { return .failure(end) }
            if state.core.welcome != nil { return .success(()) }
            state.waiters.welcome.append(answer)
            return nil
        }
        if let result { answer(result) }
    }

    /// Calls `answer` when everything that matches is in the store, or when the server has refused.
    /// - Returns: the subscription's name; `nil` if it is over.
    @discardableResult
    package func subscribe(_ request: SubscriptionRequest, _ answer: @escaping Answer) -> SubscriptionID? {
        let result: Result<(SubscriptionID, any TransportLoop), ClientError> = state.withLock { state in
            if let end = state.end { return .failure(end) }
            do throws(Refusal) {
                let id = try state.core.subscribe(request)
                state.waiters.subscriptions[id] = answer
                return .success((id, state.loop))
            } catch {
                return .failure(ClientError(error))
            }
        }
        switch result {
        case .success(let (id, loop)):
            loop.wake()
            return id
        case .failure(let error):
            answer(.failure(error))
            return nil
        }
    }

    package func unsubscribe(_ id: SubscriptionID, _ answer: @escaping Answer) {
        let (end, loop): (ClientError?, any TransportLoop) = state.withLock { state in
            if let end = state.end { return (end, state.loop) }
            state.waiters.unsubscriptions[id, default: []].append(answer)
            for event in state.core.unsubscribe(id) { handle(event, &state) }
            return (nil, state.loop)
        }
        if let end { answer(.failure(end)) }
        deliver()
        loop.wake()
    }

    /// Calls `answer` with what became of a mutation.
    package func mutate(_ operation: Mutation.Operation, _ answer: @escaping OutcomeAnswer) {
        let (error, loop): (ClientError?, any TransportLoop) = state.withLock { state in
            if let end = state.end { return (end, state.loop) }
            do throws(Refusal) {
                state.waiters.mutations[try state.core.mutate(operation)] = (answer, now())
                return (nil, state.loop)
            } catch {
                return (ClientError(.refused, error.reason, phase: .mutate), state.loop)
            }
        }
        if let error { answer(.failure(error)) } else { loop.wake() }
    }

    /// Calls `observer` with what is shown now, as a batch in which everything enters (not before the first welcome), then after every step, and once when it is over for
    /// good. The first call comes before this returns.
    package func addObserver(_ observer: @escaping Observer) -> Int {
        let id = state.withLock { state in
            state.nextObserver += 1
            let (id, end) = (state.nextObserver, state.end)
            // In its place among what is told to others: what waits to be told is part of what is shown.
            if state.core.welcome != nil { observer(.success(state.core.shownBatch())) }
            if let end {
                observer(.failure(end))
            } else {
                state.observers.append((id, observer))
                state.core.recordsChanges = true
            }
            return id
        }
        return id
    }

    package func removeObserver(_ id: Int) {
        state.withLock { state in
            state.observers.removeAll { $0.id == id }
            state.core.recordsChanges = !state.observers.isEmpty
        }
    }

    /// Calls `observer` with every error, once, and with `nil` when it is over for good.
    package func addErrorObserver(_ observer: @escaping @Sendable (ClientError?) -> Void) -> Int {
        let (id, isOver) = state.withLock { state in
            state.nextObserver += 1
            state.errorObservers.append((state.nextObserver, observer))
            return (state.nextObserver, state.end != nil)
        }
        if isOver { observer(nil) }
        return id
    }

    package func removeErrorObserver(_ id: Int) {
        state.withLock { $0.errorObservers.removeAll { $0.id == id } }
    }

    /// Reads the core. Nothing is applied meanwhile.
    package func withCore<R, Failure: Error>(_ body: (SyncClient) throws(Failure) -> R) throws(Failure) -> R {
        try state.read { (state) throws(Failure) in try body(state.core) }
    }

    /// How long nothing was heard; `nil` without a connection.
    package var silence: Duration? { state.read { $0.connection == nil ? nil : now() - $0.heardAt } }
    package var end: ClientError? { state.read { $0.end } }
    package var receivedByteCount: UInt64 { state.read { $0.receivedByteCount } }

    package var status: ConnectionStatus {
        state.read { state in
            let connection: ConnectionStatus.State =
                state.end != nil
                ? .ended : state.core.isWelcomed ? .connected : state.isAttached ? .connecting : .waiting
            return ConnectionStatus(
                state: connection,
                lag: state.core.serverTick.rawValue - min(state.core.tick, state.core.serverTick).rawValue,
                receivedByteCount: state.receivedByteCount,
                pendingMutationCount: state.core.pendingMutations.count,
                oldestPendingMutationAge: state.waiters.mutations.values.map { now() - $0.since }.max(),
                lostConnectionCount: state.lostConnectionCount)
        }
    }
}
