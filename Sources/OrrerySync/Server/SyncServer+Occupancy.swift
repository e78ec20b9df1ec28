package import OrrerySchema
import OrreryWire

/// How full something is that has a limit. For tests of "each connection, queue, table and cache has a stated limit".
package struct Occupancy: Hashable, Sendable {
    package let name: String
    package let count: Int
    package let limit: Int

    package init(_ name: String, _ count: Int, limit: Int) {
        self.name = name
        self.count = count
        self.limit = limit
    }
}

/// How a session stands with its window and its silence.
package struct SessionState: Hashable, Sendable {
    package let id: SessionID
    /// `nil` until its `Hello`.
    package let client: ClientID?
    package let sentByteCount: UInt64
    package let acknowledgedByteCount: UInt64
    package let acknowledgedTick: Tick
    package let lastSentTick: Tick
    package let lastHeardAt: Duration
    /// Whether it is read from: the clock of its silence stands still where it is not.
    package let isRead: Bool
    /// Set until its `Hello`: since when it waits for it.
    package let awaitsHelloSince: Duration?
}

extension SyncServer {
    package var occupancies: [Occupancy] {
        let limits = configuration.limits
        let perSession = sessions.flatMap { session in
            [
                Occupancy(
                    "answers of session \(session.id)", session.answers.count,
                    limit: configuration.pendingMutationMax),
                Occupancy(
                    "mutations that session \(session.id) awaits", session.awaited.count,
                    limit: configuration.pendingMutationMax),
                Occupancy(
                    "subscriptions of session \(session.id)", session.subscriptions.count,
                    limit: limits.subscriptionCountMax),
                Occupancy(
                    "waiting subscriptions of session \(session.id)", session.waiting.count,
                    limit: limits.subscriptionCountMax),
            ]
        }
        // Those that are connected are never forgotten; the transport bounds them.
        let clientCountMax = max(configuration.clientCountMax, sessions.count)
        return perSession + [
            Occupancy("clients", clients.count, limit: clientCountMax),
            Occupancy("tokens", clients.tokenCount, limit: 2 * clientCountMax),
            Occupancy(
                "outcomes of a client", clients.outcomeCountMax, limit: configuration.pendingMutationMax),
            Occupancy("blocks", builder.blockCount, limit: BatchBuilder.blockCountMax),
            // One answer for each, beyond the limit.
            Occupancy(
                "bytes of answers", held.answerSize,
                limit: configuration.answersSizeMax + sessions.count * (limits.valueSizeMax + limits.reasonSizeMax)),
        ]
    }

    package var sessionStates: [SessionState] {
        sessions.map { session in
            SessionState(
                id: session.id, client: session.phase == .ready ? session.client : nil,
                sentByteCount: session.sentByteCount,
                acknowledgedByteCount: session.acknowledgedByteCount, acknowledgedTick: session.acknowledgedTick,
                lastSentTick: session.lastSentTick, lastHeardAt: session.lastHeardAt, isRead: session.reading.isOn,
                awaitsHelloSince: session.phase == .awaitingHello ? session.openedAt : nil)
        }
    }
}
