import Synchronization

/// A value or an error that is set once, for any number of waiting tasks.
final class Promise<Value: Sendable>: Sendable {
    typealias Outcome = Result<Value, ClientError>

    private enum State {
        case waiting([Int: CheckedContinuation<Outcome, Never>], next: Int)
        case kept(Outcome)
    }

    private let state = Mutex(State.waiting([:], next: 0))

    /// The outcome; `nil` before it is set.
    var outcome: Outcome? {
        state.withLock { state in
            if case .kept(let outcome) = state { outcome } else { nil }
        }
    }

    /// Sets the outcome. Only the first call has an effect.
    func keep(_ outcome: Outcome) {
        let waiting: [CheckedContinuation<Outcome, Never>] = state.withLock { state in
            guard case .waiting(let waiting, _) = state else { return [] }
            state = .kept(outcome)
            return waiting.sorted { $0.key < $1.key }.map(\.value)
        }
        for continuation in waiting { continuation.resume(returning: outcome) }
    }

    /// Waits for the outcome.
    /// - Throws: The error that was set, or one of code `cancelled` if the task is cancelled; other tasks keep waiting.
    func value(
        isCancellable: Bool = true, isolation: isolated (any Actor)? = #isolation
    ) async throws(ClientError) -> Value {
        let place = state.withLock { state in
            guard case .waiting(let waiting, let next) = state else { return 0 }
            state = .waiting(waiting, next: next + 1)
            return next
        }
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation(isolation: isolation) { continuation in
                wait(continuation, at: place, isCancellable: isCancellable)
            }
        } onCancel: {
            if isCancellable { leave(place) }
        }
        return try outcome.get()
    }

    private static var cancelled: Outcome {
        .failure(ClientError(.cancelled, "the task that waited was cancelled"))
    }

    private func wait(_ continuation: CheckedContinuation<Outcome, Never>, at place: Int, isCancellable: Bool) {
        let outcome: Outcome? = state.withLock { state in
            switch state {
            case .kept(let outcome): return outcome
            case .waiting(var waiting, let next):
                // If the task was already cancelled, its cancellation handler may have run before.
                if isCancellable, Task.isCancelled { return Self.cancelled }
                waiting[place] = continuation
                state = .waiting(waiting, next: next)
                return nil
            }
        }
        if let outcome { continuation.resume(returning: outcome) }
    }

    private func leave(_ place: Int) {
        let continuation: CheckedContinuation<Outcome, Never>? = state.withLock { state in
            guard case .waiting(var waiting, let next) = state else { return nil }
            let continuation = waiting.removeValue(forKey: place)
            state = .waiting(waiting, next: next)
            return continuation
        }
        continuation?.resume(returning: Self.cancelled)
    }
}
