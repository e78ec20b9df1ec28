/// The checked head of a request. Source: RFC 9112, section 3.
package struct HTTPRequestHead: Hashable, Sendable {
    package var method: String
    /// The decoded path without the query; at least "/".
    package var path: String
    /// What follows the question mark, as it was sent; nil without one.
    package var query: String?
    /// The peer's name for this server: the field `Host`, or the host of an absolute-form target.
    package var host: String?
    /// 0 or 1: the minor version of HTTP/1.
    package var minorVersion: Int
    package var head: HTTPHead

    /// - Throws: ``HTTPHeadError`` if the first line is not a request line, the HTTP version is another one, `Host` is
    ///   missing or repeated, or the target cannot be decoded.
    package init(_ head: HTTPHead) throws(HTTPHeadError) {
        self.head = head
        let parts = head.firstLine.utf8.split(separator: space, omittingEmptySubsequences: false)
        guard parts.count == 3, HTTPHead.isToken(parts[0]), !parts[1].isEmpty,
            parts[1].allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else { throw .malformed("The first line is not a method, a path and HTTP/1.1.") }
        method = String(decoding: parts[0], as: UTF8.self)
        minorVersion = try Self.minorVersion(of: String(decoding: parts[2], as: UTF8.self))
        let hosts = head.values(of: "Host")
        guard hosts.count < 2 else { throw .malformed("There are several fields Host.") }
        guard minorVersion == 0 || hosts.count == 1 else { throw .malformed("The field Host is missing.") }
        if let field = hosts.first, !field.isEmpty {
            guard NetworkHost.isAuthority(field) else { throw .malformed("The field Host is no host and port.") }
            host = field
        }
        path = "/"
        try takeTarget(String(decoding: parts[1], as: UTF8.self))
    }

    private static func minorVersion(of text: String) throws(HTTPHeadError) -> Int {
        switch text {
        case "HTTP/1.1": return 1
        case "HTTP/1.0": return 0
        default:
            let digits = text.hasPrefix("HTTP/") ? text.dropFirst(5).utf8 : Substring().utf8
            guard digits.count == 3, digits.first.map(isDigit) == true, digits.last.map(isDigit) == true,
                digits.dropFirst().first == UInt8(ascii: ".")
            else { throw .malformed("The first line is not a method, a path and HTTP/1.1.") }
            throw HTTPHeadError(status: 505, message: "This server speaks HTTP/1.1.")
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    /// Source: RFC 9112, section 3.2.
    private mutating func takeTarget(_ target: String) throws(HTTPHeadError) {
        if method == "CONNECT" || target == "*" { return }
        var rest = target[...]
        if rest.first != "/" {
            let scheme = "http://"
            guard rest.lowercased().hasPrefix(scheme) else { throw .malformed("The path does not begin with a slash.") }
            rest = rest.dropFirst(scheme.count)
            let authority = String(rest.prefix { !"/?".contains($0) })
            guard NetworkHost.isAuthority(authority) else { throw .malformed("The path has a host that is none.") }
            host = authority
            rest = rest.dropFirst(authority.count)
        }
        let encoded = rest.prefix { $0 != "?" }
        guard let decoded = Self.decoded(encoded.utf8) else { throw .malformed("The path cannot be decoded.") }
        path = decoded.isEmpty ? "/" : decoded
        query = encoded.endIndex == rest.endIndex ? nil : String(rest[encoded.endIndex...].dropFirst())
    }

    /// Returns nil if the result is not UTF-8 or has control characters. Source: RFC 3986, section 2.1.
    /// - Parameter allowsLines: Whether tabs and ends of lines are none.
    static func decoded(allowingLines allowsLines: Bool = false, _ encoded: some Collection<UInt8>) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(encoded)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16),
                rest.prefix(2).allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }), value != 0x7f,
                value >= 0x20 || allowsLines && [0x09, 0x0a, 0x0d].contains(value)
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// The same request for decisions that do not depend on HTTP.
    /// - Parameter peer: What the socket knows: addresses, and whether it uses TLS.
    package func request(from peer: HTTPRequest) -> HTTPRequest {
        var request = peer
        request.path = path
        request.query = query
        request.host = host
        request.origin = head.value(of: "Origin")
        request.authorization = head.value(of: "Authorization")
        return request
    }
}
