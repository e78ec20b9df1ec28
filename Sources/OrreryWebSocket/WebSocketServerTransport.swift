public import OrreryTransport

/// Offers a world over WebSockets, with libwebsockets on a libev loop.
///
/// ```swift
/// let (loop, url) = try WebSocketServerTransport(port: 0).listen(limits: TransportLimits())
/// try loop.run(handler)
/// ```
public struct WebSocketServerTransport: ServerTransport {
    /// The address to listen at: an IPv4 or IPv6 address of this machine, or a host name, whose addresses are all used
    /// (both for `localhost`). "0.0.0.0" and "::" stand for all addresses of the machine.
    public var host: String
    /// The port; 0 uses a free port.
    public var port: Int
    /// Peers that do not ask for this subprotocol are refused with status 400.
    public var subprotocol: String
    /// How long a peer may take to read waiting messages and to answer a close frame before its connection is cut.
    public var closeTimeout: Duration
    package var pingTimes = PingTimes()
    /// If set, the server speaks only TLS: `wss` and `https`.
    public var tls: TLSConfiguration?

    /// Creates a transport with these settings; each is a property of the same name.
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

    public func warnings(limits: TransportLimits) -> [String] {
        let files = tls.map { CertificateFiles.identity(certificate: $0.certificateFile, key: $0.keyFile) }
        return [files?.warning(at: .now), DescriptorLimit.warning(limits)].compactMap { $0 }
    }

    /// Binds the address and listens. Raises the process's limit of open files to what the limits need, as far as the
    /// system allows. The URL begins with `ws`, or with `wss` for TLS. The socket is closed by `shutDown`, or when the
    /// loop is released without having run.
    /// - Throws: ``TransportError`` with `.addressInUse`, `.invalidAddress` (a port out of range, a host that does not
    ///   belong to this machine, no permission), `.invalidCertificate` (the message says which file, and what to do) or
    ///   `.unavailable` (libwebsockets' libev plug-in cannot be loaded).
    public func listen(limits: TransportLimits) throws(TransportError) -> (loop: any TransportLoop, url: String) {
        // libwebsockets sizes its tables by this limit.
        DescriptorLimit.raise(for: limits)
        let listeners = try ListeningSocket.open(host: host, port: port)
        let url = "\(tls == nil ? "ws" : "wss")://\(WebSocketURL.bracketed(host)):\(listeners[0].port)"
        let loop = try WebSocketLoop(
            role: .server(listeners, tls), subprotocol: subprotocol, limits: limits, closeTimeout: closeTimeout,
            pingTimes: pingTimes)
        return (loop, url)
    }
}

extension ServerTransport where Self == WebSocketServerTransport {
    /// WebSockets at `host` and `port`; port 0 uses a free one.
    public static func webSocket(
        host: String = "127.0.0.1", port: Int = 7600, tls: TLSConfiguration? = nil
    ) -> WebSocketServerTransport {
        WebSocketServerTransport(host: host, port: port, tls: tls)
    }
}
