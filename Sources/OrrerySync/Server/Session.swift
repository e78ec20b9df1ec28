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
        /// It was sent everything up to the cursor; what came since is owed. `pass` while a large first state is on its way.
        case behind(cursor: Tick, Pass? = nil)
    }

    let id: SessionID
    let openedAt: Duration
    var phase = Phase.awaitingHello
    var client = ClientID(0)
    var clientName = ""
    /// In order of request.
    var subscriptions: [(id: SubscriptionID, selection: Selection)] = []
    /// Subscriptions whose first state was not sent yet, with the tick up to which the client has it all the same.
    var waiting: [(id: SubscriptionID, cursor: Tick)] = []
    /// Mutations that were sent on this connection and that the world has not decided upon. As many as are remembered of a client.
    var awaited: Set<MutationSequence> = []
    /// Answers to mutations that wait for the client to be sent their tick. As many as the client has mutations under way.
    var answers: [(tick: Tick, sequence: MutationSequence, outcome: MutationOutcome)] = []
    /// What it may send at once.
    var mutationAllowance: RateAllowance
    var requestAllowance: RateAllowance
    var progress = Progress.live
    /// Position of the cells that it is kept up to date on, among the server's groups.
    var group = 0
    var isMember = false
    /// The tick of the last whole batch: where the client will stand when it has everything that was sent.
    var lastSentTick = Tick.zero
    var acknowledgedTick = Tick.zero
    var sentByteCount: UInt64 = 0
    var acknowledgedByteCount: UInt64 = 0
    var lastSentAt: Duration
    var lastHeardAt: Duration

    init(id: SessionID, openedAt: Duration, _ configuration: SyncServerConfiguration) {
        mutationAllowance = RateAllowance(perSecond: configuration.mutationRateMax, now: openedAt)
        requestAllowance = RateAllowance(perSecond: configuration.requestRateMax, now: openedAt)
        self.id = id
        self.openedAt = openedAt
        lastSentAt = openedAt
        lastHeardAt = openedAt
    }

    var isLive: Bool {
        if case .live = progress { phase == .ready } else { false }
    }

    /// Windows are closed by the client: what it has not acknowledged, in bytes and in ticks.
    func isWindowOpen(_ configuration: SyncServerConfiguration) -> Bool {
        sentByteCount - acknowledgedByteCount < UInt64(configuration.windowSize)
            && lastSentTick.rawValue < acknowledgedTick.rawValue + configuration.windowTickCount
            || sentByteCount == acknowledgedByteCount
    }

    /// Whether the client was sent everything up to a tick.
    func hasReached(_ tick: Tick, storeTick: Tick) -> Bool { lastSentTick >= tick || (isLive && storeTick >= tick) }

    mutating func sent(_ byteCount: Int, reaching tick: Tick, at now: Duration) {
        sentByteCount += UInt64(byteCount)
        lastSentTick = tick
        lastSentAt = now
    }

    /// Whether the first state of a subscription was not sent yet.
    func isWaiting(_ id: SubscriptionID) -> Bool { waiting.contains { $0.id == id } }

    /// What all its subscriptions, or those that `isIncluded` names, ask for.
    func interest(columnCount: Int, _ isIncluded: (SubscriptionID) -> Bool = { _ in true }) -> Interest {
        Interest(of: subscriptions.filter { isIncluded($0.id) }.map(\.selection), columnCount: columnCount)
    }
}

/// A large first state on its way: which pages were sent, and what is owed at the end of them.
struct Pass {
    /// What was owed when the pass began.
    let owed: [Owed]
    /// The tick at which it began; what changed after it follows at the end.
    let start: Tick
    /// What the session asked for when it began.
    let interest: Interest
    let started: [SubscriptionID]
    var nextPage = 0
    var partCount = 0
}

/// The sessions that are kept up to date on the same cells, and so are sent the same bytes.
struct Group {
    var interest: Interest
    var memberCount = 0
    /// No member stands before this tick: the base of the next batch.
    var lastBatchTick: Tick
}
