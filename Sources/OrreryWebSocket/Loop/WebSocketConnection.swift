internal import OrreryTransport

/// Counts how much of a peer's input is messages. libwebsockets answers pings by itself and does not report them.
struct InputCount {
    /// Reads since bytes were last counted, and whether the last of these reads brought a part of a message.
    var readCount = 0
    var broughtMessage = true
    /// Bytes of messages, and the other bytes that the handler was told of.
    var knownByteCount: UInt64 = 0
}

/// A socket that libwebsockets serves for us. libwebsockets holds the connection unretained as the socket's opaque user
/// data; ``WebSocketLoop`` owns it until the socket's last callback.
final class WebSocketConnection {
    enum Phase {
        /// HTTP at a server, or a client's attempt.
        case handshaking
        /// A page is being sent over HTTP.
        case answering
        case open
        /// This side wants to close, and waits until it can write the close frame.
        case closing
        /// A close frame has been sent or received, or the socket broke. Nothing more is written.
        case ending
    }

    var id: ConnectionID
    unowned let loop: WebSocketLoop
    /// Nil before libwebsockets has the socket and from its last callback on.
    var socket: OpaquePointer?
    var phase = Phase.handshaking
    /// At a server: what the handler granted the peer, until the connection opens.
    var granted: (any Sendable)?
    /// Whether the handler was told that the connection opened. Only then it is told that a served connection closed.
    var wasEstablished = false
    /// Whether the handler was told that the connection closed, before its socket did.
    var wasToldClosed = false
    /// How the connection ended, as soon as that is known.
    var closure: ConnectionEnd?
    /// When the connection is cut off, during a handshake, an attempt or a close.
    var deadline: ContinuousClock.Instant?

    /// Given to `send` but not yet to libwebsockets. Bound: `pendingByteCountMax`.
    private(set) var waiting = Queue<Frame>()
    private(set) var waitingByteCount = 0 {
        didSet { loop.pendingByteCount += waitingByteCount - oldValue }
    }
    /// The size of a partly sent message that libwebsockets still holds, or 0. At most one: nothing is written before
    /// it has gone.
    var inFlightByteCount = 0 {
        didSet { loop.pendingByteCount += inFlightByteCount - oldValue }
    }
    /// Whether `send` had to wait since the handler was last told "drained".
    var owesDrained = false

    /// Whether messages are read; if not, since when the peer's missing pongs are excused.
    var isReading = true
    var excusedSince: ContinuousClock.Instant?

    /// The input from a server's peer that is not messages.
    var input = InputCount()
    var inputWatcher: Watcher?

    /// Whether the handler is being given a message of this connection.
    var isDelivering = false
    /// The pieces of an incomplete message. Bound: `messageSizeMax`.
    var assembly: [UInt8] = []

    /// The whole page that is being sent. Bound: `pageSizeMax` each, `waitingPageByteCountMax` together.
    var page: [UInt8] = []
    var pageSentByteCount = 0
    /// Whether, at the last look, the peer had sent more than its request.
    var hasUnreadInput = false

    init(id: ConnectionID, loop: WebSocketLoop) {
        self.id = id
        self.loop = loop
    }

    /// The pointer that libwebsockets keeps.
    var handle: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

    var pendingByteCount: Int { waitingByteCount + inFlightByteCount }

    func enqueue(_ frame: Frame) {
        waiting.append(frame)
        waitingByteCount += frame.waitingByteCount
    }

    func dequeue() -> Frame? {
        guard let frame = waiting.popFirst() else { return nil }
        waitingByteCount -= frame.waitingByteCount
        return frame
    }

    func dropWaiting() {
        waiting.removeAll()
        waitingByteCount = 0
    }
}
