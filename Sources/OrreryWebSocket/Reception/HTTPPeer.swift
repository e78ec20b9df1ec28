internal import CLibWebSocketsShim
internal import Glibc
internal import OrreryTransport

/// A peer of a server without TLS that is not yet a WebSocket, or never will be.
final class HTTPPeer {
    enum Phase {
        /// Its request is arriving.
        case asking
        /// The answer is on its way.
        case answering
        /// All was said. What it still sends is thrown away, until it ends too: else the system would cut the line, and
        /// the answer might not be read.
        case leaving
    }

    /// How it went with what was to be read or written.
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

    /// What is to be sent. Bound: `pageSizeMax` and its head.
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

    /// Reads as much of the head as is there, and not a byte of what follows it: that is for the WebSocket.
    /// - Returns: with `.done` either no error, for a whole head, or why it will be none.
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

    /// Gives the socket away: it is not closed here.
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

    /// Throws away what is there.
    /// - Parameter byteCountMax: how much of it at most, all calls together.
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
