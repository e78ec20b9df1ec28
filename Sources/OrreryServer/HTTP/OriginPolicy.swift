import OrreryTransport

/// From which web pages a browser may connect. Programs that are no browsers send no `Origin` and are not concerned.
///
/// Without this check, any page that somebody opens could connect to a server on that person's machine or network.
/// Source: RFC 6455, section 10.2.
public enum OriginPolicy: Hashable, Sendable {
    /// Pages of this machine: of a loopback address, of the host that the server listens at, or of the address at which
    /// this connection reached it. What the browser calls the server is not asked: a page could have chosen that name.
    case ownHost
    /// These pages only, each as a browser names it: `https://example.com`, with the port if it is not the usual one.
    case list([String])
    case any

    /// - Parameter serverHost: what the server listens at.
    func allows(_ request: HTTPRequest, serverHost: NetworkHost?) -> Bool {
        guard let text = request.origin else { return true }
        switch self {
        case .any: return true
        case .list(let origins):
            guard let origin = WebOrigin(text) else { return false }
            return origins.contains { WebOrigin($0) == origin }
        case .ownHost:
            guard let host = WebOrigin(text)?.host else { return false }
            return host.isLoopback || host == serverHost || host == NetworkHost(request.localAddress)
        }
    }

    /// What is wrong with the list; nil if nothing is.
    var problem: String? {
        guard case .list(let origins) = self, let bad = origins.first(where: { WebOrigin($0) == nil }) else {
            return nil
        }
        return "the origin \"\(bad)\" is none: write it as a browser does, https://example.com, without a path"
    }
}

/// Where a page comes from, as browsers say it: `https://example.com`, `http://[::1]:3000`. Source: RFC 6454, section
/// 6.
struct WebOrigin: Hashable {
    private let scheme: String
    let host: NetworkHost
    private let port: UInt16?

    /// Nil for what is none, like `null`.
    init?(_ text: String) {
        guard let colon = text.firstRange(of: "://"), let parts = NetworkHost.parts(text[colon.upperBound...]) else {
            return nil
        }
        scheme = text[..<colon.lowerBound].lowercased()
        host = parts.host
        let usual: UInt16? = ["http": 80, "https": 443, "ws": 80, "wss": 443][scheme]
        port = parts.port ?? usual
    }
}
