import OrrerySchema
import OrreryStore
import OrreryWire

/// One client as the server knows it: what it asked for, and how far it is.
struct Session {
    enum Phase: Equatable {
        case awaitingHello
        case ready
    }

    /// How far a client is. Neither state holds anything that is to be sent.
    enum Progress {
        /// It was sent everything up to the store's tick.
        case live
        /// It was sent everything up to the cursor; later changes are pending. `transfer` while a large first state is on its
        /// way.
        case behind(cursor: Tick, StateTransfer? = nil)
    }

    let id: SessionID
    var phase = Phase.awaitingHello
    var client = ClientID(0)
    var clientName = ""
    /// What the client can do beyond the protocol's page.
    var capabilities: [Capability] = []
    /// In order of request.
    var subscriptions: [(id: SubscriptionID, selection: Selection)] = []
    /// Entities that they list.
    var listedCount = 0
    /// Subscriptions whose first state was not sent yet, with the tick up to which the client has it all the same.
    var waiting: [(id: SubscriptionID, cursor: Tick)] = []
    /// What the others show together; `nil` until it is worked out again.
    var coverage: Coverage? = Coverage()
    /// Answers to mutations that wait for the client to be sent their tick. As many as the client has mutations under
    /// way.
    var answers: [MutationAnswer] = []
    /// Whether some came just now, of which it is not told yet.
    var isAnswered = false
    var progress = Progress.live
    /// Position of the cells that it is kept up to date on, among the server's groups; `nil` for one that is in none.
    var group: Int?
    /// The tick of the last whole batch: where the client will stand when it has everything that was sent.
    var lastSentTick = Tick.zero
    var acknowledgedTick = Tick.zero
    var sentByteCount: UInt64 = 0
    var acknowledgedByteCount: UInt64 = 0
    var hasAcknowledged = false
    var window: LinkWindow
    /// When it was last sent a batch or a heartbeat.
    var lastSentAt: Duration
    /// Whether that was a heartbeat that said that it is behind. Should it catch up with nothing to be sent, it is told
    /// at once.
    var wasToldBehind = false
    /// When something was heard of it, or when it came; later by the time in which it was not read from.
    var lastHeardAt: Duration
    var reading: Reading
    var held = HeldBytes()
    /// The period in which its pending changes were last worked out: once in each.
    var servedPeriod: UInt64 = 0

    init(id: SessionID, openedAt: Duration, _ configuration: SyncServerConfiguration) {
        window = LinkWindow(sizeMax: configuration.windowSize)
        reading = Reading(
            mutations: RateAllowance(perSecond: configuration.mutationRateMax, now: openedAt),
            requests: RateAllowance(perSecond: configuration.requestRateMax, now: openedAt),
            turn: configuration.turnWorkMax)
        self.id = id
        lastSentAt = openedAt
        lastHeardAt = openedAt
    }

    /// Whether it is sent what each tick changes.
    var isLive: Bool {
        if case .live = progress { phase == .ready } else { false }
    }

    var isBehind: Bool {
        if case .behind = progress { phase == .ready } else { false }
    }

    /// Whether a batch may go to it. Windows are closed by the client: by what it has not acknowledged, in bytes and in
    /// ticks, and by what its system has not taken.
    func isWindowOpen(_ configuration: SyncServerConfiguration) -> Bool {
        held.byteCount == 0
            && (sentByteCount == acknowledgedByteCount
                || hasAcknowledged && sentByteCount - acknowledgedByteCount < window.size
                    && lastSentTick.rawValue < acknowledgedTick.rawValue + configuration.windowTickCount)
    }

    func isHeartbeatDue(_ configuration: SyncServerConfiguration, now: Duration) -> Bool {
        phase == .ready && (now - lastSentAt >= configuration.heartbeatInterval || isLive && wasToldBehind)
    }

    /// The tick up to which the client was sent everything.
    func reachedTick(storeTick: Tick) -> Tick { isLive ? max(lastSentTick, storeTick) : lastSentTick }

    mutating func sent(_ byteCount: Int, reaching tick: Tick, at now: Duration) {
        sentByteCount += UInt64(byteCount)
        lastSentTick = tick
        lastSentAt = now
        wasToldBehind = false
        if byteCount > 0 { window.sent(upTo: sentByteCount, at: now) }
    }

    /// Whether the first state of a subscription was not sent yet.
    func isWaiting(_ id: SubscriptionID) -> Bool { waiting.contains { $0.id == id } }

    /// What those of its subscriptions ask for that `isIncluded` names.
    func coverage(in table: ComponentTable, _ isIncluded: (SubscriptionID) -> Bool) -> Coverage {
        Coverage(of: subscriptions.filter { isIncluded($0.id) }.map(\.selection), in: table)
    }
}

/// Whether a client is read from, and why not.
struct Reading {
    /// What it may ask for each second.
    var mutations: RateAllowance
    var requests: RateAllowance
    /// Units of work that it may still cause in this period, and those that it has caused.
    var turn: Int
    var used = 0
    /// Whether its turn or its rate is used up: ends by itself.
    var waitsForTurn = false
    /// Whether too many bytes of answers wait for it: ends when it has taken half of them.
    var waitsForAnswers = false
    /// Since when it is not read from.
    var stoppedAt: Duration?

    var isOn: Bool { !waitsForTurn && !waitsForAnswers }

    /// Turns that one piece of work may cost at most.
    private static let debtTurnsMax = 4

    /// A period has begun. What went beyond the last turn is taken off: the last piece of work may be larger than what
    /// was left.
    mutating func renew(_ share: Int, turnMax: Int) {
        turn = min(max(turn, -Self.debtTurnsMax * turnMax) + share, turnMax)
        used = 0
    }

    mutating func charge(_ units: Int) {
        turn -= units
        used += units
    }
}

/// What was said to a client and lies in this process, since its system does not take it; and room that is kept for
/// answers.
struct HeldBytes {
    /// In the transport, of all kinds.
    var byteCount = 0
    /// In the transport, as allocated: answers.
    var answerSize = 0
    /// In the core, as allocated: answers whose tick the client has not reached.
    var waitingAnswerSize = 0
    /// Kept for the answers to mutations that the world has.
    var reservedSize = 0
    /// What its system has taken in all.
    var takenByteCount: UInt64 = 0
    /// When it last took something, or had nothing to take.
    var lastTakenAt = Duration.zero

    /// What counts against the bound for answers.
    var answerTotal: Int { answerSize + waitingAnswerSize + reservedSize }

    /// What a message takes beside its bytes: the array, its place in a queue, the frame.
    static let messageOverhead = 160
}

/// A large first state on its way: which pages were sent, and which changes follow at the end of them.
struct StateTransfer {
    /// The changes that were pending when it began.
    let pending: [PendingChanges]
    /// The tick at which it began; what changed after it follows at the end.
    let start: Tick
    /// What the session asked for when it began.
    let coverage: Coverage
    let started: [SubscriptionID]
    var nextPage = 0
    var partCount = 0
}

/// What somebody has not got yet: the changes of these cells after that tick.
struct PendingChanges: Hashable, Sendable {
    var coverage: Coverage
    var cursor: Tick
}
