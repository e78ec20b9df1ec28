public import OrreryTransport

/// Connects to a server over WebSockets, with libwebsockets on a libev loop.
public struct WebSocketClientTransport: ClientTransport {
    /// The requested subprotocol; the client disconnects from a server that does not choose it.
    public var subprotocol: String
    /// How long the attempt may take, from the first packet to the server's answer. (The lookup of the host name comes
    /// before, and the system limits its time.)
    public var connectTimeout: Duration
    /// How long the server may take to answer a close frame before the connection is cut.
    public var closeTimeout: Duration
    package var pingTimes = PingTimes()
    /// For `wss`: a PEM file with the trusted certificate authorities; nil trusts those that the system trusts.
    public var trustedCertificateFile: String?

    /// Creates a transport with these settings; each is a property of the same name.
    public init(
        subprotocol: String = "orrery.v1", connectTimeout: Duration = .seconds(5),
        closeTimeout: Duration = .seconds(5), trustedCertificateFile: String? = nil
    ) {
        self.subprotocol = subprotocol
        self.connectTimeout = connectTimeout
        self.closeTimeout = closeTimeout
        self.trustedCertificateFile = trustedCertificateFile
    }

    /// Makes a loop with one connection to a server.
    /// - Parameters:
    ///   - url: `ws://host` or `wss://host`, optionally with a port (by default 80 or 443), a path and a query. With
    ///     `wss`, the server's certificate must be trusted, currently valid, and issued for this host.
    ///   - token: Sent as `Authorization: Bearer …`. Over `ws`, everybody on the network path can read it.
    /// - Throws: ``TransportError`` with `.invalidAddress` (the URL cannot be used; the message says why),
    ///   `.invalidToken`, `.invalidCertificate` (``trustedCertificateFile`` cannot be used) or `.unavailable`
    ///   (libwebsockets' libev plug-in cannot be loaded).
    public func connect(
        to url: String, token: String?, limits: TransportLimits
    ) throws(TransportError) -> any TransportLoop {
        let url = try WebSocketURL(url)
        var client = ClientSettings(connectTimeout: connectTimeout, trustedCertificateFile: trustedCertificateFile)
        if let token { client.authorization = try HTTPRequest.authorization(token: token) }
        return try WebSocketLoop(
            role: .client(url, client), subprotocol: subprotocol, limits: limits,
            closeTimeout: closeTimeout, pingTimes: pingTimes)
    }
}

extension ClientTransport where Self == WebSocketClientTransport {
    /// WebSockets with the default time-outs.
    public static var webSocket: WebSocketClientTransport { WebSocketClientTransport() }

    /// WebSockets with the default time-outs that trust only the certificates in a PEM file.
    public static func webSocket(trustedCertificateFile: String) -> WebSocketClientTransport {
        WebSocketClientTransport(trustedCertificateFile: trustedCertificateFile)
    }
}
