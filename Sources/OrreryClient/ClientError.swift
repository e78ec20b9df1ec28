import OrrerySchema
import OrreryTransport
import OrreryWire

/// What went wrong for a client, and in words what to do about it.
public struct ClientError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// The URL cannot be used as it is written.
        case invalidURL
        /// No connection could be made.
        case cannotConnect
        /// The server wants a token, does not accept the one that it was given, or does not let this client in.
        case unauthorized
        /// The two ends do not understand one another: no common version, or a message that must not be.
        case protocolViolation
        /// The server sent more than this client takes: the message names the limit.
        case limitExceeded
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
        /// The connection ended before the answer came: it may have had its effect, or not.
        case outcomeUnknown
        /// The connection was closed from this side.
        case closed
    }

    /// What the client was doing.
    public enum Phase: String, Hashable, Sendable {
        case connect, handshake, subscribe, apply, mutate, resume
    }

    public var code: Code
    public var phase: Phase
    public var message: String

    public init(_ code: Code, _ message: String, phase: Phase = .connect) {
        self.code = code
        self.message = message
        self.phase = phase
    }

    /// Whether another attempt may succeed where this one did not.
    var mayPass: Bool {
        switch code {
        case .cannotConnect, .connectionLost, .serverStopped: true
        case .invalidURL, .unauthorized, .protocolViolation, .limitExceeded, .component, .unknownEntity, .refused,
            .outcomeUnknown,
            .closed:
            false
        }
    }

    public var description: String { message }

    init(_ refusal: Refusal) {
        code =
            switch refusal.code {
            case .unknownEntity: .unknownEntity
            case .unknownComponent: .component
            default: .refused
            }
        message = refusal.reason
        phase = .subscribe
    }

    /// Why a connection ended from this side.
    init(_ error: WireError, url: String) {
        let (code, reason): (Code, String) =
            switch error.closeCode {
            case .policyViolation: (.limitExceeded, "sent more than this client takes")
            // What is missing comes with the next connection, which goes on from where this client is.
            case .gap: (.connectionLost, "left something out")
            default: (.protocolViolation, "broke the protocol")
            }
        self.init(code, "the server at \(url) \(reason): \(error.message)", phase: .apply)
    }

    /// Why a connection ended that the other side, or the network, ended.
    init(_ closure: Closure, url: String) {
        let reason = closure.reason.isEmpty ? "" : ": \(closure.reason)"
        switch closure.code {
        case _ where [401, 403, 421].contains(closure.refusalStatus):
            self.init(.unauthorized, closure.reason)
        case .protocolError where !closure.wasEstablished:
            self.init(.protocolViolation, "\(closure.reason); is it an Orrery server?")
        case _ where !closure.wasEstablished:
            self.init(.cannotConnect, closure.reason.isEmpty ? "cannot connect to \(url)" : closure.reason)
        case .replaced:
            self.init(.refused, "another connection of this client took the place of the one to \(url)")
        case .goingAway:
            self.init(.serverStopped, "the server at \(url) has stopped\(reason)")
        case .normal:
            self.init(.refused, "the server at \(url) has closed the connection for good\(reason)")
        case .protocolError, .unsupportedData, .invalidPayload, .policyViolation, .messageTooBig,
            .unsupportedVersion, .notSupported:
            self.init(
                .protocolViolation, "the server at \(url) closed the connection with code \(closure.code)\(reason)")
        default:
            self.init(.connectionLost, "the connection to \(url) was lost (code \(closure.code))\(reason)")
        }
    }
}
