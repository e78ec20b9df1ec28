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
    var clientName = ""
    /// In order of request.
    var subscriptions: [(id: SubscriptionID, selection: Selection)] = []
    /// Subscriptions whose first state was not sent yet.
    var waiting: [SubscriptionID] = []
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

    init(id: SessionID, openedAt: Duration) {
        self.id = id
        self.openedAt = openedAt
        lastSentAt = openedAt
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

    mutating func sent(_ byteCount: Int, reaching tick: Tick, at now: Duration) {
        sentByteCount += UInt64(byteCount)
        lastSentTick = tick
        lastSentAt = now
    }

    func interest(columnCount: Int) -> Interest {
        Interest(of: subscriptions.map(\.selection), columnCount: columnCount)
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
