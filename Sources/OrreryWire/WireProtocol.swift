import OrrerySchema
package import OrreryTransport

/// What both ends agree on before the first byte. docs/PROTOCOL.md specifies all of it for readers without this code.
package enum WireProtocol {
    /// The version that this code speaks.
    package static let version = 1
    /// The WebSocket subprotocol. Source: RFC 6455, section 1.9.
    package static let subprotocol = "orrery.v1"
}

/// The close codes of the protocol itself, besides those of WebSocket. docs/PROTOCOL.md, section 14.
extension CloseCode {
    /// No common version of the protocol.
    package static let unsupportedVersion = CloseCode(4001)
    /// No `Hello` arrived in time.
    package static let handshakeTimeout = CloseCode(4002)
    /// A batch begins after the client's tick, or one of its parts is missing.
    package static let gap = CloseCode(4003)
    /// Nothing was received for too long.
    package static let silence = CloseCode(4004)
    /// The client has made a new connection; this is its old one.
    package static let replaced = CloseCode(4005)
    /// The client sees the world with other eyes from now on, and is to connect again.
    package static let otherClass = CloseCode(4007)
    /// A message that cannot be refused has an unknown section that must be understood.
    package static let notSupported = CloseCode(4006)
}

/// An error in a message that ends its connection: the close code, and the reason in words for the other side's log.
package struct WireError: Error, Hashable, Sendable, CustomStringConvertible {
    package var closeCode: CloseCode
    package var message: String

    package init(_ closeCode: CloseCode, _ message: String) {
        self.closeCode = closeCode
        self.message = message
    }

    init(_ error: CodecError, in kind: String) {
        switch error.code {
        case .limitExceeded: closeCode = .policyViolation
        case .unknownReference: closeCode = .protocolError
        case .notSupported: closeCode = .notSupported
        case .truncated, .trailingBytes, .outOfDomain, .notCanonical, .typeMismatch:
            closeCode = .invalidPayload
        }
        message = "\(kind): \(error.description)"
    }

    package var description: String { "\(message) (close code \(closeCode))" }
}
