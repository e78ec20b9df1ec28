import OrrerySchema
import OrrerySync
import OrreryTransport
import OrreryWire

/// What views and subscriptions ask for.
extension ClientSession {
    /// - Parameters:
    ///   - names: of components; `nil` for all.
    ///   - entities: `nil` for all.
    ///   - fit: what the components must be, also in a later life of the world.
    /// - Returns: `nil` where the connection is over.
    func join(
        _ names: [String]?, of entities: Set<Entity>?, _ fate: Subscription.Fate, _ fit: Fit
    ) -> SubscriptionPool.InterestID? {
        let components = names.map { SubscriptionRequest.Components.named(Set($0).sorted()) } ?? .all
        let id: SubscriptionPool.InterestID? = state.withLock { state in
            if let end = state.end {
                fate.finish(end)
                return nil
            }
            // What was let go before leaves room.
            takeLeftovers(&state)
            let (id, outcomes) = state.pool.add(components, of: entities, fate, fit, through: &state.core)
            settle(outcomes, &state)
            return id
        }
        deliver()
        loop.wake()
        return id
    }

    /// Views and subscriptions that last.
    package var interestCount: Int { state.read { $0.pool.interestCount } }

    /// Tells what became of interests.
    func settle(_ outcomes: SubscriptionPool.Outcomes, _ state: inout State) {
        for outcome in outcomes.list {
            switch outcome {
            case .started(let fate): state.outbox.append { fate.started.keep(.success(())) }
            case .ended(let fate, let error): state.outbox.append { fate.finish(error) }
            }
        }
        handle(outcomes.events, &state)
    }

    /// Ends those whose component the server has no longer, or another one that does not fit.
    func endUnfitting(_ state: inout State) {
        let components = components(of: state.core, phase: .subscribe)
        settle(
            state.pool.end(through: &state.core) { names, fit in
                do throws(ClientError) {
                    if case .named(let names) = names { for name in names { _ = try components.entry(of: name) } }
                    try fit.check(components)
                    return nil
                } catch {
                    return error
                }
            }, &state)
    }
}
