import OrrerySync
import Synchronization

/// The batches that a connection applies, in order, from the moment on at which the sequence was made. The first one
/// brings what is shown at that moment (its changes have the cause `entered`), so that a mirror built from the changes
/// is what the client shows, after every batch.
///
/// At most ``bufferedBatchMax`` batches of one life of the world wait for a reader. When it is slower, the newest are
/// merged into one: ticks are merged, never torn, and no value is lost. Nothing merges across a reset, and a life that
/// began and ended unread is left out.
///
/// Ends when the connection, or the subscription that it is of, is ended from this side, or the task is cancelled.
/// Throws ``ClientError`` when it ends otherwise, or when more than ``ClientConfiguration/waitingBatchSizeMax`` bytes
/// of changes wait for this reader (code `limitExceeded`).
public struct BatchSequence: AsyncSequence, Sendable {
    public typealias Element = Batch
    public typealias Failure = ClientError

    /// Batches that wait, at most.
    public static let bufferedBatchMax = 64

    private let buffer: BatchBuffer

    init(_ session: ClientSession, _ subscription: Subscription?) {
        buffer = BatchBuffer(session, subscription)
    }

    /// The one reader: two that read at a time are a programming error, which traps.
    public func makeAsyncIterator() -> Iterator { Iterator(buffer: buffer) }

    /// Takes one batch after the other.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let buffer: BatchBuffer

        /// The next batch; `nil` at a good end.
        public mutating func next() async throws(ClientError) -> Batch? { try await next(isolation: #isolation) }

        /// Waits on the caller's actor, which it does not leave where a batch is there already.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(ClientError) -> Batch? {
            try await buffer.next(isolation: actor)
        }
    }
}

/// Between the loop's thread, which never waits, and one reader.
private final class BatchBuffer: Sendable {
    /// `nil` at a good end.
    typealias Taken = Result<AppliedBatch?, ClientError>

    private struct State {
        var waiting = WaitingBatches(countMax: BatchSequence.bufferedBatchMax)
        var end: ClientError?
        var reader: CheckedContinuation<Taken, Never>?

        /// What a reader gets at once; `nil` where it has to wait.
        mutating func take() -> Taken? {
            if let batch = waiting.popFirst() { return .success(batch) }
            return end.map { $0.code == .closed ? .success(nil) : .failure($0) }
        }

        /// Keeps a batch.
        mutating func keep(_ batch: AppliedBatch, sizeMax: Int) {
            guard end == nil else { return }
            waiting.append(batch)
            guard waiting.byteCount > sizeMax else { return }
            waiting.removeAll()
            end = ClientError(
                .limitExceeded,
                "more than waitingBatchSizeMax, \(sizeMax) bytes, of changes wait for a reader of batches; read faster, "
                    + "or raise it", phase: .apply)
        }
    }

    /// Held by the session's observer too, so that the buffer itself can go away and take the observer with it.
    private final class Storage: Sendable {
        private let state = Mutex(State())

        /// Changes the state, and gives a reader that waits what there is then.
        func change(_ body: (inout State) -> Void) {
            let (reader, taken): (CheckedContinuation<Taken, Never>?, Taken?) = state.withLock { state in
                body(&state)
                guard let reader = state.reader, let taken = state.take() else { return (nil, nil) }
                state.reader = nil
                return (reader, taken)
            }
            if let taken { reader?.resume(returning: taken) }
        }

        func wait(_ reader: CheckedContinuation<Taken, Never>) {
            let taken: Taken? = state.withLock { state in
                precondition(state.reader == nil, "a batch sequence has one reader")
                if Task.isCancelled { return .success(nil) }
                if let taken = state.take() { return taken }
                state.reader = reader
                return nil
            }
            if let taken { reader.resume(returning: taken) }
        }

        func leave() {
            let reader = state.withLock { state in
                defer { state.reader = nil }
                return state.reader
            }
            reader?.resume(returning: .success(nil))
        }
    }

    private let session: ClientSession
    /// Held, so that what is being read does not end.
    private let subscription: Subscription?
    private let storage = Storage()
    private let observer: Int
    private let fateObserver: Int?

    init(_ session: ClientSession, _ subscription: Subscription?) {
        self.session = session
        self.subscription = subscription
        let sizeMax = session.configuration.waitingBatchSizeMax
        observer = session.addObserver(of: subscription?.filter) { [storage] result in
            storage.change { state in
                switch result {
                case .success(let batch): state.keep(batch, sizeMax: sizeMax)
                case .failure(let error): state.end = state.end ?? error
                }
            }
        }
        fateObserver = subscription?.fate.addObserver { [storage] error in
            storage.change { state in
                // What was cancelled is read no further.
                if error.code == .closed { state.waiting.removeAll() }
                state.end = state.end ?? error
            }
        }
    }

    deinit {
        session.leave(observer: observer)
        if let fateObserver { subscription?.fate.removeObserver(fateObserver) }
    }

    func next(isolation: isolated (any Actor)?) async throws(ClientError) -> Batch? {
        let taken = await withTaskCancellationHandler {
            await withCheckedContinuation(isolation: isolation) { storage.wait($0) }
        } onCancel: {
            storage.leave()
        }
        return try taken.get().map { Batch($0, subscription?.filter, session.bindings) }
    }
}
