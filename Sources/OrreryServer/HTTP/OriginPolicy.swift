import OrreryTransport

/// The web pages from which a browser may connect.
///
/// Programs other than browsers send no `Origin` and are not checked. Without this check, any page that somebody opens
/// could connect to a server on that person's machine or network. Source: RFC 6455, section 10.2.
public enum OriginPolicy: Hashable, Sendable {
    /// Pages of this machine: their host is a loopback address, the host that the server listens at, or the local
    /// address of this connection. The name by which the browser calls the server is ignored: a page could have chosen
    /// it.
    case ownHost
    /// Only these pages, each as a browser names it: `https://example.com`, with the port if it is not the usual one.
    case list([String])
    case any

    /// - Parameter serverHost: The host that the server listens at.
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

/// The origin of a page, as browsers write it: `https://example.com`, `http://[::1]:3000`. Source: RFC 6454, section 6.
struct WebOrigin: Hashable {
    private let scheme: String
    let host: NetworkHost
    private let port: UInt16?

    /// Nil if `text` is not an origin, like `null`.
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
