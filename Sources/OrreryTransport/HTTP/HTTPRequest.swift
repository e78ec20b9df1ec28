/// A peer's HTTP request, for a page or an upgrade to a WebSocket. It keeps only what decisions depend on.
///
/// ``authorization`` is a secret: the request's descriptions leave it out, so that no log shows it by accident.
public struct HTTPRequest: Sendable, CustomStringConvertible, CustomReflectable {
    /// The decoded path without the query; at least "/".
    public var path: String
    /// What follows the question mark, as it was sent; nil without one. It may hold what is not for logs: the request's
    /// descriptions leave it out.
    public var query: String?
    /// The field `Host`: the peer's name for this server, chosen by the peer.
    public var host: String?
    /// The field `Origin`: the origin of the script, if the peer is a browser. Source: RFC 6454, section 7.
    public var origin: String?
    /// The field `Authorization`, including the scheme.
    public var authorization: String?
    /// The peer's numeric address without the port; empty for an in-memory peer.
    public var peerAddress: String
    /// The numeric address at which the peer reached this machine, without the port; empty for an in-memory peer.
    public var localAddress: String
    /// Whether the request arrived over TLS.
    public var isEncrypted: Bool

    /// Creates a request from its parts.
    public init(
        path: String = "/", query: String? = nil, host: String? = nil, origin: String? = nil,
        authorization: String? = nil,
        peerAddress: String = "", localAddress: String = "", isEncrypted: Bool = false
    ) {
        self.path = path
        self.query = query
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

    /// The values of a name in ``query``, decoded, in their order; nil if something in it cannot be decoded. Source:
    /// the URL Standard, section 5.1.
    public func queryValues(of name: String) -> [String]? {
        var values: [String] = []
        for part in (query ?? "").utf8.split(separator: UInt8(ascii: "&")) {
            let sides = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let decoded = sides.map {
                HTTPRequestHead.decoded(
                    allowingLines: true, $0.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 })
            }
            guard let key = decoded[0] else { return nil }
            guard key == name else { continue }
            guard let value = decoded.count > 1 ? decoded[1] : "" else { return nil }
            values.append(value)
        }
        return values
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
    /// The longest bearer token that is sent or accepted, in bytes.
    public static let tokenSizeMax = 2048

    /// The refusal if a field that decisions depend on is too long; otherwise nil.
    package var refusalForLength: HTTPResponse? {
        let fields = [("Authorization", authorization), ("Origin", origin), ("Host", host)]
        // Room for "Bearer ".
        let sizeMax = Self.tokenSizeMax + 64
        guard let tooLong = fields.first(where: { $0.1.map { $0.utf8.count > sizeMax } == true }) else { return nil }
        return .text(431, "The field \(tooLong.0) is longer than \(sizeMax) bytes.")
    }

    /// The `Authorization` field for a token. Line ends after the token are removed.
    /// - Throws: ``TransportError`` with `.invalidToken`, as ``usableToken(_:)``.
    package static func authorization(token: String) throws(TransportError) -> String {
        "Bearer \(try usableToken(token))"
    }

    /// The token without the line ends that files and commands leave at its end.
    /// - Throws: ``TransportError`` with `.invalidToken` if the token is empty, too long, or has characters that RFC
    ///   6750 does not allow in a header (it allows printable ASCII without spaces). The message does not contain the
    ///   token.
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
