import OrrerySchema

/// What one client was sent, and what of it the client has acknowledged.
///
/// A value of its own, of which a method costs no copy of the ``Session``.
struct Delivery {
    /// The tick of the last whole batch: the client reaches it once it has everything that was sent.
    var lastSentTick = Tick.zero
    private(set) var acknowledgedTick = Tick.zero
    private(set) var sentByteCount: UInt64 = 0
    private(set) var acknowledgedByteCount: UInt64 = 0
    private(set) var hasAcknowledged = false
    /// All bytes up to the last batch that the client was asked to acknowledge.
    private var askedByteCount: UInt64 = 0
    /// Batches since then.
    private var unaskedBatchCount = 0
    /// When it last acknowledged bytes, or had none to acknowledge.
    private(set) var lastAcknowledgedAt = Duration.zero
    private(set) var window: LinkWindow
    /// When the client was last sent a batch or a heartbeat.
    var lastSentAt: Duration
    /// Whether that was a heartbeat that said the client is behind. If the client then catches up without a batch, it
    /// is told at once.
    private(set) var wasToldBehind = false
    /// When the client was last heard, or connected; moved later by the time in which it was not read.
    var lastHeardAt: Duration

    /// Batches in a row that a client is not asked to acknowledge: each acknowledgement costs as much as receiving any
    /// message, so most are left out while the window is far from closing.
    private static let unaskedBatchMax = 3
    /// The part of the window that may be unacknowledged without having been asked for.
    private static let unaskedShare: UInt64 = 4

    init(openedAt: Duration, _ configuration: SyncServerConfiguration) {
        window = LinkWindow(sizeMax: configuration.windowSize)
        lastSentAt = openedAt
        lastHeardAt = openedAt
    }

    /// Whether the bytes and ticks that are not acknowledged leave room for a batch.
    func isWindowOpen(_ configuration: SyncServerConfiguration) -> Bool {
        sentByteCount == acknowledgedByteCount
            || hasAcknowledged && sentByteCount - acknowledgedByteCount < window.size
                && lastSentTick.rawValue - acknowledgedTick.rawValue < configuration.windowTickCount
    }

    /// Whether they leave room for a part of an answer.
    func isWindowOpenForAnswers(_ configuration: SyncServerConfiguration) -> Bool {
        let waitingSize = sentByteCount - acknowledgedByteCount
        return hasAcknowledged && isWindowOpen(configuration) && (waitingSize == 0 || waitingSize < window.size / 2)
    }

    /// Whether bytes that nobody asked it to acknowledge keep its window closed.
    func isClosedUnasked(_ configuration: SyncServerConfiguration) -> Bool {
        sentByteCount > acknowledgedByteCount && !owesAcknowledgement && !isWindowOpen(configuration)
    }

    /// Whether it was asked to acknowledge something, and has not.
    var owesAcknowledgement: Bool { askedByteCount > acknowledgedByteCount }

    /// Whether it is asked to acknowledge a batch.
    func needsAcknowledgement(
        of byteCount: Int, reaching tick: Tick, _ configuration: SyncServerConfiguration, now: Duration
    ) -> Bool {
        !hasAcknowledged || unaskedBatchCount >= Self.unaskedBatchMax
            || (sentByteCount - acknowledgedByteCount + UInt64(byteCount)) >= window.size / Self.unaskedShare
            || tick.rawValue - min(tick, acknowledgedTick).rawValue >= configuration.windowTickCount / Self.unaskedShare
            || window.needsSample(at: now)
            // It says something before its silence ends it, whenever the next Heartbeat comes.
            || now - lastHeardAt
                >= min(
                    configuration.heartbeatInterval,
                    configuration.silenceTimeout - configuration.heartbeatInterval - configuration.heartbeatInterval)
    }

    /// - Parameter asksToAcknowledge: Whether the client is to acknowledge it.
    mutating func sent(_ byteCount: Int, reaching tick: Tick, asksToAcknowledge: Bool = true, at now: Duration) {
        lastSentTick = tick
        lastSentAt = now
        wasToldBehind = false
        if byteCount > 0 { sent(byteCount, asksToAcknowledge: asksToAcknowledge, at: now) }
    }

    /// It was sent bytes that do not change its tick.
    mutating func sent(_ byteCount: Int, asksToAcknowledge: Bool = true, at now: Duration) {
        if !owesAcknowledgement { lastAcknowledgedAt = now }
        sentByteCount += UInt64(byteCount)
        guard asksToAcknowledge else {
            unaskedBatchCount += 1
            return
        }
        window.sent(UInt64(byteCount), upTo: sentByteCount, at: now)
        askedByteCount = sentByteCount
        unaskedBatchCount = 0
    }

    /// It was sent a Heartbeat, which a client acknowledges, with all bytes before it.
    /// - Parameter isCurrent: Whether it said that the client is current at that tick.
    mutating func sentHeartbeat(reaching tick: Tick, isCurrent: Bool, at now: Duration) {
        if !owesAcknowledgement { lastAcknowledgedAt = now }
        askedByteCount = sentByteCount
        unaskedBatchCount = 0
        sent(0, reaching: tick, at: now)
        wasToldBehind = !isCurrent
    }

    /// It begins at a tick that it already has.
    mutating func begin(at tick: Tick) {
        lastSentTick = tick
        acknowledgedTick = tick
    }

    /// The client has all ticks up to this one, and this many bytes.
    /// - Returns: Whether it can: it was sent so much, and has not said that it has more.
    mutating func acknowledged(_ tick: Tick, _ byteCount: UInt64, at now: Duration) -> Bool {
        guard byteCount >= acknowledgedByteCount, byteCount <= sentByteCount, tick >= acknowledgedTick,
            tick <= lastSentTick
        else { return false }
        if byteCount > acknowledgedByteCount { lastAcknowledgedAt = now }
        acknowledgedTick = tick
        acknowledgedByteCount = byteCount
        hasAcknowledged = true
        window.acknowledged(byteCount, at: now)
        return true
    }
}
