import OrreryClient
import OrrerySchema
import OrreryServer
import OrrerySync
import OrreryTesting

/// Promise 7: everything that has a limit keeps to it, windows and time-outs included.
struct BoundWatch {
    private var lastStates: [SessionID: SessionState] = [:]
    private var violations: [String] = []

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
            guard let last = lastStates[state.id], !Self.isWindowOpen(last, script) else { continue }
            if last.acknowledgedByteCount == state.acknowledgedByteCount,
                last.acknowledgedTick == state.acknowledgedTick,
                state.sentByteCount > last.sentByteCount
            {
                violations.append(
                    "session \(state.id) was sent \(state.sentByteCount - last.sentByteCount) bytes through a closed window"
                )
            }
        }
        lastStates = states
        return violations
    }

    /// As docs/PROTOCOL.md says it; what the server thinks of it is what is looked at.
    private static func isWindowOpen(_ state: SessionState, _ script: RandomScript) -> Bool {
        let limits = script.configuration.sync
        let byteCount = state.sentByteCount - state.acknowledgedByteCount
        guard byteCount > 0 else { return true }
        return byteCount < UInt64(limits.windowSize)
            && state.lastSentTick.rawValue < state.acknowledgedTick.rawValue + limits.windowTickCount
    }

    /// The timers have fired: nobody has been silent for longer than they allow.
    mutating func timePassed(_ script: RandomScript) {
        let (now, limits) = (script.joined.now, script.configuration.sync)
        for state in script.joined.sessionStates {
            if state.isRead, now - state.lastHeardAt > limits.silenceTimeout {
                violations.append("session \(state.id) is silent for \(now - state.lastHeardAt)")
            }
            if let since = state.awaitsHelloSince, now - since > limits.handshakeTimeout {
                violations.append("session \(state.id) said no Hello for \(now - since)")
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
