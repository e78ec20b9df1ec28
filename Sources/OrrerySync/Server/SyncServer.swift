package import OrrerySchema
package import OrreryStore
package import OrreryTransport
package import OrreryWire

/// Names one session of a server: one connection of one client.
package struct SessionID: NumberedID {
    package let rawValue: UInt64

    package init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    package var description: String { "#\(rawValue)" }
}

/// What the server core wants done. In order.
package enum ServerAction: Sendable {
    /// The same batch to each of these sessions.
    case send(Frame, to: [SessionID])
    /// A message to one session alone.
    case answer(Frame, to: SessionID)
    case close(SessionID, WireError)
    /// No message of this session is to be delivered until it is to be read again.
    case setReading(Bool, of: SessionID)
}

/// The server's half of the protocol without I/O: bytes, ticks and time in, actions out.
///
/// The server never queues state for a session. The store knows for each row when it last changed, a session knows up
/// to which tick its client has everything, its cursor; what it has not got is what changed after the cursor, at its newest
/// value.
///
/// What clients say only marks their sessions. Once in a period - a tick, or 50 ms where none comes - the batches of
/// the tick go out, then what else is pending is worked out, in turn and within budgets, and those are read on who were
/// stopped. So a client that is too fast is slowed, and costs nobody else a tick.
///
/// Not `Sendable`: it belongs to the thread that owns the store.
package struct SyncServer: ~Copyable {
    package let store: ComponentStore
    package let configuration: SyncServerConfiguration
    package let epoch: Epoch
    /// Told to clients.
    let ticksPer1000Seconds: Int
    package let permissions: MutationPermissions
    var clients: ClientTable
    /// Where tokens come from.
    let makeRandom: () -> UInt64
    /// Ascending by name.
    var sessions: [Session] = []
    var groups = GroupTable()
    var refusedMutations = RefusedMutations()
    /// Those that have answers in ``mutationsFinished(_:)``. Empty but inside it.
    var answeredSessions: [SessionID] = []
    /// Answers of one session that leave together. Empty but inside ``sendAnswers(_:)``.
    var readyAnswers: [MutationAnswer] = []
    var builder: BatchBuilder
    var actions: [ServerAction] = []
    /// For the world.
    var requests: [MutationRequest] = []
    /// Where messages are written: once, in memory that goes to the sockets.
    var frames = FramePool()
    /// By group: the sessions that are sent this tick's batch. Empty but inside ``worldAdvanced(now:)``.
    var recipients: [[Int]] = []
    /// The groups that have some. Empty but inside ``worldAdvanced(now:)``.
    var touchedGroups: [Int] = []
    var advancedTick: Tick
    /// Counted from 1: what is done once in each is done then.
    var period: UInt64 = 1
    private var renewedAt = Duration.zero
    /// For what clients say once they are in, and for those who come: neither waits for the other.
    var requestWork: WorkBudget
    var newcomerWork: WorkBudget
    /// Units that a Hello has lately taken, with all that it resumes.
    var expectedHelloWork: Int
    /// For making batches.
    var buildWork: WorkBudget
    /// Bytes for those who are behind.
    var catchUpBudget: Int
    private var pace = WorkPace()
    /// The session that is served first when a budget is short; moves on so that everyone comes first in turn.
    var nextServed = 0
    /// The period in which turns were given last, and the session that is first read in the next.
    var readPeriod: UInt64 = 0
    var nextRead = 0
    /// Units of work that each who has said Hello may cause in this period, whatever others say.
    var grantedTurn = SyncServer.grantedTurnMin
    /// What lies in this process for all sessions.
    var held = HeldTotals()
    /// Entities that the subscriptions of all sessions list.
    var listedCount = 0

    /// The longest time between two renewals of the budgets.
    package static let periodMax: Duration = .milliseconds(50)

    /// - Parameter makeRandom: gives 64 bits that nobody can guess, for tokens.
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
        builder = BatchBuilder(store: store, partSizeMax: configuration.limits.partSizeMax)
        advancedTick = store.tick
        catchUpBudget = configuration.catchUpSizePerTick
        // Budgets are stated for a second, and renewed with each tick, at least each 50 ms.
        let periodsPerSecond = max(
            ticksPer1000Seconds / 1000, Int(Duration.seconds(1) / Self.periodMax))
        let requestWorkMax = configuration.requestWorkRateMax / periodsPerSecond
        expectedHelloWork = 1 + Self.helloWork + configuration.limits.subscriptionCountMax
        newcomerWork = WorkBudget(perPeriod: requestWorkMax / 4)
        requestWork = WorkBudget(perPeriod: requestWorkMax - requestWorkMax / 4)
        buildWork = WorkBudget(perPeriod: configuration.buildWorkRateMax / periodsPerSecond)
    }

    /// Whether there is something to be done, or to be decided by the world.
    package var hasActions: Bool { !actions.isEmpty || !requests.isEmpty }

    /// What is to be done, once.
    package mutating func takeActions() -> [ServerAction] {
        defer { actions = [] }
        return actions
    }

    /// Gives back what has been done, for its memory.
    package mutating func recycle(_ done: inout [ServerAction]) {
        done.removeAll(keepingCapacity: true)
        if actions.isEmpty { swap(&actions, &done) }
    }

    /// Puts what the world has to decide, in order, in the place of an empty list. The outcomes go to
    /// ``mutationsFinished(_:)``.
    package mutating func takeRequests(into list: inout [MutationRequest]) { swap(&requests, &list) }

    package var sessionCount: Int { sessions.count }

    /// How often a block was built so far: each is built once per tick, however many sessions need it.
    package var builtBlockCount: Int { builder.builtBlockCount }

    /// The store stands at a new tick: live sessions get what it changed, others as much as the budgets allow.
    /// - Complexity: O(what changed) + O(sessions); nothing is encoded that nobody asked for.
    package mutating func worldAdvanced(now: Duration) {
        pace.worldAdvanced(by: store.tick.rawValue - advancedTick.rawValue)
        renewBudgets(now: now)
        sendTick(now: now)
        serveThoseBehind(now: now)
        for index in sessions.indices { sendAnswers(index) }
        readOn(now: now)
        assert(checkInvariants())
    }

    /// Time has passed: heartbeats, time-outs, and those who wait in a world that stands still. To be called each 50
    /// ms, or as often as can be.
    package mutating func timePassed(now: Duration) {
        if now - renewedAt >= Self.periodMax { renewBudgets(now: now) }
        endSilentSessions(now: now)
        clients.expire(now: now)
        serveThoseBehind(now: now)
        for index in sessions.indices where sessions[index].isHeartbeatDue(configuration, now: now) {
            let isCurrent = sessions[index].isLive
            let message = ServerMessage.heartbeat(store.tick, isCurrent: isCurrent)
            actions.append(.answer(message.frame(configuration.limits, in: &frames), to: sessions[index].id))
            sessions[index].sent(0, reaching: isCurrent ? store.tick : sessions[index].lastSentTick, at: now)
            sessions[index].wasToldBehind = !isCurrent
        }
        readOn(now: now)
        assert(checkInvariants())
    }

    private mutating func renewBudgets(now: Duration) {
        renewedAt = now
        period += 1
        let unused = requestWork.left
        requestWork.renew(pace)
        newcomerWork.renew(pace)
        newcomerWork.lend(pace.share(of: unused))
        buildWork.renew(pace)
        catchUpBudget = pace.share(of: configuration.catchUpSizePerTick)
    }

    private mutating func endSilentSessions(now: Duration) {
        for session in sessions {
            // The clock of one that is not read from stands still.
            let silence = session.reading.isOn ? now - session.lastHeardAt : .zero
            if session.phase == .awaitingHello, silence >= configuration.handshakeTimeout {
                fail(
                    session.id, WireError(.handshakeTimeout, "no Hello within \(configuration.handshakeTimeout)"),
                    now: now)
            } else if session.reading.waitsForAnswers, session.held.byteCount > 0,
                now - session.held.lastTakenAt >= configuration.silenceTimeout
            {
                fail(
                    session.id,
                    WireError(.silence, "nothing of what it asked for was taken for \(configuration.silenceTimeout)"),
                    now: now)
            } else if silence >= configuration.silenceTimeout {
                fail(
                    session.id, WireError(.silence, "nothing was heard for \(configuration.silenceTimeout)"), now: now)
            }
        }
        endStalledSessions(now: now)
    }
}
