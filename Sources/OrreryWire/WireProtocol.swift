import OrrerySchema

/// What both ends agree on before the first byte. docs/PROTOCOL.md says all of it for people without this code.
public enum WireProtocol {
    /// The version spoken here.
    public static let version = 1
    /// The WebSocket subprotocol. Source: RFC 6455, section 1.9.
    public static let subprotocol = "orrery.v1"
}

/// The limits of one end on what the other may send. Each is checked before memory is taken.
public struct WireLimits: Hashable, Sendable {
    /// Bytes of one message.
    public var messageSizeMax = 1 << 20
    /// Bytes of the sections in one part of a batch that this end writes; the head comes on top. A single value may go beyond.
    public var partSizeMax = 512 << 10
    /// Components of one world. Stops a server that would have a client make columns without end.
    public var componentCountMax = 1024
    /// The highest entity index, exclusive. A peer can make a store keep tables in proportion to it.
    public var entityIndexMax: UInt32 = 1 << 22
    /// UTF-8 bytes of the name with which a client introduces itself.
    public var clientNameSizeMax = 128
    /// UTF-8 bytes of a reason.
    public var reasonSizeMax = 1024
    /// Schema hashes that a client may say it knows.
    public var knownSchemaCountMax = 1024
    /// Bytes of the token with which a client proves that it is the one of an earlier connection.
    public var tokenSizeMax = 64
    /// Subscriptions of one session.
    public var subscriptionCountMax = 64

    public init() {}
}

/// Why an end closes a connection. Below 4000: RFC 6455, section 7.4.1.
public enum WireCloseCode: UInt16, Sendable {
    case normal = 1000
    case goingAway = 1001
    /// A message that does not belong here: of an unknown kind, or in the wrong state.
    case protocolError = 1002
    /// A message whose bytes are not what its kind says.
    case invalidPayload = 1007
    /// More than a limit allows.
    case policyViolation = 1008
    case internalError = 1011
    /// No common version of the protocol.
    case unsupportedVersion = 4001
    /// No `Hello` in time.
    case handshakeTimeout = 4002
    /// A batch that does not begin where the client is.
    case gap = 4003
    /// Nothing was heard for too long.
    case silence = 4004
    /// The client has connected anew; this is its old connection.
    case replaced = 4005
}

/// A message that ends its connection: how, and why in words for the other side's log.
public struct WireError: Error, Hashable, Sendable, CustomStringConvertible {
    public var closeCode: WireCloseCode
    public var message: String

    public init(_ closeCode: WireCloseCode, _ message: String) {
        self.closeCode = closeCode
        self.message = message
    }

    init(_ error: CodecError, in kind: String) {
        switch error.code {
        case .limitExceeded: closeCode = .policyViolation
        case .unknownReference: closeCode = .protocolError
        case .truncated, .trailingBytes, .outOfDomain, .notCanonical, .typeMismatch:
            closeCode = .invalidPayload
        }
        message = "\(kind): \(error.description)"
    }

    public var description: String { "\(message) (close code \(closeCode.rawValue))" }
}
