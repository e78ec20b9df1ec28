import OrrerySchema
import OrrerySync
import OrreryTransport
import OrreryWire

/// The interests of views and subscriptions.
extension ClientSession {
    /// - Parameters:
    ///   - request: The query; for entities in a list that the pool keeps, the text that stands beside it.
    ///   - entities: These entities; `nil` for a query that is sent as it is.
    ///   - fit: What the components must satisfy, also in a later epoch.
    ///   - old: An interest that is to have the new query, too (``SubscriptionPool/add(_:of:_:_:replacing:through:)``).
    /// - Returns: `nil` if the connection has ended.
    func join(
        _ request: QueryRequest, of entities: Set<Entity>?, _ fate: Subscription.Fate, _ fit: Fit,
        replacing old: SubscriptionPool.InterestID? = nil
    ) -> SubscriptionPool.InterestID? {
        let id: SubscriptionPool.InterestID? = state.withLock { state in
            if let end = state.end {
                fate.finish(end)
                return nil
            }
            // Released interests make room first.
            takeLeftovers(&state)
            let (id, outcomes) = state.pool.add(
                request, of: entities, fate, fit, replacing: old, through: &state.core)
            settle(outcomes, &state)
            return id
        }
        deliver()
        loop.wake()
        return id
    }

    /// The subscription of the protocol that an interest in a query has.
    func subscription(of interest: SubscriptionPool.InterestID) -> SubscriptionID? {
        state.read { $0.pool.subscription(of: interest) }
    }

    /// Verifies all that an interest shows. Lists of entities that change meanwhile are verified again.
    /// - Returns: The tick at which all of it had been verified.
    func verify(_ interest: SubscriptionPool.InterestID, _ fate: Subscription.Fate) async throws(ClientError) -> Tick {
        while true {
            guard let ids = state.read({ $0.pool.subscriptions(of: interest) }) else {
                throw fate.end ?? ClientError(.closed, "the subscription has ended", phase: .verify)
            }
            var tick: Tick? = withCore { $0.tick }
            for id in ids where tick != nil {
                let promise = Promise<Tick?>()
                verify(id) { promise.keep($0) }
                tick = try await promise.value()
            }
            if let tick { return tick }
        }
    }

    /// The number of active views and subscriptions.
    package var interestCount: Int { state.read { $0.pool.interestCount } }

    /// Tells the interests their outcomes.
    func settle(_ outcomes: SubscriptionPool.Outcomes, _ state: inout State) {
        for outcome in outcomes.list {
            switch outcome {
            case .started(let fate): state.outbox.append { fate.started.keep(.success(())) }
            case .ended(let fate, let error): state.outbox.append { fate.finish(error) }
            }
        }
        handle(outcomes.events, &state)
    }

    /// Ends interests whose component the server no longer has, or whose component no longer fits.
    func endUnfitting(_ state: inout State) {
        let components = components(of: state.core, phase: .subscribe)
        settle(
            state.pool.end(through: &state.core) { fit in
                do throws(ClientError) {
                    try fit.check(components)
                    return nil
                } catch {
                    return error
                }
            }, &state)
    }
}
