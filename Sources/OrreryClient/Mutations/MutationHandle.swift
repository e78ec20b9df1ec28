public import OrrerySchema
import Synchronization

/// A mutation that took effect.
public struct AppliedMutation: Hashable, Sendable {
    /// The tick at whose beginning it took effect. What is subscribed to shows that tick by then.
    public let tick: Tick
    /// The entities that it made: one for a spawn.
    public let entities: [Entity]
}

/// A mutation on its way to the server, and what becomes of it.
///
/// Nobody has to wait. Where the server refuses and nobody waited for the outcome, the error goes to
/// ``ClientConnection/errors``, once, when this handle is released.
public final class MutationHandle: Sendable {
    private let fate: Fate

    /// Held by the session too, so that the handle can go away before.
    final class Fate: Sendable {
        private struct State {
            var isAwaited = false
            var isReleased = false
        }

        let outcome = Promise<AppliedMutation>()
        private let state = Mutex(State())
        private let report: @Sendable (ClientError) -> Void

        /// - Parameter report: told of a failure that nobody waited for.
        init(report: @escaping @Sendable (ClientError) -> Void) {
            self.report = report
        }

        func decide(_ result: Result<AppliedMutation, ClientError>) {
            outcome.keep(result)
            settle { _ in }
        }

        func noteWaiter() { settle { $0.isAwaited = true } }
        func release() { settle { $0.isReleased = true } }

        /// Reports a failure when it is known, nobody holds the handle, and nobody waited.
        private func settle(_ change: (inout State) -> Void) {
            let isUnheard = state.withLock { state in
                change(&state)
                guard state.isReleased, !state.isAwaited, case .failure? = outcome.outcome else { return false }
                // Once.
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

    /// Waits for what became of it, also over lost connections. Cancelling the task ends the wait, not the mutation.
    /// - Throws: ``ClientError``: of the code of the server's refusal; `limitReached` where too many are under way;
    ///   `outcomeUnknown` where the connection ended before; `component` and `invalidValue` where the server has no
    ///   such component or field; `cancelled`.
    public var outcome: AppliedMutation {
        get async throws(ClientError) {
            fate.noteWaiter()
            return try await fate.outcome.value()
        }
    }
}
