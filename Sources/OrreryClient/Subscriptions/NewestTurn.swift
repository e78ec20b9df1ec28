import Synchronization

/// Lets one caller in at a time. Of those who wait, only the newest comes next; the others are told so.
final class NewestTurn: Sendable {
    private struct State {
        var isTaken = false
        var next: Promise<Void>?
    }

    private let state = Mutex(State())

    /// Waits for the turn. Whoever has it ends it with ``end()``.
    /// - Throws: ``ClientError`` of code `superseded` if another caller has come since; `cancelled`.
    func begin() async throws(ClientError) {
        let turn = Promise<Void>()
        let isFree = state.withLock { state in
            guard state.isTaken else {
                state.isTaken = true
                return true
            }
            let reason = "another query was asked for before it was the turn of this one"
            state.next?.keep(.failure(ClientError(.superseded, reason, phase: .subscribe)))
            state.next = turn
            return false
        }
        guard !isFree else { return }
        do throws(ClientError) {
            try await turn.value()
        } catch {
            let hasCome = state.withLock { state in
                if state.next === turn { state.next = nil }
                return if case .success? = turn.outcome { true } else { false }
            }
            // It came when nobody waited for it any more.
            if hasCome { end() }
            throw error
        }
    }

    func end() {
        state.withLock { state in
            // Inside the lock: a turn that nobody waits for any more is then seen to have come.
            state.next?.keep(.success(()))
            state.isTaken = state.next != nil
            state.next = nil
        }
    }
}
