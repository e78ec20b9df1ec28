package import OrrerySchema
import OrreryTransport
package import OrreryWire

/// A mutation that has no outcome yet.
package struct PendingMutation: Hashable, Sendable {
    package let mutation: Mutation
    /// Whether it was handed to a connection, so that it may have had its effect.
    package internal(set) var wasSent: Bool
}

extension SyncClient {
    /// Asks the server for a change. The outcome arrives as `mutated`. After a lost connection, the mutation is sent
    /// again; it has at most one effect.
    /// - Throws: ``Refusal`` of code `limitReached` if too many mutations have no outcome yet, or if the mutation has
    ///   more parts, a longer value or more bytes than the server accepts.
    package mutating func mutate(_ operation: Mutation.Operation) throws(Refusal) -> MutationSequence {
        let countMax = min(configuration.pendingMutationMax, welcome?.limits.pendingMutationMax ?? .max)
        guard pendingMutations.count < countMax else {
            throw Refusal(.limitReached, "\(countMax) mutations have no outcome yet; wait for some")
        }
        // The life of the state that the owner saw: an entity of one life of the world means nothing in another.
        let mutation = Mutation(sequence: MutationSequence(nextMutation), epoch: shownEpoch, operation: operation)
        let message = ClientMessage.mutate(mutation).encoded()
        guard message.count <= messageSizeMax else {
            throw Refusal(
                .limitReached,
                "the mutation takes \(message.count) bytes, but a message may have \(messageSizeMax); write less "
                    + "at a time"
            )
        }
        try checkLimits(of: operation)
        nextMutation += 1
        pendingMutations.append(PendingMutation(mutation: mutation, wasSent: phase == .ready))
        if phase == .ready { outgoing.append(message) }
        return mutation.sequence
    }

    /// - Throws: If the server would close the connection for this operation.
    private func checkLimits(of operation: Mutation.Operation) throws(Refusal) {
        guard let limits = welcome?.limits else { return }
        for (name, count, countMax) in [
            ("mutationPartCountMax, parts", operation.partCount, limits.mutationPartCountMax),
            ("valueSizeMax, bytes of a value", operation.longestValueSize, limits.valueSizeMax),
        ] where count > countMax {
            throw Refusal(
                .limitReached,
                "the mutation has \(count), but the server takes \(countMax) (\(name)); write less at a time")
        }
    }

    mutating func receiveOutcome(
        _ sequence: MutationSequence, _ outcome: MutationOutcome
    ) throws(WireError) -> [ClientEvent] {
        guard let index = pendingMutations.firstIndex(where: { $0.mutation.sequence == sequence }) else {
            throw WireError(.protocolError, "an answer to mutation \(sequence), which is not under way")
        }
        pendingMutations.remove(at: index)
        return [.mutated(sequence, outcome)]
    }

    /// After a new connection: sends mutations without an outcome again. A server that does not know this client cannot
    /// tell whether a mutation that was sent before had its effect.
    mutating func resendMutations(isKnownClient: Bool) -> [ClientEvent] {
        var events: [ClientEvent] = []
        if !isKnownClient {
            let refusal = Refusal(
                .outcomeUnknown, "the connection was lost, and the server does not remember this client")
            for pending in pendingMutations where pending.wasSent {
                events.append(.mutated(pending.mutation.sequence, .refused(refusal)))
            }
            pendingMutations.removeAll(where: \.wasSent)
        }
        for index in pendingMutations.indices {
            pendingMutations[index].wasSent = true
            outgoing.append(ClientMessage.mutate(pendingMutations[index].mutation).encoded())
        }
        return events
    }
}
