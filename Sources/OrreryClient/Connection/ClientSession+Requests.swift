import OrrerySchema
import OrreryStore
package import OrrerySync
import OrreryTransport
package import OrreryWire

/// Requests of the owner. They may be called from any thread.
extension ClientSession {
    /// Calls `answer` when the server has listed its components.
    package func whenWelcomed(_ answer: @escaping Answer) {
        let result: Result<Void, ClientError>? = state.withLock { state in
            if let end = state.end { return .failure(end) }
            if state.core.welcome != nil { return .success(()) }
            state.waiters.welcome.append(answer)
            return nil
        }
        if let result { answer(result) }
    }

    /// Calls `answer` when everything that matches is in the store, or when the server refuses.
    /// - Parameter old: A subscription whose place it takes; nobody else may do so meanwhile.
    /// - Returns: The subscription's ID; `nil` if the session has ended.
    @discardableResult
    package func subscribe(
        _ request: QueryRequest, replacing old: SubscriptionID? = nil, _ answer: @escaping Answer
    ) -> SubscriptionID? {
        send(phase: .subscribe, { answer(.failure($0)) }) { state throws(Refusal) in
            let id = try state.core.subscribe(request, replacing: old)
            state.waiters.subscriptions[id] = answer
            return id
        }
    }

    /// Sends a request, unless the session has ended or cannot send it; `fail` is then told why.
    private func send<ID>(
        phase: ClientError.Phase, _ fail: (ClientError) -> Void, _ request: (inout State) throws(Refusal) -> ID
    ) -> ID? {
        let result: Result<ID, ClientError> = state.withLock { state in
            if let end = state.end { return .failure(end) }
            do throws(Refusal) {
                return .success(try request(&state))
            } catch {
                return .failure(ClientError(error, phase: phase))
            }
        }
        switch result {
        case .success(let id):
            loop.wake()
            return id
        case .failure(let error):
            fail(error)
            return nil
        }
    }

    package func unsubscribe(_ id: SubscriptionID, _ answer: @escaping Answer) {
        let end: ClientError? = state.withLock { state in
            if let end = state.end { return end }
            state.waiters.unsubscriptions[id, default: []].append(answer)
            handle(state.core.unsubscribe(id), &state)
            return nil
        }
        if let end { answer(.failure(end)) }
        deliver()
        loop.wake()
    }

    /// Calls `answer` with the answer to a one-shot query, or when the server refuses it.
    /// - Returns: The query's ID; `nil` if it was not asked.
    @discardableResult
    package func ask(_ query: OneShotQuery, _ answer: @escaping QueryAnswerer) -> QueryID? {
        send(phase: .query, { answer(.failure($0)) }) { state throws(Refusal) in
            let id = try state.core.ask(query)
            state.waiters.queries[id] = answer
            return id
        }
    }

    /// The answer is not wanted any more; the waiting caller is told nothing.
    package func cancelQuery(_ id: QueryID) {
        state.withLock { state in
            state.waiters.queries[id] = nil
            state.core.cancelQuery(id)
        }
        loop.wake()
    }

    /// Compares what the client has of a subscription with what the server shows.
    package func verify(_ id: SubscriptionID, _ answer: @escaping VerifyAnswer) {
        let result: Result<Tick?, ClientError>? = state.withLock { state in
            if let end = state.end { return .failure(end) }
            guard state.core.verify(id) else { return .success(nil) }
            state.waiters.verifications[id, default: []].append(answer)
            return nil
        }
        if let result { answer(result) } else { loop.wake() }
    }

    /// Calls `answer` with the outcome of a mutation.
    package func mutate(_ operation: Mutation.Operation, _ answer: @escaping OutcomeAnswer) {
        mutate({ (_) throws(ClientError) in operation }, answer)
    }

    /// The same for a mutation that is resolved with the server's components, in the order of the calls.
    func mutate(
        _ resolve: (ServerComponents) throws(ClientError) -> Mutation.Operation, _ answer: @escaping OutcomeAnswer
    ) {
        let error: ClientError? = state.withLock { state in
            if let end = state.end {
                return ClientError(.outcomeUnknown, "\(end.message), before a mutation was made", phase: .mutate)
            }
            do throws(ClientError) {
                let operation = try resolve(components(of: state.core, phase: .mutate))
                state.waiters.mutations[try mutate(operation, &state)] = (answer, now())
                return nil
            } catch {
                return error
            }
        }
        if let error { answer(.failure(error)) } else { loop.wake() }
    }

    private func mutate(
        _ operation: Mutation.Operation, _ state: inout State
    ) throws(ClientError) -> MutationSequence {
        do throws(Refusal) {
            return try state.core.mutate(operation)
        } catch {
            throw ClientError(error, phase: .mutate)
        }
    }

    func components(of core: SyncClient, phase: ClientError.Phase) -> ServerComponents {
        ServerComponents(table: core.table, bindings: bindings, phase: phase)
    }

    /// Calls `observer` with what is shown now, as a batch in which everything enters (not before the first welcome),
    /// then after every step, and once when the session ends. The first call comes before this method returns.
    package func addObserver(_ observer: @escaping Observer) -> Int { addObserver(of: nil, observer) }

    /// - Parameters:
    ///   - filter: The part of the shown state that the observer gets first.
    ///   - query: The query whose own changes the observer reads.
    func addObserver(of filter: BatchFilter?, _ observer: @escaping Observer) -> Int {
        addObserver(of: filter, query: nil, observer)
    }

    /// Calls `observer` with the changes of one subscription, from what it shows now on.
    package func addObserver(ofQuery query: SubscriptionID, _ observer: @escaping Observer) -> Int {
        addObserver(of: nil, query: ObservedQuery(id: query), observer)
    }

    /// A query whose own changes are read.
    struct ObservedQuery {
        /// The subscription that it has now.
        let id: SubscriptionID
        /// Whose query it is. Several may have one subscription.
        var owner: ObjectIdentifier?
    }

    func addObserver(of filter: BatchFilter?, query: ObservedQuery?, _ observer: @escaping Observer) -> Int {
        state.withLock { state in
            state.nextObserver += 1
            if let owner = query?.owner { state.ownersOfReaders[state.nextObserver] = owner }
            // Called here, inside the lock, to keep the order: batches that still wait in the outbox are part of what
            // is shown.
            let shown =
                query.map { state.core.observe($0.id, as: state.nextObserver) }
                ?? state.core.shownBatch(of: filter?.components, entities: filter?.entities)
            if state.core.welcome != nil { observer(.success(shown)) }
            if let end = state.end {
                observer(.failure(end))
            } else {
                state.observers.append((state.nextObserver, observer))
                state.core.recordsChanges = true
            }
            return state.nextObserver
        }
    }

    /// The readers of somebody's query read another one from now on, and are told what changes by that.
    func observe(_ new: Subscription, insteadOf old: Subscription, of owner: ObjectIdentifier) {
        state.withLock { state in
            let readers = Set(state.ownersOfReaders.filter { $0.value == owner }.keys)
            guard let new = new.interest.flatMap({ state.pool.subscription(of: $0) }),
                let old = old.interest.flatMap({ state.pool.subscription(of: $0) }), new != old,
                let batch = state.core.observe(new, insteadOf: old, by: readers)
            else { return }
            let observers = state.observers.filter { batch.queries[$0.id] != nil }
            state.outbox.append { for observer in observers { observer.call(.success(batch)) } }
        }
        deliver()
    }

    /// Calls `observer` with every error, once, and with `nil` when the session ends.
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

    /// Calls `observer` with the current status, then whenever its state or staleness changes, and with `nil` when the
    /// session ends.
    func addStatusObserver(_ observer: @escaping @Sendable (ConnectionStatus?) -> Void) -> Int {
        state.withLock { state in
            state.nextObserver += 1
            observer(status(of: state))
            if state.end == nil { state.statusObservers.append((state.nextObserver, observer)) } else { observer(nil) }
            return state.nextObserver
        }
    }

    func removeStatusObserver(_ id: Int) {
        state.withLock { $0.statusObservers.removeAll { $0.id == id } }
    }

    /// Reads the core. Nothing is applied during the call.
    package func withCore<R, Failure: Error>(_ body: (SyncClient) throws(Failure) -> R) throws(Failure) -> R {
        try state.read { (state) throws(Failure) in try body(state.core) }
    }

    /// Whether an entity can be alive on the server, by its index.
    func mayLive(_ entity: Entity) -> Bool {
        withCore { entity != .none && Int(entity.index) < $0.welcome?.limits.entityIndexMax ?? .max }
    }

    /// Reads the store. Nothing is applied during the call.
    func withStore<R>(_ body: (ComponentStore) -> R) -> R { state.read { _ in body(store) } }

    /// Time since anything was received; `nil` without a connection.
    package var silence: Duration? { state.read { $0.connection == nil ? nil : now() - $0.heardAt } }
    package var end: ClientError? { state.read { $0.end } }
    package var receivedByteCount: UInt64 { state.read { $0.receivedByteCount } }

    /// Whether the shown state is not being updated.
    var isStale: Bool { state.read { $0.isStale } }

    package var status: ConnectionStatus { state.read { status(of: $0) } }

    func status(of state: borrowing State) -> ConnectionStatus {
        ConnectionStatus(
            state: state.connectionState, isStale: state.isStale,
            lag: state.core.serverTick.rawValue - min(state.core.tick, state.core.serverTick).rawValue,
            receivedByteCount: state.receivedByteCount, pendingMutationCount: state.core.pendingMutations.count,
            oldestPendingMutationAge: state.waiters.mutations.values.map { now() - $0.since }.max(),
            lostConnectionCount: state.lostConnectionCount)
    }
}
