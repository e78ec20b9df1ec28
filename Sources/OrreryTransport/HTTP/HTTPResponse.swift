/// An HTTP answer. The connection closes after it.
public struct HTTPResponse: Sendable, Hashable {
    /// The HTTP status. Source: RFC 9110, section 15.
    public var status: Int
    /// The media type of the body.
    public var contentType: String
    /// The body, at most ``TransportLimits/pageSizeMax`` bytes.
    public var body: [UInt8]
    /// Further fields besides `Content-Type`, `Content-Length`, `Date` and `Connection`, without line breaks.
    public var fields: [Field]
    /// Whether the answer refuses the peer and counts as a refusal (``TransportHandler/refused(_:)``). By default true
    /// from status 400 on; a status page may use such a status without refusing anything.
    public var isRefusal: Bool

    /// A header field.
    public struct Field: Sendable, Hashable {
        /// The name of the field.
        public var name: String
        /// Its value.
        public var value: String

        /// Creates a field.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Creates a response from its parts.
    public init(
        status: Int, contentType: String, body: [UInt8], fields: [Field] = [], isRefusal: Bool? = nil
    ) {
        self.status = status
        self.contentType = contentType
        self.body = body
        self.fields = fields
        self.isRefusal = isRefusal ?? (status >= 400)
    }

    /// A line of text for people.
    public static func text(
        _ status: Int, _ text: String, fields: [Field] = [], isRefusal: Bool? = nil
    ) -> HTTPResponse {
        HTTPResponse(
            status: status, contentType: "text/plain; charset=utf-8", body: Array((text + "\n").utf8), fields: fields,
            isRefusal: isRefusal)
    }

    /// The answer to a peer that should have requested a WebSocket.
    package static func upgradeRequired(subprotocol: String) -> HTTPResponse {
        .text(
            426, "This is a WebSocket server. Connect with the subprotocol \(subprotocol).",
            fields: [.init("Upgrade", "websocket")])
    }

    /// The bytes to send.
    package func serialized(withBody: Bool, at time: HTTPTime) -> [UInt8] {
        var head = "HTTP/1.1 \(status) \(HTTPResponse.phrase(of: status))\r\n"
        for field in fields {
            assert(!"\(field.name)\(field.value)".utf8.contains { $0 < 0x20 }, "a field has one line")
            head += "\(field.name): \(field.value)\r\n"
        }
        head += "Content-Type: \(contentType)\r\nContent-Length: \(body.count)\r\nCache-Control: no-store\r\n"
        // A sender of `Upgrade` has to list it here. Source: RFC 9110, section 7.8.
        let connection = fields.contains { $0.name == "Upgrade" } ? "Upgrade, close" : "close"
        head += "X-Content-Type-Options: nosniff\r\nDate: \(time)\r\nConnection: \(connection)\r\n\r\n"
        return Array(head.utf8) + (withBody ? body : [])
    }

    private static func phrase(of status: Int) -> String {
        switch status {
        case 200: "OK"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 414: "URI Too Long"
        case 417: "Expectation Failed"
        case 421: "Misdirected Request"
        case 426: "Upgrade Required"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 503: "Service Unavailable"
        case 505: "HTTP Version Not Supported"
        default: status < 400 ? "Answer" : "Error"
        }
    }
}

extension HTTPResponse {
    fileprivate static var methodNotAllowed: HTTPResponse {
        .text(405, "Pages are read with GET or HEAD.", fields: [.init("Allow", "GET, HEAD")])
    }
}

extension TransportHandler {
    /// The answer to a plain request, the same over every transport; nil if the peer is told to upgrade.
    package func answer(_ request: HTTPRequest, method: String, limits: TransportLimits) -> HTTPResponse? {
        guard method != "CONNECT", method != "TRACE" else { return .methodNotAllowed }
        guard let page = page(for: request) else { return nil }
        guard method == "GET" || method == "HEAD" else {
            return .methodNotAllowed
        }
        guard page.body.count <= limits.pageSizeMax else {
            return .text(500, "This page has \(page.body.count) bytes; the limit is \(limits.pageSizeMax).")
        }
        return page
    }
}
