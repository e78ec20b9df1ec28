/// Identifies one connection of one loop. Never reused while the loop runs.
public struct ConnectionID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// A counter, never used twice.
    public let rawValue: UInt64

    /// Creates the ID with this number.
    public init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    public static func < (left: ConnectionID, right: ConnectionID) -> Bool { left.rawValue < right.rawValue }
    public var description: String { "#\(rawValue)" }
}

/// How many bytes of one connection have passed in each direction, as the system counts them.
///
/// Both numbers only grow. They include framing, TLS and the handshake, and the system decides in what steps they grow.
/// The difference of two values shows whether bytes moved and about how many, but not how many bytes of messages.
public struct ConnectionProgress: Hashable, Sendable {
    /// Bytes that the peer's side has taken. While bytes wait in this process, this number grows exactly when the peer
    /// takes more.
    public var takenByteCount: UInt64
    /// Bytes that have arrived from the peer, including unread ones: those of an incomplete message, or of one that
    /// waits because reading is paused.
    public var arrivedByteCount: UInt64

    /// Creates a progress; by default no bytes.
    public init(takenByteCount: UInt64 = 0, arrivedByteCount: UInt64 = 0) {
        self.takenByteCount = takenByteCount
        self.arrivedByteCount = arrivedByteCount
    }
}

/// Why a connection closes: a WebSocket close code. Source: RFC 6455, section 7.4.1.
public struct CloseCode: Hashable, Sendable, CustomStringConvertible {
    /// The number on the wire.
    public let rawValue: UInt16

    /// Creates the code with this number.
    public init(_ rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// The connection was closed as intended. Source of this and the following codes: RFC 6455, section 7.4.1.
    public static let normal = CloseCode(1000)
    /// The server stops, or the client leaves.
    public static let goingAway = CloseCode(1001)
    /// A violation of the protocol.
    public static let protocolError = CloseCode(1002)
    /// A kind of message that is not accepted, such as text.
    public static let unsupportedData = CloseCode(1003)
    /// No close frame was seen: the connection broke. Never sent.
    public static let abnormal = CloseCode(1006)
    /// The peer closed without a code. Never sent.
    public static let noStatus = CloseCode(1005)
    /// Bytes that are not valid.
    public static let invalidPayload = CloseCode(1007)
    /// A limit was exceeded.
    public static let policyViolation = CloseCode(1008)
    /// A message is longer than the receiver accepts.
    public static let messageTooBig = CloseCode(1009)
    /// The peer has failed.
    public static let internalError = CloseCode(1011)

    public var description: String { String(rawValue) }
}

/// How a connection ended, as seen from this side.
public struct ConnectionEnd: Hashable, Sendable {
    /// The close code.
    public var code: CloseCode
    /// The reason, at most 123 bytes of UTF-8. Source: RFC 6455, section 5.5.
    public var reason: String
    /// Whether the connection had been established; a refused or failed attempt was not.
    public var wasEstablished: Bool
    /// The HTTP status with which a server refused an attempt: 401 without a valid token, 403 if this client is not
    /// allowed.
    public var refusalStatus: Int?

    /// Creates the end of a connection.
    public init(code: CloseCode, reason: String, wasEstablished: Bool, refusalStatus: Int? = nil) {
        self.code = code
        self.reason = reason
        self.wasEstablished = wasEstablished
        self.refusalStatus = refusalStatus
    }
}

/// Why a transport cannot start: what failed, and what to do about it.
public struct TransportError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of error.
    public enum Code: Hashable, Sendable {
        /// Another process or socket already uses the address.
        case addressInUse
        /// The address or URL cannot be used as written.
        case invalidAddress
        /// A library, or a part of one, is missing on this machine.
        case unavailable
        /// A certificate, a key or a list of trusted certificates cannot be used.
        case invalidCertificate
        /// The token cannot be sent.
        case invalidToken
    }

    /// The kind of error.
    public var code: Code
    /// A sentence for the person who started the program.
    public var message: String

    /// Creates an error with a sentence.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}

/// What a server says to a peer that asks to connect.
public enum UpgradeDecision: Sendable {
    /// The peer may connect. When the connection opens, the handler is given this back: what it knows of the peer.
    case granted(any Sendable)
    case refused(HTTPResponse)
}

/// Receives the events of a loop. Every call comes on the loop's thread, never from inside a call to the loop's own
/// methods.
public protocol TransportHandler: AnyObject {
    /// A connection opened. The IDs of a loop's connections ascend in the order of these calls.
    /// - Parameter granted: At a server, what ``decision(onUpgrade:)`` granted its peer; nil at a client.
    func connectionOpened(_ connection: ConnectionID, granted: (any Sendable)?)
    /// Receives one complete binary message. The bytes are valid during the call only.
    func connection(_ connection: ConnectionID, received message: UnsafeRawBufferPointer)
    /// A server's peer has sent this many further bytes that are not messages: pings, pongs, frame headers, TLS. Called
    /// only once there are many. By default does nothing.
    func connection(_ connection: ConnectionID, receivedBesideMessages byteCount: Int)
    /// The connection can take more: everything given to ``TransportLoop/send(_:to:)`` has been handed to the system,
    /// and ``TransportLoop/pendingByteCount(of:)`` is 0. Called once after a message had to wait.
    func connectionDrained(_ connection: ConnectionID)
    /// The connection closed. Called once per connection, last; also for a client's failed attempt, which never opened.
    func connectionClosed(_ connection: ConnectionID, _ closure: ConnectionEnd)
    /// A thread called ``TransportLoop/wake()``; several calls may be combined into one.
    func loopWoken()
    /// Called at least every ``TransportLimits/timerInterval``. After ``loopWoken()`` it may be called sooner, but not
    /// before half of the interval.
    func loopTimerFired()

    /// Decides whether a peer may become a connection. Called before `connectionOpened`, on servers only, for requests
    /// that are themselves valid. By default every peer may.
    func decision(onUpgrade request: HTTPRequest) -> UpgradeDecision
    /// The server's page, or an error page, for a peer that did not request an upgrade. The transport handles methods
    /// (GET and HEAD), pace and closing. Nil, the default, tells the peer to upgrade (426).
    func page(for request: HTTPRequest) -> HTTPResponse?
    /// The transport, or ``decision(onUpgrade:)``, refused something. For counting. By default does nothing.
    func refused(_ refusal: TransportRefusal)
}

extension TransportHandler {
    public func connection(_ connection: ConnectionID, receivedBesideMessages byteCount: Int) {}
    public func decision(onUpgrade request: HTTPRequest) -> UpgradeDecision { .granted(()) }
    public func page(for request: HTTPRequest) -> HTTPResponse? { nil }
    public func refused(_ refusal: TransportRefusal) {}
}

/// Something that a server's transport refused by itself.
public enum TransportRefusal: Hashable, Sendable {
    /// An HTTP request, for a page or an upgrade, answered with this status by an ``HTTPResponse/isRefusal``.
    case request(status: Int)
    /// An open connection, closed with this code because of what its peer sent or did not read.
    case connection(CloseCode)
    /// A connection that never became a request: no TLS, no HTTP, too slow, or one too many.
    case handshake
    /// A waiting connection that cannot be accepted: this process or the system has no file or memory left for it.
    /// Reported again, several times a second, while that lasts.
    case exhaustion
}

/// A set of connections and the one thread that serves them.
///
/// Only ``wake()`` may be called from any thread. All other methods belong to the thread inside ``run(_:)``.
public protocol TransportLoop: AnyObject, Sendable {
    /// Serves on the calling thread until ``shutDown(lingerMax:)`` has finished.
    func run(_ handler: any TransportHandler) throws(TransportError)

    /// Makes the loop call the handler's `loopWoken` soon. Any thread; also before `run`, and after it, when it does
    /// nothing.
    func wake()

    /// Sends one message: now if nothing waits on that connection, otherwise as soon as it can be taken. If more than
    /// ``TransportLimits/pendingByteCountMax`` bytes would wait on the connection, it is closed with
    /// ``CloseCode/policyViolation`` instead. Does nothing for a closed connection.
    /// - Precondition: The message is at most ``TransportLimits/sentMessageSizeMax`` bytes long.
    func send(_ frame: Frame, to connection: ConnectionID)

    /// Bytes given to `send` that wait in this process. Each message counts with its head room, so that empty ones
    /// count too; bytes held by the system do not count. 0 when the connection can take a message immediately, and when
    /// it is closing.
    /// - Complexity: O(1).
    func pendingByteCount(of connection: ConnectionID) -> Int

    /// The sum of ``pendingByteCount(of:)`` over all connections. A frame that waits on several connections counts for
    /// each.
    var pendingByteCount: Int { get }

    /// The progress of a connection's bytes; nil if it is not open. The system has taken no byte of a connection for
    /// two seconds if ``pendingByteCount(of:)`` was never 0 and ``ConnectionProgress/takenByteCount`` equals its value
    /// of two seconds ago.
    /// - Complexity: O(1), at most one system call (about a microsecond).
    func progress(of connection: ConnectionID) -> ConnectionProgress?

    /// Pauses or resumes reading messages of a connection. Every connection starts out reading.
    ///
    /// After `false`, no message is delivered, not even one behind the message being delivered in the same receive
    /// buffer; a partly received message is kept. This process holds at most one receive buffer; the rest waits in the
    /// system and then at the peer. After `true`, the rest is delivered, in order, from the next round on. Sending
    /// continues in both cases.
    ///
    /// While reading is paused, nothing from the peer is seen: no message, no ping (it is not answered), no close frame
    /// and no orderly end. They are handled in their order after `true`. A connection that the system reports as broken
    /// (the peer reset it, or nothing came back for too long) closes immediately with ``CloseCode/abnormal``; its
    /// undelivered bytes are lost. The transport's time-outs for a peer that does not answer pings are suspended.
    /// Closing from this side works as usual.
    ///
    /// Does nothing for a connection that is not open.
    func setReading(_ isReading: Bool, of connection: ConnectionID)

    /// Closes one connection with a close frame, sent after the waiting messages as far as they can be written
    /// immediately. `reason` is cut to 123 bytes. `connectionClosed` follows with this code and reason, unless the peer
    /// closed first.
    /// - Precondition: `code` may be sent (not ``CloseCode/abnormal`` or ``CloseCode/noStatus``).
    func close(_ connection: ConnectionID, code: CloseCode, reason: String)

    /// Reads renewable files again: a server's certificate and key. Existing connections stay; new connections use the
    /// new files.
    /// - Throws: ``TransportError`` with `.invalidCertificate`. The loop then keeps the old files.
    func reload() throws(TransportError)

    /// Accepts no more connections, closes all with ``CloseCode/goingAway``, and makes `run` return when they are
    /// closed, or after `lingerMax` at the latest.
    func shutDown(lingerMax: Duration)
}

/// The limits of one loop. docs/LIMITS.md lists them with the limits of the other layers.
public struct TransportLimits: Hashable, Sendable {
    /// The longest message accepted from a peer, in bytes; a longer one closes its connection with 1009 before it is
    /// buffered. Servers and clients set this from the limits of their sessions.
    public var messageSizeMax = 1 << 20
    /// The longest message sent, in bytes. Servers and clients set this from the limits of their sessions.
    public var sentMessageSizeMax = 1 << 20
    /// How many bytes may wait in this process for one connection; beyond this limit it closes with 1008. Protects
    /// against a peer that requests data and does not read it.
    public var pendingByteCountMax = 16 << 20
    /// How many connections are served at once; further ones are refused. Protects against a peer that opens
    /// connections without bound.
    public var connectionCountMax = 4096
    /// How many peers beyond ``connectionCountMax`` may be between the TCP connection and a complete request, and how
    /// many may be receiving HTTP answers; when a further one arrives, the oldest is cut off. Protects against peers
    /// that connect and send nothing.
    public var handshakeCountMax = 256
    /// How many of these may come from one address, or from one IPv6 network of 64 bits; beyond this limit, the oldest
    /// from there is cut off. Prevents one peer from taking all places. Loopback addresses have no such limit: a peer
    /// on this machine is a proxy for many peers, or could do worse than take places.
    public var handshakeShareMax = 64
    /// Addresses of proxies on other machines. Their peers have no such limit either.
    public var proxyAddresses: [String] = []
    /// How long a peer may take until its request has arrived, including TLS; then it is cut off. Sending a byte now
    /// and then does not extend this time.
    public var handshakeTimeout: Duration = .seconds(5)
    /// The shortest handshake time-out, when all places are taken: the time-out shrinks once half of them are taken.
    public var handshakeTimeoutMin: Duration = .milliseconds(500)
    /// The longest head of a request, in bytes; a longer one is refused with 431.
    public var requestHeadSizeMax = 16 << 10
    /// How many fields a request may have; more are refused with 431.
    public var requestFieldCountMax = 100
    /// The longest page that is served over HTTP, in bytes.
    public var pageSizeMax = 4 << 20
    /// How many bytes of pages may wait for their readers, in total; further long pages are refused with 503. Protects
    /// against readers that request much and take nothing.
    public var waitingPageByteCountMax = 16 << 20
    /// The maximum time between two calls of `loopTimerFired`.
    public var timerInterval: Duration = .milliseconds(100)

    /// Creates limits with the defaults.
    public init() {}
}

/// A way to offer a world to clients.
public protocol ServerTransport: Sendable {
    /// Opens the address. Connections are served once the loop runs.
    func listen(limits: TransportLimits) throws(TransportError) -> (loop: any TransportLoop, url: String)

    /// What the person running the server should know although it can start, such as an expired certificate: one
    /// sentence for each. By default none.
    func warnings(limits: TransportLimits) -> [String]
}

extension ServerTransport {
    public func warnings(limits: TransportLimits) -> [String] { [] }
}

/// A way to reach a server.
public protocol ClientTransport: Sendable {
    /// Makes a loop with one connection, to `url`. The attempt starts when the loop runs and ends with
    /// `connectionOpened`, or with `connectionClosed` with `wasEstablished` false and a reason that says what failed.
    /// - Parameter token: Sent as `Authorization: Bearer …` with the request, never as part of the URL.
    func connect(to url: String, token: String?, limits: TransportLimits) throws(TransportError) -> any TransportLoop
}

extension ClientTransport {
    /// As ``connect(to:token:limits:)``, without a token.
    public func connect(to url: String, limits: TransportLimits) throws(TransportError) -> any TransportLoop {
        try connect(to: url, token: nil, limits: limits)
    }
}
