import OrreryTransport
import OrreryWire

/// What went wrong for a client, and in words what to do about it.
public struct ClientError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// No connection could be made.
        case cannotConnect
        /// The two ends do not understand one another: no common version, or a message that must not be.
        case protocolViolation
        /// The connection was there, and is not any more.
        case connectionLost
        /// The server stopped in good order.
        case serverStopped
        /// A component of that name is not in the server's table, or its schema does not fit the type that is asked for.
        case component
        /// The entity is not alive.
        case unknownEntity
        /// The server refused for another reason.
        case refused
        /// The connection was closed from this side.
        case closed
    }

    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }

    init(_ refusal: Refusal) {
        code =
            switch refusal.code {
            case .unknownEntity: .unknownEntity
            case .unknownComponent: .component
            case .badSubscription, .limitReached: .refused
            }
        message = refusal.reason
    }

    /// Why a connection ended that the other side, or the network, ended.
    init(_ closure: Closure, url: String) {
        let reason = closure.reason.isEmpty ? "" : ": \(closure.reason)"
        switch closure.code {
        case _ where !closure.wasEstablished:
            self.init(.cannotConnect, closure.reason.isEmpty ? "cannot connect to \(url)" : closure.reason)
        case .goingAway, .normal:
            self.init(.serverStopped, "the server at \(url) has stopped\(reason)")
        case .protocolError, .unsupportedData, .invalidPayload, .policyViolation, .messageTooBig,
            CloseCode(WireCloseCode.unsupportedVersion.rawValue), CloseCode(WireCloseCode.handshakeTimeout.rawValue),
            CloseCode(WireCloseCode.gap.rawValue):
            self.init(
                .protocolViolation, "the server at \(url) closed the connection with code \(closure.code)\(reason)")
        default:
            self.init(.connectionLost, "the connection to \(url) was lost (code \(closure.code))\(reason)")
        }
    }
}
