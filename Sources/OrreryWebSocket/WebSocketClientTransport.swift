public import OrreryTransport

/// Reaches a server over WebSockets, with libwebsockets on a libev loop.
public struct WebSocketClientTransport: ClientTransport {
    /// The subprotocol asked for; a server that does not choose it is left.
    public var subprotocol: String
    /// How long the attempt may take, from the first packet to the server's answer. (The look-up of a host's name comes
    /// before and is the system's.)
    public var connectTimeout: Duration
    /// How long the server may take to answer a close frame, before the connection is cut.
    public var closeTimeout: Duration
    package var pingTimes = PingTimes()
    /// For `wss`: a PEM file with the certificates of those who may sign a server's; nil trusts those that the system
    /// trusts.
    public var trustedCertificateFile: String?

    public init(
        subprotocol: String = "orrery.v1", connectTimeout: Duration = .seconds(5),
        closeTimeout: Duration = .seconds(5), trustedCertificateFile: String? = nil
    ) {
        self.subprotocol = subprotocol
        self.connectTimeout = connectTimeout
        self.closeTimeout = closeTimeout
        self.trustedCertificateFile = trustedCertificateFile
    }

    /// - Parameters:
    ///   - url: `ws://host` or `wss://host`, optionally with a port (else 80 or 443), a path and a query. With `wss`
    ///     the server must have a certificate that is trusted, in its time, and made out to this host.
    ///   - token: sent as `Authorization: Bearer …`. Over `ws` everybody on the way can read it.
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
    /// WebSockets with the usual time-outs.
    public static var webSocket: WebSocketClientTransport { WebSocketClientTransport() }

    /// WebSockets with the usual time-outs that trust the certificates in a PEM file, and no others.
    public static func webSocket(trustedCertificateFile: String) -> WebSocketClientTransport {
        WebSocketClientTransport(trustedCertificateFile: trustedCertificateFile)
    }
}
