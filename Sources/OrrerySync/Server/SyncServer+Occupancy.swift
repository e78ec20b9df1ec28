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
package struct SessionState: Hashable, Sendable, CustomStringConvertible {
    package let id: SessionID
    /// `nil` until its `Hello`.
    package let client: ClientID?
    package let subscriptionCount: Int
    package let sentByteCount: UInt64
    package let acknowledgedByteCount: UInt64
    package let acknowledgedTick: Tick
    package let lastSentTick: Tick
    /// Whether it was sent all that there is of what it asked for.
    package let isLive: Bool
    package let hasAcknowledged: Bool
    /// Bytes that wait in the transport, and when some were last taken.
    package let heldByteCount: Int
    package let lastTakenAt: Duration
    /// Answers among them, as allocated.
    package let heldAnswerSize: Int
    package let lastHeardAt: Duration
    /// Whether it is read from: the clock of its silence stands still where it is not.
    package let isRead: Bool
    /// Set until its `Hello`, where it is read from: since when that is waited for.
    package let awaitsHelloSince: Duration?

    package var description: String {
        "session \(id) of \(client.map { "client \($0)" } ?? "nobody"): \(isLive ? "live" : "behind"), sent \(lastSentTick) and "
            + "\(sentByteCount) bytes, acknowledged \(acknowledgedTick) and \(acknowledgedByteCount), holds \(heldByteCount), "
            + (isRead ? "is read" : "is not read")
    }
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
                    "mutations that session \(session.id) awaits", clients.awaitedSizes(of: session.client).count,
                    limit: configuration.pendingMutationMax),
                Occupancy(
                    "subscriptions of session \(session.id)", session.subscriptions.count,
                    limit: limits.subscriptionCountMax),
                Occupancy(
                    "listed entities of session \(session.id)", session.listedCount,
                    limit: configuration.listedEntityCountMax),
                Occupancy(
                    "waiting subscriptions of session \(session.id)", session.waiting.count,
                    limit: limits.subscriptionCountMax),
                // The last message may cost more than what was left.
                Occupancy(
                    "work of session \(session.id) in a period", configuration.turnWorkMax - session.reading.turn,
                    limit: configuration.turnWorkMax + messageWorkMax),
            ]
        }
        // Those that are connected are never forgotten; the transport bounds them.
        let clientCountMax = max(configuration.clientCountMax, sessions.count)
        return perSession + [
            Occupancy("listed entities", listedCount, limit: configuration.listedEntityCountTotalMax),
            Occupancy("clients", clients.count, limit: clientCountMax),
            Occupancy("tokens", clients.tokenCount, limit: 2 * clientCountMax),
            Occupancy(
                "outcomes of a client", clients.outcomeCountMax, limit: configuration.pendingMutationMax),
            Occupancy("blocks", builder.blockCount, limit: BatchBuilder.blockCountMax),
            // Those under way are bounded by what waits for the world.
            Occupancy(
                "bytes of remembered outcomes", clients.decidedSize, limit: configuration.rememberedSizeMax),
            // One answer for each, beyond the limit.
            Occupancy(
                "bytes of answers", sessions.reduce(0) { $0 + answerSize(of: $1) },
                limit: configuration.answersSizeMax + sessions.count * answerSizeMax),
        ]
    }

    /// What the answers of a session take, and those that it awaits: counted, not kept. (Those of an earlier connection
    /// were counted there.)
    private func answerSize(of session: Session) -> Int {
        session.held.answerSize + session.answers.count * HeldBytes.messageOverhead
            + clients.awaitedSizes(of: session.client).reduce(0) { $0 + ($1 > HeldBytes.messageOverhead ? $1 : 0) }
    }

    /// The longest answer, as allocated.
    private var answerSizeMax: Int {
        let limits = configuration.limits
        return max(welcomeSize, limits.reasonSizeMax + limits.schema.fixedSizeMax) + HeldBytes.messageOverhead
    }

    /// Units of its turn that a message of a client may take: one that is as long as it may be.
    private var messageWorkMax: Int { Self.work(messageSize: configuration.clientMessageSizeMax) }

    package var sessionStates: [SessionState] {
        sessions.map { session in
            SessionState(
                id: session.id, client: session.phase == .ready ? session.client : nil,
                subscriptionCount: session.subscriptions.count, sentByteCount: session.sentByteCount,
                acknowledgedByteCount: session.acknowledgedByteCount, acknowledgedTick: session.acknowledgedTick,
                lastSentTick: session.lastSentTick, isLive: session.isLive,
                hasAcknowledged: session.hasAcknowledged, heldByteCount: session.held.byteCount,
                lastTakenAt: session.held.lastTakenAt, heldAnswerSize: session.held.answerSize,
                lastHeardAt: session.lastHeardAt, isRead: session.reading.isOn,
                awaitsHelloSince: session.phase == .awaitingHello && session.reading.isOn ? session.lastHeardAt : nil)
        }
    }
}
