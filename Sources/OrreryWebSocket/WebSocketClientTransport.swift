public import OrreryTransport

/// Reaches a server over WebSockets, with libwebsockets on a libev loop.
public struct WebSocketClientTransport: ClientTransport {
    /// The subprotocol asked for; a server that does not choose it is left.
    public var subprotocol: String
    /// How long the attempt may take, from the first packet to the server's answer. (The look-up of a host's name comes before
    /// and is the system's.)
    public var connectTimeout: Duration
    /// How long the server may take to answer a close frame, before the connection is cut.
    public var closeTimeout: Duration

    public init(
        subprotocol: String = "orrery.v1", connectTimeout: Duration = .seconds(5), closeTimeout: Duration = .seconds(5)
    ) {
        self.subprotocol = subprotocol
        self.connectTimeout = connectTimeout
        self.closeTimeout = closeTimeout
    }

    /// - Parameter url: `ws://host`, optionally with a port (else 80), a path and a query.
    /// - Throws: ``TransportError`` with `.invalidAddress` (the URL cannot be used; the message says why) or `.unavailable`
    ///   (libwebsockets' libev plug-in cannot be loaded).
    public func connect(to url: String, limits: TransportLimits) throws(TransportError) -> any TransportLoop {
        let url = try WebSocketURL(url)
        return try WebSocketLoop(
            role: .client(url, connectTimeout: connectTimeout), subprotocol: subprotocol, limits: limits,
            closeTimeout: closeTimeout)
    }
}

extension ClientTransport where Self == WebSocketClientTransport {
    /// WebSockets with the usual time-outs.
    public static var webSocket: WebSocketClientTransport { WebSocketClientTransport() }
}
