import OrrerySchema
import OrreryStore
import OrreryWire

/// One client as the server knows it: its subscriptions, and its progress.
struct Session {
    enum Phase: Equatable {
        case awaitingHello
        /// What the client alone is shown is not known yet.
        case awaitingRows(Hello, isKnown: Bool)
        case ready
    }

    /// How far a client is. Neither state holds data that is to be sent.
    enum Progress {
        /// The client was sent everything up to the store's tick.
        case live
        /// The client was sent everything up to the cursor; later changes are pending. There is a transfer while a
        /// large first state is being sent.
        case behind(cursor: Tick, StateTransfer? = nil)
    }

    let id: SessionID
    /// Whose it is, and what it may do.
    let admission: Admission
    var phase = Phase.awaitingHello
    var client = ClientID(0)
    var clientName = ""
    /// Capabilities of the client beyond docs/PROTOCOL.md.
    var capabilities: [Capability] = []
    /// A query that it was granted.
    struct Subscription {
        let id: SubscriptionID
        let query: QueryTable.Slot
        /// Bytes of its text.
        let textSize: Int
        /// The one that ends when this one starts. Each has one at most that takes its place.
        var replaces: SubscriptionID?
        /// When its hash was last told.
        var hashedAt: Duration?
    }

    /// In order of request.
    var subscriptions: [Subscription] = []
    /// The number of entities that its subscriptions and waiting queries list.
    var listedCount = 0
    /// Its one-shot queries that wait, in order.
    var waitingQueries: [WaitingQuery] = []
    /// The answer that it is being sent.
    var answer: AnswerTransfer?
    /// Bytes of the texts of its subscriptions and waiting queries.
    var textSize: Int {
        subscriptions.reduce(waitingQueries.reduce(0) { $0 + $1.textSize }) { $0 + $1.textSize }
    }
    /// Subscriptions whose first state was not sent yet, with the tick up to which the client already has it.
    var waiting: [(id: SubscriptionID, cursor: Tick)] = []
    /// Started subscriptions whose queries begin anew with the next batch, since the client does not have what they
    /// show.
    var restarting: [SubscriptionID] = []
    /// The subscriptions whose hashes it waits for, each once, in order.
    var hashRequests: [SubscriptionID] = []
    /// Answers to mutations that are held until the client was sent their tick. As many as the client has mutations
    /// under way.
    var answers: [MutationAnswer] = []
    /// Whether answers have just come that were not sent yet.
    var isAnswered = false
    var progress = Progress.live
    /// The position of the view of its class.
    var view = 0
    /// The position of the set of its queries, those of subscriptions not in `waiting`; `nil` if there are none.
    var set: Int?
    var delivery: Delivery
    var reading: Reading
    var held = HeldBytes()
    /// The period in which its pending changes were last computed: once per period.
    var servedPeriod: UInt64 = 0

    init(id: SessionID, _ admission: Admission, openedAt: Duration, _ configuration: SyncServerConfiguration) {
        delivery = Delivery(openedAt: openedAt, configuration)
        reading = Reading(
            mutations: RateAllowance(perSecond: configuration.mutationRateMax, now: openedAt),
            requests: RateAllowance(perSecond: configuration.requestRateMax, now: openedAt),
            turn: configuration.turnWorkMax)
        self.id = id
        self.admission = admission
    }

    /// Whether it is sent the changes of each tick.
    var isLive: Bool {
        if case .live = progress { phase == .ready } else { false }
    }

    /// Where the set of its queries is.
    var place: SetPlace? { self.set.map { SetPlace(view: view, set: $0) } }

    var isBehind: Bool {
        if case .behind = progress { phase == .ready } else { false }
    }

    /// Whether a batch may be sent to it. The client closes its window: by the bytes and ticks that it has not
    /// acknowledged, and by the bytes that its system has not taken.
    func isWindowOpen(_ configuration: SyncServerConfiguration) -> Bool {
        held.byteCount == 0 && delivery.isWindowOpen(configuration)
    }

    /// Whether a part of an answer may be sent to it: half of its window stays free for batches. A client that has not
    /// shown that it reads is answered nothing.
    func isWindowOpenForAnswers(_ configuration: SyncServerConfiguration) -> Bool {
        held.byteCount == 0 && delivery.isWindowOpenForAnswers(configuration)
    }

    /// Whether bytes that nobody asked it to acknowledge keep its window closed.
    func isClosedUnasked(_ configuration: SyncServerConfiguration) -> Bool {
        held.byteCount == 0 && delivery.isClosedUnasked(configuration)
    }

    /// Whether it has been sent everything, and nothing of it waits anywhere.
    var holdsNothing: Bool {
        held.byteCount == 0 && held.answerSize == 0 && isLive && reading.isOn && waitingQueries.isEmpty && answer == nil
    }

    /// The tick up to which the client was sent everything.
    func reachedTick(storeTick: Tick) -> Tick {
        isLive ? max(delivery.lastSentTick, storeTick) : delivery.lastSentTick
    }

    /// The queries of those of its subscriptions that `isIncluded` accepts, each once.
    func queries(_ isIncluded: (SubscriptionID) -> Bool) -> [QueryTable.Slot] {
        subscriptions.reduce(into: []) { queries, subscription in
            if isIncluded(subscription.id), !queries.contains(subscription.query) { queries.append(subscription.query) }
        }
    }

    /// The queries whose first state was sent.
    var startedQueries: [QueryTable.Slot] { queries { id in !waiting.contains { $0.id == id } } }
}

/// Whether a client is read from, and the reason if it is not.
struct Reading {
    /// The mutations and requests that it may send per second.
    var mutations: RateAllowance
    var requests: RateAllowance
    /// Units of work that it may still cause in this period, and that it has caused.
    var turn: Int
    var used = 0
    /// Whether its turn or its rate is used up: ends by itself.
    var waitsForTurn = false
    /// Whether too many bytes of answers wait for it: ends when it has taken half of them.
    var waitsForAnswers = false
    /// When reading from it stopped; `nil` while it is read.
    var stoppedAt: Duration?

    var isOn: Bool { !waitsForTurn && !waitsForAnswers }

    /// The most turns that one piece of work may cost.
    private static let debtTurnsMax = 4

    /// Begins a period. Work beyond the last turn is deducted: the last piece of work may be larger than what was left.
    mutating func renew(_ share: Int, turnMax: Int) {
        turn = min(max(turn, -Self.debtTurnsMax * turnMax) + share, turnMax)
        used = 0
    }

    mutating func charge(_ units: Int) {
        turn -= units
        used += units
    }
}

/// Bytes for a client that wait in this process, since its system does not take them; and room reserved for answers.
struct HeldBytes {
    /// Bytes of all kinds in the transport.
    var byteCount = 0
    /// Bytes of answers in the transport, as allocated.
    var answerSize = 0
    /// Bytes of answers in the core whose tick the client has not reached, as allocated.
    var waitingAnswerSize = 0
    /// Bytes reserved for the answers to mutations that the world has.
    var reservedSize = 0
    /// All bytes that its system has taken so far.
    var takenByteCount: UInt64 = 0
    /// When its system last took bytes, or had none to take.
    var lastTakenAt = Duration.zero

    /// The bytes that count against the limits for answers.
    var answerTotal: Int { answerSize + waitingAnswerSize + reservedSize }

    /// Bytes that a message takes besides its content: the array, its place in a queue, the frame.
    static let messageOverhead = 160
}

/// A large first state that is being sent: the pages sent so far, and the changes that follow after the last page.
struct StateTransfer {
    /// The changes that were pending when it began.
    let pending: [PendingChanges]
    /// The tick at which it began; later changes follow at the end.
    let start: Tick
    /// The subscriptions that it is the first state of.
    let started: [SubscriptionID]
    /// Whether all of it follows the first part at once. Else it is sent page by page, over several ticks.
    let isOnePiece: Bool
    var nextPage = 0
    var partCount = 0
}
