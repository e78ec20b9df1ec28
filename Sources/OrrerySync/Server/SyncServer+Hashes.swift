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

    /// Answers what a session has asked, if it was sent everything up to now: then its client has this very tick when
    /// the answer arrives. Each answer waits for the session's turn and for the interval of its subscription.
    mutating func answerHashes(_ index: Int, now: Duration) {
        for id in sessions[index].hashRequests {
            guard sessions[index].isLive, hasTransferBudget, hasTurn(index), sessions[index].reading.turn > 0 else {
                return
            }
            guard let position = sessions[index].subscriptions.firstIndex(where: { $0.id == id }) else { continue }
            if let last = sessions[index].subscriptions[position].hashedAt, now - last < configuration.verifyInterval {
                continue
            }
            sessions[index].hashRequests.removeAll { $0 == id }
            sessions[index].subscriptions[position].hashedAt = now
            let query = sessions[index].subscriptions[position].query
            let (hash, work, isNew) = views[sessions[index].view].hash(of: query)
            charge(index, work)
            if isNew { buildWork.charge(work) }
            answer(index, .verifyResponse(id, .hash(hash, at: store.tick)))
        }
    }

    /// The query of a subscription begins anew with the next batch. Nothing happens if there is no such subscription, or
    /// if its first state is yet to be sent.
    mutating func restart(_ index: Int, _ id: SubscriptionID) {
        let session = sessions[index]
        guard session.subscriptions.contains(where: { $0.id == id }),
            !session.waiting.contains(where: { $0.id == id && $0.cursor == .zero }), !session.restarting.contains(id)
        else { return }
        sessions[index].restarting.append(id)
        if session.isLive { sessions[index].progress = .behind(cursor: store.tick) }
    }
}
