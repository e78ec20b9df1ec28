/// Names one connection of one loop. Never reused while the loop runs.
public struct ConnectionID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Counted up, not used twice.
    public let rawValue: UInt64

    /// The connection of this number.
    public init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    public static func < (left: ConnectionID, right: ConnectionID) -> Bool { left.rawValue < right.rawValue }
    public var description: String { "#\(rawValue)" }
}

/// How far the bytes of one connection have come in each direction, as the system counts them.
///
/// Both numbers only grow. Framing, TLS and the handshake count too, and how finely they grow is the system's matter:
/// two values say whether something moved between them, and about how much; not how many bytes of messages did.
public struct ConnectionProgress: Hashable, Sendable {
    /// Bytes that the peer's side has taken. While bytes wait in this process, the system takes more exactly when the
    /// peer has.
    public var takenByteCount: UInt64
    /// Bytes that have arrived from the peer, also those that nobody has read: of a message that is not yet whole, of
    /// one that waits because reading is paused.
    public var arrivedByteCount: UInt64

    /// Nothing yet, unless stated.
    public init(takenByteCount: UInt64 = 0, arrivedByteCount: UInt64 = 0) {
        self.takenByteCount = takenByteCount
        self.arrivedByteCount = arrivedByteCount
    }
}

/// Why a connection closes: a WebSocket close code. Source: RFC 6455, section 7.4.1.
public struct CloseCode: Hashable, Sendable, CustomStringConvertible {
    /// The number on the wire.
    public let rawValue: UInt16

    /// The code of this number.
    public init(_ rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// The end was wanted. Source of this and the next: RFC 6455, section 7.4.1.
    public static let normal = CloseCode(1000)
    /// The server stops, or the client leaves.
    public static let goingAway = CloseCode(1001)
    /// A breach of the protocol.
    public static let protocolError = CloseCode(1002)
    /// A kind of message that is not accepted, such as text.
    public static let unsupportedData = CloseCode(1003)
    /// No close frame was seen: the connection broke. Never sent.
    public static let abnormal = CloseCode(1006)
    /// The peer closed without a code. Never sent.
    public static let noStatus = CloseCode(1005)
    /// Bytes that are not what they should be.
    public static let invalidPayload = CloseCode(1007)
    /// A limit was exceeded.
    public static let policyViolation = CloseCode(1008)
    /// A message is longer than is taken.
    public static let messageTooBig = CloseCode(1009)
    /// The peer has failed.
    public static let internalError = CloseCode(1011)

    public var description: String { String(rawValue) }
}

/// How a connection ended, as seen from this side.
public struct ConnectionEnd: Hashable, Sendable {
    /// Why.
    public var code: CloseCode
    /// At most 123 bytes of UTF-8. Source: RFC 6455, section 5.5.
    public var reason: String
    /// Whether the connection had been established; a refused or failed attempt was not.
    public var wasEstablished: Bool
    /// The status with which a server refused an attempt over HTTP: 401 without a valid token, 403 when this client is
    /// not wanted.
    public var refusalStatus: Int?

    /// The end of a connection.
    public init(code: CloseCode, reason: String, wasEstablished: Bool, refusalStatus: Int? = nil) {
        self.code = code
        self.reason = reason
        self.wasEstablished = wasEstablished
        self.refusalStatus = refusalStatus
    }
}

/// A transport that cannot start: what failed, and what to do about it.
public struct TransportError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of error it is.
    public enum Code: Hashable, Sendable {
        /// The address is taken by somebody else.
        case addressInUse
        /// The address or URL cannot be used as written.
        case invalidAddress
        /// A library or a part of it is missing on this machine.
        case unavailable
        /// A certificate, a key or a list of trusted certificates cannot be used.
        case invalidCertificate
        /// A token that cannot be sent.
        case invalidToken
    }

    /// What kind of error it is.
    public var code: Code
    /// A sentence for the person who started it.
    public var message: String

    /// An error with a sentence.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}

/// What a loop tells its owner. Every call comes on the loop's thread, never from inside a call to the loop's own
/// methods.
public protocol TransportHandler: AnyObject {
    /// The names of a loop's connections ascend in the order of these calls.
    func connectionOpened(_ connection: ConnectionID)
    /// One whole binary message. The bytes are valid during the call only.
    func connection(_ connection: ConnectionID, received message: UnsafeRawBufferPointer)
    /// A server's peer has said so many bytes more that are no messages: pings, pongs, the heads of frames, TLS. Told
    /// once it is much. By default nothing.
    func connection(_ connection: ConnectionID, receivedBesideMessages byteCount: Int)
    /// The connection can take more: everything given to ``TransportLoop/send(_:to:)`` has been handed to the system,
    /// and ``TransportLoop/pendingByteCount(of:)`` is 0. Comes after something had to wait, once.
    func connectionDrained(_ connection: ConnectionID)
    /// Comes once per connection, last; also for an attempt of a client that failed (never opened).
    func connectionClosed(_ connection: ConnectionID, _ closure: ConnectionEnd)
    /// Some thread called ``TransportLoop/wake()``; several calls may come as one.
    func loopWoken()
    /// Comes at least every ``TransportLimits/timerInterval``; after ``loopWoken()`` also sooner, not before half of
    /// it.
    func loopTimerFired()

    /// Whether a peer may become a connection: nil if so, else what it is told. Asked before `connectionOpened`, by
    /// servers only; what is wrong with the request itself was answered already. By default everybody may.
    func refusal(ofUpgrade request: HTTPRequest) -> HTTPResponse?
    /// A page of this server, or why there is none, for a peer that did not ask for an upgrade; the transport looks
    /// after methods (GET and HEAD), pace and the end. Nil, the default, tells the peer to upgrade (426).
    func page(for request: HTTPRequest) -> HTTPResponse?
    /// The transport, or ``refusal(ofUpgrade:)``, turned something away. For counting. By default nothing.
    func refused(_ refusal: TransportRefusal)
}

extension TransportHandler {
    public func connection(_ connection: ConnectionID, receivedBesideMessages byteCount: Int) {}
    public func refusal(ofUpgrade request: HTTPRequest) -> HTTPResponse? { nil }
    public func page(for request: HTTPRequest) -> HTTPResponse? { nil }
    public func refused(_ refusal: TransportRefusal) {}
}

/// What a transport turned away by itself, at a server.
public enum TransportRefusal: Hashable, Sendable {
    /// A request over HTTP, for a page or an upgrade, answered with this status by an ``HTTPResponse/isRefusal``.
    case request(status: Int)
    /// An open connection, closed with this code for what its peer sent or did not read.
    case connection(CloseCode)
    /// A connection that did not come as far as a request: no TLS, no HTTP, too slow, or one too many.
    case handshake
    /// A connection that waits, and is not taken: this process or the system has no file or memory left for it. Told
    /// again, some times a second, as long as that is so.
    case exhaustion
}

/// Connections and the one thread that serves them.
///
/// Only ``wake()`` may be called from any thread. All else belongs to the thread inside ``run(_:)``.
public protocol TransportLoop: AnyObject, Sendable {
    /// Serves on the calling thread until ``shutDown(lingerMax:)`` has finished.
    func run(_ handler: any TransportHandler) throws(TransportError)

    /// Has the handler's `loopWoken` called soon. Any thread; also before and after `run`, when it does nothing more.
    func wake()

    /// Sends one message, now if nothing waits on that connection, else as soon as it can be taken. A connection on
    /// which more than ``TransportLimits/pendingByteCountMax`` would wait is closed with ``CloseCode/policyViolation``
    /// instead. Does nothing for a connection that has closed.
    /// - Precondition: The message is at most ``TransportLimits/sentMessageSizeMax`` long.
    func send(_ frame: Frame, to connection: ConnectionID)

    /// Bytes given to `send` that wait in this process, each message with its head room, so that empty ones count too;
    /// what the system holds is not in it. 0 when the connection can take a message at once, and when it is closing.
    /// - Complexity: O(1).
    func pendingByteCount(of connection: ConnectionID) -> Int

    /// The sum of ``pendingByteCount(of:)`` over all connections. A frame that several wait for counts for each.
    var pendingByteCount: Int { get }

    /// How far the bytes of a connection have come; nil when it is not open. "The system has taken no byte of this
    /// connection for two seconds" is: ``pendingByteCount(of:)`` was never 0, and ``ConnectionProgress/takenByteCount``
    /// is what it was two seconds ago.
    /// - Complexity: O(1), at most one question to the system (about a microsecond).
    func progress(of connection: ConnectionID) -> ConnectionProgress?

    /// Whether messages of a connection are read. Every connection begins so.
    ///
    /// From `false` on no message is delivered, also none that lies behind the one which is being delivered in the same
    /// receive buffer; a message that has arrived in part is kept. At most one receive buffer is held in this process,
    /// the rest waits in the system and then at the peer. `true` has the rest delivered, in order, from the next round
    /// on. Sending goes on in both.
    ///
    /// While it is `false`, nothing that the peer says is seen: no message, no ping (it is not answered), no close
    /// frame and no orderly end; they are found in their place after `true`. A connection that the system reports
    /// broken (the peer reset it, or nothing came back for too long) closes at once with ``CloseCode/abnormal``; what
    /// it had said and was not delivered is lost. Time-outs of the transport for a peer that does not answer pings
    /// stand still. Closing it from this side works as ever.
    ///
    /// Does nothing for a connection that is not open.
    func setReading(_ isReading: Bool, of connection: ConnectionID)

    /// Closes one connection with a close frame (after what waits on it, as far as it can be written at once).
    /// `reason` is cut to 123 bytes. `connectionClosed` follows, with this code and reason, unless the peer closed
    /// first.
    /// - Precondition: `code` may be sent (not ``CloseCode/abnormal`` or ``CloseCode/noStatus``).
    func close(_ connection: ConnectionID, code: CloseCode, reason: String)

    /// Reads again what may have been renewed since the loop was made: the certificate and the key of a server.
    /// Connections stay; those that come from now on see what is new.
    /// - Throws: ``TransportError`` with `.invalidCertificate`. Then what was goes on.
    func reload() throws(TransportError)

    /// Takes no more connections, closes all with ``CloseCode/goingAway``, and lets `run` return when they are closed,
    /// or after `lingerMax` at the latest.
    func shutDown(lingerMax: Duration)
}

/// The limits of one loop. docs/LIMITS.md lists them with those of the other layers.
public struct TransportLimits: Hashable, Sendable {
    /// The longest message taken from a peer, in bytes; a longer one closes its connection with 1009 before it is
    /// buffered. Servers and clients set it from the limits of their sessions.
    public var messageSizeMax = 1 << 20
    /// The longest message sent, in bytes. Servers and clients set it from the limits of their sessions.
    public var sentMessageSizeMax = 1 << 20
    /// How many bytes may wait in this process for one connection; beyond, it closes with 1008. Stops a peer that asks
    /// and does not read.
    public var pendingByteCountMax = 16 << 20
    /// How many connections are served at once; a further one is refused. Stops a peer that opens connections without
    /// end.
    public var connectionCountMax = 4096
    /// How many peers more than that may be on the way from TCP to a whole request, and how many may be answered over
    /// HTTP; when a further one comes, the one that came first is cut off. Stops peers that connect and say nothing.
    public var handshakeCountMax = 256
    /// How many of these may come from one address, or of one IPv6 network of 64 bits: then its own first one is cut
    /// off. Stops one peer from having all the places. Loopback addresses have no such share: what comes from this
    /// machine is a proxy, with many peers behind it, or can do worse than take places.
    public var handshakeShareMax = 64
    /// Addresses of proxies on other machines, for whose peers there is no such share either.
    public var proxyAddresses: [String] = []
    /// How long a peer may take until its request is there, TLS included; then it is cut off. A byte now and then does
    /// not help.
    public var handshakeTimeout: Duration = .seconds(5)
    /// What becomes of that time when the places are taken: it shrinks from half of them on.
    public var handshakeTimeoutMin: Duration = .milliseconds(500)
    /// The longest head of a request, in bytes; a longer one is refused with 431.
    public var requestHeadSizeMax = 16 << 10
    /// How many fields a request may have; more are refused with 431.
    public var requestFieldCountMax = 100
    /// The longest page that is served over HTTP, in bytes.
    public var pageSizeMax = 4 << 20
    /// How many bytes of pages may wait for their readers, all together; further long pages are refused with 503. Stops
    /// readers that ask for much and take nothing.
    public var waitingPageByteCountMax = 16 << 20
    /// Time between two calls of `loopTimerFired` at most.
    public var timerInterval: Duration = .milliseconds(100)

    /// The defaults.
    public init() {}
}

/// A way to offer a world to clients.
public protocol ServerTransport: Sendable {
    /// Opens the address. Connections are served once the loop runs.
    func listen(limits: TransportLimits) throws(TransportError) -> (loop: any TransportLoop, url: String)

    /// What whoever runs the server should know though it can start, such as a certificate that is out of date: a
    /// sentence each. By default nothing.
    func warnings(limits: TransportLimits) -> [String]
}

extension ServerTransport {
    public func warnings(limits: TransportLimits) -> [String] { [] }
}

/// A way to reach a server.
public protocol ClientTransport: Sendable {
    /// A loop with one connection, to `url`. The attempt starts when the loop runs and ends in `connectionOpened`, or
    /// in `connectionClosed` with `wasEstablished` false and a reason that says what failed.
    /// - Parameter token: sent as `Authorization: Bearer …` with the request, never as a part of the URL.
    func connect(to url: String, token: String?, limits: TransportLimits) throws(TransportError) -> any TransportLoop
}

extension ClientTransport {
    /// As ``connect(to:token:limits:)``, without a token.
    public func connect(to url: String, limits: TransportLimits) throws(TransportError) -> any TransportLoop {
        try connect(to: url, token: nil, limits: limits)
    }
}
