import OrrerySync
import Synchronization

/// The batches that a connection applies, in order, from the moment on at which the sequence was made. The first one brings what is shown
/// at that moment (its changes have the cause `entered`), so that a mirror built from the changes is what the client shows, after every batch.
///
/// At most ``bufferedBatchMax`` batches of one life of the world wait for a reader. When it is slower, the newest are merged into one: ticks
/// are merged, never torn, and no value is lost. Nothing merges across a reset, and a life that began and ended unread is left out. Ends when the connection is closed from this side; throws ``ClientError`` when it ends otherwise, or when more
/// than ``ClientConfiguration/waitingBatchSizeMax`` bytes of changes wait for this reader (code `limitExceeded`).
public struct BatchSequence: AsyncSequence, Sendable {
    public typealias Element = Batch
    public typealias Failure = any Error

    /// Batches that wait, at most.
    public static let bufferedBatchMax = 64

    private let buffer: BatchBuffer

    init(_ session: ClientSession) {
        buffer = BatchBuffer(session)
    }

    public func makeAsyncIterator() -> Iterator { Iterator(buffer: buffer) }

    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let buffer: BatchBuffer

        public mutating func next() async throws -> Batch? {
            try await buffer.next().map(Batch.init)
        }
    }
}

/// Between the loop's thread, which never waits, and one reader.
private final class BatchBuffer: Sendable {
    private struct State {
        var waiting = WaitingBatches(countMax: BatchSequence.bufferedBatchMax)
        var end: ClientError?
        var reader: CheckedContinuation<AppliedBatch?, any Error>?

        /// Keeps a batch for a reader who is elsewhere.
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

    private let session: ClientSession
    private let state: Storage
    private let observer: Int

    /// Held by the session's observer too, so that the buffer itself can go away and take the observer with it.
    private final class Storage: Sendable {
        let state = Mutex(State())
    }

    init(_ session: ClientSession) {
        let storage = Storage()
        self.session = session
        state = storage
        let sizeMax = session.configuration.waitingBatchSizeMax
        observer = session.addObserver { BatchBuffer.offer($0, to: storage, sizeMax: sizeMax) }
    }

    deinit { session.removeObserver(observer) }

    private static func offer(_ result: Result<AppliedBatch, ClientError>, to storage: Storage, sizeMax: Int) {
        let reader = storage.state.withLock { state in
            switch result {
            case .success(let batch): if state.reader == nil { state.keep(batch, sizeMax: sizeMax) }
            case .failure(let error): state.end = state.end ?? error
            }
            defer { state.reader = nil }
            return state.reader
        }
        switch result {
        case .success(let batch): reader?.resume(returning: batch)
        case .failure(let error): resume(reader, error)
        }
    }

    private static func resume(_ reader: CheckedContinuation<AppliedBatch?, any Error>?, _ end: ClientError) {
        if end.code == .closed { reader?.resume(returning: nil) } else { reader?.resume(throwing: end) }
    }

    func next() async throws -> AppliedBatch? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                state.state.withLock { state in
                    precondition(state.reader == nil, "a batch sequence has one reader")
                    if Task.isCancelled {
                        continuation.resume(returning: nil)
                    } else if let batch = state.waiting.popFirst() {
                        continuation.resume(returning: batch)
                    } else if let end = state.end {
                        BatchBuffer.resume(continuation, end)
                    } else {
                        state.reader = continuation
                    }
                }
            }
        } onCancel: {
            let reader = state.state.withLock { state in
                defer { state.reader = nil }
                return state.reader
            }
            reader?.resume(returning: nil)
        }
    }
}
