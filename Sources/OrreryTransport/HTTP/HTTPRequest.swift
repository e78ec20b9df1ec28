/// What a peer asks for over HTTP: a page, or to become a connection. Only what decisions are made of is kept.
///
/// ``authorization`` is a secret: it is in no description of the request, so that no log shows it by accident.
public struct HTTPRequest: Sendable, CustomStringConvertible, CustomReflectable {
    /// Decoded, and without the query; at least "/".
    public var path: String
    /// The field `Host`: what the peer calls this server. The peer chose it.
    public var host: String?
    /// The field `Origin`: where the script came from, if the peer is a browser. Source: RFC 6454, section 7.
    public var origin: String?
    /// The field `Authorization`, scheme and all.
    public var authorization: String?
    /// The peer's address in digits, without the port; empty for a peer in memory.
    public var peerAddress: String
    /// The address at which the peer reached this machine, in digits, without the port; empty in memory.
    public var localAddress: String
    /// Whether it came over TLS.
    public var isEncrypted: Bool

    /// A request of these parts.
    public init(
        path: String = "/", host: String? = nil, origin: String? = nil, authorization: String? = nil,
        peerAddress: String = "", localAddress: String = "", isEncrypted: Bool = false
    ) {
        self.path = path
        self.host = host
        self.origin = origin
        self.authorization = authorization
        self.peerAddress = peerAddress
        self.localAddress = localAddress
        self.isEncrypted = isEncrypted
    }

    /// The token of `Authorization: Bearer …`; nil if there is none. Source: RFC 6750, section 2.1.
    public var bearerToken: String? {
        guard let authorization else { return nil }
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1].drop { $0 == " " })
    }

    public var description: String { "\(path) for \(peerAddress.isEmpty ? "a peer in memory" : peerAddress)" }

    public var customMirror: Mirror {
        Mirror(
            self,
            children: [
                "path": path, "host": host as Any, "origin": origin as Any, "peerAddress": peerAddress,
                "localAddress": localAddress, "isEncrypted": isEncrypted,
            ])
    }
}

extension HTTPRequest {
    /// The longest bearer token that is sent or taken, in bytes.
    public static let tokenSizeMax = 2048

    /// Why fields that decisions are made of are too long; nil if they are not.
    package var refusalForLength: HTTPResponse? {
        let fields = [("Authorization", authorization), ("Origin", origin), ("Host", host)]
        // Room for "Bearer ".
        let sizeMax = Self.tokenSizeMax + 64
        guard let tooLong = fields.first(where: { $0.1.map { $0.utf8.count > sizeMax } == true }) else { return nil }
        return .text(431, "The field \(tooLong.0) is longer than \(sizeMax) bytes.")
    }

    /// The field for a token, without line ends behind it.
    /// - Throws: ``TransportError`` with `.invalidToken`, as ``usableToken(_:)``.
    package static func authorization(token: String) throws(TransportError) -> String {
        "Bearer \(try usableToken(token))"
    }

    /// The token without line ends at its end, which files and commands leave there.
    /// - Throws: ``TransportError`` with `.invalidToken`: it is empty, too long, or has other characters than RFC 6750
    ///   allows in a header (printable ASCII without spaces). The token is not in the message.
    package static func usableToken(_ text: String) throws(TransportError) -> String {
        var token = text[...]
        while token.last?.isNewline == true { token.removeLast() }
        let isPrintable = token.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
        guard !token.isEmpty, token.utf8.count <= tokenSizeMax, isPrintable else {
            throw TransportError(
                .invalidToken,
                "The token cannot be used: it is 1 to \(tokenSizeMax) printable ASCII characters without spaces.")
        }
        return String(token)
    }
}
