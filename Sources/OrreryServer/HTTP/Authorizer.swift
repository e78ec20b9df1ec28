public import OrreryTransport

/// What a peer that asks to connect, or for a page, is told.
public enum Authorization: Hashable, Sendable {
    case allowed
    /// HTTP status 401: a token is missing, or is not valid. The reason is sent to the peer: a short line without secrets.
    case unauthorized(String)
    /// HTTP status 403: whoever it is, it may not. The reason is sent to the peer: a short line without secrets.
    case forbidden(String)
}

/// Decides who may connect to a server and read its pages, by token, address or anything else in the request.
///
/// ```swift
/// configuration.authorize = .bearer(ProcessInfo.processInfo.environment["ORRERY_TOKEN"]!)
/// configuration.authorize = Authorizer { request in
///     request.peerAddress.hasPrefix("10.") ? .allowed : .forbidden("from the inner network only")
/// }
/// ```
public struct Authorizer: Sendable {
    private let decide: @Sendable (HTTPRequest) -> Authorization

    /// - Parameter decide: called on the thread that serves all connections: it must return at once, and look nothing up.
    public init(_ decide: @escaping @Sendable (HTTPRequest) -> Authorization) {
        self.decide = decide
    }

    /// One token for everybody, sent as `Authorization: Bearer …`. It is compared in a time that does not depend on where it differs.
    /// - Precondition: The token is not empty.
    public static func bearer(_ token: String) -> Authorizer {
        precondition(!token.isEmpty, "an empty token lets everybody in")
        let expected = Array(token.utf8)
        return Authorizer { request in
            guard let given = request.bearerToken else { return .unauthorized("A token is needed.") }
            return areEqual(Array(given.utf8), expected) ? .allowed : .unauthorized("The token is not valid.")
        }
    }

    func callAsFunction(_ request: HTTPRequest) -> Authorization { decide(request) }

    /// - Complexity: O(length of `given`), wherever the two differ.
    static func areEqual(_ given: [UInt8], _ expected: [UInt8]) -> Bool {
        var difference: UInt8 = given.count == expected.count ? 0 : 1
        for (position, byte) in given.enumerated() { difference |= byte ^ expected[position % expected.count] }
        return difference == 0
    }
}

extension Authorization {
    /// Nil if it is allowed.
    var refusal: HTTPResponse? {
        switch self {
        case .allowed: nil
        case .unauthorized(let reason):
            .text(401, reason, fields: [.init("WWW-Authenticate", "Bearer realm=\"orrery\"")])
        case .forbidden(let reason): .text(403, reason)
        }
    }
}
