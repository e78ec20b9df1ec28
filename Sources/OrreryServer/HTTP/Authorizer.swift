import Foundation
public import OrrerySync
public import OrreryTransport
import Synchronization

/// The answer to a peer that asks to connect or asks for a page.
public enum Authorization: Hashable, Sendable {
    /// The peer may connect, with these rights and this sight of the world.
    case allowed(Admission)
    /// HTTP status 401: the token is missing or not valid. The reason is sent to the peer: a short line without
    /// secrets.
    case unauthorized(String)
    /// HTTP status 403: the peer has no access, whoever it is. The reason is sent to the peer: a short line without
    /// secrets.
    case forbidden(String)

    /// Lets a peer in, with these rights.
    public static func allowed(
        _ rights: AccessRights, subject: String = "", visibility: Visibility = .everything
    ) -> Authorization {
        .allowed(Admission(subject: subject, rights: rights, visibility: visibility))
    }
}

/// Decides who may connect to a server and read its pages, by token, address or anything else in the request.
///
/// ```swift
/// configuration.authorize = .bearer(ProcessInfo.processInfo.environment["ORRERY_TOKEN"]!, rights: .all)
/// configuration.authorize = Authorizer { request in
///     guard let player = players[request.bearerToken ?? ""] else { return .unauthorized("Log in first.") }
///     return .allowed([.observe, .control], subject: player.name, visibility: Visibility(groups: player.team))
/// }
/// ```
public struct Authorizer: Sendable {
    private let decide: @Sendable (HTTPRequest) -> Authorization
    /// Why this authorizer cannot be used and admits nobody; nil if it can be used.
    let problem: String?
    /// Reads the token again. Throws if the new one cannot be used; the old one then stays in force.
    let renew: (@Sendable () throws -> Void)?

    /// - Parameter decide: Called on the thread that serves all connections: it must return at once and must not look
    ///   anything up.
    public init(_ decide: @escaping @Sendable (HTTPRequest) -> Authorization) {
        self.init(problem: nil, renew: nil, decide)
    }

    private init(
        problem: String?, renew: (@Sendable () throws -> Void)?,
        _ decide: @escaping @Sendable (HTTPRequest) -> Authorization
    ) {
        self.problem = problem
        self.renew = renew
        self.decide = decide
    }

    /// Expects one token for all clients, sent as `Authorization: Bearer …`. Who has it gets these rights, and sees
    /// everything.
    ///
    /// The comparison takes the same time wherever the tokens differ. Line ends at the end of the token are cut: a file
    /// or a command often leaves one. A token that no client can send (an empty one, or one with characters other than
    /// printable ASCII without spaces) makes the creation of the server fail.
    public static func bearer(_ token: String, rights: AccessRights) -> Authorizer {
        bearer(rights) { () throws(TransportError) in try HTTPRequest.usableToken(token) }
    }

    /// Expects the token in the first line of a file, as ``bearer(_:rights:)``. `SimulationServer.reload()` reads the
    /// file again.
    public static func bearer(file path: String, rights: AccessRights) -> Authorizer {
        let read: @Sendable () throws(TransportError) -> String = { () throws(TransportError) in
            guard let text = try? String(contentsOf: URL(filePath: path), encoding: .utf8) else {
                throw TransportError(.invalidToken, "No token can be read from \(path).")
            }
            return try HTTPRequest.usableToken(String(text.prefix { !$0.isNewline }))
        }
        return bearer(rights, renewed: true, read)
    }

    private static func bearer(
        _ rights: AccessRights, renewed: Bool = false, _ read: @escaping @Sendable () throws(TransportError) -> String
    ) -> Authorizer {
        let expected = Expected()
        var problem: String?
        do throws(TransportError) { expected.set(try read()) } catch { problem = error.message }
        let renew: @Sendable () throws -> Void = { expected.set(try read()) }
        return Authorizer(problem: problem, renew: renewed ? renew : nil) { request in
            guard let given = request.bearerToken else { return .unauthorized("A token is needed.") }
            return areEqual(Array(given.utf8), expected.bytes)
                ? .allowed(rights) : .unauthorized("The token is not valid.")
        }
    }

    /// The expected token; it may change. Empty while there is none.
    private final class Expected: Sendable {
        private let value = Mutex<[UInt8]>([])
        var bytes: [UInt8] { value.withLock { $0 } }
        func set(_ token: String) { value.withLock { $0 = Array(token.utf8) } }
    }

    func callAsFunction(_ request: HTTPRequest) -> Authorization { decide(request) }

    /// - Complexity: O(length of `given`), wherever the two differ.
    static func areEqual(_ given: [UInt8], _ expected: [UInt8]) -> Bool {
        guard !expected.isEmpty else { return false }
        var difference: UInt8 = given.count == expected.count ? 0 : 1
        for (position, byte) in given.enumerated() { difference |= byte ^ expected[position % expected.count] }
        return difference == 0
    }
}
