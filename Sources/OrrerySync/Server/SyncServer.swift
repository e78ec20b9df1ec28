public import OrrerySchema
public import OrreryStore
public import OrreryWire

/// Names one session of a server: one connection of one client.
public struct SessionID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: UInt64

    public init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    public static func < (left: SessionID, right: SessionID) -> Bool { left.rawValue < right.rawValue }
    public var description: String { "#\(rawValue)" }
}

/// What the server core wants done. In order.
public enum ServerAction: Sendable {
    /// The same message to each of these sessions.
    case send([UInt8], to: [SessionID])
    case close(SessionID, WireError)
    /// To be decided by the world; the outcome goes to ``SyncServer/mutationFinished(_:_:now:)``.
    case mutate(MutationRequest)
}

/// How much a server gives to each session, and when it gives up on one. docs/LIMITS.md lists it with the limits of the other layers.
public struct SyncServerConfiguration: Sendable {
    /// What the messages of clients may hold, and those of this server.
    public var limits = WireLimits()
    /// Ticks in 1000 seconds; told to clients.
    public var ticksPer1000Seconds = 60_000
    /// The longest message that clients may send, in bytes; told to them. A longer one closes with 1009. Stops a client that has the server
    /// buffer without end.
    public var messageSizeMax = 64 << 10
    /// Bytes that a client may have unacknowledged before nothing more is sent to it. One batch may go beyond. Stops
    /// a slow client from being sent what is old by the time that it reads it.
    public var windowSize = 1 << 20
    /// Ticks that a client may have unacknowledged before nothing more is sent to it.
    public var windowTickCount: UInt64 = 64
    /// Bytes that joining and slow sessions together may be sent per tick, so that they do not delay it.
    public var catchUpSizePerTick = 8 << 20
    /// A first state estimated at more than this is sent over several ticks.
    public var wholeSizeMax = 16 << 20
    /// Mutations that a session may send in a second, and at once after a pause; further ones are refused with code 9. Stops a client from
    /// taking the ticks for itself.
    public var mutationRateMax = 1000
    /// Mutations of a client without an outcome that it was told, and those whose outcome is remembered; further ones are refused with
    /// code 9, older ones forgotten. Stops a client that asks and does not read.
    public var pendingMutationMax = 256
    /// Bytes of a value that an outcome is remembered with, for a mutation that is sent again; a longer one is said once. Stops clients
    /// whose refused mutations fill the memory.
    public var rememberedValueSizeMax = 256
    /// Subscribe and Unsubscribe messages that a session may send in a second, and at once after a pause; beyond, it closes with 1008.
    /// Stops a client that keeps the server busy with finding out what it is owed.
    public var requestRateMax = 1000
    /// Clients that are remembered, connected or not; beyond, the one that has been away the longest is forgotten.
    public var clientCountMax = 8192
    /// How long a client that went away is remembered: its mutations are recognised when it sends them again.
    public var clientRetention: Duration = .seconds(300)
    /// Time without any message from a client, who answers each heartbeat, after which its connection is taken for dead.
    public var silenceTimeout: Duration = .seconds(15)
    /// Time from the connection to its `Hello`.
    public var handshakeTimeout: Duration = .seconds(5)
    /// Time after which a session that was sent nothing is sent a heartbeat.
    public var heartbeatInterval: Duration = .seconds(1)

    public init() {}
}

/// The server's half of the protocol without I/O: bytes, ticks and time in, actions out.
///
/// The server never queues state for a session. The store knows for each row when it last changed, a session knows up to which
/// tick its client has everything, its cursor; what is owed is what changed after the cursor, at its newest value.
///
/// Not `Sendable`: it belongs to the thread that owns the store.
public struct SyncServer {
    public let store: ComponentStore
    public let configuration: SyncServerConfiguration
    public let epoch: Epoch
    public let permissions: MutationPermissions
    var clients: ClientTable
    /// Where tokens come from.
    let makeRandom: () -> UInt64
    /// Ascending by name.
    var sessions: [Session] = []
    var groups: [Group] = []
    var refusedMutations = RefusedMutations()
    var builder: BatchBuilder
    var actions: [ServerAction] = []
    private var spareMessages = SpareBuffers()
    /// By group: the sessions that are sent this tick's batch. Empty but inside ``worldAdvanced(now:)``.
    private var recipients: [[Int]] = []
    private var advancedTick: Tick
    private var catchUpBudget: Int
    /// The session that is served first when the budget is short; moves on so that everyone comes first in turn.
    private var nextServed = 0

    /// - Parameter makeRandom: gives 64 bits that nobody can guess, for tokens.
    public init(
        store: ComponentStore, epoch: Epoch, configuration: SyncServerConfiguration,
        permissions: MutationPermissions = .init(), makeRandom: @escaping () -> UInt64
    ) {
        self.store = store
        self.epoch = epoch
        self.configuration = configuration
        self.permissions = permissions
        self.makeRandom = makeRandom
        clients = ClientTable(configuration)
        builder = BatchBuilder(store: store, partSizeMax: configuration.limits.partSizeMax)
        advancedTick = store.tick
        catchUpBudget = configuration.catchUpSizePerTick
    }

    /// What is to be done, once.
    public mutating func takeActions() -> [ServerAction] {
        defer { actions = [] }
        return actions
    }

    /// Gives back what has been done, for its memory.
    public mutating func recycle(_ done: inout [ServerAction]) {
        for case .send(let message, _) in done { spareMessages.give(message) }
        done.removeAll(keepingCapacity: true)
        if actions.isEmpty { swap(&actions, &done) }
    }

    public var sessionCount: Int { sessions.count }

    /// How often a block was built so far: each is built once per tick, however many sessions need it.
    package var builtBlockCount: Int { builder.builtBlockCount }

    /// The store stands at a new tick: live sessions get what it changed, others as much as the budget allows.
    /// - Complexity: O(what changed) + O(sessions); nothing is encoded that nobody asked for.
    public mutating func worldAdvanced(now: Duration) {
        let previous = advancedTick
        advancedTick = store.tick
        catchUpBudget = configuration.catchUpSizePerTick
        while recipients.count < groups.count { recipients.append([]) }
        for index in sessions.indices where sessions[index].isLive {
            if sessions[index].isWindowOpen(configuration) {
                recipients[sessions[index].group].append(index)
            } else {
                sessions[index].progress = .behind(cursor: previous)
            }
        }
        for group in groups.indices where !recipients[group].isEmpty {
            let sections = builder.sections(of: [Owed(interest: groups[group].interest, cursor: previous)])
            if !sections.isEmpty {
                let messages = sections.messages(
                    tick: store.tick, base: groups[group].lastBatchTick, reusing: &spareMessages)
                send(messages, to: recipients[group], reaching: store.tick, now: now)
                groups[group].lastBatchTick = store.tick
            }
            recipients[group].removeAll(keepingCapacity: true)
        }
        serveThoseBehind(now: now)
        for index in sessions.indices { sendAnswers(index, now: now) }
    }

    /// Time has passed: heartbeats, time-outs, and those who wait in a world that stands still.
    public mutating func timePassed(now: Duration) {
        catchUpBudget = configuration.catchUpSizePerTick
        for session in sessions {
            if session.phase == .awaitingHello, now - session.openedAt >= configuration.handshakeTimeout {
                fail(
                    session.id, WireError(.handshakeTimeout, "no Hello within \(configuration.handshakeTimeout)"),
                    now: now)
            } else if now - session.lastHeardAt >= configuration.silenceTimeout {
                fail(
                    session.id, WireError(.silence, "nothing was heard for \(configuration.silenceTimeout)"), now: now)
            }
        }
        clients.expire(now: now)
        serveThoseBehind(now: now)
        for index in sessions.indices
        where sessions[index].phase == .ready && now - sessions[index].lastSentAt >= configuration.heartbeatInterval {
            let message = ServerMessage.heartbeat(store.tick, isCurrent: sessions[index].isLive)
            actions.append(.send(message.encoded(), to: [sessions[index].id]))
            sessions[index].sent(
                0, reaching: sessions[index].isLive ? store.tick : sessions[index].lastSentTick, at: now)
        }
    }

    private mutating func serveThoseBehind(now: Duration) {
        guard !sessions.isEmpty else { return }
        nextServed %= sessions.count
        for step in 0..<sessions.count where catchUpBudget > 0 {
            let index = (nextServed + step) % sessions.count
            serve(index, now: now)
            if catchUpBudget <= 0 { nextServed = index + 1 }
        }
    }

    /// Sends a session that is behind what it is owed, if its window is open and the budget allows.
    mutating func serve(_ index: Int, now: Duration) {
        guard catchUpBudget > 0, sessions[index].isWindowOpen(configuration) else { return }
        guard case .behind(let cursor, let pass) = sessions[index].progress else { return }
        let session = sessions[index]
        let known = groups[session.group].interest
        // A pass goes on with what it began with; subscriptions that came since wait for the next.
        if let pass {
            continuePass(pass, of: index, cursor: cursor, now: now)
            return
        }
        var owed = [Owed(interest: known, cursor: cursor)]
        var wanted = known
        // First what the client has up to a tick, then what it knows nothing of.
        for start in Set(session.waiting.map(\.cursor)).sorted(by: >) {
            let asked = session.interest(columnCount: store.columns.count) { id in
                session.waiting.contains { $0.id == id && $0.cursor == start } || !session.isWaiting(id)
            }
            owed.append(Owed(interest: asked.subtracting(wanted), cursor: start))
            wanted = session.interest(columnCount: store.columns.count) { id in
                session.waiting.contains { $0.id == id && $0.cursor >= start } || !session.isWaiting(id)
            }
        }
        owed.removeAll { $0.interest.isEmpty }
        if owed.contains(where: { $0.cursor == .zero && estimatedSize(of: $0.interest) > configuration.wholeSizeMax }) {
            let pass = Pass(owed: owed, start: store.tick, interest: wanted, started: session.waiting.map(\.id))
            continuePass(pass, of: index, cursor: cursor, now: now)
            return
        }
        finish(index, owed: owed, interest: wanted, started: session.waiting.map(\.id), firstPart: 0, now: now)
    }

    /// Sends all that is owed as the end of a batch; with that the session is live.
    private mutating func finish(
        _ index: Int, owed: [Owed], interest: Interest, started: [SubscriptionID], firstPart: Int, now: Duration
    ) {
        var sections = BatchSections(partSizeMax: configuration.limits.partSizeMax)
        sections.append(started: started)
        sections.append(contentsOf: builder.sections(of: owed))
        let base = sessions[index].lastSentTick
        sessions[index].progress = .live
        sessions[index].waiting.removeAll { started.contains($0.id) }
        if !sections.isEmpty || firstPart > 0 {
            catchUpBudget -= sections.byteCount
            send(
                sections.messages(tick: store.tick, base: base, firstPart: firstPart), to: [index],
                reaching: store.tick, now: now)
        }
        join(index, interest)
        if !sessions[index].waiting.isEmpty { sessions[index].progress = .behind(cursor: store.tick) }
        sendAnswers(index, now: now)
    }

    /// Sends the next pages of a first state that is too large for one tick. What changed meanwhile follows in one piece at the end,
    /// so that the client never sees a state that did not exist.
    private mutating func continuePass(_ pass: Pass, of index: Int, cursor: Tick, now: Duration) {
        var pass = pass
        let pageCount = store.pageCount
        while pass.nextPage < pageCount {
            guard catchUpBudget > 0, sessions[index].isWindowOpen(configuration) else {
                sessions[index].progress = .behind(cursor: cursor, pass)
                return
            }
            let sections = builder.sections(of: pass.owed, pages: pass.nextPage..<pass.nextPage + 1)
            pass.nextPage += 1
            guard !sections.isEmpty else { continue }
            catchUpBudget -= sections.byteCount
            let messages = sections.messages(
                tick: store.tick, base: sessions[index].lastSentTick, firstPart: pass.partCount, isWhole: false)
            pass.partCount += messages.count
            send(messages, to: [index], reaching: sessions[index].lastSentTick, now: now)
        }
        let rest = pass.owed.map { Owed(interest: $0.interest, cursor: pass.start) }
        finish(
            index, owed: rest, interest: pass.interest, started: pass.started, firstPart: pass.partCount, now: now)
    }

    private func estimatedSize(of interest: Interest) -> Int {
        interest.columns.reduce(0) { $0 + store[$1].count * ((store[$1].valueSize ?? 64) + 1) }
    }

    private mutating func send(_ messages: [[UInt8]], to indexes: [Int], reaching tick: Tick, now: Duration) {
        let byteCount = messages.reduce(0) { $0 + $1.count }
        for index in indexes { sessions[index].sent(byteCount, reaching: tick, at: now) }
        let names = indexes.map { sessions[$0].id }
        for message in messages { actions.append(.send(message, to: names)) }
    }
}
