import OrrerySchema
import OrrerySync
import OrreryTransport
import OrreryWire

/// The interests of views and subscriptions.
extension ClientSession {
    /// - Parameters:
    ///   - names: The components; `nil` for all.
    ///   - entities: The entities; `nil` for all.
    ///   - fit: What the components must satisfy, also in a later epoch.
    /// - Returns: `nil` if the connection has ended.
    func join(
        _ names: [String]?, of entities: Set<Entity>?, _ fate: Subscription.Fate, _ fit: Fit
    ) -> SubscriptionPool.InterestID? {
        let components = names.map { SubscriptionRequest.Components.named(Set($0).sorted()) } ?? .all
        let id: SubscriptionPool.InterestID? = state.withLock { state in
            if let end = state.end {
                fate.finish(end)
                return nil
            }
            // Released interests make room first.
            takeLeftovers(&state)
            let (id, outcomes) = state.pool.add(components, of: entities, fate, fit, through: &state.core)
            settle(outcomes, &state)
            return id
        }
        deliver()
        loop.wake()
        return id
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
