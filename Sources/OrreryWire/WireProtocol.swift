import OrrerySchema

/// What both ends agree on before the first byte. docs/PROTOCOL.md says all of it for people without this code.
public enum WireProtocol {
    /// The version spoken here.
    public static let version = 1
    /// The WebSocket subprotocol. Source: RFC 6455, section 1.9.
    public static let subprotocol = "orrery.v1"
}

/// Why an end closes a connection. Below 4000: RFC 6455, section 7.4.1.
public enum WireCloseCode: UInt16, Sendable {
    case normal = 1000
    case goingAway = 1001
    /// A message that does not belong here: of an unknown kind, or in the wrong state.
    case protocolError = 1002
    /// A text message.
    case unsupportedData = 1003
    /// A message whose bytes are not what its kind says.
    case invalidPayload = 1007
    /// More than a limit allows.
    case policyViolation = 1008
    /// A message longer than this end takes.
    case messageTooBig = 1009
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
