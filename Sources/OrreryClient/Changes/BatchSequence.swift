import OrrerySync
import OrreryWire
import Synchronization

/// The batches that a connection applies, in order, from the moment the sequence is made. The first batch contains
/// everything shown at that moment (cause `entered`), so a mirror built from the changes equals what the client shows
/// after every batch.
///
/// At most ``bufferedBatchMax`` batches of one epoch wait for a reader. If the reader is slower, the newest batches are
/// merged into one: the result holds whole ticks and loses no value. Batches are never merged across a reset, and an
/// epoch that began and ended unread is left out.
///
/// The sequence ends when this side ends the connection or the subscription it belongs to, or when the task is
/// cancelled. It throws ``ClientError`` when it ends for another reason, or when more than
/// ``ClientConfiguration/waitingBatchSizeMax`` bytes of changes wait for this reader (code `limitExceeded`).
public struct BatchSequence: AsyncSequence, Sendable {
    public typealias Element = Batch
    public typealias Failure = ClientError

    /// The maximum number of waiting batches.
    public static let bufferedBatchMax = 64

    private let buffer: BatchBuffer

    init(_ session: ClientSession, _ subscription: Subscription?) {
        buffer = BatchBuffer(session, subscription, subscription?.fate, subscription?.filter, query: nil)
    }

    /// - Parameter id: The subscription that the query has now.
    init(_ session: ClientSession, _ query: LiveQuery, _ fate: Subscription.Fate, _ id: SubscriptionID) {
        buffer = BatchBuffer(
            session, query, fate, nil, query: ClientSession.ObservedQuery(id: id, owner: ObjectIdentifier(query)))
    }

    /// Makes an iterator for the only reader. Two concurrent reads are a programming error and trap.
    public func makeAsyncIterator() -> Iterator { Iterator(buffer: buffer) }

    /// Takes one batch after another.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let buffer: BatchBuffer

        /// The next batch; `nil` when the sequence ends without an error.
        public mutating func next() async throws(ClientError) -> Batch? { try await next(isolation: #isolation) }

        /// Waits on the caller's actor, and does not leave it if a batch is already waiting.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(ClientError) -> Batch? {
            try await buffer.next(isolation: actor)
        }
    }
}

/// The buffer between the loop's thread, which never waits, and one reader.
private final class BatchBuffer: Sendable {
    /// `nil` when the sequence ended without an error.
    typealias Taken = Result<AppliedBatch?, ClientError>

    private struct State {
        var waiting = WaitingBatches(countMax: BatchSequence.bufferedBatchMax)
        var end: ClientError?
        var reader: CheckedContinuation<Taken, Never>?

        /// What a reader gets immediately; `nil` if it has to wait.
        mutating func take() -> Taken? {
            if let batch = waiting.popFirst() { return .success(batch) }
            return end.map { $0.code == .closed ? .success(nil) : .failure($0) }
        }

        /// Appends a batch; ends with an error if more than `sizeMax` bytes wait.
        mutating func keep(_ batch: AppliedBatch, sizeMax: Int) {
            guard end == nil else { return }
            waiting.append(batch)
            guard waiting.byteCount > sizeMax else { return }
            waiting.removeAll()
            end = ClientError(
                .limitExceeded,
                "more than waitingBatchSizeMax, \(sizeMax) bytes, of changes wait for a reader of batches; read "
                    + "faster, "
                    + "or raise it", phase: .apply)
        }
    }

    /// Also held by the session's observer, so that the buffer can be released and can remove the observer.
    private final class Storage: Sendable {
        private let state = Mutex(State())

        /// Changes the state, and resumes a waiting reader if there is something for it.
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
    /// Kept alive while its batches are read.
    private let owner: (any AnyObject & Sendable)?
    private let fate: Subscription.Fate?
    private let filter: BatchFilter?
    private let isOfQuery: Bool
    private let storage = Storage()
    private let observer: Int
    private let fateObserver: Int?

    init(
        _ session: ClientSession, _ owner: (any AnyObject & Sendable)?, _ fate: Subscription.Fate?,
        _ filter: BatchFilter?, query: ClientSession.ObservedQuery?
    ) {
        self.session = session
        self.owner = owner
        self.fate = fate
        self.filter = filter
        isOfQuery = query != nil
        let sizeMax = session.configuration.waitingBatchSizeMax
        observer = session.addObserver(of: filter, query: query) { [storage] result in
            storage.change { state in
                switch result {
                case .success(let batch): state.keep(batch, sizeMax: sizeMax)
                case .failure(let error): state.end = state.end ?? error
                }
            }
        }
        fateObserver = fate?.addObserver { [storage] error in
            storage.change { state in
                // A cancelled subscription delivers nothing more.
                if error.code == .closed { state.waiting.removeAll() }
                state.end = state.end ?? error
            }
        }
    }

    deinit {
        session.leave(observer: observer)
        if let fateObserver { fate?.removeObserver(fateObserver) }
    }

    func next(isolation: isolated (any Actor)?) async throws(ClientError) -> Batch? {
        let taken = await withTaskCancellationHandler {
            await withCheckedContinuation(isolation: isolation) { storage.wait($0) }
        } onCancel: {
            storage.leave()
        }
        return try taken.get().map { Batch($0, filter, reader: isOfQuery ? observer : nil, session.bindings) }
    }
}
