public import OrreryQuery
import OrrerySchema
import OrreryTransport
public import OrreryWire

/// An error of a client, with a message that says what to do about it. This library throws no other error.
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
    /// The kind of error.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        // The connection.

        /// The URL cannot be used as it is written.
        case invalidURL
        /// No connection could be made.
        case cannotConnect
        /// The server requires a token, does not accept the given token, or refused access.
        case unauthorized
        /// Client and server cannot communicate: they have no common version, or one sent a message that is not
        /// allowed.
        case protocolViolation
        /// The server sent more than this client accepts; the message names the limit.
        case limitExceeded
        /// An established connection was lost.
        case connectionLost
        /// The server shut down normally.
        case serverStopped
        /// Another connection of this client replaced this one, or the server closed it for good.
        case refused
        /// This side ended the connection or the subscription.
        case closed
        /// The waiting task was cancelled. The operation it waited for continues.
        case cancelled

        // A view, a subscription or a mutation.

        /// The server has no such component, or its component does not fit the type; or the entity does not have the
        /// component.
        case component
        /// The entity is not alive.
        case unknownEntity
        /// The bytes are not a value of the component, or the component's type cannot hold the value.
        case invalidValue
        /// Clients may not write this component, or may not spawn or despawn.
        case notWritable
        /// A rule of the server refused it.
        case forbidden
        /// The value is not the expected one; ``ClientError/current`` has the bytes of the current value.
        case compareFailed
        /// Too much at a time, in the client or at the server; the message names the limit. The operation had no
        /// effect.
        case limitReached
        /// The operation may or may not have had its effect: look at the state and decide again.
        case outcomeUnknown
        /// The server does not know this kind of request.
        case notSupported
        /// The text of a query is wrong, names what the server does not have, or costs too much; ``ClientError/query``
        /// says where and why.
        case query
        /// The same was asked for once more before it was the turn of this one: it was not sent.
        case superseded
        /// This client did not have what the server showed it; ``ClientError/difference`` has both hashes. It is sent
        /// the whole of it anew: nobody has to do anything.
        case stateDiffers
    }

    /// What the client was doing.
    public enum Phase: String, Hashable, Sendable {
        case connect, handshake, subscribe, query, apply, verify, mutate, resume
    }

    /// The kind of error.
    public var code: Code
    /// What the client was doing.
    public var phase: Phase
    /// One sentence for a person to read.
    public var message: String
    /// The component's current bytes, if the server refused a mutation because of them.
    public var current: [UInt8]?
    /// What is wrong with the text of a query.
    public var query: QueryError?
    /// The hashes of a state that was verified, if they differ.
    public var difference: StateDifference?

    /// Creates an error without bytes.
    public init(_ code: Code, _ message: String, phase: Phase = .connect) {
        self.code = code
        self.message = message
        self.phase = phase
    }

    public var description: String { message }

    /// Whether another attempt may succeed.
    var mayPass: Bool {
        switch code {
        case .cannotConnect, .connectionLost, .serverStopped: true
        default: false
        }
    }

    /// The text of a query.
    /// - Throws: ``ClientError`` of code `query` for a value in it that cannot be written.
    static func checking(_ text: QueryText, phase: Phase = .subscribe) throws(ClientError) -> String {
        do throws(QueryError) { return try text.checked() } catch {
            var refusal = ClientError(.query, error.description, phase: phase)
            refusal.query = error
            throw refusal
        }
    }

    /// Creates an error from a refusal of the server.
    init(_ refusal: Refusal, phase: Phase) {
        self.init(Code(refusal.code), refusal.reason, phase: phase)
        current = refusal.current
    }

    /// Creates an error for a refused query.
    init(_ refusal: Refusal, _ query: QueryError?, phase: Phase) {
        self.init(refusal, phase: phase)
        self.query = query
    }

    /// Creates an error for a state that is not the server's.
    init(_ difference: StateDifference) {
        self.init(
            .stateDiffers, "the state that this client had was not the server's, and is sent anew: \(difference)",
            phase: .verify)
        self.difference = difference
    }

    /// Creates an error for a connection that this side ended.
    init(_ error: WireError, url: String) {
        let (code, reason): (Code, String) =
            switch error.closeCode {
            case .policyViolation: (.limitExceeded, "sent more than this client takes")
            // The next connection resumes from where this client is, and brings what is missing.
            case .gap: (.connectionLost, "left something out")
            default: (.protocolViolation, "broke the protocol")
            }
        self.init(code, "the server at \(url) \(reason): \(error.message)", phase: .apply)
    }

    /// Creates an error for a connection that the other side or the network ended.
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
    /// The client's error code for a refusal code of the server.
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
            case .badQuery: .query
            case .cancelled: .cancelled
            default: .refused
            }
    }
}
