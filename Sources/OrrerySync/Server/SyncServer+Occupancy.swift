import OrreryQuery
package import OrrerySchema
import OrreryStore
import OrreryWire

/// How full a limited resource is. For tests of "each connection, queue, table and cache has a stated limit".
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

/// The state of a session's window and its silence.
package struct SessionState: Hashable, Sendable, CustomStringConvertible {
    package let id: SessionID
    /// `nil` until its `Hello`.
    package let client: ClientID?
    package let subscriptionCount: Int
    package let sentByteCount: UInt64
    package let acknowledgedByteCount: UInt64
    package let acknowledgedTick: Tick
    package let lastSentTick: Tick
    /// Whether it was sent everything there is of what it asked for.
    package let isLive: Bool
    package let hasAcknowledged: Bool
    /// Bytes that wait in the transport, and when bytes were last taken.
    package let heldByteCount: Int
    package let lastTakenAt: Duration
    /// Answers among the held bytes, as allocated.
    package let heldAnswerSize: Int
    package let lastHeardAt: Duration
    /// Whether the session is read; while it is not, the clock of its silence stands still.
    package let isRead: Bool
    /// When the wait for its `Hello` began; set until the `Hello`, while the session is read.
    package let awaitsHelloSince: Duration?

    package var description: String {
        "session \(id) of \(client.map { "client \($0)" } ?? "nobody"): \(isLive ? "live" : "behind"), "
            + "sent \(lastSentTick) and "
            + "\(sentByteCount) bytes, acknowledged \(acknowledgedTick) and \(acknowledgedByteCount), holds "
            + "\(heldByteCount), "
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
                    "subscriptions of session \(session.id)", session.subscriptions.count { $0.replaces == nil },
                    limit: limits.subscriptionCountMax),
                Occupancy(
                    "waiting queries of session \(session.id)", session.waitingQueries.count,
                    limit: configuration.waitingQueryMax),
                Occupancy(
                    "listed entities of session \(session.id)",
                    session.listedCount - listedCount(ofReplaced: session),
                    limit: configuration.listedEntityCountMax),
                Occupancy(
                    "waiting subscriptions of session \(session.id)", session.waiting.count,
                    limit: 2 * limits.subscriptionCountMax),
                Occupancy(
                    "hashes that session \(session.id) waits for", session.hashRequests.count,
                    limit: 2 * limits.subscriptionCountMax),
                // The last message may cost more than what was left.
                Occupancy(
                    "work of session \(session.id) in a period", configuration.turnWorkMax - session.reading.turn,
                    limit: configuration.turnWorkMax + messageWorkMax),
            ]
        }
        // Connected clients are never forgotten; the transport limits them.
        let clientCountMax = max(configuration.clientCountMax, sessions.count)
        return perSession + [
            Occupancy("views", views.count, limit: 1 + Self.viewCountMax),
            Occupancy("queries of lost connections", frozen.count, limit: FrozenQueries.countMax),
            Occupancy("bytes of these queries", frozen.byteCount, limit: FrozenQueries.sizeMax),
            Occupancy(
                "blocks", views.reduce(0) { $0 + $1.builder.blockCount }, limit: BatchBuilder.blockCountMax),
            Occupancy("listed entities", listedCount, limit: configuration.listedEntityCountTotalMax),
            Occupancy("clients", clients.count, limit: clientCountMax),
            Occupancy("tokens", clients.tokenCount, limit: 2 * clientCountMax),
            Occupancy(
                "outcomes of a client", clients.outcomeCountMax, limit: configuration.pendingMutationMax),
            // The bytes of a part besides its sections come on top.
            Occupancy(
                "bytes of answers to queries", held.queryAnswerSize,
                limit: max(configuration.heldSizeMax / 2, configuration.queryAnswerSizeMax) * 9 / 8 + (64 << 10)),
            // Outcomes under way are limited by the mutations that wait for the world.
            Occupancy(
                "bytes of remembered outcomes", clients.decidedSize, limit: configuration.rememberedSizeMax),
            // Each session may have one answer beyond the limit.
            Occupancy(
                "bytes of answers", sessions.reduce(0) { $0 + answerSize(of: $1) },
                limit: configuration.answersSizeMax + sessions.count * answerSizeMax),
        ]
    }

    /// Bytes of the answers of a session, and of those that it awaits: counted anew, not taken from the totals. (Those
    /// of an earlier connection were counted there.)
    private func answerSize(of session: Session) -> Int {
        session.held.answerSize + session.answers.count * HeldBytes.messageOverhead
            + clients.awaitedSizes(of: session.client).reduce(0) { $0 + ($1 > HeldBytes.messageOverhead ? $1 : 0) }
    }

    /// Bytes of the longest answer, as allocated.
    private var answerSizeMax: Int {
        let limits = configuration.limits
        return max(welcomeSize, limits.reasonSizeMax + limits.schema.fixedSizeMax) + HeldBytes.messageOverhead
    }

    /// The most units of its turn that one message of a client may take: those of the longest message, and of the
    /// evaluation of a query that has the most nodes.
    private var messageWorkMax: Int {
        Self.work(messageSize: configuration.clientMessageSizeMax) + 1
            + Query.work(pageCount: store.pageCount, nodeCount: QueryLimits().nodeCountMax)
    }

    package var sessionStates: [SessionState] {
        sessions.map { session in
            SessionState(
                id: session.id, client: session.phase == .ready ? session.client : nil,
                subscriptionCount: session.subscriptions.count, sentByteCount: session.delivery.sentByteCount,
                acknowledgedByteCount: session.delivery.acknowledgedByteCount,
                acknowledgedTick: session.delivery.acknowledgedTick,
                lastSentTick: session.delivery.lastSentTick, isLive: session.isLive,
                hasAcknowledged: session.delivery.hasAcknowledged, heldByteCount: session.held.byteCount,
                lastTakenAt: session.held.lastTakenAt, heldAnswerSize: session.held.answerSize,
                lastHeardAt: session.delivery.lastHeardAt, isRead: session.reading.isOn,
                awaitsHelloSince: session.phase == .awaitingHello && session.reading.isOn
                    ? session.delivery.lastHeardAt : nil)
        }
    }

    /// The entities that only those subscriptions of a session list whose places others are about to take.
    private func listedCount(ofReplaced session: Session) -> Int {
        session.subscriptions.reduce(0) { count, old in
            let isReplaced = session.subscriptions.contains { $0.replaces == old.id }
            return isReplaced ? count + views[session.view].queries[old.query].query.listedCount : count
        }
    }
}
