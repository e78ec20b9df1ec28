import OrrerySchema
import OrreryStore
import OrreryWire

/// State hashes: a client compares what it has of a subscription with what the query shows. If they differ, the query
/// begins anew.
extension SyncServer {
    /// Takes in a request for the hash of a subscription, or refuses it at once.
    mutating func verify(_ index: Int, _ id: SubscriptionID) {
        if !sessions[index].subscriptions.contains(where: { $0.id == id }) {
            answer(
                index, .verifyResponse(id, .refused(Refusal(.badSubscription, "there is no subscription \(id)"))))
        } else if sessions[index].hashRequests.contains(id) {
            answer(
                index,
                .verifyResponse(
                    id, .refused(Refusal(.limitReached, "subscription \(id) is being verified; wait for the answer"))))
        } else {
            sessions[index].hashRequests.append(id)
        }
    }

    /// The subscription is over.
    mutating func endHashRequest(_ index: Int, _ id: SubscriptionID) {
        guard let position = sessions[index].hashRequests.firstIndex(of: id) else { return }
        sessions[index].hashRequests.remove(at: position)
        answer(index, .verifyResponse(id, .refused(Refusal(.badSubscription, "subscription \(id) has ended"))))
    }

    /// Tells a session one of the hashes that it waits for, if it was sent everything up to now: then its client has
    /// this very tick when the answer arrives. Called in turn, once per period: hashing is work like making batches.
    mutating func answerHash(_ index: Int, now: Duration) {
        guard sessions[index].isLive else { return }
        let subscriptions = sessions[index].subscriptions
        let due = sessions[index].hashRequests.firstIndex { id in
            subscriptions.contains { subscription in
                subscription.id == id && subscription.hashedAt.map { now - $0 >= configuration.verifyInterval } ?? true
            }
        }
        guard let due else { return }
        let id = sessions[index].hashRequests.remove(at: due)
        for position in subscriptions.indices where subscriptions[position].id == id {
            sessions[index].subscriptions[position].hashedAt = now
            let view = sessions[index].view
            let (hash, work) = views[view].hash(of: subscriptions[position].query)
            buildWork.charge(work)
            answer(index, .verifyResponse(id, .hash(hash, at: store.tick)))
        }
    }

    /// The query of a subscription begins anew with the next batch. Nothing happens if there is no such subscription,
    /// or if its first state is yet to be sent.
    mutating func restart(_ index: Int, _ id: SubscriptionID) {
        let session = sessions[index]
        guard session.subscriptions.contains(where: { $0.id == id }),
            !session.waiting.contains(where: { $0.id == id && $0.cursor == .zero }), !session.restarting.contains(id)
        else { return }
        sessions[index].restarting.append(id)
        if session.isLive { sessions[index].progress = .behind(cursor: store.tick) }
    }
}
