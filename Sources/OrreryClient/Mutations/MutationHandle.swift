public import OrrerySchema
import Synchronization

/// A mutation that took effect.
public struct AppliedMutation: Hashable, Sendable {
    /// The tick at whose beginning the mutation took effect. When the outcome arrives, subscribed state has reached
    /// that tick.
    public let tick: Tick
    /// The entities that the mutation created: one for a spawn.
    public let entities: [Entity]
}

/// A mutation sent to the server, and its outcome.
///
/// Waiting for the outcome is optional. If the server refuses and nobody awaited the outcome, the error goes to
/// ``ClientConnection/errors``, once, when this handle is released.
public final class MutationHandle: Sendable {
    private let fate: Fate

    /// Also held by the session, so that the handle can be released earlier.
    final class Fate: Sendable {
        private struct State {
            var isAwaited = false
            var isReleased = false
        }

        let outcome = Promise<AppliedMutation>()
        private let state = Mutex(State())
        private let report: @Sendable (ClientError) -> Void

        /// - Parameter report: Called with a failure that nobody awaited.
        init(report: @escaping @Sendable (ClientError) -> Void) {
            self.report = report
        }

        func decide(_ result: Result<AppliedMutation, ClientError>) {
            outcome.keep(result)
            settle { _ in }
        }

        func noteWaiter() { settle { $0.isAwaited = true } }
        func release() { settle { $0.isReleased = true } }

        /// Reports a failure once it is known, the handle is released, and nobody awaited the outcome.
        private func settle(_ change: (inout State) -> Void) {
            let isUnheard = state.withLock { state in
                change(&state)
                guard state.isReleased, !state.isAwaited, case .failure? = outcome.outcome else { return false }
                // Report only once.
                state.isAwaited = true
                return true
            }
            if isUnheard, case .failure(let error)? = outcome.outcome { report(error) }
        }
    }

    init(_ fate: Fate) {
        self.fate = fate
    }

    deinit { fate.release() }

    /// Waits for the outcome of the mutation, also across lost connections. Cancelling the task ends the wait, not the
    /// mutation.
    /// - Throws: ``ClientError``: the code of the server's refusal; `limitReached` if too many mutations have no
    ///   outcome yet; `outcomeUnknown` if the connection ended first; `component` and `invalidValue` if the server has
    ///   no such component or field; `cancelled`.
    public var outcome: AppliedMutation {
        get async throws(ClientError) {
            fate.noteWaiter()
            return try await fate.outcome.value()
        }
    }
}
