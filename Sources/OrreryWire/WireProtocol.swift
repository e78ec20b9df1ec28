import OrrerySchema
package import OrreryTransport

/// What both ends agree on before the first byte. docs/PROTOCOL.md says all of it for people without this code.
package enum WireProtocol {
    /// The version spoken here.
    package static let version = 1
    /// The WebSocket subprotocol. Source: RFC 6455, section 1.9.
    package static let subprotocol = "orrery.v1"
}

/// The close codes of the protocol itself, beside those of WebSocket. docs/PROTOCOL.md, section 14.
extension CloseCode {
    /// No common version of the protocol.
    package static let unsupportedVersion = CloseCode(4001)
    /// No `Hello` in time.
    package static let handshakeTimeout = CloseCode(4002)
    /// A batch that does not begin where the client is.
    package static let gap = CloseCode(4003)
    /// Nothing was heard for too long.
    package static let silence = CloseCode(4004)
    /// The client has connected anew; this is its old connection.
    package static let replaced = CloseCode(4005)
    /// A section that must be understood, in a message that cannot be refused.
    package static let notSupported = CloseCode(4006)
}

/// A message that ends its connection: how, and why in words for the other side's log.
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
