/// The parts of a WebSocket request, and its check. Source: RFC 6455, section 4.2.1.
package struct WebSocketOffer: Hashable, Sendable {
    package var method: String
    package var key: String?
    package var version: String?
    /// The subprotocols, in the peer's order of preference.
    package var subprotocols: [String]

    package init(method: String, key: String?, version: String?, subprotocols: [String]) {
        self.method = method
        self.key = key
        self.version = version
        self.subprotocols = subprotocols
    }

    /// Returns nil if the request is not a WebSocket request. Another `Upgrade` is ignored, as RFC 9110, section 7.8
    /// requires; an `Upgrade` without `Connection: Upgrade`, which a proxy left over, is ignored too.
    package init?(_ request: HTTPRequestHead) {
        let head = request.head
        guard request.minorVersion > 0, head.list(of: "Upgrade", has: "websocket"),
            head.list(of: "Connection", has: "Upgrade")
        else { return nil }
        self.init(
            method: request.method, key: head.value(of: "Sec-WebSocket-Key"),
            version: head.value(of: "Sec-WebSocket-Version"), subprotocols: head.list(of: "Sec-WebSocket-Protocol"))
    }

    /// The refusal; nil if the protocol allows the request.
    package func refusal(subprotocol: String) -> HTTPResponse? {
        guard method == "GET", let key, Self.isKey(key) else {
            return .text(400, "A WebSocket begins with GET and Sec-WebSocket-Key.")
        }
        guard version == "13" else {
            return .text(
                426, "This server speaks version 13 of WebSocket.",
                fields: [.init("Upgrade", "websocket"), .init("Sec-WebSocket-Version", "13")])
        }
        guard subprotocols.contains(subprotocol) else {
            return .text(400, "This server speaks the WebSocket subprotocol \(subprotocol) only.")
        }
        return nil
    }

    /// Whether the text is sixteen bytes in base64.
    private static func isKey(_ text: String) -> Bool {
        text.utf8.count == 24 && text.hasSuffix("==")
            && text.dropLast(2).utf8.allSatisfy { byte in
                (0x61...0x7a).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == 0x2b || byte == 0x2f
            }
    }

    /// A head with the same request and nothing else, at most ``headSizeMax`` bytes. libwebsockets reads it.
    package func head(subprotocol: String) -> String {
        """
        GET / HTTP/1.1\r
        Host: orrery\r
        Upgrade: websocket\r
        Connection: Upgrade\r
        Sec-WebSocket-Key: \(key ?? "")\r
        Sec-WebSocket-Version: 13\r
        Sec-WebSocket-Protocol: \(subprotocol)\r
        \r

        """
    }

    /// The largest head that libwebsockets accepts with a socket. Source: lws-adopt.h of libwebsockets 4.1.
    package static let headSizeMax = 2048
}
