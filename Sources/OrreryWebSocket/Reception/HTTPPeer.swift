internal import CLibWebSocketsShim
internal import Glibc
internal import OrreryTransport

/// A peer of a server without TLS that is not yet a WebSocket, or never becomes one.
final class HTTPPeer {
    enum Phase {
        /// Its request is arriving.
        case asking
        /// The answer is being sent.
        case answering
        /// The answer was sent. Further input is discarded until the peer ends too; otherwise the system would reset
        /// the connection, and the answer might not be read.
        case leaving
    }

    /// The result of reading or writing.
    enum Progress {
        case goesOn
        case done
        case broken
    }

    let id: HandshakePlaces.ID
    let descriptor: Int32
    var watcher: Watcher?
    private(set) var phase = Phase.asking
    private(set) var scanner: HTTPHeadScanner
    var deadline: ContinuousClock.Instant?

    /// The answer to send. Bound: `pageSizeMax` and its head.
    private(set) var answer: [UInt8] = []
    private var sentByteCount = 0
    private var discardedByteCount = 0
    private var ownsDescriptor = true

    init(id: HandshakePlaces.ID, descriptor: Int32, limits: HTTPHeadLimits) {
        self.id = id
        self.descriptor = descriptor
        scanner = HTTPHeadScanner(limits: limits)
    }

    deinit {
        watcher = nil
        if ownsDescriptor { Glibc.close(descriptor) }
    }

    // MARK: Asking

    /// Reads as much of the head as is there, and no byte after it: those bytes are for the WebSocket.
    /// - Returns: With `.done`, either no error, for a complete head, or the reason why the head is invalid.
    func readHead() -> (progress: Progress, error: HTTPHeadError?) {
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
            while true {
                let seen = clws_receive(descriptor, buffer.baseAddress!, buffer.count, true)
                guard seen > 0 else { return (seen < 0 && errno == EAGAIN ? .goesOn : .broken, nil) }
                let finding = scanner.take(UnsafeRawBufferPointer(rebasing: buffer[..<seen]))
                var used = seen
                if case .ends(let count) = finding { used = count }
                guard clws_receive(descriptor, buffer.baseAddress!, used, false) == used else { return (.broken, nil) }
                switch finding {
                case .goesOn: continue
                case .ends: return (.done, nil)
                case .fails(let error): return (.done, error)
                }
            }
        }
    }

    /// Gives the socket away; it is not closed here.
    func handOver() -> Int32 {
        watcher = nil
        ownsDescriptor = false
        return descriptor
    }

    // MARK: Answering

    func begin(_ answer: [UInt8], deadline: ContinuousClock.Instant) {
        phase = .answering
        self.answer = answer
        self.deadline = deadline
    }

    /// Writes as much as the socket takes.
    func write() -> Progress {
        while sentByteCount < answer.count {
            let written = answer.withUnsafeBytes { bytes in
                clws_send(descriptor, bytes.baseAddress! + sentByteCount, bytes.count - sentByteCount)
            }
            if written < 0 { return errno == EAGAIN ? .goesOn : .broken }
            sentByteCount += written
        }
        return .done
    }

    // MARK: Leaving

    func leave(deadline: ContinuousClock.Instant) {
        phase = .leaving
        answer = []
        self.deadline = deadline
        clws_finish(descriptor)
    }

    /// Discards available input.
    /// - Parameter byteCountMax: The maximum number of discarded bytes over all calls.
    func discardInput(byteCountMax: Int) -> Progress {
        withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 1) { buffer in
            while discardedByteCount < byteCountMax {
                let count = clws_receive(descriptor, buffer.baseAddress!, buffer.count, false)
                guard count > 0 else { return count < 0 && errno == EAGAIN ? .goesOn : .done }
                discardedByteCount += count
            }
            return .broken
        }
    }
}
