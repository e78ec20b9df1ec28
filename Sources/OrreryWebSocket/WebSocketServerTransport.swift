public import OrreryTransport

/// Offers a world over WebSockets, with libwebsockets on a libev loop.
///
/// ```swift
/// let (loop, url) = try WebSocketServerTransport(port: 0).listen(limits: TransportLimits())
/// try loop.run(handler)
/// ```
public struct WebSocketServerTransport: ServerTransport {
    /// The address to listen at: an IPv4 or IPv6 address of this machine, or a name of it. "0.0.0.0" and "::" stand for all.
    public var host: String
    /// 0 takes a free port.
    public var port: Int
    /// Peers that do not ask for this subprotocol are refused with status 400.
    public var subprotocol: String
    /// How long a peer may take to read what waits for it and to answer a close frame, before its connection is cut.
    public var closeTimeout: Duration
    /// With it, the server speaks TLS and nothing else: `wss` and `https`.
    public var tls: TLSConfiguration?

    public init(
        host: String = "127.0.0.1", port: Int = 7600, subprotocol: String = "orrery.v1",
        closeTimeout: Duration = .seconds(5), tls: TLSConfiguration? = nil
    ) {
        self.host = host
        self.port = port
        self.subprotocol = subprotocol
        self.closeTimeout = closeTimeout
        self.tls = tls
    }

    /// Binds and listens. The URL begins with `ws`, or with TLS with `wss`. The socket is closed by `shutDown`, or when the loop is released without having run.
    /// - Throws: ``TransportError`` with `.addressInUse`, `.invalidAddress` (a port out of range, a host that is not this
    ///   machine's, no permission), `.invalidCertificate` (the message says which file, and what to do) or `.unavailable` (libwebsockets'
    ///   libev plug-in cannot be loaded).
    public func listen(limits: TransportLimits) throws(TransportError) -> (loop: any TransportLoop, url: String) {
        let listener = try ListeningSocket(host: host, port: port)
        let url = "\(tls == nil ? "ws" : "wss")://\(WebSocketURL.bracketed(host)):\(listener.port)"
        let loop = try WebSocketLoop(
            role: .server(listener, tls), subprotocol: subprotocol, limits: limits, closeTimeout: closeTimeout)
        return (loop, url)
    }
}

extension ServerTransport where Self == WebSocketServerTransport {
    /// WebSockets at `host` and `port`; port 0 takes a free one.
    public static func webSocket(
        host: String = "127.0.0.1", port: Int = 7600, tls: TLSConfiguration? = nil
    ) -> WebSocketServerTransport {
        WebSocketServerTransport(host: host, port: port, tls: tls)
    }
}
