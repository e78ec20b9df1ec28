import OrreryTransport

/// From which web pages a browser may connect. Programs that are no browsers send no `Origin` and are not concerned.
///
/// Without this check, any page that somebody opens could connect to a server on that person's machine or network.
/// Source: RFC 6455, section 10.2.
public enum OriginPolicy: Hashable, Sendable {
    /// Pages of this machine: of a loopback address, of the host that the server listens at, or of the address at which this
    /// connection reached it. What the browser calls the server is not asked: a page could have chosen that name.
    case ownHost
    /// These pages only, each as a browser names it: `https://example.com`, with the port if it is not the usual one.
    case list([String])
    case any

    /// - Parameter serverHost: what the server listens at.
    func allows(_ request: HTTPRequest, serverHost: String) -> Bool {
        guard let origin = request.origin else { return true }
        switch self {
        case .any: return true
        case .list(let origins): return origins.contains { $0.lowercased() == origin.lowercased() }
        case .ownHost:
            guard let host = URLHost.of(origin) else { return false }
            return URLHost.isLoopback(host) || host == serverHost.lowercased() || host == request.localAddress
        }
    }
}

/// The host part of URLs and origins.
enum URLHost {
    /// In lower case, without brackets; nil for what has none, like the origin `null`.
    static func of(_ url: String) -> String? {
        guard let scheme = url.firstRange(of: "://") else { return nil }
        let authority = url[scheme.upperBound...].prefix { !"/?#".contains($0) }
        guard !authority.contains("@"), !authority.contains(where: \.isWhitespace) else { return nil }
        if authority.first == "[" {
            guard let bracket = authority.firstIndex(of: "]") else { return nil }
            return authority[authority.index(after: authority.startIndex)..<bracket].lowercased()
        }
        let host = authority.prefix { $0 != ":" }
        return host.isEmpty ? nil : host.lowercased()
    }

    static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
