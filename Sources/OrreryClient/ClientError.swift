import OrrerySchema
import OrreryTransport
import OrreryWire

/// What went wrong for a client, and in words what to do about it. The only error that this library throws.
///
/// ```swift
/// do throws(ClientError) {
///     let applied = try await connection.enqueue(.set(Health(current: 90), on: ship)).outcome
///     print("since tick", applied.tick)
/// } catch let error where error.code == .forbidden {
///     print(error.message)                    // the server's rule says why
/// } catch let error where error.code == .unknownEntity {
///     ships.remove(ship)
/// } catch {
///     print(error.phase, error.message)
/// }
/// ```
public struct ClientError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of error it is.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        // The connection.

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
        /// Another connection of this client took the place of this one, or the server closed it for good.
        case refused
        /// The connection, or the subscription, was ended from this side.
        case closed
        /// The task that waited was cancelled. What it waited for goes on.
        case cancelled

        // A view, a subscription or a mutation.

        /// The server has no such component, or one that does not fit the type; or the entity does not have the
        /// component.
        case component
        /// The entity is not alive.
        case unknownEntity
        /// The bytes are no value of the component, or the component's type has no such value.
        case invalidValue
        /// Clients may not write this component, or spawn, or despawn.
        case notWritable
        /// A rule of the server refused it.
        case forbidden
        /// The value is not the expected one; ``ClientError/current`` has the bytes that stand.
        case compareFailed
        /// Too much at a time, here or at the server: the message names the limit. It had no effect.
        case limitReached
        /// It may have had its effect, or not: look at the state and decide anew.
        case outcomeUnknown
        /// The server does not know this kind of request.
        case notSupported
    }

    /// What the client was doing.
    public enum Phase: String, Hashable, Sendable {
        case connect, handshake, subscribe, apply, mutate, resume
    }

    /// What kind of error it is.
    public var code: Code
    /// What the client was doing.
    public var phase: Phase
    /// One sentence for people.
    public var message: String
    /// The bytes that the component has, where the server refused a mutation because of them.
    public var current: [UInt8]?

    /// An error without bytes.
    public init(_ code: Code, _ message: String, phase: Phase = .connect) {
        self.code = code
        self.message = message
        self.phase = phase
    }

    public var description: String { message }

    /// Whether another attempt may succeed where this one did not.
    var mayPass: Bool {
        switch code {
        case .cannotConnect, .connectionLost, .serverStopped: true
        default: false
        }
    }

    /// What the server refused.
    init(_ refusal: Refusal, phase: Phase) {
        self.init(Code(refusal.code), refusal.reason, phase: phase)
        current = refusal.current
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
    init(_ closure: ConnectionEnd, url: String) {
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

extension ClientError.Code {
    /// What a refusal of the server means to the user of a client.
    init(_ code: RefusalCode) {
        self =
            switch code {
            case .unknownEntity: .unknownEntity
            case .unknownComponent: .component
            case .undecodable, .outOfDomain: .invalidValue
            case .notWritable: .notWritable
            case .forbidden: .forbidden
            case .compareFailed: .compareFailed
            case .outcomeUnknown: .outcomeUnknown
            case .limitReached: .limitReached
            case .notSupported: .notSupported
            default: .refused
            }
    }
}
