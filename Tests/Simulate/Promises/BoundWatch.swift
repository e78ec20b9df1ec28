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
        var states: [SessionID: SessionState] = [:]
        for state in script.joined.sessionStates {
            states[state.id] = state
            guard let last = lastStates[state.id], !last.isWindowOpen else { continue }
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

    /// The timers have fired: nobody has been silent for longer than they allow.
    mutating func timePassed(_ script: RandomScript) {
        let (now, limits) = (script.joined.now, script.configuration.sync)
        for state in script.joined.sessionStates {
            if now - state.lastHeardAt > limits.silenceTimeout {
                violations.append("session \(state.id) is silent for \(now - state.lastHeardAt)")
            }
            if let since = state.awaitsHelloSince, now - since > limits.handshakeTimeout {
                violations.append("session \(state.id) said no Hello for \(now - since)")
            }
        }
        for participant in script.participants where !participant.client.isStalled && !participant.isClosed {
            let session = participant.client.session
            if let silence = session.silence, silence > session.silenceTimeout {
                violations.append("client \(participant.number) hears nothing for \(silence)")
            }
        }
    }
}
