internal import OrreryTransport

/// How much of what is read from a peer is messages. libwebsockets answers pings by itself and tells nobody.
struct InputCount {
    /// Reads since bytes were last counted, and whether the last of them brought a part of a message.
    var readCount = 0
    var broughtMessage = true
    /// Bytes of messages, and those that the handler was told of.
    var knownByteCount: UInt64 = 0
}

/// One socket that libwebsockets serves for us. libwebsockets holds it unretained as the socket's opaque user data;
/// ``WebSocketLoop`` owns it until the socket's last callback.
final class WebSocketConnection {
    enum Phase {
        /// HTTP, or the attempt of a client.
        case handshaking
        /// A page is on its way over HTTP.
        case answering
        case open
        /// We want to close, and wait until we can write that.
        case closing
        /// A close frame has been sent or received, or the socket broke. Nothing more is written.
        case ending
    }

    var id: ConnectionID
    unowned let loop: WebSocketLoop
    /// Nil before libwebsockets has it and from its last callback on.
    var socket: OpaquePointer?
    var phase = Phase.handshaking
    /// Whether its request was read and granted before libwebsockets had it.
    var isAdmitted = false
    /// Whether the handler heard that it opened; only then it hears that a served connection closed.
    var wasEstablished = false
    /// Whether the handler heard that it closed, before its socket did.
    var wasToldClosed = false
    /// How it ended, as soon as that is known.
    var closure: ConnectionEnd?
    /// When it is cut off, if a handshake, an attempt or a close is under way.
    var deadline: ContinuousClock.Instant?

    /// Given to `send`, not yet to libwebsockets. Bound: `pendingByteCountMax`.
    private(set) var waiting = Queue<Frame>()
    private(set) var waitingByteCount = 0 {
        didSet { loop.pendingByteCount += waitingByteCount - oldValue }
    }
    /// The message of which libwebsockets still holds a rest, or 0. At most one: nothing is written before it has gone.
    var inFlightByteCount = 0 {
        didSet { loop.pendingByteCount += inFlightByteCount - oldValue }
    }
    /// Whether `send` had to wait since the handler last heard "drained".
    var owesDrained = false

    /// Whether its messages are read; if not, since when its pings are excused.
    var isReading = true
    var excusedSince: ContinuousClock.Instant?

    /// What its peer says beside messages; a server's.
    var input = InputCount()
    var inputWatcher: Watcher?

    /// Whether the handler is being told of one of its messages.
    var isDelivering = false
    /// The pieces of a message so far. Bound: `messageSizeMax`.
    var assembly: [UInt8] = []

    /// The page that is on its way, whole. Bound: `pageSizeMax` each, `waitingPageByteCountMax` together.
    var page: [UInt8] = []
    var pageSentByteCount = 0
    /// Whether its peer had sent more than its request when that was last looked at.
    var hasUnreadInput = false

    init(id: ConnectionID, loop: WebSocketLoop) {
        self.id = id
        self.loop = loop
    }

    /// What libwebsockets keeps.
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
