package import OrrerySchema
package import OrreryStore
package import OrreryTransport
package import OrreryWire

/// Identifies one session of a server: one connection of one client.
package struct SessionID: NumberedID {
    package let rawValue: UInt64

    package init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    package var description: String { "#\(rawValue)" }
}

/// The actions that the server core asks for, in order.
package enum ServerAction: Sendable {
    /// A message to one session alone.
    case send(Frame, to: SessionID)
    /// The same message to each of these sessions.
    case broadcast(Frame, to: [SessionID])
    case close(SessionID, WireError)
    /// Stops or resumes reading: while a session is not read, none of its messages is delivered.
    case setReading(Bool, of: SessionID)
}

/// The server's half of the protocol without I/O: bytes, ticks and time in, actions out.
///
/// The server never queues state for a session. The store knows when each row last changed; a session has a cursor, the
/// tick up to which its client has everything. Its pending changes are those after the cursor, at their newest values.
///
/// Messages from clients only mark their sessions. Once per period - a tick, or 50 ms if no tick comes - the batches of
/// the tick are sent, then other pending changes are computed, in turn and within budgets, and then stopped clients are
/// read again. So a client that is too fast is slowed down, and costs no other client a tick.
///
/// Not `Sendable`: it belongs to the thread that owns the store.
package struct SyncServer: ~Copyable {
    package let store: ComponentStore
    package let configuration: SyncServerConfiguration
    package let epoch: Epoch
    /// Sent to clients.
    let ticksPer1000Seconds: Int
    package let permissions: MutationPermissions
    var clients: ClientTable
    var texts = QueryTexts()
    /// The source of tokens.
    let makeRandom: () -> UInt64
    /// Ascending by ID.
    var sessions: [Session] = []
    /// Their IDs, to be searched without a look at the sessions.
    var sessionIDs: [SessionID] = []
    /// The batch that is being made. Empty between two, with the memory of the last.
    var batch: BatchSections
    /// The world as each class of sessions sees it. The first sees everything.
    var views: [WorldView]
    /// The epochs of views that are gone, oldest first.
    var pastEpochs: [Epoch] = []
    /// What rules of visibility say at the store's tick.
    var personalRows = PersonalRows()
    /// The queries of lost connections, of all views.
    let frozen = FrozenQueries()
    var refusedMutations = RefusedMutations()
    /// Sessions that have answers in ``mutationsFinished(_:)``. Empty outside it.
    var answeredSessions: [SessionID] = []
    /// Answers of one session that are sent together. Empty outside ``sendAnswers(_:)``.
    var readyAnswers: [MutationAnswer] = []
    var actions: [ServerAction] = []
    /// Mutations for the world to decide.
    var requests: [MutationRequest] = []
    /// Memory in which messages are written: once, and handed to the sockets.
    var frames = FramePool()
    /// The sets with recipients. Empty outside ``worldAdvanced(now:)``.
    var touchedSets: [SetPlace] = []
    var advancedTick: Tick
    /// The number of the present period, counted from 1. Some work is done once per period.
    var period: UInt64 = 1
    private var renewedAt = Duration.zero
    /// For messages of admitted clients, and for newcomers: neither waits for the other.
    var requestWork: WorkBudget
    var newcomerWork: WorkBudget
    /// Units of work that a Hello has lately taken, including all that it resumes.
    var expectedHelloWork: Int
    /// For making batches.
    var buildWork: WorkBudget
    /// For the first evaluations of queries.
    var evaluationWork: WorkBudget
    /// The session whose new query is evaluated next.
    var nextEvaluated = 0
    /// Since when the work of live queries is counted.
    var workCountedSince = Duration.zero
    /// Bytes for sessions that are behind.
    var catchUpBudget: Int
    private var pace = WorkPace()
    /// The session that is served first when a budget is short; it moves on, so that every session comes first in turn.
    var nextServed = 0
    /// The period in which turns were last given, and the session to read first in the next period.
    var readPeriod: UInt64 = 0
    var nextRead = 0
    /// Units of work that each client that has sent Hello may cause in this period, whatever others send.
    var grantedTurn = SyncServer.grantedTurnMin
    /// What the server shows of itself.
    var status: StatusRows
    /// What this process holds for all sessions.
    var held = HeldTotals()
    /// Entities that the subscriptions of all sessions list.
    var listedCount = 0

    /// The longest time between two renewals of the budgets.
    package static let periodMax: Duration = .milliseconds(50)

    /// - Parameter makeRandom: Returns 64 bits that nobody can guess, for tokens.
    package init(
        store: ComponentStore, epoch: Epoch, ticksPer1000Seconds: Int = 60_000,
        configuration: SyncServerConfiguration,
        permissions: MutationPermissions = .init(), makeRandom: @escaping () -> UInt64
    ) {
        self.store = store
        self.epoch = epoch
        self.ticksPer1000Seconds = ticksPer1000Seconds
        self.configuration = configuration
        self.permissions = permissions
        self.makeRandom = makeRandom
        clients = ClientTable(configuration)
        batch = BatchSections(partSizeMax: configuration.limits.partSizeMax)
        status = StatusRows(store)
        views = [WorldView(of: store, epoch: epoch, frozen, configuration)]
        advancedTick = store.tick
        catchUpBudget = configuration.catchUpSizePerTick
        // Budgets are stated per second, and renewed with each tick, at least every 50 ms.
        let periodsPerSecond = max(
            ticksPer1000Seconds / 1000, Int(Duration.seconds(1) / Self.periodMax))
        let requestWorkMax = configuration.requestWorkRateMax / periodsPerSecond
        expectedHelloWork = 1 + Self.helloWork + configuration.limits.subscriptionCountMax
        newcomerWork = WorkBudget(perPeriod: requestWorkMax / 4)
        requestWork = WorkBudget(perPeriod: requestWorkMax - requestWorkMax / 4)
        buildWork = WorkBudget(perPeriod: configuration.buildWorkRateMax / periodsPerSecond)
        evaluationWork = WorkBudget(perPeriod: configuration.firstEvaluationRateMax / periodsPerSecond)
    }

    /// Whether there are actions, or mutations for the world to decide.
    package var hasActions: Bool { !actions.isEmpty || !requests.isEmpty }

    /// Takes the actions to perform; each is returned once.
    package mutating func takeActions() -> [ServerAction] {
        defer { actions = [] }
        return actions
    }

    /// Gives back a list of performed actions, to reuse its memory.
    package mutating func recycle(_ done: inout [ServerAction]) {
        done.removeAll(keepingCapacity: true)
        if actions.isEmpty { swap(&actions, &done) }
    }

    /// Swaps the mutations for the world to decide, in order, with an empty list. The outcomes go to
    /// ``mutationsFinished(_:)``.
    package mutating func takeRequests(into list: inout [MutationRequest]) { swap(&requests, &list) }

    /// Moves the clients that came and went since the last call to a list, in order.
    package mutating func takeClientChanges(into list: inout [ClientChange]) { clients.takeChanges(into: &list) }

    package var sessionCount: Int { sessions.count }

    /// The number of blocks built so far: each is built once per tick, however many sessions need it.
    package var builtBlockCount: Int { views.reduce(0) { $0 + $1.builder.builtBlockCount } }

    /// The store is at a new tick: live sessions are sent its changes, others as much as the budgets allow.
    /// - Complexity: O(changes) + O(sessions); nothing is encoded that no session asked for.
    package mutating func worldAdvanced(now: Duration) {
        pace.worldAdvanced(by: store.tick.rawValue - advancedTick.rawValue)
        renewBudgets(now: now)
        clearStatus(now: now)
        sendTick(now: now)
        endDearQueries(now: now)
        evaluateNewQueries()
        endUnindexedQueries()
        serveThoseBehind(now: now)
        for index in sessions.indices { sendAnswers(index) }
        readOn(now: now)
        assert(checkInvariants())
    }

    /// Time has passed: sends heartbeats, ends sessions that time out, and serves waiting sessions while the world
    /// stands still. Call it every 50 ms, or as often as possible.
    package mutating func timePassed(now: Duration) {
        if now - renewedAt >= Self.periodMax {
            renewBudgets(now: now)
            evaluateNewQueries()
            endUnindexedQueries()
        }
        endSilentSessions(now: now)
        clients.expire(now: now)
        frozen.expire(now: now)
        expireViews(now: now)
        endWaitingQueries(now: now)
        serveThoseBehind(now: now)
        for index in sessions.indices where isHeartbeatDue(index, now: now) { sendHeartbeat(index, now: now) }
        readOn(now: now)
        assert(checkInvariants())
    }

    /// By position: a session that is handed over would be copied.
    private func isHeartbeatDue(_ index: Int, now: Duration) -> Bool {
        (now - sessions[index].delivery.lastSentAt >= configuration.heartbeatInterval
            || sessions[index].delivery.wasToldBehind && sessions[index].isLive)
            && sessions[index].phase == .ready
    }

    mutating func sendHeartbeat(_ index: Int, now: Duration) {
        let isCurrent = sessions[index].isLive
        let message = ServerMessage.heartbeat(store.tick, isCurrent: isCurrent)
        actions.append(.send(message.frame(configuration.limits, in: &frames), to: sessions[index].id))
        sessions[index].delivery.sentHeartbeat(
            reaching: isCurrent ? store.tick : sessions[index].delivery.lastSentTick, isCurrent: isCurrent, at: now)
    }

    private mutating func renewBudgets(now: Duration) {
        renewedAt = now
        period += 1
        let unused = requestWork.left
        requestWork.renew(pace)
        newcomerWork.renew(pace)
        newcomerWork.lend(pace.share(of: unused))
        buildWork.renew(pace)
        evaluationWork.renew(pace)
        catchUpBudget = pace.share(of: configuration.catchUpSizePerTick)
    }

    private mutating func endSilentSessions(now: Duration) {
        for id in sessionIDs {
            guard let index = position(of: id), let error = silenceError(index, now: now) else { continue }
            fail(id, error, now: now)
        }
        endStalledSessions(now: now)
    }

    /// Why a session that has been silent is over; `nil` if it is not. By position: a session that is handed over would
    /// be copied.
    private func silenceError(_ index: Int, now: Duration) -> WireError? {
        // While a session is not read, its clock stands still.
        let silence = sessions[index].reading.isOn ? now - sessions[index].delivery.lastHeardAt : .zero
        if sessions[index].phase == .awaitingHello, silence >= configuration.handshakeTimeout {
            return WireError(.handshakeTimeout, "no Hello within \(configuration.handshakeTimeout)")
        }
        if sessions[index].reading.waitsForAnswers, sessions[index].held.byteCount > 0,
            now - sessions[index].held.lastTakenAt >= configuration.silenceTimeout
        {
            return WireError(.silence, "nothing of what it asked for was taken for \(configuration.silenceTimeout)")
        }
        return silence >= configuration.silenceTimeout
            ? WireError(.silence, "nothing was heard for \(configuration.silenceTimeout)") : nil
    }
}
