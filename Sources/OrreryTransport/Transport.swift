/// Names one connection of one loop. Never reused while the loop runs.
public struct ConnectionID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: UInt64

    public init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    public static func < (left: ConnectionID, right: ConnectionID) -> Bool { left.rawValue < right.rawValue }
    public var description: String { "#\(rawValue)" }
}

/// Why a connection closes: a WebSocket close code. Source: RFC 6455, section 7.4.1.
public struct CloseCode: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt16

    public init(_ rawValue: UInt16) {
        self.rawValue = rawValue
    }

    public static let normal = CloseCode(1000)
    /// The server stops, or the client leaves.
    public static let goingAway = CloseCode(1001)
    public static let protocolError = CloseCode(1002)
    /// A kind of message that is not accepted, such as text.
    public static let unsupportedData = CloseCode(1003)
    /// No close frame was seen: the connection broke. Never sent.
    public static let abnormal = CloseCode(1006)
    /// The peer closed without a code. Never sent.
    public static let noStatus = CloseCode(1005)
    public static let invalidPayload = CloseCode(1007)
    public static let policyViolation = CloseCode(1008)
    public static let messageTooBig = CloseCode(1009)
    public static let internalError = CloseCode(1011)

    public var description: String { String(rawValue) }
}

/// How a connection ended, as seen from this side.
public struct Closure: Hashable, Sendable {
    public var code: CloseCode
    /// At most 123 bytes of UTF-8. Source: RFC 6455, section 5.5.
    public var reason: String
    /// Whether the connection had been established; a refused or failed attempt was not.
    public var wasEstablished: Bool
    /// The status with which a server refused an attempt over HTTP: 401 without a valid token, 403 when this client is not wanted.
    public var refusalStatus: Int?

    public init(code: CloseCode, reason: String, wasEstablished: Bool, refusalStatus: Int? = nil) {
        self.code = code
        self.reason = reason
        self.wasEstablished = wasEstablished
        self.refusalStatus = refusalStatus
    }
}

/// A transport that cannot start: what failed, and what to do about it.
public struct TransportError: Error, Hashable, Sendable, CustomStringConvertible {
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

    public var code: Code
    /// A sentence for the person who started it.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}

/// What a loop tells its owner. Every call comes on the loop's thread, never from inside a call to the loop's own methods.
public protocol TransportHandler: AnyObject {
    /// The names of a loop's connections ascend in the order of these calls.
    func connectionOpened(_ connection: ConnectionID)
    /// One whole binary message. The bytes are valid during the call only.
    func connection(_ connection: ConnectionID, received message: UnsafeRawBufferPointer)
    /// The connection can take more: everything given to ``TransportLoop/send(_:to:)`` has been handed to the system.
    func connectionDrained(_ connection: ConnectionID)
    /// Comes once per connection, last; also for an attempt of a client that failed (never opened).
    func connectionClosed(_ connection: ConnectionID, _ closure: Closure)
    /// Some thread called ``TransportLoop/wake()``; several calls may come as one.
    func loopWoken()
    /// Comes every ``TransportLimits/timerInterval``.
    func loopTimerFired()

    /// Whether a peer may become a connection: nil if so, else what it is told. Asked before `connectionOpened`, by servers only;
    /// what is wrong with the request itself was answered already. By default everybody may.
    func refusal(ofUpgrade request: HTTPRequest) -> HTTPResponse?
    /// A page of this server, or why there is none, for a peer that did not ask for an upgrade; the transport looks after methods (GET
    /// and HEAD), pace and the end. Nil, the default, tells the peer to upgrade (426).
    func page(for request: HTTPRequest) -> HTTPResponse?
    /// The transport, or ``refusal(ofUpgrade:)``, turned something away. For counting. By default nothing.
    func refused(_ refusal: TransportRefusal)
}

extension TransportHandler {
    public func refusal(ofUpgrade request: HTTPRequest) -> HTTPResponse? { nil }
    public func page(for request: HTTPRequest) -> HTTPResponse? { nil }
    public func refused(_ refusal: TransportRefusal) {}
}

/// What a transport turned away by itself, at a server.
public enum TransportRefusal: Hashable, Sendable {
    /// A request over HTTP, for a page or an upgrade, answered with this status (400 and above).
    case request(status: Int)
    /// An open connection, closed with this code for what its peer sent or did not read.
    case connection(CloseCode)
    /// A connection that did not come as far as a request: no TLS, no HTTP, too slow, or one too many.
    case handshake
}

/// Connections and the one thread that serves them.
///
/// Only ``wake()`` may be called from any thread. All else belongs to the thread inside ``run(_:)``.
public protocol TransportLoop: AnyObject, Sendable {
    /// Serves on the calling thread until ``shutDown(lingerMax:)`` has finished.
    func run(_ handler: any TransportHandler) throws(TransportError)

    /// Has the handler's `loopWoken` called soon. Any thread; also before and after `run`, when it does nothing more.
    func wake()

    /// Sends one message, now if nothing waits on that connection, else as soon as it can be taken. A connection on which more than
    /// ``TransportLimits/pendingByteCountMax`` would wait is closed with ``CloseCode/policyViolation`` instead.
    /// Does nothing for a connection that has closed.
    /// - Precondition: The message is at most ``TransportLimits/sentMessageSizeMax`` long.
    func send(_ frame: Frame, to connection: ConnectionID)

    /// Bytes given to `send` that wait in this process, each message with its head room, so that empty ones count too. 0 when the
    /// connection can take a message at once, and when it is closing.
    func pendingByteCount(of connection: ConnectionID) -> Int

    /// Closes one connection with a close frame (after what waits on it, as far as it can be written at once).
    /// `reason` is cut to 123 bytes. `connectionClosed` follows, with this code and reason, unless the peer closed first.
    /// - Precondition: `code` may be sent (not ``CloseCode/abnormal`` or ``CloseCode/noStatus``).
    func close(_ connection: ConnectionID, code: CloseCode, reason: String)

    /// Takes no more connections, closes all with ``CloseCode/goingAway``, and lets `run` return when they are closed, or after
    /// `lingerMax` at the latest.
    func shutDown(lingerMax: Duration)
}

/// The limits of one loop. docs/LIMITS.md lists them with those of the other layers.
public struct TransportLimits: Hashable, Sendable {
    /// The longest message taken from a peer, in bytes; a longer one closes its connection with 1009 before it is buffered. Servers and
    /// clients set it from the limits of their sessions.
    public var messageSizeMax = 1 << 20
    /// The longest message sent, in bytes. Servers and clients set it from the limits of their sessions.
    public var sentMessageSizeMax = 1 << 20
    /// How many bytes may wait in this process for one connection; beyond, it closes with 1008. Stops a peer that asks and does not read.
    public var pendingByteCountMax = 16 << 20
    /// How many connections are served at once; a further one is refused. Stops a peer that opens connections without end.
    public var connectionCountMax = 4096
    /// How many peers more than that may be between TCP and WebSocket, or reading a page; a further one is cut off. Stops peers that
    /// connect and say nothing.
    public var handshakeCountMax = 256
    /// How long a peer may take until its request is there, TLS included; then it is cut off.
    public var handshakeTimeout: Duration = .seconds(5)
    /// The longest page that is served over HTTP, in bytes.
    public var pageSizeMax = 4 << 20
    /// How many bytes of pages may wait for their readers, all together; further long pages are refused with 503. Stops readers
    /// that ask for much and take nothing.
    public var waitingPageByteCountMax = 16 << 20
    /// Time between two calls of `loopTimerFired`.
    public var timerInterval: Duration = .milliseconds(100)

    public init() {}
}

/// A way to offer a world to clients.
public protocol ServerTransport: Sendable {
    /// Opens the address. Connections are served once the loop runs.
    func listen(limits: TransportLimits) throws(TransportError) -> (loop: any TransportLoop, url: String)
}

/// A way to reach a server.
public protocol ClientTransport: Sendable {
    /// A loop with one connection, to `url`. The attempt starts when the loop runs and ends in `connectionOpened`, or in
    /// `connectionClosed` with `wasEstablished` false and a reason that says what failed.
    /// - Parameter token: sent as `Authorization: Bearer …` with the request, never as a part of the URL.
    func connect(to url: String, token: String?, limits: TransportLimits) throws(TransportError) -> any TransportLoop
}

extension ClientTransport {
    /// As ``connect(to:token:limits:)``, without a token.
    public func connect(to url: String, limits: TransportLimits) throws(TransportError) -> any TransportLoop {
        try connect(to: url, token: nil, limits: limits)
    }
}
