import OrreryClient
import OrrerySchema
import OrreryServer
import OrrerySync
import OrreryTesting

/// Promise 7: everything that has a limit keeps to it, windows, turns and time-outs included.
struct BoundWatch {
    private var lastStates: [SessionID: SessionState] = [:]
    /// How many looks ago each session was last sent something that it could be sent.
    private var waits: [SessionID: Int] = [:]
    /// Since when each session has everything and was not told so.
    private var told: [SessionID: (tick: Tick, at: Duration)] = [:]
    private var lookedAt = Duration.zero
    private var violations: [String] = []

    /// Looks in which everybody has a turn, however small the budgets are.
    private static let waitMax = 40
    /// What an unacknowledged part of a first state may take beside what is estimated.
    private static let estimateSlack = 8192

    /// What is over its limit now.
    mutating func look(at script: RandomScript) -> [String] {
        defer { violations = [] }
        for occupancy in script.joined.occupancies where occupancy.count > occupancy.limit {
            violations.append("\(occupancy.name): \(occupancy.count), the limit is \(occupancy.limit)")
        }
        let clients = script.joined.sessionStates.compactMap(\.client)
        if Set(clients).count < clients.count { violations.append("a client has two sessions") }
        var states: [SessionID: SessionState] = [:]
        for state in script.joined.sessionStates {
            states[state.id] = state
            look(at: state, after: lastStates[state.id], script)
        }
        waits = waits.filter { states[$0.key] != nil }
        told = told.filter { states[$0.key] != nil }
        lastStates = states
        lookedAt = script.joined.now
        return violations
    }

    private mutating func look(at state: SessionState, after last: SessionState?, _ script: RandomScript) {
        if state.isRead, state.heldAnswerSize >= script.configuration.sync.answerSizeMax {
            violations.append(
                "session \(state.id) is read from, though \(state.heldAnswerSize) bytes of answers wait for it")
        }
        let unprovenMax = UInt64(SyncServerConfiguration.unprovenSizeMax + Self.estimateSlack)
        if !state.hasAcknowledged, state.sentByteCount > unprovenMax {
            violations.append("session \(state.id) was sent \(state.sentByteCount) bytes and has acknowledged nothing")
        }
        noteTold(state, script)
        guard let last else { return }
        let sentByteCount = state.sentByteCount - last.sentByteCount
        let isStill =
            last.acknowledgedByteCount == state.acknowledgedByteCount
            && last.acknowledgedTick == state.acknowledgedTick
        if sentByteCount > 0, isStill, !Self.isWindowOpen(last, script) {
            violations.append("session \(state.id) was sent \(sentByteCount) bytes through a closed window")
        }
        // What was taken at the time of the last look may have been taken after it.
        if sentByteCount > 0, last.heldByteCount > 0, last.lastTakenAt == state.lastTakenAt, last.lastTakenAt < lookedAt
        {
            violations.append(
                "session \(state.id) was sent \(sentByteCount) bytes, though \(last.heldByteCount) had not left")
        }
        let isWaiting =
            sentByteCount == 0 && isStill && last.lastSentTick == state.lastSentTick && !state.isLive
            && state.client != nil && state.sentByteCount == state.acknowledgedByteCount
            && script.joined.sessionStates.reduce(0) { $0 + $1.heldByteCount } == 0
        waits[state.id] = isWaiting ? waits[state.id, default: 0] + 1 : 0
        if waits[state.id, default: 0] > Self.waitMax {
            violations.append("session \(state.id) has had no turn for \(Self.waitMax) steps")
        }
    }

    private mutating func noteTold(_ state: SessionState, _ script: RandomScript) {
        let hasNothingToHear = !state.isLive || state.lastSentTick >= script.joined.serverTick
        if hasNothingToHear || told[state.id]?.tick != state.lastSentTick {
            told[state.id] = (state.lastSentTick, script.joined.now)
        }
    }

    /// As docs/PROTOCOL.md says it; what the server thinks of it is what is looked at.
    private static func isWindowOpen(_ state: SessionState, _ script: RandomScript) -> Bool {
        let limits = script.configuration.sync
        let byteCount = state.sentByteCount - state.acknowledgedByteCount
        guard byteCount > 0 else { return true }
        return byteCount < UInt64(limits.windowSize)
            && state.lastSentTick.rawValue < state.acknowledgedTick.rawValue + limits.windowTickCount
    }

    /// The timers have fired: nobody has been silent for longer than they allow, or was left without a word.
    mutating func timePassed(_ script: RandomScript) {
        let (now, limits) = (script.joined.now, script.configuration.sync)
        for state in script.joined.sessionStates {
            if state.isRead, now - state.lastHeardAt > limits.silenceTimeout {
                violations.append("session \(state.id) is silent for \(now - state.lastHeardAt)")
            }
            if let since = state.awaitsHelloSince, now - since > limits.handshakeTimeout {
                violations.append("session \(state.id) said no Hello for \(now - since)")
            }
            noteTold(state, script)
            // Whoever has everything is told so by a heartbeat, whatever else it is told. (The last one may have come
            // when it had not.)
            if let (tick, since) = told[state.id], now - since > limits.heartbeatInterval * 3 {
                violations.append("session \(state.id) was told of no tick after \(tick) for \(now - since)")
            }
        }
        for participant in script.participants where !participant.client.isStalled && !participant.isClosed {
            let session = participant.client.session
            if let silence = session.silence, silence > session.configuration.silenceTimeout {
                violations.append("client \(participant.number) hears nothing for \(silence)")
            }
        }
    }
}
