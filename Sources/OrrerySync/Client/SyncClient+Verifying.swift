import OrrerySchema
import OrreryStore
import OrreryTransport
package import OrreryWire

/// Verifying: the hash of what this client has of a subscription is compared with that of what the server shows.
extension SyncClient {
    /// Asks for the hash of a subscription. The outcome arrives as `verified`, `differs` or `unverified`; whoever asks
    /// meanwhile gets the same. Without a connection, or if it is lost, the request is sent with the next one.
    /// - Returns: Whether there is such a subscription.
    package mutating func verify(_ id: SubscriptionID) -> Bool {
        guard requests[id] != nil, !unsubscribing.contains(id) else { return false }
        if verifying.insert(id).inserted, phase == .ready { outgoing.append(ClientMessage.verify(id).encoded()) }
        return true
    }

    /// Verifies one of the started subscriptions: each in its turn.
    package mutating func verifyNext() {
        let started = startedSubscriptions.filter { !unsubscribing.contains($0) }
        guard let next = started.first(where: { $0 > lastVerified }) ?? started.first else { return }
        lastVerified = next
        _ = verify(next)
    }

    /// Sends over a new connection what was not answered on the one before, restarts included.
    mutating func verifyAgain() -> [ClientEvent] {
        for id in applier.restarting.sorted() { outgoing.append(ClientMessage.restart(id).encoded()) }
        let over = verifying.filter { requests[$0] == nil }.sorted()
        verifying.subtract(over)
        for id in verifying.sorted() { outgoing.append(ClientMessage.verify(id).encoded()) }
        return over.map { .unverified($0, Self.isOver) }
    }

    /// A subscription is over. If there is a connection, the server answers what was asked about it.
    mutating func endVerifying(_ id: SubscriptionID) -> [ClientEvent] {
        phase != .ready && verifying.remove(id) != nil ? [.unverified(id, Self.isOver)] : []
    }

    private static let isOver = Refusal(.badSubscription, "the subscription has ended")

    mutating func receive(_ outcome: VerifyOutcome, for id: SubscriptionID) throws(WireError) -> [ClientEvent] {
        guard verifying.remove(id) != nil else {
            throw WireError(.protocolError, "a hash of subscription \(id), which was not asked for")
        }
        switch outcome {
        case .refused(let refusal): return [.unverified(id, refusal)]
        case .hash(let hash, let tick):
            // It comes after all batches up to its tick, and before any later one.
            guard tick >= reachedTick, let own = applier.hash(of: id) else {
                throw WireError(.protocolError, "a hash of subscription \(id) at tick \(tick), out of its turn")
            }
            serverTick = max(serverTick, tick)
            guard own != hash else { return [.verified(id, tick)] }
            if applier.restarting.insert(id).inserted { outgoing.append(ClientMessage.restart(id).encoded()) }
            return [.differs(id, StateDifference(tick: tick, server: hash, client: own))]
        }
    }
}
